import type { TableDefinition } from './schema.ts';
import { TEXT_MAP, NUMBER_MAP, ENVIRONMENT, VERSION } from './attribute-columns.ts';

const short = (name: string) => ({ name, type: 'LowCardinality(String)', codec: 'ZSTD(1)' });

/** Logs. Columns of the OpenTelemetry Collector's ClickHouse exporter keep its names and types; ours follow them. */
export const LOG_TABLES = {
  otel_logs: {
    signal: 'logs',
    columns: [
      { name: 'Timestamp', type: 'DateTime64(9)', codec: 'Delta(8), ZSTD(1)' },
      { name: 'TimestampTime', type: 'DateTime', expression: 'DEFAULT toDateTime(Timestamp)', codec: 'Delta(4), ZSTD(1)' },
      { name: 'TraceId', type: 'String', codec: 'ZSTD(1)' },
      { name: 'SpanId', type: 'String', codec: 'ZSTD(1)' },
      { name: 'TraceFlags', type: 'UInt8', codec: 'ZSTD(1)' },
      short('SeverityText'),
      { name: 'SeverityNumber', type: 'UInt8', codec: 'ZSTD(1)' },
      short('ServiceName'),
      { name: 'Body', type: 'String', codec: 'ZSTD(1)' },
      short('ResourceSchemaUrl'),
      { name: 'ResourceAttributes', type: TEXT_MAP, codec: 'ZSTD(1)' },
      short('ScopeSchemaUrl'),
      { name: 'ScopeName', type: 'String', codec: 'ZSTD(1)' },
      short('ScopeVersion'),
      { name: 'ScopeAttributes', type: TEXT_MAP, codec: 'ZSTD(1)' },
      { name: 'LogAttributes', type: TEXT_MAP, codec: 'ZSTD(1)' },
      { name: 'EventName', type: 'String', codec: 'ZSTD(1)' },
      { name: 'LogNumbers', type: NUMBER_MAP, codec: 'ZSTD(1)' },
      { name: 'Pattern', type: 'UInt64', codec: 'ZSTD(1)' },
      { name: 'Sequence', type: 'UInt64', codec: 'Delta(8), ZSTD(1)' },
      ENVIRONMENT,
      VERSION,
    ],
    indexes: [
      'INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1',
      'INDEX idx_sequence Sequence TYPE minmax GRANULARITY 1',
      "INDEX idx_body Body TYPE text(tokenizer = 'splitByNonAlpha', preprocessor = lower(Body)) GRANULARITY 100000000",
    ],
    engine: 'MergeTree',
    partitionBy: 'toDate(TimestampTime)',
    orderBy: 'ServiceName, TimestampTime, Timestamp',
    expires: 'TimestampTime',
    shardBy: 'Sequence',
  },
  log_patterns: {
    signal: 'logs',
    columns: [
      { name: 'Pattern', type: 'UInt64' },
      { name: 'ServiceName', type: 'LowCardinality(String)' },
      { name: 'Template', type: 'String', codec: 'ZSTD(1)' },
      { name: 'SeverityNumber', type: 'UInt8' },
      { name: 'Sample', type: 'String', codec: 'ZSTD(1)' },
      { name: 'FirstSeen', type: 'DateTime64(3)' },
      { name: 'Updated', type: 'DateTime64(3)' },
    ],
    engine: 'ReplacingMergeTree',
    version: 'Updated',
    orderBy: 'Pattern',
    shardBy: 'Pattern',
  },
} as const satisfies Record<string, TableDefinition>;
