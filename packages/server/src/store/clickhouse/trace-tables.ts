import type { TableDefinition } from './schema.ts';
import { ENVIRONMENT, NUMBER_MAP, TEXT_MAP, VERSION } from './attribute-columns.ts';
import { CALL_COLUMNS } from './span-call-columns.ts';

/**
 * Spans. Columns of the OpenTelemetry Collector's ClickHouse exporter keep its names and types; ours follow them. The order is another one:
 * by minute and trace, so that a trace lies in one place, the newest are found by reading the newest, and equal ids side by side
 * take little room. `bench/trace-lookup.ts` measures it; the comment on `orderBy` has the figures of the other ways.
 */
export const TRACE_TABLES = {
  otel_traces: {
    signal: 'traces',
    columns: [
      { name: 'Timestamp', type: 'DateTime64(9)', codec: 'Delta(8), ZSTD(1)' },
      { name: 'TraceId', type: 'String', codec: 'ZSTD(1)' },
      { name: 'SpanId', type: 'String', codec: 'ZSTD(1)' },
      { name: 'ParentSpanId', type: 'String', codec: 'ZSTD(1)' },
      { name: 'TraceState', type: 'String', codec: 'ZSTD(1)' },
      { name: 'SpanName', type: 'LowCardinality(String)', codec: 'ZSTD(1)' },
      { name: 'SpanKind', type: 'LowCardinality(String)', codec: 'ZSTD(1)' },
      { name: 'ServiceName', type: 'LowCardinality(String)', codec: 'ZSTD(1)' },
      { name: 'ResourceAttributes', type: TEXT_MAP, codec: 'ZSTD(1)' },
      { name: 'ScopeName', type: 'String', codec: 'ZSTD(1)' },
      { name: 'ScopeVersion', type: 'String', codec: 'ZSTD(1)' },
      { name: 'SpanAttributes', type: TEXT_MAP, codec: 'ZSTD(1)' },
      { name: 'Duration', type: 'UInt64', codec: 'ZSTD(1)' },
      { name: 'StatusCode', type: 'LowCardinality(String)', codec: 'ZSTD(1)' },
      { name: 'StatusMessage', type: 'String', codec: 'ZSTD(1)' },
      { name: 'Events.Timestamp', type: 'Array(DateTime64(9))', codec: 'ZSTD(1)' },
      { name: 'Events.Name', type: 'Array(LowCardinality(String))', codec: 'ZSTD(1)' },
      { name: 'Events.Attributes', type: `Array(${TEXT_MAP})`, codec: 'ZSTD(1)' },
      { name: 'Links.TraceId', type: 'Array(String)', codec: 'ZSTD(1)' },
      { name: 'Links.SpanId', type: 'Array(String)', codec: 'ZSTD(1)' },
      { name: 'Links.TraceState', type: 'Array(String)', codec: 'ZSTD(1)' },
      { name: 'Links.Attributes', type: `Array(${TEXT_MAP})`, codec: 'ZSTD(1)' },
      { name: 'SpanNumbers', type: NUMBER_MAP, codec: 'ZSTD(1)' },
      { name: 'SampleWeight', type: 'Float64', expression: 'DEFAULT 1', codec: 'ZSTD(1)' },
      { name: 'Received', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)' },
      /** 1 where sampling has moved it here: it was counted when it came. */
      { name: 'IsMoved', type: 'UInt8', expression: 'DEFAULT 0', codec: 'ZSTD(1)' },
      ENVIRONMENT,
      VERSION,
      ...CALL_COLUMNS,
    ],
    // A rare value (a user, an order) is found without reading the others; a search for an attribute looks into both maps.
    indexes: [
      'INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1',
      'INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1',
      'INDEX idx_duration Duration TYPE minmax GRANULARITY 1',
    ],
    engine: 'MergeTree',
    partitionBy: 'toDate(Timestamp)',
    // Two million spans of bench/span-generator.ts against the exporter's (ServiceName, SpanName, time) with a Bloom filter on TraceId: a quarter less
    // disk; a trace by id, the newest spans and an attribute's value in half the time; a service's spans in three times (10 against 35 ms).
    // A projection index on TraceId cost as much room again and was no quicker: a trace's spans lay in ten granules.
    orderBy: 'toStartOfMinute(Timestamp), TraceId',
    expires: 'toDateTime(Timestamp)',
    shardBy: 'cityHash64(TraceId)',
    settings: { index_granularity: 2048 },
  },
  /** The exporter's: when a trace was. One row per trace and insert. */
  otel_traces_trace_id_ts: {
    signal: 'traces',
    columns: [
      { name: 'TraceId', type: 'String', codec: 'ZSTD(1)' },
      { name: 'Start', type: 'DateTime', codec: 'Delta(4), ZSTD(1)' },
      { name: 'End', type: 'DateTime', codec: 'Delta(4), ZSTD(1)' },
    ],
    engine: 'MergeTree',
    partitionBy: 'toDate(Start)',
    orderBy: 'TraceId, Start',
    expires: 'Start',
    shardBy: 'cityHash64(TraceId)',
    settings: { index_granularity: 512 },
  },
} as const satisfies Record<string, TableDefinition>;

/** What is made of spans as they are inserted. */
export const TRACE_VIEWS = {
  otel_traces_trace_id_ts_mv: {
    from: 'otel_traces',
    to: 'otel_traces_trace_id_ts',
    select: "SELECT TraceId, toDateTime(min(Timestamp)) AS Start, toDateTime(max(Timestamp)) AS End FROM {from} WHERE TraceId != '' GROUP BY TraceId",
  },
} as const;
