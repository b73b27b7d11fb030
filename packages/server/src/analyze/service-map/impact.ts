import type { ImpactAnswer } from '@pitot/core';
import { adjacencyOf, type Adjacency, type MapEdge, type MapNode, type ServiceMap } from './service-map.ts';
import { amount, listed, percent } from './wording.ts';

const MOST_PATHS = 3;
const LONGEST_PATH = 12;
/** Smaller shares are not worth a line. */
const LEAST_SHARE = 0.0005;
/** An entry has at least this share of its requests from outside. */
const ENTRY_SHARE = 0.01;

/** One step from a hurt node towards the failed one. */
interface Step {
  /** The hurt node. */
  readonly from: string;
  readonly to: string;
  /** Of the hurt node's requests, how many take the step: 0–1. */
  readonly share: number;
  /** Over a queue: nobody waits, so it is late rather than failed. */
  readonly isDelayed: boolean;
}

/**
 * Who is hurt when a node fails. A share of a node's own requests takes each of its edges (calls by requests received, at most 1); shares
 * multiply along a path and add up over paths, at most 1. Calls that wait for an answer hurt their caller; what goes over a queue is delayed.
 */
export function impactOf(map: ServiceMap, node: string, lengthMs: number): ImpactAnswer {
  const adjacency = adjacencyOf(map);
  const steps = stepsTowards(map, adjacency, node);
  const hops = hopsTo(node, steps);
  const inLoop = loops([...hops.keys()], (id) => (steps.get(id) ?? []).map(({ to }) => to));
  const usable = (step: Step) => hops.has(step.to) && (inLoop.get(step.from) !== inLoop.get(step.to) || hops.get(step.to)! < hops.get(step.from)!);
  const forward = new Map([...hops.keys()].map((id) => [id, id === node ? [] : (steps.get(id) ?? []).filter(usable)]));
  const shares = sharesOf(node, forward);
  const affected = [...hops]
    .filter(([id]) => id !== node && shares.get(id)!.share >= LEAST_SHARE)
    .map(([id, distance]) => ({
      node: id,
      traffic_share: Number(Math.min(1, shares.get(id)!.share).toFixed(4)),
      calls_per_second: Number((((requestsOf(map, adjacency, id) * shares.get(id)!.share) / lengthMs) * 1000).toPrecision(4)),
      hops: distance,
      paths: heaviestPaths(id, node, forward, shares),
      is_entry: isEntry(map.nodes.get(id)!),
      is_delayed: shares.get(id)!.isDelayed,
    }))
    .sort((a, b) => Number(a.is_delayed) - Number(b.is_delayed) || b.traffic_share - a.traffic_share || b.calls_per_second - a.calls_per_second);
  return { node, sentence: sentenceOf(map, node, affected), affected };
}

/** Whether users reach a node: requests without a caller come to it. */
function isEntry({ type, received, entered }: Pick<MapNode, 'type' | 'received' | 'entered'>): boolean {
  return (type === 'service' || type === 'function') && entered > 0 && entered >= (received?.calls ?? 0) * ENTRY_SHARE;
}

/** Requests that a node works on: those it received; of one that only calls (a cron job, a load generator), those it makes. */
function requestsOf({ nodes }: ServiceMap, { outgoing }: Adjacency, id: string): number {
  const received = nodes.get(id)!.received?.calls ?? 0;
  return received > 0 ? received : Math.max(0, ...(outgoing.get(id) ?? []).map(({ counted }) => counted?.calls ?? 0));
}

/** Of each node, the steps it may take towards the failed one: against the direction of publishing, callers; along it, those who wait for messages. */
function stepsTowards(map: ServiceMap, adjacency: Adjacency, failed: string): Map<string, Step[]> {
  const steps = new Map<string, Step[]>();
  const add = (step: Step) => steps.set(step.from, [...(steps.get(step.from) ?? []), step]);
  for (const list of adjacency.outgoing.values()) {
    for (const edge of list) {
      const { source, target, kind } = edge;
      const share = shareOf(map, adjacency, edge, source);
      if (kind === 'request') add({ from: source, to: target, share, isDelayed: false });
      // Who publishes to a failed queue fails; who publishes to one whose consumer failed does not notice.
      else if (kind === 'publish') add({ from: source, to: target, share, isDelayed: target !== failed });
      else {
        add({ from: source, to: target, share: 1, isDelayed: true });
        if (source === failed) add({ from: target, to: source, share: shareOf(map, adjacency, edge, target), isDelayed: true });
      }
    }
  }
  return steps;
}

/** Where no span counts an edge, it is taken to be needed by every request. */
function shareOf(map: ServiceMap, adjacency: Adjacency, { counted }: MapEdge, node: string): number {
  const requests = requestsOf(map, adjacency, node);
  return counted === null || requests === 0 ? 1 : Math.min(1, counted.calls / requests);
}

