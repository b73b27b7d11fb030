import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type { GraphNode, MapGraph } from './map-graph.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** Where everything is, in pixels from the top left corner. */
export interface MapLayout {
  readonly boxes: Readonly<Record<string, Box>>;
  /** Corners of each line, its ends included. */
  readonly routes: Readonly<Record<string, readonly Point[]>>;
}

const NODE_HEIGHT = 44;
const FOLDED_HEIGHT = 52;
/** Of an icon, gaps and the figures below the name. */
const LEAST_WIDTH = 128;
const MOST_WIDTH = 240;
const PIXELS_PER_LETTER = 7.2;
const BESIDE_NAME = 48;
/** Above this many nodes the fast variants of the steps are taken. */
const MANY_NODES = 250;

const ROOT_OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.spacing.nodeNode': '16',
  'elk.spacing.edgeNode': '12',
  'elk.spacing.edgeEdge': '8',
  'elk.spacing.componentComponent': '32',
  'elk.layered.spacing.nodeNodeBetweenLayers': '48',
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '8',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.aspectRatio': '1.8',
  'elk.randomSeed': '1',
};
const FAST_OPTIONS = { 'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF', 'elk.layered.thoroughness': '2' };
const FRAME_OPTIONS = { 'elk.padding': '[top=34,left=12,bottom=12,right=12]' };

/** Names a layout: the same nodes and lines in the same frames have the same one, whatever their figures. */
export function layoutKey({ nodes, edges }: MapGraph): string {
  return [nodes.map(({ id, frame }) => `${frame ?? ''}\u{1}${id}`).join('\u{2}'), edges.map(({ id }) => id).join('\u{2}')].join('\u{3}');
}

/** The graph as the layout engine takes it. */
export function toElk(graph: MapGraph): ElkNode {
  const shapeOf = (node: GraphNode): ElkNode => ({ id: node.id, ...sizeOf(node) });
  const inside = (name: string | undefined): ElkNode[] => graph.nodes.filter(({ frame }) => frame === name).map(shapeOf);
  return {
    id: 'root',
    layoutOptions: { ...ROOT_OPTIONS, ...(graph.nodes.length > MANY_NODES && FAST_OPTIONS) },
    children: [...graph.frames.map(({ id, name }) => ({ id, layoutOptions: FRAME_OPTIONS, children: inside(name) })), ...inside(undefined)],
    edges: graph.edges.filter(({ source, target }) => source !== target).map(({ id, source, target }) => ({ id, sources: [source], targets: [target] })),
  };
}

function sizeOf({ node, folded }: GraphNode): { width: number; height: number } {
  const letters = (node?.name ?? folded?.name ?? '').length;
  const width = Math.round(Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, BESIDE_NAME + letters * PIXELS_PER_LETTER)));
  return { width, height: folded === undefined ? NODE_HEIGHT : FOLDED_HEIGHT };
}

/** What the layout engine answered. */
export function fromElk(root: ElkNode): MapLayout {
  const boxes: Record<string, Box> = {};
  const routes: Record<string, Point[]> = {};
  const visit = (node: ElkNode): void => {
    boxes[node.id] = { x: node.x ?? 0, y: node.y ?? 0, width: node.width ?? 0, height: node.height ?? 0 };
    node.children?.forEach(visit);
    node.edges?.forEach((edge) => (routes[edge.id] = cornersOf(edge)));
  };
  root.children?.forEach(visit);
  root.edges?.forEach((edge) => (routes[edge.id] = cornersOf(edge)));
  return { boxes, routes };
}

function cornersOf({ sections = [] }: ElkExtendedEdge): Point[] {
  return sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]);
}

/** The SVG path of a line with rounded corners. */
export function roundedPath(points: readonly Point[], radius = 8): string {
  const [first, ...rest] = points;
  if (first === undefined || rest.length === 0) return '';
  let path = `M${first.x},${first.y}`;
  for (let i = 1; i < points.length; i++) {
    const [before, corner, after] = [points[i - 1]!, points[i]!, points[i + 1]];
    if (after === undefined) {
      path += `L${corner.x},${corner.y}`;
      continue;
    }
    const reach = Math.min(radius, distance(before, corner) / 2, distance(corner, after) / 2);
    const [start, end] = [towards(corner, before, reach), towards(corner, after, reach)];
    path += `L${start.x},${start.y}Q${corner.x},${corner.y} ${end.x},${end.y}`;
  }
  return path;
}

/** The point in the middle of a line, along it. */
export function middleOf(points: readonly Point[]): Point | undefined {
  const lengths = points.slice(1).map((point, i) => distance(points[i]!, point));
  let left = lengths.reduce((sum, length) => sum + length, 0) / 2;
  for (const [i, length] of lengths.entries()) {
    if (left <= length) return towards(points[i]!, points[i + 1]!, left);
    left -= length;
  }
  return points[0];
}

const distance = (a: Point, b: Point): number => Math.hypot(b.x - a.x, b.y - a.y);

function towards(from: Point, to: Point, by: number): Point {
  const length = distance(from, to) || 1;
  return { x: from.x + ((to.x - from.x) * by) / length, y: from.y + ((to.y - from.y) * by) / length };
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
  const here = centreOf(layout.boxes[from]);
  if (here === undefined) return undefined;
  let best: { id: string; cost: number } | undefined;
  for (const { id } of graph.nodes) {
    const there = centreOf(layout.boxes[id]);
    if (there === undefined || id === from) continue;
    const [dx, dy] = [there.x - here.x, there.y - here.y];
    const [ahead, aside] = direction === 'left' ? [-dx, dy] : direction === 'right' ? [dx, dy] : direction === 'up' ? [-dy, dx] : [dy, dx];
    if (ahead <= 1) continue;
    const cost = ahead + Math.abs(aside) * 2;
    if (best === undefined || cost < best.cost) best = { id, cost };
  }
  return best?.id;
}

function centreOf(box: Box | undefined): Point | undefined {
  return box === undefined ? undefined : { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

