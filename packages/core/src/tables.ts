/**
 * The telemetry tables as the doors see them: name and columns in the order of a Native block.
 * The store's migrations create them with at least these columns (a contract test compares).
 */
export const TABLES = {
  /**
   * One float sample. `metric` is a 32-bit hash of the metric name and only brings a metric's series together on
   * disk; `series` alone identifies the series (64-bit fingerprint of the whole label set).
   */
  metric_samples: [
    ['metric', 'UInt32'],
    ['series', 'UInt64'],
    ['timestamp', 'DateTime64(3)'],
    ['value', 'Float64'],
  ],
  /** One row per series and UTC day it was seen on, so that label queries know the time range. */
  metric_series: [
    ['metric', 'UInt32'],
    ['series', 'UInt64'],
    ['day', 'Date'],
    ['name', 'String'],
    /** Every label but `__name__`, sorted by name: names and values side by side. */
    ['label_names', 'Array(String)'],
    ['label_values', 'Array(String)'],
  ],
  metric_histograms: [
    ['metric', 'UInt32'],
    ['series', 'UInt64'],
    ['timestamp', 'DateTime64(3)'],
    ['schema', 'Int8'],
    ['zero_threshold', 'Float64'],
    ['zero_count', 'Float64'],
    ['count', 'Float64'],
    ['sum', 'Float64'],
    ['positive_offsets', 'Array(Int32)'],
    ['positive_lengths', 'Array(UInt32)'],
    ['positive_buckets', 'Array(Float64)'],
    ['negative_offsets', 'Array(Int32)'],
    ['negative_lengths', 'Array(UInt32)'],
    ['negative_buckets', 'Array(Float64)'],
    ['custom_values', 'Array(Float64)'],
    /** 0 unknown, 1 reset, 2 not reset, 3 gauge. */
    ['reset_hint', 'UInt8'],
  ],
  metric_exemplars: [
    ['metric', 'UInt32'],
    ['series', 'UInt64'],
    ['timestamp', 'DateTime64(3)'],
    ['value', 'Float64'],
    ['label_names', 'Array(String)'],
    ['label_values', 'Array(String)'],
  ],
  metric_metadata: [
    ['name', 'String'],
    ['type', 'String'],
    ['help', 'String'],
    ['unit', 'String'],
    ['updated', 'DateTime64(3)'],
  ],
} as const satisfies Record<string, readonly (readonly [string, ColumnType])[]>;

export type TableName = keyof typeof TABLES;

export type ColumnType =
  | 'Int8'
  | 'UInt8'
  | 'UInt32'
  | 'UInt64'
  | 'Float64'
  | 'Date'
  | 'DateTime64(3)'
  | 'String'
  | 'Array(String)'
  | 'Array(Int32)'
  | 'Array(UInt32)'
  | 'Array(Float64)';
