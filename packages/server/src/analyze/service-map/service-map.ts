import type { NodeType } from '@pitot/core';
import { addDurations } from '../../query/topology/durations.ts';
import type { CallRow, CallTarget, Counted } from '../../query/topology/evidence.ts';

/** A node of the map; times are milliseconds since the epoch. */
export interface MapNode {
  /** `<type>:<name>` */
  readonly id: string;
  readonly type: NodeType;
  readonly name: string;
  group: string;
  system: string;
  readonly versions: Set<string>;
  /** Requests it received: by its own spans, else as its callers see them; null where no span shows any. */
  received: MutableCounted | null;
  /** Of them, those that came from outside. */
  entered: number;
  firstSeenMs: number;
  lastSeenMs: number;
}

export interface MapEdge {
  /** `<source id>→<target id>` */
  readonly id: string;
  readonly source: string;
  readonly target: string;
  protocol: string;
  kind: CallRow['kind'];
  readonly evidence: Map<string, MapEvidence>;
  confidence: number;
  /** As the caller sees it; null where no span shows it. */
  counted: MutableCounted | null;
  /** Calls by pair of versions, `<source version>\0<target version>`. */
  readonly versions: Map<string, number>;
  /** Calls that repeat a failed one of the same parent. */
  retried: number;
  firstSeenMs: number;
  lastSeenMs: number;
}

export interface MapEvidence {
  readonly source: 'spans' | 'sockets' | 'declared';
  readonly detail: string;
  /** How sure this evidence alone makes, 0–1; see EVIDENCE_CONFIDENCE. */
  readonly confidence: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

export interface MutableCounted extends Counted {
  calls: number;
  errors: number;
  readonly durations: Map<number, number>;
}

/** Nodes and edges by id. Every edge's ends are nodes. */
export interface ServiceMap {
  readonly nodes: ReadonlyMap<string, MapNode>;
  readonly edges: ReadonlyMap<string, MapEdge>;
  readonly notes: readonly string[];
}

/** How sure one kind of evidence makes of an edge. */
export const EVIDENCE_CONFIDENCE = {
  /** The spans of both ends are of one trace, parent and child. */
  bothEnds: 1,
  /** One end's span names the other by semantic conventions. */
  named: 0.9,
  sockets: 0.7,
  /** One end's span has an address that was found to be the other's. */
  address: 0.6,
  declared: 0.4,
} as const;

const MOST_SURE_UNLESS_BOTH = 0.99;

/** Independent kinds of evidence add up as if each could be wrong on its own; only spans of both ends make certain. */
export function combinedConfidence(evidence: Iterable<MapEvidence>): number {
  const best = new Map<string, number>();
  for (const { source, confidence } of evidence) best.set(source, Math.max(best.get(source) ?? 0, confidence));
  const doubt = [...best.values()].reduce((product, confidence) => product * (1 - confidence), 1);
  return doubt === 0 ? 1 : Math.min(MOST_SURE_UNLESS_BOTH, Math.round((1 - doubt) * 100) / 100);
}

export function nodeId({ type, name }: Pick<CallTarget, 'type' | 'name'>): string {
  return `${type}:${name}`;
}

export function edgeId(source: string, target: string): string {
  return `${source}→${target}`;
}

export function emptyCounted(): MutableCounted {
  return { calls: 0, errors: 0, durations: new Map() };
}

export function addCounted(into: MutableCounted, { calls, errors, durations }: Counted): void {
  into.calls += calls;
  into.errors += errors;
  addDurations(into.durations, durations);
}

/** Edges by the node they leave and by the node they reach. A call of itself is in neither: it leads nowhere. */
export interface Adjacency {
  readonly outgoing: ReadonlyMap<string, readonly MapEdge[]>;
  readonly incoming: ReadonlyMap<string, readonly MapEdge[]>;
}

export function adjacencyOf({ edges }: Pick<ServiceMap, 'edges'>): Adjacency {
  const outgoing = new Map<string, MapEdge[]>();
  const incoming = new Map<string, MapEdge[]>();
  for (const edge of edges.values()) {
    if (edge.source === edge.target) continue;
    listAt(outgoing, edge.source).push(edge);
    listAt(incoming, edge.target).push(edge);
  }
  return { outgoing, incoming };
}

/** The list at a key, made where there is none. */
export function listAt<Key, Item>(lists: Map<Key, Item[]>, key: Key): Item[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** The part of a map within `depth` hops of a node in either direction; an empty one where there is no such node. */
export function focused(map: ServiceMap, focus: string, depth: number): ServiceMap {
  const { outgoing, incoming } = adjacencyOf(map);
  const near = new Set<string>(map.nodes.has(focus) ? [focus] : []);
  let border = [...near];
  for (let hop = 0; hop < depth && border.length > 0; hop++) {
    const next = border.flatMap((id) => [...(outgoing.get(id) ?? []).map(({ target }) => target), ...(incoming.get(id) ?? []).map(({ source }) => source)]);
    border = [...new Set(next)].filter((id) => !near.has(id));
    border.forEach((id) => near.add(id));
  }
  return {
    nodes: new Map([...map.nodes].filter(([id]) => near.has(id))),
    edges: new Map([...map.edges].filter(([, { source, target }]) => near.has(source) && near.has(target))),
    notes: map.notes,
  };
}
