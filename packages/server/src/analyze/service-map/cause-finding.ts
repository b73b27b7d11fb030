import type { CausesAnswer, Clock } from '@pitot/core';
import type { TraceSampler } from '../../query/topology/trace-sampler.ts';
import { causesOf, troubleKindOf, type CauseEvidence, type NewVersion } from './causes.ts';
import type { ComparedMaps, MapPeriod, MapSource } from './map-source.ts';
import type { Finding } from './judgement.ts';
import { judgedPeriod, settledPeriod } from './periods.ts';
import type { ServiceMap } from './service-map.ts';
import { troubledTraces } from './traced-paths.ts';
import { TroubleFinder } from './trouble.ts';
import { idOf } from './verdict.ts';
import { quietPeriod, type Watch } from './watch.ts';

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
/** Services that become worse within this time do so together. */
const NEAR_MS = 5 * 60_000;
/** Calls of which both ends' spans came are known this long after they ended. */
const PAIRED_AFTER_MS = 20_000;

/** The causes of a node's trouble at the end of a range. The node is on the map. */
export async function findCauses({ source, clock, traces }: CauseFinderOptions, compared: ComparedMaps, node: string, signal?: AbortSignal): Promise<CausesAnswer> {
  const { range } = compared;
  const watch = await source.watch(range, signal);
  const { now, before, period } = await troubledPeriod(source, compared, watch, node, clock.nowMs(), signal);
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
  return causesOf({ ...evidence, series, traces: shown, versions: newVersions(compared, suspects) }, node, kind);
}

/**
 * The period that shows the trouble, and a quiet one before it. Since it began, without the moments whose calls are not known yet; where it is
 * too young for that, with them; else the whole range, for one that has been looked at later.
 */
async function troubledPeriod(source: MapSource, { range, judged, map, before, evidence }: ComparedMaps, watch: Watch, node: string, nowMs: number, signal?: AbortSignal): Promise<{ now: ServiceMap; before: ServiceMap; period: MapPeriod }> {
  const isTroubled = (now: ServiceMap, usual: ServiceMap) => now.nodes.has(node) && troubleKindOf(new TroubleFinder(now, usual), node) !== undefined;
  const last = { ...range, ...judgedPeriod(range) };
  const finding = findingOf(watch, map, node);
  const troubles = watch.services.flatMap(({ judgement: { now } }) => (now === null ? [] : [now.fromMs]));
  const fromMs = finding?.fromMs ?? Math.max(last.startMs, troubles.length === 0 ? 0 : Math.min(...troubles));
  const quiet = quietPeriod(watch, Math.min(fromMs, ...troubles.filter((ms) => ms > fromMs - NEAR_MS)), QUIET_MS);
  const usual = await source.spanMap(evidence, { ...range, ...quiet }, signal);
  const young = { ...range, startMs: Math.max(fromMs, watch.endMs - QUIET_MS), endMs: Math.min(range.endMs, nowMs - PAIRED_AFTER_MS) };
  const settled = { ...young, ...settledPeriod(young, nowMs) };
  for (const period of finding === undefined ? [{ ...range, ...settledPeriod(last, nowMs) }] : settled.endMs < young.endMs ? [settled, young] : [young]) {
    if (period.endMs <= period.startMs) continue;
    const now = await source.spanMap(evidence, period, signal);
    if (isTroubled(now, usual)) return { now, before: usual, period };
  }
  const compare = usual.nodes.size > 0 ? usual : before;
  return isTroubled(judged, compare) ? { now: judged, before: compare, period: last } : { now: map, before, period: range };
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

/** Versions that the period before did not know. */
function newVersions({ evidence, before }: ComparedMaps, ids: readonly string[]): NewVersion[] {
  const wanted = new Set(ids);
  const first = new Map<string, NewVersion>();
  for (const { service, isFunction, version, firstSeenMs } of evidence.services) {
    const node = `${isFunction ? 'function' : 'service'}:${service}`;
    const known = before.nodes.get(node);
    if (!wanted.has(node) || version === '' || known === undefined || known.versions.has(version)) continue;
    const key = `${node}\u{0}${version}`;
    if (firstSeenMs < (first.get(key)?.firstSeenMs ?? Infinity)) first.set(key, { node, version, firstSeenMs });
  }
  return [...first.values()];
}
