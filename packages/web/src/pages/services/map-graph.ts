import type { Red, ServiceHealth, TopologyEdge, TopologyNode } from '@pitot/core';
import { worstHealth } from './health.ts';

/** A group of nodes drawn as one. */
export interface FoldedGroup {
  readonly name: string;
  readonly size: number;
  readonly health: ServiceHealth;
  /** Nodes that are not well. */
  readonly troubled: number;
  /** Ids of what is in it. */
  readonly members: readonly string[];
}

export interface GraphNode {
  readonly id: string;
  /** Name of the frame it stands in. */
  readonly frame: string | undefined;
  readonly node?: TopologyNode;
  readonly folded?: FoldedGroup;
}

/** One line on the map; more than one edge where groups are folded. */
export interface GraphEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly edges: readonly TopologyEdge[];
  readonly callsPerSecond: number;
  readonly errorRatio: number;
  readonly p95Ms: number | null;
  readonly isFailing: boolean;
  /** No span shows it: only sockets or declarations. */
  readonly isQuiet: boolean;
}

export interface MapGraph {
  readonly nodes: readonly GraphNode[];
  /** Open groups. */
  readonly frames: readonly { readonly id: string; readonly name: string; readonly size: number }[];
  readonly edges: readonly GraphEdge[];
  /** Names of all groups, for folding them at once. */
  readonly groups: readonly string[];
}

interface Choice {
  readonly isGrouped: boolean;
  /** Groups that are not in the state they begin in. */
  readonly toggled: ReadonlySet<string>;
  /** Its group is never folded. */
  readonly selected?: string | undefined;
}

/** Above this many nodes groups begin folded. */
const FOLDED_ABOVE = 120;
const FAILING_RATIO = 0.05;
const FAILING_LEAST = 3;

export const frameId = (group: string): string => `frame:${group}`;
const foldedId = (group: string): string => `group:${group}`;

/** What is drawn of a map: open groups as frames, folded ones as single nodes with the sums of their edges. */
export function buildGraph(topology: { readonly nodes: readonly TopologyNode[]; readonly edges: readonly TopologyEdge[] }, choice: Choice): MapGraph {
  const groupOf = choice.isGrouped ? groupsOf(topology) : new Map<string, string>();
  const members = Map.groupBy(
    topology.nodes.filter(({ id }) => groupOf.has(id)),
    ({ id }) => groupOf.get(id)!,
  );
  const beginsFolded = topology.nodes.length > FOLDED_ABOVE;
  const selectedGroup = groupOf.get(choice.selected ?? '');
  const isFolded = (group: string): boolean => group !== selectedGroup && beginsFolded !== choice.toggled.has(group);
  const standsFor = (id: string): string => {
    const group = groupOf.get(id);
    return group !== undefined && isFolded(group) ? foldedId(group) : id;
  };
  const nodes: GraphNode[] = topology.nodes.filter(({ id }) => standsFor(id) === id).map((node) => ({ id: node.id, frame: groupOf.get(node.id), node }));
  const frames: { id: string; name: string; size: number }[] = [];
  for (const [name, inside] of members) {
    if (isFolded(name)) nodes.push({ id: foldedId(name), frame: undefined, folded: foldedGroup(name, inside) });
    else frames.push({ id: frameId(name), name, size: inside.length });
  }
  return {
    nodes: nodes.sort((a, b) => (a.id < b.id ? -1 : 1)),
    frames: frames.sort((a, b) => (a.id < b.id ? -1 : 1)),
    edges: joinedEdges(topology.edges, standsFor, new Set(nodes.map(({ id }) => id))),
    groups: [...members.keys()].sort(),
  };
}

/**
 * The group of each node that has one. A store or queue belongs to the group of its callers when they are all of one; a group of one
 * service needs no frame.
 */
