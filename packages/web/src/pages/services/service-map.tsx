import type { TopologyAnswer } from '@pitot/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { countOf } from '../../time/phrase.ts';
import { Failure } from '../../ui/states.tsx';
import { buildGraph, type GraphNode } from './map-graph.ts';
import { layOut } from './map-engine.ts';
import { layoutKey } from './map-layout.ts';
import { MapCanvas } from './map-canvas.tsx';
import { MapLegend } from './map-legend.tsx';

interface ServiceMapProps {
  readonly topology: Pick<TopologyAnswer, 'nodes' | 'edges'>;
  readonly isGrouped: boolean;
  readonly toggled: ReadonlySet<string>;
  /** Changes when the reader asked for another part of the map. */
  readonly viewKey: string;
  readonly selected: string | undefined;
  readonly found: ReadonlySet<string> | undefined;
  readonly onSelect: (id: string | undefined) => void;
  readonly onFold: (group: string) => void;
}

/** Lays the map out and draws it. The layout depends on what is there and not on its figures, so a refresh moves nothing. */
export function ServiceMap({ topology, isGrouped, toggled, viewKey, selected, found, onSelect, onFold }: ServiceMapProps) {
  const graph = useMemo(() => buildGraph(topology, { isGrouped, toggled, selected }), [topology, isGrouped, toggled, selected]);
  const key = useMemo(() => layoutKey(graph), [graph]);
  const shown = useMemo(() => foundShown(found, graph.nodes), [found, graph]);
  const layout = useQuery({
    queryKey: ['map-layout', key],
    queryFn: () => layOut(graph),
    staleTime: Infinity,
    gcTime: 600_000,
    retry: false,
    refetchOnWindowFocus: false,
    structuralSharing: false,
    placeholderData: keepPreviousData,
  });
  // What is in view changes when the new layout is there, not when it is asked for.
  const [drawnView, setDrawnView] = useState(viewKey);
  if (layout.data !== undefined && !layout.isPlaceholderData && drawnView !== viewKey) setDrawnView(viewKey);
  if (layout.error !== null && layout.data === undefined) return <Failure what="The layout of the map" error={layout.error} stillWorks="The list shows the same services." onRetry={() => void layout.refetch()} />;
  if (layout.data === undefined) return <div className="map-wait">Laying out {countOf(graph.nodes.length, 'node')}…</div>;
  return (
    <>
      <MapCanvas graph={graph} layout={layout.data} viewKey={drawnView} selected={selected} found={shown} onSelect={onSelect} onFold={onFold} />
      <MapLegend />
    </>
  );
}

/** A folded group is found when something in it is. */
function foundShown(ids: ReadonlySet<string> | undefined, nodes: readonly GraphNode[]): ReadonlySet<string> | undefined {
  if (ids === undefined) return undefined;
  const shown = new Set(ids);
  for (const { id, folded } of nodes) if (folded?.members.some((member) => ids.has(member))) shown.add(id);
  return shown;
}
