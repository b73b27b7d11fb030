/**
 * The telemetry tables as ingest writes them: name and columns in the order of a Native block.
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
  /**
   * One log record. Columns that the OpenTelemetry Collector's ClickHouse exporter has are named and typed as there; a map's keys and values
   * are text. `LogNumbers` repeats the attributes that came as int or double, which is also how their type is known.
   */
  otel_logs: [
    ['Timestamp', 'DateTime64(9)'],
    /** Order of arrival: grows within a process and over its restarts. With the timestamp it names the record. */
    ['Sequence', 'UInt64'],
    ['TraceId', 'String'],
    ['SpanId', 'String'],
    ['TraceFlags', 'UInt8'],
    ['SeverityText', 'String'],
    ['SeverityNumber', 'UInt8'],
    ['ServiceName', 'String'],
    ['Body', 'String'],
    ['ResourceSchemaUrl', 'String'],
    ['ResourceAttributes', 'Map(String, String)'],
    ['ScopeSchemaUrl', 'String'],
    ['ScopeName', 'String'],
    ['ScopeVersion', 'String'],
    ['ScopeAttributes', 'Map(String, String)'],
    ['LogAttributes', 'Map(String, String)'],
    ['LogNumbers', 'Map(String, Float64)'],
    ['EventName', 'String'],
    /** The template the body belongs to (`log_patterns.Pattern`); 0 where none was found. */
    ['Pattern', 'UInt64'],
  ],
  /** One span, named and typed as the exporter does. `SpanNumbers` is to `SpanAttributes` what `LogNumbers` is to `LogAttributes`. */
  otel_traces: [
    ['Timestamp', 'DateTime64(9)'],
    /** Server time at which the span came; the work on edges goes by it. */
    ['Received', 'DateTime64(3)'],
    ['TraceId', 'String'],
    ['SpanId', 'String'],
    ['ParentSpanId', 'String'],
    ['TraceState', 'String'],
    ['SpanName', 'String'],
    /** Unspecified, Internal, Server, Client, Producer, Consumer. */
    ['SpanKind', 'String'],
    ['ServiceName', 'String'],
    ['ResourceAttributes', 'Map(String, String)'],
    ['ScopeName', 'String'],
    ['ScopeVersion', 'String'],
    ['SpanAttributes', 'Map(String, String)'],
    ['SpanNumbers', 'Map(String, Float64)'],
    /** Nanoseconds. */
    ['Duration', 'UInt64'],
    /** Unset, Ok, Error. */
    ['StatusCode', 'String'],
    ['StatusMessage', 'String'],
    ['Events.Timestamp', 'Array(DateTime64(9))'],
    ['Events.Name', 'Array(String)'],
    ['Events.Attributes', 'Array(Map(String, String))'],
    ['Links.TraceId', 'Array(String)'],
    ['Links.SpanId', 'Array(String)'],
    ['Links.TraceState', 'Array(String)'],
    ['Links.Attributes', 'Array(Map(String, String))'],
    /** How many spans this one stands for: 1, or 1/probability where the sender sampled (W3C tracestate `ot=th:`) or Pitot did. */
    ['SampleWeight', 'Float64'],
  ],
  /** One row when a template is found or becomes more general; the newest row of a pattern counts. */
  log_patterns: [
    ['Pattern', 'UInt64'],
    ['ServiceName', 'String'],
    /** With typed placeholders: `user <num> logged in from <ip>`. */
    ['Template', 'String'],
    ['SeverityNumber', 'UInt8'],
    /** One real body, redacted. */
    ['Sample', 'String'],
    ['FirstSeen', 'DateTime64(3)'],
    ['Updated', 'DateTime64(3)'],
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
  | 'DateTime64(9)'
  | 'String'
  | 'Array(String)'
  | 'Array(Int32)'
  | 'Array(UInt32)'
  | 'Array(Float64)'
  | 'Array(DateTime64(9))'
  /** Encoded as an array of pairs: end offsets, all keys, all values. */
  | 'Map(String, String)'
  | 'Map(String, Float64)'
  /** End offsets of the rows, then a column of the maps. */
  | 'Array(Map(String, String))';