function hopsTo(node: string, steps: ReadonlyMap<string, readonly Step[]>): Map<string, number> {
  const before = new Map<string, string[]>();
  for (const { from, to } of [...steps.values()].flat()) before.set(to, [...(before.get(to) ?? []), from]);
  const hops = new Map([[node, 0]]);
  let border = [node];
  for (let distance = 1; border.length > 0; distance++) {
    border = [...new Set(border.flatMap((id) => before.get(id) ?? []))].filter((id) => !hops.has(id));
    for (const id of border) hops.set(id, distance);
  }
  return hops;
}

/**
 * Shares over steps without loops. Within a loop only steps that come nearer are taken, so that what goes round is not counted twice;
 * that leaves no loop, and each node is reckoned after those it leads to.
 */
function sharesOf(failed: string, forward: ReadonlyMap<string, readonly Step[]>): Map<string, { share: number; isDelayed: boolean }> {
  const shares = new Map([[failed, { share: 1, isDelayed: false }]]);
  const stack = [...forward.keys()];
  while (stack.length > 0) {
    const id = stack.at(-1)!;
    const missing = shares.has(id) ? [] : forward.get(id)!.filter(({ to }) => !shares.has(to));
    if (missing.length > 0) {
      stack.push(...missing.map(({ to }) => to));
      continue;
    }
    stack.pop();
    if (shares.has(id)) continue;
    const parts = forward.get(id)!.map((step) => ({ share: step.share * shares.get(step.to)!.share, isDelayed: step.isDelayed || shares.get(step.to)!.isDelayed }));
    const direct = parts.filter(({ isDelayed }) => !isDelayed);
    const counted = direct.length > 0 ? direct : parts;
    shares.set(id, { share: Math.min(1, counted.reduce((sum, { share }) => sum + share, 0)), isDelayed: direct.length === 0 });
  }
  return shares;
}

function heaviestPaths(from: string, to: string, forward: ReadonlyMap<string, readonly Step[]>, shares: ReadonlyMap<string, { share: number }>): string[][] {
  // Best first: what a path has so far times what its end can bring at most is never less than the whole.
  const open = [{ path: [from], share: 1 }];
  const found: string[][] = [];
  for (let looked = 0; open.length > 0 && found.length < MOST_PATHS && looked < 200; looked++) {
    open.sort((a, b) => b.share * shares.get(b.path.at(-1)!)!.share - a.share * shares.get(a.path.at(-1)!)!.share);
    const { path, share } = open.shift()!;
    if (path.at(-1) === to) found.push(path);
    else if (path.length < LONGEST_PATH) for (const step of forward.get(path.at(-1)!)!) open.push({ path: [...path, step.to], share: share * step.share });
  }
  return found;
}

/** The strongly connected part that each node is in (Tarjan), by a number. */
function loops(ids: readonly string[], next: (id: string) => readonly string[]): Map<string, number> {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const part = new Map<string, number>();
  const open: string[] = [];
  const wanted = new Set(ids);
  for (const root of ids) {
    if (order.has(root)) continue;
    const work: { id: string; rest: string[] }[] = [];
    const enter = (id: string) => {
      order.set(id, order.size);
      low.set(id, order.get(id)!);
      open.push(id);
      work.push({ id, rest: next(id).filter((other) => wanted.has(other)) });
    };
    enter(root);
    while (work.length > 0) {
      const { id, rest } = work.at(-1)!;
      const other = rest.pop();
      if (other !== undefined) {
        if (!order.has(other)) enter(other);
        else if (!part.has(other)) low.set(id, Math.min(low.get(id)!, order.get(other)!));
        continue;
      }
      work.pop();
      const parent = work.at(-1)?.id;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent)!, low.get(id)!));
      if (low.get(id) !== order.get(id)) continue;
      for (let member = open.pop()!; ; member = open.pop()!) {
        part.set(member, order.get(id)!);
        if (member === id) break;
      }
    }
  }
  return part;
}

function sentenceOf({ nodes }: ServiceMap, node: string, affected: ImpactAnswer['affected']): string {
  const nameOf = (id: string) => nodes.get(id)!.name;
  const direct = affected.filter(({ is_delayed }) => !is_delayed);
  const delayed = affected.filter(({ is_delayed }) => is_delayed);
  const later = delayed.length === 0 ? '' : ` ${listed(delayed.map((one) => nameOf(one.node)))} ${delayed.length === 1 ? 'is' : 'are'} delayed, because a queue stands between.`;
  const entries = direct.filter(({ is_entry }) => is_entry);
  if (direct.length === 0) return delayed.length === 0 ? `If ${nameOf(node)} fails, nobody else on the map is hurt.` : `If ${nameOf(node)} fails, nobody fails at once.${later}`;
  const hurt = `If ${nameOf(node)} fails, ${direct.length === 1 ? '1 node is' : `${direct.length} nodes are`} hurt`;
  if (entries.length === 0) return `${hurt}: ${listed(direct.map((one) => `${nameOf(one.node)} (${percent(one.traffic_share)} of its requests)`))}.${later}`;
  const users = listed(entries.map((one) => `${percent(one.traffic_share)} of the requests to ${nameOf(one.node)} (${amount(one.calls_per_second)} per second)`));
  return `${hurt}. Users notice it in ${users}.${later}`;
}
