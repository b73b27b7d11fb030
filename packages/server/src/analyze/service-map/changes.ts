import type { TopologyChangesAnswer } from '@pitot/core';
import { durationQuantileMs } from '../../query/topology/durations.ts';
import { errorRatio } from './red.ts';
import type { MapEdge, MapNode, MutableCounted, ServiceMap } from './service-map.ts';
import { proportionZ, rateZ } from './significance.ts';
import { amount, counted, listed, milliseconds, percent } from './wording.ts';

type Change = TopologyChangesAnswer['changes'][number];

/** What is listed, as docs/service-map.md tells it. Shares are 0–1. */
const CHANGE_RULE = {
  /** Calls by which something rare is told from something new or gone. */
  leastCalls: 10,
  leastZ: 4,
  trafficFactor: 1.5,
  leastTimed: 100,
  errorPoints: 0.01,
  latencyFactor: 1.3,
  latencyMs: 5,
} as const;

const ORDER: readonly Change['kind'][] = ['node_removed', 'edge_removed', 'errors_changed', 'latency_changed', 'version_changed', 'node_added', 'edge_added', 'traffic_changed'];

/** What differs between two maps of windows of one length, without what chance explains. Most important kinds first. */
export function changesOf(before: ServiceMap, after: ServiceMap, windowMs: number): TopologyChangesAnswer {
  const name = (id: string) => (after.nodes.get(id) ?? before.nodes.get(id))!.name;
  const nodes = changesOfItems(before.nodes, after.nodes, (id, was, is) => nodeChanges(id, was, is, windowMs));
  const edges = changesOfItems(before.edges, after.edges, (id, was, is) => edgeChanges(id, was, is, windowMs, name));
  const nodesGone = new Set(nodes.filter(({ kind }) => kind === 'node_added' || kind === 'node_removed').map(({ id }) => id));
  // Edges of a node that came or went come and go with it.
  const told = edges.filter(({ kind, id }) => (kind !== 'edge_added' && kind !== 'edge_removed') || !id.split('→').some((end) => nodesGone.has(end)));
  const size = ({ before: was, after: is }: Change) => Math.abs(Math.log(((is ?? 0) + 1e-9) / ((was ?? 0) + 1e-9)));
  return { changes: [...nodes, ...told].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || size(b) - size(a) || (a.id < b.id ? -1 : 1)) };
}

function changesOfItems<Item>(before: ReadonlyMap<string, Item>, after: ReadonlyMap<string, Item>, compare: (id: string, was: Item | undefined, is: Item | undefined) => Change[]): Change[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((id) => compare(id, before.get(id), after.get(id)));
}

function nodeChanges(id: string, was: MapNode | undefined, is: MapNode | undefined, windowMs: number): Change[] {
  const { name } = (is ?? was)!;
  if (was === undefined || is === undefined) {
    const calls = (is ?? was)!.received?.calls ?? null;
    if (calls !== null && calls < CHANGE_RULE.leastCalls) return [];
    const requests = calls === null ? '' : `, with ${counted(calls, 'request')}`;
    return is === undefined
      ? [{ kind: 'node_removed', id, sentence: `${name} is gone; it was there before${requests}.`, before: calls, after: null }]
      : [{ kind: 'node_added', id, sentence: `${name} is new${requests}.`, before: null, after: calls }];
  }
  const changes = countChanges(id, name, was.received, is.received, windowMs);
  const added = [...is.versions].filter((version) => !was.versions.has(version));
  const removed = [...was.versions].filter((version) => !is.versions.has(version));
  if (was.versions.size > 0 && is.versions.size > 0 && (added.length > 0 || removed.length > 0)) {
    const parts = [...(added.length > 0 ? [`now also runs ${listed(added)}`] : []), ...(removed.length > 0 ? [`no longer runs ${listed(removed)}`] : [])];
    const sentence = added.length > 0 && removed.length > 0 && is.versions.size === added.length ? `${name} runs ${listed(added)} instead of ${listed(removed)}.` : `${name} ${parts.join(' and ')}.`;
    changes.push({ kind: 'version_changed', id, sentence, before: null, after: null });
  }
  return changes;
}

function edgeChanges(id: string, was: MapEdge | undefined, is: MapEdge | undefined, windowMs: number, name: (id: string) => string): Change[] {
  const { source, target, kind, protocol } = (is ?? was)!;
  const [from, to] = [name(source), name(target)];
  if (was && is) return countChanges(id, `${from} → ${to}`, was.counted, is.counted, windowMs);
  const { counted: calls } = (is ?? was)!;
  if (calls !== null && calls.calls < CHANGE_RULE.leastCalls) return [];
  const verb = { request: 'calls', publish: 'publishes to', consume: 'is consumed by' }[kind];
  const how = `${protocol === '' ? '' : ` over ${protocol}`}${calls === null ? '' : ` (${counted(calls.calls, 'call')})`}`;
  return is === undefined
    ? [{ kind: 'edge_removed', id, sentence: `${from} no longer ${verb} ${to}; it did before${how}.`, before: calls?.calls ?? null, after: null }]
    : [{ kind: 'edge_added', id, sentence: `${from} now ${verb} ${to}${how}.`, before: null, after: calls?.calls ?? null }];
}

function countChanges(id: string, name: string, was: MutableCounted | null, is: MutableCounted | null, windowMs: number): Change[] {
  if (was === null || is === null) return [];
  const rule = CHANGE_RULE;
  const changes: Change[] = [];
  const perSecond = (count: number) => Number(((count * 1000) / windowMs).toPrecision(6));
  const factor = is.calls / Math.max(was.calls, 1e-9);
  if ((factor >= rule.trafficFactor || factor <= 1 / rule.trafficFactor) && Math.abs(rateZ(was.calls, 1, is.calls, 1)) >= rule.leastZ) {
    const sentence = `${name}: ${amount(perSecond(is.calls))} requests per second, ${amount(perSecond(was.calls))} before.`;
    changes.push({ kind: 'traffic_changed', id, sentence, before: perSecond(was.calls), after: perSecond(is.calls) });
  }
  const [ratioBefore, ratio] = [errorRatio(was), errorRatio(is)];
  if (Math.abs(ratio - ratioBefore) >= rule.errorPoints && Math.abs(proportionZ(was.errors, was.calls, is.errors, is.calls)) >= rule.leastZ) {
    changes.push({ kind: 'errors_changed', id, sentence: `${name}: ${percent(ratio)} of ${counted(is.calls, 'request')} fail, ${percent(ratioBefore)} before.`, before: ratioBefore, after: ratio });
  }
  const [p95Before, p95] = [durationQuantileMs(was.durations, 0.95), durationQuantileMs(is.durations, 0.95)];
  const isTimed = was.calls >= rule.leastTimed && is.calls >= rule.leastTimed && p95 !== null && p95Before !== null;
  if (isTimed && Math.abs(p95 - p95Before) >= rule.latencyMs && Math.max(p95 / p95Before, p95Before / p95) >= rule.latencyFactor) {
    changes.push({ kind: 'latency_changed', id, sentence: `${name}: the slowest 5 % take ${milliseconds(p95)} and more, ${milliseconds(p95Before)} before.`, before: Number(p95Before.toPrecision(6)), after: Number(p95.toPrecision(6)) });
  }
  return changes;
}
