import {
  type Clock,
  type ExemplarSeries,
  type Host,
  type LabelMatcher,
  type Labels,
  type Limits,
  type Meter,
  type MetricMetadata,
  type MetricReader,
  type RawSeries,
} from '@pitot/core';
import { Engine, type QueryResult } from '@pitot/promql';
import { readEnvironments, readHosts } from './hosts.ts';
import { readLatestMetrics, type LatestMetrics, type LatestRequest } from './latest-metrics.ts';
import { abortError, QuerySlots } from './query-slots.ts';
import type { MetricCardinality, StoreMetricReader } from '../store/metrics/metric-reader.ts';

export { histogramToJson } from '@pitot/promql';
export type { MatrixSeries, QueryResult as QueryOutcome, QueryValue, VectorSample } from '@pitot/promql';

export interface MetricQueriesOptions {
  readonly reader: MetricReader & Pick<StoreMetricReader, 'cardinality'>;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** How one question may differ from the limits in force; it can only ask for less time. */
export interface QuestionOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly lookbackMs?: number;
}

interface RangeQuestion {
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export interface SeriesQuestion {
  /** Any of these; empty means every series. */
  readonly selectors: readonly (readonly LabelMatcher[])[];
  readonly startMs: number;
  readonly endMs: number;
  readonly limit?: number;
}

/**
 * Questions about metrics, each answered within the query limits: at most `limits.query_concurrency` at once, each for at most
 * `limits.query_timeout_seconds`. All throw AppError `query_timeout`, `canceled`, `query_too_large` and what the reader throws;
 * PromQL ones also `bad_query` and `query_failed`.
 */
export interface MetricQueries {
  instant(query: string, timeMs: number, options?: QuestionOptions): Promise<QueryResult>;
  range(question: RangeQuestion, options?: QuestionOptions): Promise<QueryResult>;
  series(question: SeriesQuestion, options?: QuestionOptions): Promise<Labels[]>;
  labelNames(question: SeriesQuestion, options?: QuestionOptions): Promise<string[]>;
  labelValues(name: string, question: SeriesQuestion, options?: QuestionOptions): Promise<string[]>;
  exemplars(question: SeriesQuestion, options?: QuestionOptions): Promise<ExemplarSeries[]>;
  metadata(request: { metric?: string; limit?: number }, options?: QuestionOptions): Promise<MetricMetadata[]>;
  /** Raw samples, for remote read. */
  samples(question: { matchers: readonly LabelMatcher[]; startMs: number; endMs: number }, options?: QuestionOptions): Promise<RawSeries[]>;
  /** Series counted by name, label and value, most first: what `/api/v1/status/tsdb` shows. */
  cardinality(limit: number, options?: QuestionOptions): Promise<MetricCardinality>;
  /** The newest samples of a service's series, as posted to `/metrics`. */
  latest(request: LatestRequest, options?: QuestionOptions): Promise<LatestMetrics>;
  hosts(options?: QuestionOptions): Promise<Host[]>;
  /** Values of `deployment_environment_name` seen in the last day. */
  environments(options?: QuestionOptions): Promise<string[]>;
}

const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createMetricQueries({ reader, limits, clock, meter }: MetricQueriesOptions): MetricQueries {
  const maxTimeoutMs = limits.query_timeout_seconds * 1000;
  const engine = new Engine(reader, {
    maxSamples: limits.query_max_samples,
    maxSeries: limits.query_max_series,
    maxPoints: limits.query_max_points,
    timeoutMs: maxTimeoutMs,
    clock,
  });
  const slots = new QuerySlots(limits.query_concurrency);
  const count = measureQueries(meter, slots);

  /** Queues the question, ends it at its deadline, and counts how it went. */
  function ask<Answer>(kind: string, options: QuestionOptions, answer: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    const timeoutMs = Math.min(options.timeoutMs ?? maxTimeoutMs, maxTimeoutMs);
    const deadline = AbortSignal.timeout(timeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
    return count(kind, () => slots.run(signal, () => endAtDeadline(signal, answer(signal))));
  }
  const budget = (signal: AbortSignal) => ({ signal, maxSamples: limits.query_max_samples, maxSeries: limits.query_max_series });
  const seriesRequest = ({ selectors, startMs, endMs, limit }: SeriesQuestion, signal: AbortSignal) => ({
    ...budget(signal),
    selectors,
    minTimeMs: startMs,
    maxTimeMs: endMs,
    ...(limit === undefined ? {} : { limit }),
  });
  const engineOptions = (options: QuestionOptions, signal: AbortSignal) => ({
    signal,
    ...(options.lookbackMs === undefined ? {} : { lookbackMs: options.lookbackMs }),
  });
  const instantAt = (signal: AbortSignal) => (query: string, timeMs: number) => engine.instant(query, timeMs, { signal });

  return {
    instant: (query, timeMs, options = {}) =>
      ask('instant', options, (signal) => engine.instant(query, timeMs, engineOptions(options, signal))),
    range: ({ query, startMs, endMs, stepMs }, options = {}) =>
      ask('range', options, (signal) => engine.range(query, startMs, endMs, stepMs, engineOptions(options, signal))),
    series: (question, options = {}) => ask('series', options, (signal) => reader.series(seriesRequest(question, signal))),
    labelNames: (question, options = {}) => ask('labels', options, (signal) => reader.labelNames(seriesRequest(question, signal))),
    labelValues: (name, question, options = {}) =>
      ask('labels', options, (signal) => reader.labelValues(name, seriesRequest(question, signal))),
    exemplars: (question, options = {}) => ask('exemplars', options, (signal) => reader.exemplars(seriesRequest(question, signal))),
    metadata: (request, options = {}) => ask('metadata', options, () => reader.metadata(request)),
    samples: ({ matchers, startMs, endMs }, options = {}) =>
      ask('remote_read', options, (signal) => reader.select({ ...budget(signal), matchers, minTimeMs: startMs, maxTimeMs: endMs })),
    cardinality: (limit, options = {}) => ask('cardinality', options, () => reader.cardinality({ limit })),
    latest: (request, options = {}) => ask('latest', options, (signal) => readLatestMetrics(reader, clock.nowMs(), request, budget(signal))),
    hosts: (options = {}) => ask('hosts', options, (signal) => readHosts(instantAt(signal), reader, clock.nowMs(), budget(signal))),
    environments: (options = {}) => ask('environments', options, (signal) => readEnvironments(reader, clock.nowMs(), budget(signal))),
  };
}

/** A reader that does not heed the signal cannot keep the caller waiting. */
function endAtDeadline<Answer>(signal: AbortSignal, answer: Promise<Answer>): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const giveUp = () => reject(abortError(signal, 'in expression evaluation'));
  signal.addEventListener('abort', giveUp, { once: true });
  answer.then(resolve, (error: unknown) => reject(signal.aborted ? abortError(signal, 'in expression evaluation') : error));
  return promise.finally(() => signal.removeEventListener('abort', giveUp));
}

function measureQueries(meter: Meter, slots: QuerySlots) {
  const total = meter.counter('pitot_queries_total', 'Questions about metrics, by kind and how they ended.', ['kind', 'result']);
  const seconds = meter.histogram('pitot_query_duration_seconds', 'Time from question to answer, waiting included.', DURATION_BUCKETS, ['kind']);
  meter.observe('pitot_queries_running', 'Questions being answered.', () => slots.running);
  meter.observe('pitot_queries_waiting', 'Questions waiting for a slot (limits.query_concurrency).', () => slots.waiting);

  return async function count<Answer>(kind: string, run: () => Promise<Answer>): Promise<Answer> {
    const startMs = performance.now();
    let result = 'ok';
    try {
      return await run();
    } catch (error) {
      result = (error as { code?: string }).code ?? 'internal';
      throw error;
    } finally {
      total.inc(1, { kind, result });
      seconds.observe((performance.now() - startMs) / 1000, { kind });
    }
  };
}
