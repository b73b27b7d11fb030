import { durationSumMs } from '../../query/topology/durations.ts';
import type { Counted } from '../../query/topology/evidence.ts';
import { errorRatio } from './red.ts';
import { adjacencyOf, type Adjacency, type MapEdge, type ServiceMap } from './service-map.ts';

/** failing: counted in requests that fail more than before; slow: in milliseconds more than before. */
export type TroubleKind = 'failing' | 'slow';

/** What became worse at a node, and where it comes from. */
export interface Trouble {
  /** Requests, or milliseconds, more than the period before explains. 0 where chance may do. */
  readonly excess: number;
  /** Of the trouble, what its own dependencies bring: by node id, 0–1 each, together at most 1. */
  readonly carried: ReadonlyMap<string, number>;
  /** What is left: 0–1. */
  readonly own: number;
  /** Of the excess, what only its callers see: it is not reached, or does not answer in time. 0–1. */
  readonly unreached: number;
}

/** Standard errors that chance may explain. */
const NOISE_Z = 2;
/** A mean counts as slower from this factor and these milliseconds on. */
const SLOWER_FACTOR = 1.15;
const SLOWER_MS = 1;
/** Where failures come with requests that take this many times as long, what makes them slow makes them fail. */
const TIMEOUT_FACTOR = 2;

/** Compares two maps of adjacent periods node by node. */
export class TroubleFinder {
  readonly #now: ServiceMap;
  readonly #before: ServiceMap;
  readonly adjacency: Adjacency;

  constructor(now: ServiceMap, before: ServiceMap) {
    this.#now = now;
    this.#before = before;
    this.adjacency = adjacencyOf(now);
  }

  troubleOf(id: string, kind: TroubleKind): Trouble {
    return kind === 'failing' ? this.#failing(id) : this.#slow(id);
  }

  #failing(id: string): Trouble {
    const own = excessErrors(this.#received(id), this.#receivedBefore(id));
    const seen = this.#incomingExcess(id, excessErrors);
    const excess = Math.max(own, seen);
    if (excess === 0) return NO_TROUBLE;
    const unreached = seen > own ? 1 - own / seen : 0;
    const byErrors = shares(this.#outgoing(id).map((edge) => [edge.target, Math.min(own, excessErrors(edge.counted, this.#edgeBefore(edge)))]), own);
    const bySlowness = this.#isTimingOut(id) ? this.#slow(id).carried : new Map<string, number>();
    // What neither a failing dependency nor the caller's impatience explains is taken to be a deadline where the requests became slow.
    const unexplained = (1 - unreached) * (1 - sum(byErrors)) + unreached;
    const carried = new Map<string, number>();
    for (const [target, share] of byErrors) carried.set(target, (1 - unreached) * share);
    for (const [target, share] of bySlowness) carried.set(target, (carried.get(target) ?? 0) + unexplained * share);
    return { excess, carried, own: Math.max(0, 1 - sum(carried)), unreached };
  }

  #slow(id: string): Trouble {
    const own = excessMs(this.#received(id), this.#receivedBefore(id));
    const seen = this.#incomingExcess(id, excessMs);
    const excess = Math.max(own, seen);
    if (excess === 0) return NO_TROUBLE;
    const unreached = this.#hasOwnSpans(id) && seen > own ? 1 - own / seen : 0;
    const byTime = shares(this.#outgoing(id).map((edge) => [edge.target, Math.min(own, excessMs(edge.counted, this.#edgeBefore(edge)) + this.#repeatedMs(edge))]), own);
    const carried = new Map([...byTime].map(([target, share]) => [target, share * (1 - unreached)]));
    return { excess, carried, own: Math.max(0, 1 - sum(carried)), unreached };
  }

  /** Calls of a dependency per request, now and before; undefined where there is nothing to compare. */
  callsPerRequest(edge: MapEdge): { now: number; before: number } | undefined {
    const [received, before] = [this.#received(edge.source), this.#receivedBefore(edge.source)];
    const edgeBefore = this.#edgeBefore(edge);
    if (!received || !before || !edge.counted || !edgeBefore || received.calls === 0 || before.calls === 0) return undefined;
    return { now: edge.counted.calls / received.calls, before: edgeBefore.calls / before.calls };
  }

  /** Milliseconds of calls more per request than before, to a target that fails more than before: repeating them is its doing. */
  #repeatedMs(edge: MapEdge): number {
    const calls = this.callsPerRequest(edge);
    if (calls === undefined || calls.now <= calls.before || excessErrors(edge.counted, this.#edgeBefore(edge)) === 0) return 0;
    return (1 - calls.before / calls.now) * durationSumMs(edge.counted!.durations);
  }

  #isTimingOut(id: string): boolean {
    const [now, before] = [this.#received(id), this.#receivedBefore(id)];
    return !!now && !!before && before.calls > 0 && meanMs(now) >= meanMs(before) * TIMEOUT_FACTOR;
  }

  #received(id: string): Counted | null {
    return this.#now.nodes.get(id)?.received ?? null;
  }

  #receivedBefore(id: string): Counted | null {
    return this.#before.nodes.get(id)?.received ?? null;
  }

  #edgeBefore({ id }: MapEdge): Counted | null {
    return this.#before.edges.get(id)?.counted ?? null;
  }

  /** Nodes without spans of their own are counted as their callers see them. */
  #hasOwnSpans(id: string): boolean {
    return /^(?:service|function):/.test(id);
  }

  #outgoing(id: string): readonly MapEdge[] {
    return (this.adjacency.outgoing.get(id) ?? []).filter(({ kind }) => kind !== 'consume');
  }

  #incomingExcess(id: string, measure: (now: Counted | null, before: Counted | null) => number): number {
    return (this.adjacency.incoming.get(id) ?? []).filter(({ kind }) => kind !== 'consume').reduce((total, edge) => total + measure(edge.counted, this.#edgeBefore(edge)), 0);
  }
}

const NO_TROUBLE: Trouble = { excess: 0, carried: new Map(), own: 0, unreached: 0 };

/** Failed calls above what the ratio before and chance make. */
function excessErrors(now: Counted | null, before: Counted | null): number {
  if (now === null || now.errors === 0) return 0;
  const ratio = before ? errorRatio(before) : 0;
  const expected = ratio * now.calls;
  const deviation = Math.sqrt(Math.max(expected * (1 - ratio), 1));
  return now.errors - expected > NOISE_Z * deviation ? now.errors - expected : 0;
}

/** Milliseconds above what the calls would have taken at their former mean. More calls are not their target's fault. */
function excessMs(now: Counted | null, before: Counted | null): number {
  if (now === null || now.calls === 0 || before === null || before.calls === 0) return 0;
  const [mean, former] = [meanMs(now), meanMs(before)];
  return mean >= former * SLOWER_FACTOR && mean - former >= SLOWER_MS ? now.calls * (mean - former) : 0;
}

function meanMs({ durations, calls }: Counted): number {
  return calls > 0 ? durationSumMs(durations) / calls : 0;
}

/** Parts of a whole; where calls ran side by side they explain more than there is, and share it. */
function shares(parts: readonly (readonly [string, number])[], whole: number): Map<string, number> {
  const wanted = parts.filter(([, part]) => part > 0);
  const total = Math.max(whole, wanted.reduce((all, [, part]) => all + part, 0));
  return new Map(whole > 0 ? wanted.map(([target, part]) => [target, part / total]) : []);
}

function sum(parts: ReadonlyMap<string, number>): number {
  return [...parts.values()].reduce((all, part) => all + part, 0);
}
