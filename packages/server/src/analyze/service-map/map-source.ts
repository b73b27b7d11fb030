import type { Clock } from '@pitot/core';
import type { Counted, Evidence, ServiceRow } from '../../query/topology/evidence.ts';
import type { StepRow, TopologyReader } from '../../query/topology/topology-reader.ts';
import type { TraceSampler } from '../../query/topology/trace-sampler.ts';
import type { TraceQueries } from '../../query/traces/trace-queries.ts';
import type { NodeStep } from './causes.ts';
import { buildMap } from './map-builder.ts';
import { judgedPeriod, previousPeriod, stepOf, type Period } from './periods.ts';
import { RecentAnswers } from './recent-answers.ts';
import { watchedPeriod, watchOf, type Watch } from './watch.ts';
import { addCounted, emptyCounted, listAt, nodeId, type ServiceMap } from './service-map.ts';

/** A range with its environment. */
export interface MapPeriod extends Period {
  readonly environment?: string;
}

/** The map of a range with the maps it is compared with, all under the same names. */
export interface ComparedMaps {
  readonly range: MapPeriod;
  readonly map: ServiceMap;
  /** Of the period by which nodes are judged: the end of the range. */
  readonly judged: ServiceMap;
  /** Of the period of the range's length before it. */
  readonly before: ServiceMap;
  readonly evidence: Evidence;
}

const KEPT_MS = 5000;
const MOST_STEPS = 60;
const LEAST_OF_STEPS_MS = 300_000;

/** Reads maps, and keeps them for some seconds: the questions of one page ask for the same. */
export class MapSource {
  readonly #reader: TopologyReader;
  readonly #recent: RecentAnswers<ComparedMaps>;
  readonly #watches: RecentAnswers<Watch>;
  readonly #clock: Clock;

  constructor(reader: TopologyReader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
    this.#watches = new RecentAnswers(clock, KEPT_MS);
    this.#recent = new RecentAnswers(clock, KEPT_MS);
  }

  compared(range: MapPeriod, signal?: AbortSignal): Promise<ComparedMaps> {
    return this.#recent.get(recentKey(range), () => this.#compared(range), signal);
  }

  /** How every service (or one) is at the end of a range; the list, the map and the verdict share it. */
  watch(range: MapPeriod & { readonly service?: string }, signal?: AbortSignal): Promise<Watch> {
    return this.#watches.get(`${recentKey(range)} ${range.service ?? ''}`, () => this.#watch(range), signal);
  }

  async map(range: MapPeriod, signal?: AbortSignal): Promise<ServiceMap> {
    return buildMap(await this.#reader.everything(range, signal));
  }

  /** Reads whole traces that `traces` finds. */
  sampler(traces: Pick<TraceQueries, 'search'>): TraceSampler {
    return this.#reader.sampler(traces);
  }

  /**
   * The map of a period by its spans, under the names of what is known besides. What services received is taken from what they are watched by,
   * where that reaches back so far and its steps are short against the period.
   */
  async spanMap(evidence: Evidence, period: MapPeriod, watch: Watch, signal?: AbortSignal): Promise<ServiceMap> {
    if (period.startMs < watch.startMs || period.endMs - period.startMs < LEAST_OF_STEPS_MS) return buildMap({ ...evidence, ...(await this.#reader.spans(period, signal)), flows: [] });
    const calls = await this.#reader.calls(period, signal);
    return buildMap({ ...evidence, ...calls, services: servicesOf(evidence, watch, period), flows: [] });
  }

  /** Requests of nodes by step, from `startMs` on, in ascending order; by node id. */
  async series(range: MapPeriod, map: ServiceMap, ids: readonly string[], signal?: AbortSignal): Promise<Map<string, NodeStep[]>> {
    const names = [...new Set(ids.map((id) => map.nodes.get(id)!.name))];
    if (names.length === 0) return new Map();
    return seriesOf(await this.#reader.steps({ ...range, names, stepMs: stepOf(range, MOST_STEPS) }, signal), map);
  }

  async #watch(range: MapPeriod & { readonly service?: string }): Promise<Watch> {
    const nowMs = this.#clock.nowMs();
    const period = watchedPeriod(range, nowMs);
    return watchOf(await this.#reader.requestSteps({ ...range, ...period }), range, period, nowMs);
  }

  async #compared(range: MapPeriod): Promise<ComparedMaps> {
    const [evidence, watch] = await Promise.all([this.#reader.everything(range), this.watch(range)]);
    const map = buildMap(evidence);
    const judgedRange = { ...range, ...judgedPeriod(range) };
    const [judged, before] = await Promise.all([judgedRange.startMs === range.startMs ? map : this.spanMap(evidence, judgedRange, watch), this.spanMap(evidence, { ...range, ...previousPeriod(range) }, watch)]);
    return { range, map, judged, before, evidence };
  }
}

/** Requests of services in a period, by the steps they are watched by. */
function servicesOf(evidence: Evidence, { services }: Watch, { startMs, endMs }: MapPeriod): ServiceRow[] {
  const functions = new Set(evidence.services.filter(({ isFunction }) => isFunction).map(({ service }) => service));
  return services.flatMap(({ service, environment, steps }) => {
    const counted = emptyCounted();
    for (const step of steps) if (step.timeMs >= startMs && step.timeMs < endMs) addCounted(counted, step);
    return counted.calls === 0 ? [] : [{ service, environment, namespace: '', version: '', isFunction: functions.has(service), firstSeenMs: startMs, lastSeenMs: endMs, ...counted }];
  });
}

/** The same question within the same few seconds; ranges that end now differ by milliseconds. */
export function recentKey({ startMs, endMs, environment = '' }: MapPeriod): string {
  return `${Math.round((endMs - startMs) / 1000)} ${Math.floor(endMs / KEPT_MS)} ${environment}`;
}

function seriesOf(rows: readonly StepRow[], map: ServiceMap): Map<string, NodeStep[]> {
  const steps = new Map<string, Map<number, ReturnType<typeof emptyCounted>>>();
  for (const { target, timeMs, ...counted } of rows) {
    const id = [nodeId(target), nodeId({ ...target, type: 'function' })].find((known) => map.nodes.has(known));
    if (id === undefined) continue;
    const byTime = steps.get(id) ?? new Map<number, ReturnType<typeof emptyCounted>>();
    steps.set(id, byTime);
    const step = byTime.get(timeMs) ?? emptyCounted();
    byTime.set(timeMs, step);
    addCounted(step, counted as Counted);
  }
  const series = new Map<string, NodeStep[]>();
  for (const [id, byTime] of steps) for (const [timeMs, counted] of [...byTime].sort(([a], [b]) => a - b)) listAt(series, id).push({ timeMs, ...counted });
  return series;
}
