import type { CausesAnswer, Clock } from '@pitot/core';
import type { TraceSampler } from '../../query/topology/trace-sampler.ts';
import { causesOf, troubleKindOf, type CauseEvidence, type NewVersion } from './causes.ts';
import type { ComparedMaps, MapPeriod, MapSource } from './map-source.ts';
import type { Finding } from './judgement.ts';
import { judgedPeriod, settledPeriod, type Period } from './periods.ts';
import type { ServiceMap } from './service-map.ts';
import { troubledTraces } from './traced-paths.ts';
import { TroubleFinder } from './trouble.ts';
import { idOf } from './verdict.ts';
import { quietPeriod, type Watch } from './watch.ts';
import { percent } from './wording.ts';

export interface CauseFinderOptions {
  readonly source: MapSource;
  readonly clock: Clock;
  /** Absent where an answer must be quick: the map alone then tells. */
  readonly traces?: TraceSampler;
}

/** Most nodes whose series are read. */
const MOST_SUSPECTS = 40;
/** How much of the time before is compared with, at most. */
const QUIET_MS = 30 * 60_000;
const SERIES_MS = 30 * 60_000;
/** Requests that were to be expected, what the caller still gets of its own, and what the unreached one gets at most. */
const UNREACHED = { leastCalls: 5, leastCaller: 0.5, most: 0.3 } as const;
/** What was seen so early in the range was there before. */
const FIRST_MS = 120_000;
/** Services that become worse within this time do so together. */
const NEAR_MS = 5 * 60_000;
/** Calls of which both ends' spans came are known this long after they ended. */
const PAIRED_AFTER_MS = 20_000;

/** The causes of a node's trouble at the end of a range. The node is on the map. */
export async function findCauses({ source, clock, traces }: CauseFinderOptions, compared: ComparedMaps, node: string, signal?: AbortSignal): Promise<CausesAnswer> {
  const { range } = compared;
  const watch = await source.watch(range, signal);
  const { now, before, period, usual } = await troubledPeriod(source, compared, watch, node, clock.nowMs(), signal);
  const finder = new TroubleFinder(now, before);
  const kind = troubleKindOf(finder, node, findingOf(watch, compared.map, node)?.kind);
  const evidence: CauseEvidence = { now, before, series: new Map(), traces: [], versions: [], nowMs: clock.nowMs() };
  if (kind === undefined) return causesOf(evidence, node);
  const suspects = suspectsOf(finder, node);
  const reach = { ...range, startMs: Math.min(watch.endMs - SERIES_MS, period.startMs - SERIES_MS / 2) };
  const { name, type } = now.nodes.get(node)!;
  const isTraced = type === 'service' || type === 'function';
  const [series, shown] = await Promise.all([
    source.series(reach, now, suspects, signal),
    traces && isTraced ? troubledTraces(traces, now, { ...range, ...period, service: name }, kind, signal) : [],
  ]);
  const answer = causesOf({ ...evidence, series, traces: shown, versions: newVersions(compared, suspects) }, node, kind);
  return kind === 'failing' && usual !== undefined ? withUnreached(answer, now, before, (period.endMs - period.startMs) / (usual.endMs - usual.startMs)) : answer;
}

/**
 * The period that shows the trouble, and a quiet one before it. Since it began, without the moments whose calls are not known yet; where it is
 * too young for that, with them; else the whole range, for one that has been looked at later.
 */
