import { ViewportPortal, type Edge, type EdgeProps } from '@xyflow/react';
import { formatMs, formatRate, formatShare } from './health.ts';
import { useMapDeeds } from './map-deeds.ts';
import { edgeWidth, type GraphEdge } from './map-graph.ts';
import { middleOf, roundedPath, type MapLayout, type Point } from './map-layout.ts';

export type MapEdgeData = Edge<{ readonly shown: GraphEdge; readonly route: readonly Point[]; readonly isNear: boolean; readonly isDimmed: boolean }, 'call'>;

/** A line along the route that the layout gave it, as wide as it is busy; red and dashed where it fails, dotted where no span shows it. */
export function MapEdge({ data }: EdgeProps<MapEdgeData>) {
  const { hover } = useMapDeeds();
  if (data === undefined) return null;
  const { shown, route, isNear, isDimmed } = data;
  const path = roundedPath(route);
  const width = edgeWidth(shown.callsPerSecond);
  return (
    <g className="map-edge" data-failing={shown.isFailing} data-quiet={shown.isQuiet} data-near={isNear} data-dimmed={isDimmed} onMouseEnter={() => hover(shown)} onMouseLeave={() => hover(undefined)}>
      <path className="map-edge-line" d={path} strokeWidth={width} />
      <ArrowHead route={route} size={5 + width} />
      <path className="map-edge-reach" d={path} strokeWidth={14} />
    </g>
  );
}

function ArrowHead({ route, size }: { readonly route: readonly Point[]; readonly size: number }) {
  const [before, tip] = [route.at(-2), route.at(-1)];
  if (before === undefined || tip === undefined) return null;
  const degrees = (Math.atan2(tip.y - before.y, tip.x - before.x) * 180) / Math.PI;
  return <path className="map-edge-head" d={`M0,0L${-size},${-size / 2}L${-size},${size / 2}Z`} transform={`translate(${tip.x},${tip.y}) rotate(${degrees})`} />;
}

/** `12/s · 4.2 % · p95 340 ms`, as far as it is known. */
export function edgeFigures({ isQuiet, callsPerSecond, errorRatio, p95Ms, edges }: GraphEdge): string {
  if (isQuiet) return edges.some(({ evidence }) => evidence.some(({ source }) => source === 'sockets')) ? 'seen by its sockets only' : 'declared only';
  return `${formatRate(callsPerSecond)} · ${formatShare(errorRatio)} · p95 ${formatMs(p95Ms)}`;
}

/** Figures on the lines that are looked at, above everything else. */
export function EdgeLabels({ edges, layout }: { readonly edges: readonly GraphEdge[]; readonly layout: MapLayout }) {
  return (
    <ViewportPortal>
      {edges.map((edge) => {
        const at = middleOf(layout.routes[edge.id] ?? []);
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
