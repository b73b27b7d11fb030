import { ViewportPortal, type Edge, type EdgeProps } from '@xyflow/react';
import { formatMs, formatRate, formatShare } from './health.ts';
import { useMapDeeds } from './map-deeds.ts';
import { edgeWidth, type GraphEdge } from './map-graph.ts';
import type { MapLayout } from './map-layout.ts';
import type { Route } from './route.ts';

export type MapEdgeData = Edge<{ readonly shown: GraphEdge; readonly route: Route; readonly isNear: boolean; readonly isDimmed: boolean }, 'call'>;

/** A line along the route that the layout gave it, as wide as it is busy; red and dashed where it fails, dotted where no span shows it. */
export function MapEdge({ data }: EdgeProps<MapEdgeData>) {
  const { hover } = useMapDeeds();
  if (data === undefined) return null;
  const { shown, route, isNear, isDimmed } = data;
  const width = edgeWidth(shown.callsPerSecond);
  return (
    <g className="map-edge" data-failing={shown.isFailing} data-quiet={shown.isQuiet} data-near={isNear} data-dimmed={isDimmed} onMouseEnter={() => hover(shown)} onMouseLeave={() => hover(undefined)}>
      <path className="map-edge-line" d={route.path} strokeWidth={width} />
      <path className="map-edge-head" d={headPath(5 + width)} transform={`translate(${route.end.x},${route.end.y}) rotate(${route.degrees})`} />
      <path className="map-edge-reach" d={route.path} strokeWidth={14} />
    </g>
  );
}

const headPath = (size: number): string => `M0,0L${-size},${-size / 2}L${-size},${size / 2}Z`;

/** `12/s · 4.2 % · p95 340 ms`, as far as it is known. */
function edgeFigures({ isQuiet, callsPerSecond, errorRatio, p95Ms, edges }: GraphEdge): string {
  if (isQuiet) return edges.some(({ evidence }) => evidence.some(({ source }) => source === 'sockets')) ? 'seen by its sockets only' : 'declared only';
  return `${formatRate(callsPerSecond)} · ${formatShare(errorRatio)} · p95 ${formatMs(p95Ms)}`;
}

/** Figures on the lines that are looked at, above everything else. */
export function EdgeLabels({ edges, layout }: { readonly edges: readonly GraphEdge[]; readonly layout: MapLayout }) {
  return (
    <ViewportPortal>
      {edges.map((edge) => {
        const at = layout.routes[edge.id]?.middle;
        if (at === undefined) return null;
        return (
          <div key={edge.id} className="map-edge-label" data-failing={edge.isFailing} style={{ transform: `translate(-50%, -50%) translate(${at.x}px, ${at.y}px)` }}>
            {edgeFigures(edge)}
          </div>
        );
      })}
    </ViewportPortal>
  );
}