async function troubledPeriod(source: MapSource, { range, judged, map, before, evidence }: ComparedMaps, watch: Watch, node: string, nowMs: number, signal?: AbortSignal): Promise<{ now: ServiceMap; before: ServiceMap; period: MapPeriod; usual?: Period }> {
  const isTroubled = (now: ServiceMap, usual: ServiceMap) => now.nodes.has(node) && troubleKindOf(new TroubleFinder(now, usual), node) !== undefined;
  const last = { ...range, ...judgedPeriod(range) };
  const finding = findingOf(watch, map, node);
  const troubles = watch.services.flatMap(({ judgement: { now } }) => (now === null ? [] : [now.fromMs]));
  const fromMs = finding?.fromMs ?? Math.max(last.startMs, troubles.length === 0 ? 0 : Math.min(...troubles));
  const quiet = quietPeriod(watch, Math.min(fromMs, ...troubles.filter((ms) => ms > fromMs - NEAR_MS)), QUIET_MS);
  const usual = await source.spanMap(evidence, { ...range, ...quiet }, watch, signal);
  const young = { ...range, startMs: Math.max(fromMs, watch.endMs - QUIET_MS), endMs: Math.min(range.endMs, nowMs - PAIRED_AFTER_MS) };
  const settled = { ...young, ...settledPeriod(young, nowMs) };
  for (const period of finding === undefined ? [{ ...range, ...settledPeriod(last, nowMs) }] : settled.endMs < young.endMs ? [settled, young] : [young]) {
    if (period.endMs <= period.startMs) continue;
    const now = await source.spanMap(evidence, period, watch, signal);
    if (isTroubled(now, usual)) return { now, before: usual, period, usual: quiet };
  }
  const compare = usual.nodes.size > 0 ? usual : before;
  return isTroubled(judged, compare) ? { now: judged, before: compare, period: last } : { now: map, before, period: range };
}

/**
 * Calls that nobody answers are known only after a minute. Until then a service that its callers need, and that gets hardly any requests while
 * they fail, is taken for the cause in their place. `scale` is the length of `now` as a part of that of `before`.
 */
function withUnreached(answer: CausesAnswer, now: ServiceMap, before: ServiceMap, scale: number): CausesAnswer {
  const [first] = answer.causes;
  if (first === undefined) return answer;
  const part = (id: string): number => {
    const expected = (before.nodes.get(id)?.received?.calls ?? 0) * scale;
    return expected < UNREACHED.leastCalls ? 1 : (now.nodes.get(id)?.received?.calls ?? 0) / expected;
  };
  if (part(first.node) < UNREACHED.leastCaller) return answer;
  const target = [...before.edges.values()]
    .filter((edge) => edge.source === first.node && edge.kind === 'request' && edge.target.startsWith('service:') && part(edge.target) < UNREACHED.most)
    .sort((a, b) => part(a.target) - part(b.target))[0]?.target;
  if (target === undefined) return answer;
  const { name } = before.nodes.get(target)!;
  const reasons = [`${name} gets ${percent(part(target))} of the requests it used to get, while ${now.nodes.get(first.node)!.name}, which calls it, fails: it is not reached.`];
  const cause = { ...first, node: target, path: [...first.path, target], reasons };
  const sentence = answer.sentence.replace(/; [^;]*\.$/, `; ${name} is the likeliest cause.`);
  return { ...answer, sentence, causes: [cause, { ...first, score: Number((first.score / 2).toFixed(3)) }, ...answer.causes.slice(1)] };
}

/** What is wrong with a service now. */
function findingOf({ services }: Watch, map: ServiceMap, node: string): Finding | undefined {
  return services.find(({ service, judgement: { now } }) => now !== null && idOf(map, service) === node)?.judgement.now ?? undefined;
}

/** The node and what its trouble may come from, nearest first. */
function suspectsOf(finder: TroubleFinder, node: string): string[] {
  const found = new Set([node]);
  for (const id of found) {
    for (const kind of ['failing', 'slow'] as const) for (const target of finder.troubleOf(id, kind).carried.keys()) if (found.size < MOST_SUSPECTS) found.add(target);
  }
  return [...found];
}

/** Versions that came within the range, of services that ran another one when it began. */
function newVersions({ evidence, range }: ComparedMaps, ids: readonly string[]): NewVersion[] {
  const wanted = new Set(ids);
  const seen = new Map<string, Map<string, number>>();
  for (const { service, isFunction, version, firstSeenMs } of evidence.services) {
    const node = `${isFunction ? 'function' : 'service'}:${service}`;
    if (!wanted.has(node) || version === '') continue;
    const versions = seen.get(node) ?? new Map<string, number>();
    seen.set(node, versions.set(version, Math.min(firstSeenMs, versions.get(version) ?? Infinity)));
  }
  const firstMs = range.startMs + FIRST_MS;
  return [...seen].flatMap(([node, versions]) =>
    [...versions.values()].some((ms) => ms <= firstMs) ? [...versions].filter(([, ms]) => ms > firstMs).map(([version, firstSeenMs]) => ({ node, version, firstSeenMs })) : [],
  );
}
