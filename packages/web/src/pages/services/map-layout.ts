import type { ElkNode } from 'elkjs/lib/elk-api.js';
import { packColumns, ranksOf, type Parcel } from './column-packing.ts';
import type { GraphNode, MapGraph } from './map-graph.ts';
import { centreOf, routeBetween, routeThrough, type Box, type Route } from './route.ts';

/** Where everything is, in pixels from the top left corner. */
export interface MapLayout {
  readonly boxes: Readonly<Record<string, Box>>;
  readonly routes: Readonly<Record<string, Route>>;
}

const NODE_HEIGHT = 44;
const FOLDED_HEIGHT = 52;
const FOLDED_WIDTH = 172;
/** Of an icon, gaps and the figures below the name. */
const LEAST_WIDTH = 156;
const MOST_WIDTH = 230;
const PIXELS_PER_LETTER = 7.4;
const BESIDE_NAME = 50;
/** Above this many nodes the fast variants of the steps are taken. */
const MANY_NODES = 250;
const FEW_NODES = 24;
/** Width to height of the room that the map has on a common screen. */
const ASPECT = 1.75;

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.edgeRouting': 'POLYLINE',
  'elk.spacing.nodeNode': '16',
  'elk.spacing.edgeNode': '8',
  'elk.spacing.edgeEdge': '4',
  'elk.spacing.componentComponent': '18',
  'elk.layered.spacing.nodeNodeBetweenLayers': '52',
  'elk.layered.spacing.edgeNodeBetweenLayers': '12',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.randomSeed': '1',
};
/** So that the figures of all lines can stand beside few nodes. */
const ROOMY_OPTIONS = { 'elk.layered.spacing.nodeNodeBetweenLayers': '200', 'elk.spacing.nodeNode': '36' };
const FAST_OPTIONS = { 'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF', 'elk.layered.thoroughness': '2' };
const FRAME_OPTIONS = { ...OPTIONS, 'elk.padding': '[top=34,left=14,bottom=14,right=14]', 'elk.layered.spacing.nodeNodeBetweenLayers': '40', 'elk.aspectRatio': '1.3' };

/** Names a layout: the same nodes and lines in the same frames have the same one, whatever their figures. */
export function layoutKey({ nodes, edges }: MapGraph): string {
  return [nodes.map(({ id, frame }) => `${frame ?? ''}\u{1}${id}`).join('\u{2}'), edges.map(({ id }) => id).join('\u{2}')].join('\u{3}');
}

/**
 * The graph as the layout engine takes it. Where there are frames it lays out the inside of each; how the frames stand to each other is
 * for `packColumns`.
 */
export function toElk(graph: MapGraph): ElkNode {
  const shapeOf = (node: GraphNode): ElkNode => ({ id: node.id, ...sizeOf(node) });
  const inside = (name: string | undefined): ElkNode[] => graph.nodes.filter(({ frame }) => frame === name).map(shapeOf);
  const frameOf = new Map(graph.nodes.map(({ id, frame }) => [id, frame]));
  const linesOf = (name: string | undefined) =>
    graph.edges
      .filter(({ source, target }) => source !== target && frameOf.get(source) === name && frameOf.get(target) === name)
      .map(({ id, source, target }) => ({ id, sources: [source], targets: [target] }));
  const framed = graph.frames.map(({ id, name }) => ({ id, layoutOptions: FRAME_OPTIONS, children: inside(name), edges: linesOf(name) }));
  return {
    id: 'root',
    layoutOptions: { ...OPTIONS, ...(graph.nodes.length > MANY_NODES && FAST_OPTIONS), ...(graph.nodes.length <= FEW_NODES && ROOMY_OPTIONS) },
    children: isPacked(graph) ? framed : inside(undefined),
    edges: isPacked(graph) ? [] : linesOf(undefined),
  };
}

/** Groups, open or folded, are packed into columns; without any the engine lays out everything. */
const isPacked = ({ nodes, frames }: MapGraph): boolean => frames.length > 0 || nodes.some(({ folded }) => folded !== undefined);

function sizeOf({ node, folded }: GraphNode): { width: number; height: number } {
  const letters = (node?.name ?? folded?.name ?? '').length;
  const width = Math.round(Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, BESIDE_NAME + letters * PIXELS_PER_LETTER)));
  return folded === undefined ? { width, height: NODE_HEIGHT } : { width: Math.max(width, FOLDED_WIDTH), height: FOLDED_HEIGHT };
}

/** The whole layout, from what the layout engine answered. */
export function fromElk(graph: MapGraph, root: ElkNode): MapLayout {
  return isPacked(graph) ? packedLayout(graph, root) : layeredLayout(graph, root);
}

