import type { Red, TopologyEdge, TopologyNode } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { packColumns, ranksOf } from './column-packing.ts';
import { buildGraph, edgeWidth, focused, neighbourhood } from './map-graph.ts';
import { fromElk, layoutKey, nodeTowards, toElk } from './map-layout.ts';
import { routeBetween, routeThrough } from './route.ts';

const SEEN = '2026-11-21T12:00:00.000Z';
const red = (callsPerSecond: number, errorRatio = 0): Red => ({ calls: callsPerSecond * 1000, calls_per_second: callsPerSecond, errors: callsPerSecond * 1000 * errorRatio, error_ratio: errorRatio, p50_ms: 5, p95_ms: 20, p99_ms: 40 });

function node(id: string, parts: Partial<TopologyNode> = {}): TopologyNode {
  const [type, name] = id.split(':') as [TopologyNode['type'], string];
  return { id, type, name, group: '', system: '', versions: [], health: 'healthy', reason: '', red: red(1), first_seen: SEEN, last_seen: SEEN, ...parts };
}

function edge(source: string, target: string, parts: Partial<TopologyEdge> = {}): TopologyEdge {
  return { id: `${source}→${target}`, source, target, protocol: 'http', kind: 'request', evidence: [], confidence: 1, red: red(1), versions: [], retries: 0, first_seen: SEEN, last_seen: SEEN, ...parts };
}

const SHOP = {
  nodes: [
    node('service:web', { group: 'edge' }),
    node('service:api', { group: 'edge' }),
    node('service:cart', { group: 'shop', health: 'critical' }),
    node('service:stock', { group: 'shop' }),
    node('database:carts'),
    node('cache:sessions'),
    node('external:bank'),
  ],
  edges: [
    edge('service:web', 'service:cart', { red: red(4, 0.5) }),
    edge('service:api', 'service:cart', { red: red(6) }),
    edge('service:web', 'service:api'),
    edge('service:cart', 'service:stock'),
    edge('service:cart', 'database:carts'),
    edge('service:cart', 'cache:sessions'),
    edge('service:web', 'cache:sessions', { red: null }),
    edge('service:cart', 'external:bank'),
  ],
};
const OPEN = { isGrouped: true, toggled: new Set<string>() };

describe('the graph', () => {
  it('frames groups, with the stores that only they use', () => {
    const graph = buildGraph(SHOP, OPEN);
    expect(graph.frames).toEqual([
      { id: 'frame:edge', name: 'edge', size: 2 },
      { id: 'frame:shop', name: 'shop', size: 3 },
    ]);
    const frames = Object.fromEntries(graph.nodes.map(({ id, frame }) => [id, frame]));
    expect(frames['database:carts']).toBe('shop');
    expect(frames['cache:sessions']).toBeUndefined();
    expect(frames['external:bank']).toBeUndefined();
  });
  it('folds a group into one node with the sums of its edges', () => {
    const graph = buildGraph(SHOP, { ...OPEN, toggled: new Set(['edge']) });
    const folded = graph.nodes.find(({ id }) => id === 'group:edge')!;
    expect(folded.folded).toMatchObject({ size: 2, health: 'healthy', troubled: 0 });
    const joined = graph.edges.find(({ id }) => id === 'group:edge→service:cart')!;
    expect(joined.callsPerSecond).toBe(10);
    expect(joined.errorRatio).toBeCloseTo(0.2);
    expect(joined.isFailing).toBe(true);
    expect(graph.edges.some(({ source, target }) => source === target)).toBe(false);
  });
  it('never folds the group of the selected node', () => {
    expect(buildGraph(SHOP, { ...OPEN, toggled: new Set(['shop']), selected: 'service:stock' }).nodes.map(({ id }) => id)).toContain('service:cart');
  });
  it('draws what no span shows apart', () => {
    expect(buildGraph(SHOP, OPEN).edges.filter(({ isQuiet }) => isQuiet).map(({ id }) => id)).toEqual(['service:web→cache:sessions']);
  });
  it('folds the groups of a thousand services by itself', () => {
    const nodes = Array.from({ length: 1000 }, (_, i) => node(`service:s${i}`, { group: `g${i % 80}` }));
    const graph = buildGraph({ nodes, edges: nodes.slice(1).map(({ id }, i) => edge(nodes[i]!.id, id)) }, OPEN);
    expect(graph.nodes).toHaveLength(80);
    expect(graph.groups).toHaveLength(80);
  });
  it('knows what is around a node', () => {
    expect([...neighbourhood(SHOP.edges, 'service:stock', 1)]).toEqual(['service:stock', 'service:cart']);
    expect(focused(SHOP, 'service:stock', 1)).toMatchObject({ nodes: [{ id: 'service:cart' }, { id: 'service:stock' }], edges: [{ id: 'service:cart→service:stock' }] });
    expect(focused(SHOP, 'service:stock', 2).nodes).toHaveLength(7);
    expect(focused(SHOP, 'service:nobody', 1)).toBe(SHOP);
  });
  it('widens lines by orders of magnitude', () => {
    expect(edgeWidth(0)).toBeCloseTo(1.25);
    expect(edgeWidth(1)).toBeLessThan(edgeWidth(100));
    expect(edgeWidth(1e9)).toBe(6);
  });
});

