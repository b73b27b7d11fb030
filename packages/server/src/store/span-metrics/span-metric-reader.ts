import type { Clock, MetricReader } from '@pitot/core';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';

export interface SpanMetricReaderOptions {
  readonly clock: Clock;
  /** Buckets that ended less than this ago are not shown: their spans are still coming. Default 10 s. */
  readonly settleMs?: number;
}

/** `traces_span_metrics_*` and `traces_service_graph_*`, made from the aggregates of spans when they are asked for. */
export type SpanMetricReader = Omit<MetricReader, 'selectGrid'>;

export function createSpanMetricReader(clickhouse: ClickHouse, options: SpanMetricReaderOptions): SpanMetricReader {
  throw new Error(`not yet: ${clickhouse.kind} ${options.clock.nowMs()}`);
}
