import type { CausesAnswer, Clock } from '@pitot/core';
import type { TraceSampler } from '../../query/topology/trace-sampler.ts';
import { causesOf, troubleKindOf, type CauseEvidence, type NewVersion } from './causes.ts';
import type { ComparedMaps, MapPeriod, MapSource } from './map-source.ts';
import { judgedPeriod, previousPeriod, settledPeriod } from './periods.ts';
import type { ServiceMap } from './service-map.ts';
import { troubledTraces } from './traced-paths.ts';
import { TroubleFinder } from './trouble.ts';

export interface CauseFinderOptions {
  readonly source: MapSource;
  readonly clock: Clock;
  /** Absent where an answer must be quick: the map alone then tells. */
  readonly traces?: TraceSampler;
}

/** Most nodes whose series are read. */
const MOST_SUSPECTS = 40;

/** The causes of a node's trouble in a range. The node is on the map. */
export async function findCauses({ source, clock, traces }: CauseFinderOptions, compared: ComparedMaps, node: string, signal?: AbortSignal): Promise<CausesAnswer> {
  const { now, before, period } = await troubledPeriod(source, compared, node, clock.nowMs(), signal);
  const finder = new TroubleFinder(now, before);
  const kind = troubleKindOf(finder, node);
  const evidence: CauseEvidence = { now, before, series: new Map(), traces: [], versions: [], nowMs: clock.nowMs() };
  if (kind === undefined) return causesOf(evidence, node);
  const suspects = suspectsOf(finder, node);
  const { range } = compared;
  const reach = { ...range, startMs: previousPeriod(range).startMs };
  const { name, type } = now.nodes.get(node)!;
  const isTraced = type === 'service' || type === 'function';
  const [series, shown] = await Promise.all([
    source.series(reach, now, suspects, signal),
    traces && isTraced ? troubledTraces(traces, now, { ...range, ...period, service: name }, kind, signal) : [],
  ]);
  return causesOf({ ...evidence, series, traces: shown, versions: newVersions(compared, suspects) }, node);
}

/**
 * The period that shows the trouble: the end of the range without the moments whose calls are not known yet; else with them; else the whole
 * range, for one that has been looked at later.
 */
async function troubledPeriod(source: MapSource, { range, judged, map, before, evidence }: ComparedMaps, node: string, nowMs: number, signal?: AbortSignal): Promise<{ now: ServiceMap; before: ServiceMap; period: MapPeriod }> {
  const isTroubled = (now: ServiceMap) => now.nodes.has(node) && troubleKindOf(new TroubleFinder(now, before), node) !== undefined;
  const last = { ...range, ...judgedPeriod(range) };
  const settled = { ...range, ...settledPeriod(last, nowMs) };
  if (settled.endMs < last.endMs) {
    const now = await source.spanMap(evidence, settled, signal);
    if (isTroubled(now)) return { now, before, period: settled };
  }
  return isTroubled(judged) ? { now: judged, before, period: last } : { now: map, before, period: range };
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
