import { createContext, use } from 'react';
import type { GraphEdge, GraphNode } from './map-graph.ts';

/** What can be done on the map. The functions never change, so that nodes are not drawn again for them. */
interface MapDeeds {
  /** Selects a node, or unfolds a group. */
  readonly open: (node: GraphNode) => void;
  readonly fold: (group: string) => void;
  readonly hover: (edge: GraphEdge | undefined) => void;
}

export const MapDeedsContext = createContext<MapDeeds | undefined>(undefined);

export function useMapDeeds(): MapDeeds {
  const deeds = use(MapDeedsContext);
  if (deeds === undefined) throw new Error('useMapDeeds needs the map above it');
  return deeds;
}
