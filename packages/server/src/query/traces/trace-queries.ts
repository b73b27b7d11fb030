import type {
  Clock,
  FacetsAnswer,
  FieldsAnswer,
  GroupComparisonAnswer,
  HeatmapAnswer,
  Limits,
  SpanDetailAnswer,
  TraceAnswer,
  TraceComparisonAnswer,
  TracesAnswer,
} from '@pitot/core';
import type { ClickHouse } from '../../store/clickhouse/clickhouse.ts';
import type { OtlpTraceDocument } from './otlp-document.ts';

/** Which spans are meant: those of a range of time (milliseconds since the epoch, end exclusive) that match a query. */
export interface SpanQuestion {
  readonly startMs: number;
  readonly endMs: number;
  /** In the search language; empty for all. */
  readonly query: string;
  /** `deployment.environment.name`; all when absent. */
  readonly environment?: string;
}

export interface TraceSearch extends SpanQuestion {
  readonly sort: 'recent' | 'duration' | 'errors';
  readonly limit: number;
  readonly minDurationMs?: number;
  readonly maxDurationMs?: number;
}

export interface GroupQuestion extends SpanQuestion {
  /** A query that says which of the spans are the selected ones; all when empty. */
  readonly selection: string;
  /** A piece of the heatmap: starts in [fromMs, toMs), durations in [minMs, maxMs). */
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly minMs?: number;
  readonly maxMs?: number;
  readonly limit: number;
}

/** Questions about traces. All throw AppError `bad_query`, `query_timeout`, `canceled`, `query_too_large` and what the store throws. */
export interface TraceQueries {
  search(question: TraceSearch, signal?: AbortSignal): Promise<TracesAnswer>;
  heatmap(question: SpanQuestion & { readonly columns: number; readonly rows: number }, signal?: AbortSignal): Promise<HeatmapAnswer>;
  fields(question: { readonly startMs: number; readonly endMs: number; readonly prefix: string; readonly limit: number }, signal?: AbortSignal): Promise<FieldsAnswer>;
  facets(question: SpanQuestion & { readonly fields?: readonly string[]; readonly limit: number }, signal?: AbortSignal): Promise<FacetsAnswer>;
  /** Throws `not_found` where no span of the trace is stored. */
  trace(traceId: string, signal?: AbortSignal): Promise<TraceAnswer>;
  /** Throws `not_found`. */
  span(traceId: string, spanId: string, signal?: AbortSignal): Promise<SpanDetailAnswer>;
  /** The trace as OTLP/JSON; throws `not_found`. */
  document(traceId: string, signal?: AbortSignal): Promise<OtlpTraceDocument>;
  /** Throws `not_found` where one of them is not stored. */
  compare(leftTraceId: string, rightTraceId: string, signal?: AbortSignal): Promise<TraceComparisonAnswer>;
  compareGroups(question: GroupQuestion, signal?: AbortSignal): Promise<GroupComparisonAnswer>;
}

export interface TraceQueriesOptions {
  readonly clickhouse: ClickHouse;
  readonly limits: Limits;
  readonly clock: Clock;
}
