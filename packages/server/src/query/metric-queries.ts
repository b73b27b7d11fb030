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
import { createAsk, type QuestionTime } from './asking.ts';
import { readEnvironments, readHosts } from './hosts.ts';
import { readLatestMetrics, type LatestMetrics, type LatestRequest } from './latest-metrics.ts';
import type { MetricCardinality, StoreMetricReader } from '../store/metrics/metric-reader.ts';

export { histogramToJson } from '@pitot/promql';
export type { MatrixSeries, QueryResult as QueryOutcome, QueryValue, VectorSample } from '@pitot/promql';

export interface MetricQueriesOptions {
  readonly reader: MetricReader & Pick<StoreMetricReader, 'cardinality'>;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly meter: Meter;
}

export interface QuestionOptions extends QuestionTime {
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

export function createMetricQueries({ reader, limits, clock, meter }: MetricQueriesOptions): MetricQueries {
  const maxTimeoutMs = limits.query_timeout_seconds * 1000;
  const engine = new Engine(reader, {
    maxSamples: limits.query_max_samples,
    maxSeries: limits.query_max_series,
    maxPoints: limits.query_max_points,
    timeoutMs: maxTimeoutMs,
    clock,
  });
  const ask = createAsk(limits, meter, {
    about: 'metrics',
    total: 'pitot_queries_total',
    duration: 'pitot_query_duration_seconds',
    running: 'pitot_queries_running',
    waiting: 'pitot_queries_waiting',
    phase: 'in expression evaluation',
  });
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