/** Without groups the lines go where the engine led them, around the nodes. */
function layeredLayout(graph: MapGraph, root: ElkNode): MapLayout {
  const boxes = Object.fromEntries((root.children ?? []).map((child) => [child.id, boxOf(child)]));
  const routes: Record<string, Route> = {};
  for (const { id, sections = [] } of root.edges ?? []) {
    const route = routeThrough(sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]));
    if (route !== undefined) routes[id] = route;
  }
  return { boxes, routes: { ...missingRoutes(graph, boxes, routes), ...routes } };
}

function packedLayout(graph: MapGraph, root: ElkNode): MapLayout {
  const frames = new Map((root.children ?? []).filter(({ children }) => children !== undefined).map((frame) => [frame.id, frame]));
  const frameIds = new Map(graph.frames.map(({ id, name }) => [name, id]));
  const parcelOf = new Map(graph.nodes.map(({ id, frame }) => [id, frame === undefined ? id : frameIds.get(frame)!]));
  const ranks = ranksOf(
    graph.nodes.map(({ id }) => id),
    graph.edges.map(({ source, target }) => [source, target]),
  );
  const meanRank = (ids: readonly string[]): number => ids.reduce((sum, id) => sum + (ranks.get(id) ?? 0), 0) / Math.max(1, ids.length);
  const loose = graph.nodes.filter(({ frame }) => frame === undefined);
  const parcels: Parcel[] = [
    ...[...frames.values()].map(({ id, width = 0, height = 0, children = [] }) => ({ id, width, height, rank: meanRank(children.map((child) => child.id)), isSmall: false })),
    ...loose.map((node) => ({ id: node.id, ...sizeOf(node), rank: ranks.get(node.id) ?? 0, isSmall: true })),
  ];
  const links = graph.edges.map(({ source, target }): [string, string] => [parcelOf.get(source)!, parcelOf.get(target)!]).filter(([a, b]) => a !== b);
  const spots = packColumns(parcels, links, ASPECT);
  const boxes: Record<string, Box> = {};
  for (const { id, width, height } of parcels) {
    const spot = spots.get(id)!;
    boxes[id] = { ...spot, width, height };
    for (const child of frames.get(id)?.children ?? []) boxes[child.id] = { ...boxOf(child), x: spot.x + (child.x ?? 0), y: spot.y + (child.y ?? 0) };
  }
  return { boxes, routes: missingRoutes(graph, boxes, {}) };
}

const boxOf = ({ x = 0, y = 0, width = 0, height = 0 }: ElkNode): Box => ({ x, y, width, height });

function missingRoutes(graph: MapGraph, boxes: Readonly<Record<string, Box>>, known: Readonly<Record<string, Route>>): Record<string, Route> {
  const routes: Record<string, Route> = {};
  for (const { id, source, target } of graph.edges) {
    const [from, to] = [boxes[source], boxes[target]];
    if (known[id] === undefined && from !== undefined && to !== undefined && source !== target) routes[id] = routeBetween(from, to);
  }
  return routes;
}

export type Direction = 'left' | 'right' | 'up' | 'down';

/**
 * Where an arrow key leads from a node: left to its busiest caller, right to its busiest callee, up and down to what stands nearest. Where
 * there is none of these, to what stands nearest in that direction; undefined at the border.
 */
export function nodeTowards(graph: MapGraph, layout: MapLayout, from: string, direction: Direction): string | undefined {
  const [near, far] = direction === 'left' ? (['target', 'source'] as const) : (['source', 'target'] as const);
  if (direction === 'left' || direction === 'right') {
    const linked = graph.edges.filter((edge) => edge[near] === from && edge[far] !== from).sort((a, b) => b.callsPerSecond - a.callsPerSecond)[0];
    if (linked !== undefined) return linked[far];
  }
  const box = layout.boxes[from];
  if (box === undefined) return undefined;
  const here = centreOf(box);
  let best: { id: string; cost: number } | undefined;
  for (const { id } of graph.nodes) {
    const other = layout.boxes[id];
    if (other === undefined || id === from) continue;
    const there = centreOf(other);
    const [dx, dy] = [there.x - here.x, there.y - here.y];
    const [ahead, aside] = direction === 'left' ? [-dx, dy] : direction === 'right' ? [dx, dy] : direction === 'up' ? [-dy, dx] : [dy, dx];
    if (ahead <= 1) continue;
    const cost = ahead + Math.abs(aside) * 2;
    if (best === undefined || cost < best.cost) best = { id, cost };
  }
  return best?.id;
}
