import { AppError, type Clock, type Logger, type MetricReader } from '@pitot/core';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import type { InsertListener } from '../clickhouse/telemetry-writer.ts';

export interface MetricReaderOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

export interface StoreMetricReader extends MetricReader {
  /** Tells the reader what was just stored, so that new series are found at once: hand it to `createTelemetryWriter`. */
  readonly learn: InsertListener;
  /** What `/api/v1/status/tsdb` shows, of series seen today and yesterday (UTC). */
  cardinality(request: { readonly limit: number }): Promise<MetricCardinality>;
  close(): Promise<void>;
}

export interface NamedCount {
  readonly name: string;
  readonly value: number;
}

/** Lists are the largest first, at most `limit` long. */
export interface MetricCardinality {
  readonly seriesCount: number;
  readonly labelPairCount: number;
  /** Times of the oldest and newest stored sample; 0 without any. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly seriesCountByMetricName: readonly NamedCount[];
  readonly labelValueCountByLabelName: readonly NamedCount[];
  readonly memoryInBytesByLabelName: readonly NamedCount[];
  /** Named `label=value`. */
  readonly seriesCountByLabelValuePair: readonly NamedCount[];
}

/** Reads metrics from ClickHouse; label lookups are answered from memory once a metric is warm. */
export function createMetricReader(clickhouse: ClickHouse, options: MetricReaderOptions): StoreMetricReader {
  throw new AppError('internal', `not built yet: ${clickhouse.kind} ${typeof options}`);
}