describe('the layout', () => {
  it('keeps its name when only figures change', () => {
    const louder = { ...SHOP, edges: SHOP.edges.map((one) => ({ ...one, red: red(99) })) };
    expect(layoutKey(buildGraph(louder, OPEN))).toBe(layoutKey(buildGraph(SHOP, OPEN)));
    expect(layoutKey(buildGraph({ ...SHOP, edges: SHOP.edges.slice(1) }, OPEN))).not.toBe(layoutKey(buildGraph(SHOP, OPEN)));
  });
  it('puts every node of a frame into it, and nothing on top of another', () => {
    const graph = buildGraph(SHOP, OPEN);
    const root = toElk(graph);
    // As the engine would answer: each frame is a column of its nodes.
    const answered = {
      ...root,
      children: root.children!.map((frame) => ({ ...frame, width: 300, height: 40 + 60 * frame.children!.length, children: frame.children!.map((child, i) => ({ ...child, x: 14, y: 34 + 60 * i })) })),
    };
    const { boxes, routes } = fromElk(graph, answered);
    const frame = boxes['frame:shop']!;
    for (const { id } of graph.nodes.filter((one) => one.frame === 'shop')) {
      const box = boxes[id]!;
      expect(box.x >= frame.x && box.y >= frame.y && box.x + box.width <= frame.x + frame.width && box.y + box.height <= frame.y + frame.height).toBe(true);
    }
    const outer = [frame, boxes['frame:edge']!, boxes['cache:sessions']!, boxes['external:bank']!];
    for (const a of outer) for (const b of outer) expect(a === b || a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y).toBe(true);
    expect(Object.keys(routes).sort()).toEqual(graph.edges.map(({ id }) => id).sort());
  });
  it('leads arrow keys to the busiest neighbour, else to what stands nearest', () => {
    const graph = buildGraph(SHOP, { ...OPEN, isGrouped: false });
    const at = (x: number, y: number) => ({ x, y, width: 100, height: 40 });
    const boxes = { 'service:web': at(0, 0), 'service:api': at(0, 100), 'service:cart': at(300, 0), 'service:stock': at(600, 100) };
    const layout = { boxes, routes: {} };
    expect(nodeTowards(graph, layout, 'service:cart', 'left')).toBe('service:api');
    expect(nodeTowards(graph, layout, 'service:web', 'right')).toBe('service:cart');
    expect(nodeTowards(graph, layout, 'service:web', 'down')).toBe('service:api');
    expect(nodeTowards(graph, layout, 'service:web', 'up')).toBeUndefined();
  });
});

describe('columns', () => {
  const parcel = (id: string, rank: number, height = 100) => ({ id, rank, width: 200, height, isSmall: false });
  it('go from left to right by rank and are about as wide as wished', () => {
    const parcels = Array.from({ length: 12 }, (_, i) => parcel(`p${String(i).padStart(2, '0')}`, i));
    const spots = packColumns(parcels, [], 1.75);
    expect(spots.get('p00')!.x).toBe(0);
    expect(spots.get('p11')!.x).toBeGreaterThan(spots.get('p00')!.x);
    const [width, height] = [Math.max(...[...spots.values()].map(({ x }) => x)) + 200, Math.max(...[...spots.values()].map(({ y }) => y)) + 100];
    expect(width / height).toBeGreaterThan(1);
    expect(width / height).toBeLessThan(3);
  });
  it('rank by the longest way, and end where calls go in circles', () => {
    const links: [string, string][] = [['a', 'b'], ['b', 'c'], ['a', 'c'], ['c', 'b'], ['c', 'd']];
    expect(Object.fromEntries(ranksOf(['a', 'b', 'c', 'd'], links))).toEqual({ a: 0, b: 1, c: 2, d: 3 });
    expect(ranksOf(['x', 'y'], [['x', 'y'], ['y', 'x']]).get('y')).toBe(1);
  });
});

describe('a line', () => {
  it('is drawn through its corners, rounded', () => {
    const route = routeThrough([{ x: 0, y: 0 }, { x: 100, y: 0 }, { x: 100, y: 100 }])!;
    expect(route.path).toBe('M0,0L78,0Q100,0 100,22L100,100');
    expect(route.middle).toEqual({ x: 100, y: 0 });
    expect(route.degrees).toBe(90);
    expect(routeThrough([{ x: 0, y: 0 }])).toBeUndefined();
  });
  it('leaves on the side where its target is', () => {
    const box = (x: number, y: number) => ({ x, y, width: 100, height: 40 });
    expect(routeBetween(box(0, 0), box(300, 0)).end).toEqual({ x: 300, y: 20 });
    expect(routeBetween(box(300, 0), box(0, 0)).end).toEqual({ x: 100, y: 20 });
    expect(routeBetween(box(0, 0), box(20, 80)).end).toEqual({ x: 70, y: 80 });
    expect(routeBetween(box(0, 80), box(20, 0)).degrees).toBeCloseTo(-90);
  });
  it('goes around what stands between boxes of one column', () => {
    const route = routeBetween({ x: 0, y: 0, width: 100, height: 40 }, { x: 20, y: 400, width: 100, height: 40 });
    expect(route.end).toEqual({ x: 20, y: 420 });
    expect(route.middle.x).toBeLessThan(0);
  });
});
