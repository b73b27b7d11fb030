import type { TableDefinition } from './schema.ts';
import { mapPairs, TEXT_MAP, NUMBER_MAP, ENVIRONMENT, VERSION } from './attribute-columns.ts';

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
      'INDEX idx_severity SeverityNumber TYPE set(25) GRANULARITY 1',
      'INDEX idx_pattern Pattern TYPE bloom_filter(0.01) GRANULARITY 1',
      // Over the expression, not with a preprocessor: so the same condition is true of the same rows with and without the index.
      "INDEX idx_body lowerUTF8(Body) TYPE text(tokenizer = 'splitByNonAlpha', posting_list_codec = 'bitpacking') GRANULARITY 100000000",
      `INDEX idx_attributes ${mapPairs('LogAttributes')} TYPE text(tokenizer = 'array', posting_list_codec = 'bitpacking') GRANULARITY 100000000`,
      `INDEX idx_resource ${mapPairs('ResourceAttributes')} TYPE text(tokenizer = 'array', posting_list_codec = 'bitpacking') GRANULARITY 100000000`,
      'INDEX idx_attribute_keys mapKeys(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1',
    ],
    engine: 'MergeTree',
    partitionBy: 'toDate(TimestampTime)',
    // Five minutes lie together, whatever the service, so that the newest records are read without all the others; within them a service does.
    // Filter by TimestampTime: that is what the first column is a function of.
    primaryKey: 'toStartOfFiveMinutes(TimestampTime), ServiceName, Timestamp',
    orderBy: 'toStartOfFiveMinutes(TimestampTime), ServiceName, Timestamp, Sequence',
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
    // A template is written when it is found, its records may come for long after: it stays a year longer than they do.
    expires: '(toDateTime(Updated) + toIntervalYear(1))',
    settings: { ttl_only_drop_parts: 0 },
    shardBy: 'Pattern',
  },
} as const satisfies Record<string, TableDefinition>;