function groupsOf({ nodes, edges }: { readonly nodes: readonly TopologyNode[]; readonly edges: readonly TopologyEdge[] }): Map<string, string> {
  const groupOf = new Map(nodes.filter(({ group, type }) => group !== '' && isOwn(type)).map(({ id, group }) => [id, group]));
  const neighbours = new Map<string, Set<string | undefined>>();
  const note = (id: string, other: string): void => {
    const groups = neighbours.get(id) ?? new Set();
    neighbours.set(id, groups.add(groupOf.get(other)));
  };
  for (const { source, target } of edges) {
    note(target, source);
    note(source, target);
  }
  for (const { id, type } of nodes) {
    if (isOwn(type) || type === 'external') continue;
    const [only, ...others] = neighbours.get(id) ?? [];
    if (only !== undefined && others.length === 0) groupOf.set(id, only);
  }
  const sizes = new Map<string, number>();
  for (const group of groupOf.values()) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  for (const [id, group] of groupOf) if (sizes.get(group) === 1) groupOf.delete(id);
  return groupOf;
}

const isOwn = (type: TopologyNode['type']): boolean => type === 'service' || type === 'function' || type === 'process';

function foldedGroup(name: string, inside: readonly TopologyNode[]): FoldedGroup {
  return {
    name,
    size: inside.length,
    health: worstHealth(inside.map(({ health }) => health)),
    troubled: inside.filter(({ health }) => health === 'critical' || health === 'warning').length,
    members: inside.map(({ id }) => id),
  };
}

function joinedEdges(edges: readonly TopologyEdge[], standsFor: (id: string) => string, known: ReadonlySet<string>): GraphEdge[] {
  const joined = new Map<string, TopologyEdge[]>();
  for (const edge of edges) {
    const [source, target] = [standsFor(edge.source), standsFor(edge.target)];
    if (!known.has(source) || !known.has(target) || (source === target && source !== edge.source)) continue;
    const id = `${source}→${target}`;
    const list = joined.get(id);
    if (list === undefined) joined.set(id, [edge]);
    else list.push(edge);
  }
  return [...joined].map(([id, list]) => graphEdge(id, standsFor(list[0]!.source), standsFor(list[0]!.target), list)).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function graphEdge(id: string, source: string, target: string, edges: readonly TopologyEdge[]): GraphEdge {
  const known = edges.map(({ red }) => red).filter((red): red is Red => red !== null);
  const calls = known.reduce((sum, red) => sum + red.calls, 0);
  const p95s = known.map(({ p95_ms: p95 }) => p95).filter((p95) => p95 !== null);
  return {
    id,
    source,
    target,
    edges,
    callsPerSecond: known.reduce((sum, red) => sum + red.calls_per_second, 0),
    errorRatio: calls > 0 ? known.reduce((sum, red) => sum + red.errors, 0) / calls : 0,
    // Of several calls together no percentile is known; the slowest is what one looks for.
    p95Ms: p95s.length === 0 ? null : Math.max(...p95s),
    isFailing: known.some((red) => red.errors >= FAILING_LEAST && red.error_ratio >= FAILING_RATIO),
    isQuiet: known.length === 0,
  };
}

/** Ids within `depth` edges of `from` in either direction, itself included. */
export function neighbourhood(edges: readonly { readonly source: string; readonly target: string }[], from: string, depth: number): Set<string> {
  const found = new Set([from]);
  let border = new Set([from]);
  for (let step = 0; step < depth && border.size > 0; step++) {
    const next = new Set<string>();
    for (const { source, target } of edges) {
      if (border.has(source) && !found.has(target)) next.add(target);
      if (border.has(target) && !found.has(source)) next.add(source);
    }
    for (const id of next) found.add(id);
    border = next;
  }
  return found;
}

/** The part of a map within `depth` calls of a node; all of it where the map does not have the node. */
export function focused<Topology extends { readonly nodes: readonly TopologyNode[]; readonly edges: readonly TopologyEdge[] }>(topology: Topology, node: string | undefined, depth: number): Topology {
  if (node === undefined || depth === 0 || !topology.nodes.some(({ id }) => id === node)) return topology;
  const near = neighbourhood(topology.edges, node, depth);
  return { ...topology, nodes: topology.nodes.filter(({ id }) => near.has(id)), edges: topology.edges.filter(({ source, target }) => near.has(source) && near.has(target)) };
}

/** Width of a line in pixels: grows with the order of magnitude of its calls. */
export const edgeWidth = (callsPerSecond: number): number => Math.min(6, 1.25 + Math.log10(1 + callsPerSecond * 10));
