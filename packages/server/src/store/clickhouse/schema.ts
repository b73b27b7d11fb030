import type { TableName } from '@pitot/core';
import { LOG_TABLES } from './log-tables.ts';
import { SPAN_METRIC_TABLES, SPAN_METRIC_VIEWS } from './span-metric-tables.ts';
import { TRACE_TABLES, TRACE_VIEWS } from './trace-tables.ts';

/**
 * The telemetry tables, each once: what is different between one machine and a cluster is decided in `ddl.ts`.
 * Codecs were chosen by measuring; `decimal-values.ts` has the numbers of the values. Timestamps of 15 s scrapes take 0.01 bytes with
 * `Delta(8), ZSTD(1)`, 0.08 with 100 ms of jitter between series and 0.7 with 20 ms between samples (DoubleDelta 1.1).
 */
export interface TableDefinition {
  /** Whose retention counts. Default: metrics. */
  readonly signal?: 'logs' | 'traces';
  readonly columns: readonly ColumnDefinition[];
  readonly indexes?: readonly string[];
  /** `Replacing` drops copies of a row (same sorting key) when parts are merged. */
  readonly engine: 'MergeTree' | 'ReplacingMergeTree' | 'AggregatingMergeTree' | 'SummingMergeTree';
  /** Column that says which copy stays; the last inserted where absent. */
  readonly version?: string;
  readonly partitionBy?: string;
  readonly orderBy: string;
  readonly primaryKey?: string;
  /** Expression of type Date or DateTime from which the retention counts, written as the engine writes it back; kept for ever where absent. */
  readonly expires?: string;
  /** How long rows are kept, for tables whose rows nobody asks for later. Default: the retention of the signal. */
  readonly keptMs?: number;
  /** What rows of a cluster are spread by. */
  readonly shardBy: string;
  readonly settings?: Readonly<Record<string, number | string>>;
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly codec?: string;
  /** `DEFAULT …`, `ALIAS …`, `MATERIALIZED …` */
  readonly expression?: string;
}

const labels: readonly ColumnDefinition[] = [
  { name: 'label_names', type: 'Array(LowCardinality(String))', codec: 'ZSTD(1)' },
  { name: 'label_values', type: 'Array(String)', codec: 'ZSTD(1)' },
];

/** A metric's samples lie together, a series' in the order of time; a timestamp is milliseconds. */
const sampleKey: readonly ColumnDefinition[] = [
  { name: 'metric', type: 'UInt32', codec: 'ZSTD(1)' },
  { name: 'series', type: 'UInt64', codec: 'ZSTD(1)' },
  { name: 'timestamp', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)' },
];

/**
 * `mantissa / 10^exponent`, or the bits of the double in `mantissa` where exponent is -1. See `decimal-values.ts`.
 * Dividing by the literal powers is correctly rounded, which a pow function is not.
 */
const POWERS = `[${Array.from({ length: 16 }, (_, i) => `1e${i}`).join(', ')}]`;
const VALUE = `if(exponent = -1, reinterpretAsFloat64(mantissa), mantissa / arrayElement(${POWERS}, exponent + 1))`;

const floats = (...names: string[]): ColumnDefinition[] => names.map((name) => ({ name, type: 'Float64', codec: 'ZSTD(1)' }));
const arrays = (type: string, ...names: string[]): ColumnDefinition[] => names.map((name) => ({ name, type: `Array(${type})`, codec: 'ZSTD(1)' }));

const METRIC_TABLES = {
  metric_samples: {
    columns: [
      ...sampleKey,
      { name: 'mantissa', type: 'Int64', codec: "Delta(8), T64('bit'), ZSTD(1)" },
      { name: 'exponent', type: 'Int8', codec: 'ZSTD(1)' },
      { name: 'value', type: 'Float64', expression: `ALIAS ${VALUE}` },
    ],
    engine: 'ReplacingMergeTree',
    partitionBy: 'toDate(timestamp)',
    orderBy: 'metric, series, timestamp',
    expires: 'toDateTime(timestamp)',
    shardBy: 'series',
  },
  metric_series: {
    columns: [
      { name: 'metric', type: 'UInt32' },
      { name: 'series', type: 'UInt64', codec: 'ZSTD(1)' },
      { name: 'day', type: 'Date' },
      { name: 'name', type: 'LowCardinality(String)' },
      ...labels,
      /** So that a process finds what another one has inserted since it last looked. */
      { name: 'inserted_at', type: 'DateTime', expression: 'DEFAULT now()', codec: 'ZSTD(1)' },
    ],
    indexes: ['INDEX inserted_at inserted_at TYPE minmax GRANULARITY 1'],
    engine: 'ReplacingMergeTree',
    partitionBy: 'toMonday(day)',
    orderBy: 'name, day, series',
    expires: '(toDateTime(day) + toIntervalDay(1))',
    shardBy: 'series',
  },
  metric_histograms: {
    columns: [
      ...sampleKey,
      { name: 'schema', type: 'Int8', codec: 'ZSTD(1)' },
      ...floats('zero_threshold', 'zero_count', 'count', 'sum'),
      ...arrays('Int32', 'positive_offsets'),
      ...arrays('UInt32', 'positive_lengths'),
      ...arrays('Float64', 'positive_buckets'),
      ...arrays('Int32', 'negative_offsets'),
      ...arrays('UInt32', 'negative_lengths'),
      ...arrays('Float64', 'negative_buckets', 'custom_values'),
      { name: 'reset_hint', type: 'UInt8', codec: 'ZSTD(1)' },
    ],
    engine: 'ReplacingMergeTree',
    partitionBy: 'toDate(timestamp)',
    orderBy: 'metric, series, timestamp',
    expires: 'toDateTime(timestamp)',
    shardBy: 'series',
  },
  metric_exemplars: {
    columns: [...sampleKey, { name: 'value', type: 'Float64', codec: 'ZSTD(1)' }, ...labels],
    engine: 'ReplacingMergeTree',
    partitionBy: 'toMonday(timestamp)',
    orderBy: 'metric, series, timestamp, value, label_values',
    primaryKey: 'metric, series, timestamp',
    expires: 'toDateTime(timestamp)',
    shardBy: 'series',
  },
  metric_metadata: {
    columns: [
      { name: 'name', type: 'String' },
      { name: 'type', type: 'LowCardinality(String)' },
      { name: 'help', type: 'String', codec: 'ZSTD(1)' },
      { name: 'unit', type: 'LowCardinality(String)' },
      { name: 'updated', type: 'DateTime64(3)' },
    ],
    engine: 'ReplacingMergeTree',
    version: 'updated',
    orderBy: 'name, type, unit, help',
    primaryKey: 'name',
    shardBy: 'cityHash64(name)',
  },
} as const satisfies Record<string, TableDefinition>;

/** A materialized view: what is inserted into `from` is aggregated into `to`. */
export interface ViewDefinition {
  readonly from: StoredTable;
  readonly to: StoredTable;
  /** With `{from}` where the source table stands: in a cluster that is the shard's own. */
  readonly select: string;
}

/** Every table: those that ingest writes, and those the engine fills from them. */
export const TABLE_DEFINITIONS = { ...METRIC_TABLES, ...LOG_TABLES, ...TRACE_TABLES, ...SPAN_METRIC_TABLES } as const satisfies Record<TableName, TableDefinition>;
export type StoredTable = keyof typeof TABLE_DEFINITIONS;

export const VIEW_DEFINITIONS: Readonly<Record<string, ViewDefinition>> = { ...TRACE_VIEWS, ...SPAN_METRIC_VIEWS };
