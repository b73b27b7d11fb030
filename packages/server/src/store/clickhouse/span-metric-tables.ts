import { serviceInstancesView, spanAddressesView, spanMetricsView, spanShapesView, spansRecentView } from './span-metric-views.ts';
import type { ColumnDefinition, TableDefinition, ViewDefinition } from './schema.ts';
import { TRACE_TABLES } from './trace-tables.ts';

/** Rates, errors and durations of operations and edges, and what the job that finds edges works on. docs/span-metrics.md says what is counted. */

const text = (...names: string[]): ColumnDefinition[] => names.map((name) => ({ name, type: 'LowCardinality(String)', codec: 'ZSTD(1)' }));
const sums = (...names: string[]): ColumnDefinition[] => names.map((name) => ({ name, type: 'SimpleAggregateFunction(sum, Float64)', codec: 'ZSTD(1)' }));
/** Bucket number (upper bound 2^(number / 4) seconds, as in a native histogram of schema 2) to calls. */
const histograms = (...names: string[]): ColumnDefinition[] =>
  names.map((name) => ({ name, type: 'SimpleAggregateFunction(sumMap, Map(Int16, Float64))', codec: 'ZSTD(1)' }));

const BUCKET: ColumnDefinition = { name: 'Bucket', type: 'DateTime', codec: 'Delta(4), ZSTD(1)' };
const MINUTE_MS = 60_000;

const operationKey = ['ServiceName', 'SpanName', 'SpanKind', 'StatusCode', 'Environment', 'ServiceVersion'];
const operations = (partitionBy: string) =>
  ({
    columns: [
      BUCKET,
      ...text(...operationKey),
      ...sums('Calls', 'DurationSum'),
      ...histograms('Histogram'),
      /** The slowest: nanoseconds, trace id, span id, end in milliseconds. */
      { name: 'Exemplar', type: 'SimpleAggregateFunction(max, Tuple(UInt64, String, String, Int64))', codec: 'ZSTD(1)' },
    ],
    engine: 'AggregatingMergeTree',
    partitionBy,
    // An hour's rows of a service lie together: good for one service over days and for all services over minutes.
    orderBy: `toStartOfHour(Bucket), ${operationKey.join(', ')}, Bucket`,
    expires: 'Bucket',
    shardBy: 'cityHash64(ServiceName)',
  }) as const satisfies TableDefinition;

export const EDGE_KEY = ['Client', 'Server', 'ClientType', 'ServerType', 'Kind', 'Protocol', 'Evidence', 'Environment', 'ClientVersion', 'ServerVersion'] as const;
const edges = (partitionBy: string) =>
  ({
    columns: [
      BUCKET,
      ...text(...EDGE_KEY),
      ...sums('Calls', 'Errors', 'Retries', 'ClientSum', 'ServerSum'),
      ...histograms('ClientHistogram', 'ServerHistogram'),
      { name: 'FirstSeen', type: 'SimpleAggregateFunction(min, DateTime64(3))', codec: 'ZSTD(1)' },
      { name: 'LastSeen', type: 'SimpleAggregateFunction(max, DateTime64(3))', codec: 'ZSTD(1)' },
      /** A failed one before the others, then the slowest: 1 where failed, nanoseconds, trace id, span id, end in milliseconds. */
      { name: 'Exemplar', type: 'SimpleAggregateFunction(max, Tuple(UInt8, UInt64, String, String, Int64))', codec: 'ZSTD(1)' },
    ],
    engine: 'AggregatingMergeTree',
    partitionBy,
    orderBy: `toStartOfHour(Bucket), ${EDGE_KEY.join(', ')}, Bucket`,
    primaryKey: 'toStartOfHour(Bucket), Client, Server',
    expires: 'Bucket',
    shardBy: 'cityHash64(Client, Server)',
  }) as const satisfies TableDefinition;

export const SPAN_METRIC_TABLES = {
  /** Per 10 s of the spans' ends. */
  span_metrics: operations('toDate(Bucket)'),
  span_metrics_1m: operations('toDate(Bucket)'),
  span_metrics_1h: operations('toMonday(Bucket)'),
  /** Per 10 s of the calls' ends. Written by the job of `store/edges`. */
  service_edges: edges('toDate(Bucket)'),
  service_edges_1m: edges('toDate(Bucket)'),
  service_edges_1h: edges('toMonday(Bucket)'),
  /** What joining spans needs of them. Ids are hashes of trace and span id: 0 where there is none. */
  spans_recent: {
    signal: 'traces',
    columns: [
      /** When it was inserted, by the engine's clock: windows of the job go by it. */
      { name: 'Arrived', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)' },
      { name: 'Received', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)' },
      { name: 'Span', type: 'UInt64', codec: 'LZ4' },
      { name: 'Parent', type: 'UInt64', codec: 'LZ4' },
      { name: 'TraceId', type: 'String', codec: 'ZSTD(1)' },
      { name: 'SpanId', type: 'String', codec: 'ZSTD(1)' },
      /** Hash of the operation's name as sent. */
      { name: 'Operation', type: 'UInt32', codec: 'LZ4' },
      /** The parts of CallRole: as columns, as a statement gets long by taking them apart. */
      ...['Kind', 'Peer', 'IsConsuming'].map((name) => ({ name, type: 'UInt8', codec: 'LZ4' })),
      { name: 'Shape', type: 'UInt64', codec: 'LZ4' },
      /** Hash of the service's name. */
      { name: 'Service', type: 'UInt32', codec: 'LZ4' },
      /** Nanoseconds since the epoch. */
      { name: 'Start', type: 'Int64', codec: 'Delta(8), LZ4' },
      { name: 'Duration', type: 'UInt64', codec: 'LZ4' },
      { name: 'IsError', type: 'UInt8', codec: 'LZ4' },
      { name: 'Weight', type: 'Float64', codec: 'LZ4' },
    ],
    engine: 'MergeTree',
    partitionBy: 'toStartOfInterval(Arrived, INTERVAL 30 MINUTE)',
    orderBy: 'Arrived',
    expires: 'toDateTime(Arrived)',
    keptMs: 120 * MINUTE_MS,
    shardBy: 'cityHash64(TraceId)',
  },
  /** What the shapes of spans stand for. */
  span_shapes: {
    signal: 'traces',
    columns: [
      { name: 'Shape', type: 'UInt64', codec: 'ZSTD(1)' },
      ...text('Environment', 'ServiceName', 'ServiceVersion', 'Protocol', 'PeerType'),
      ...['PeerName', 'PeerAddress'].map((name) => ({ name, type: 'String', codec: 'ZSTD(1)' })),
      ...['Kind', 'Peer', 'IsConsuming', 'IsFunction'].map((name) => ({ name, type: 'UInt8', codec: 'ZSTD(1)' })),
      { name: 'LastSeen', type: 'DateTime', codec: 'ZSTD(1)' },
    ],
    engine: 'ReplacingMergeTree',
    version: 'LastSeen',
    orderBy: 'Shape',
    expires: 'LastSeen',
    shardBy: 'Shape',
  },
  /** Calls of one window of the job, counted by the shapes of their spans: a step between spans and edges, as one statement of both takes the engine long to work out. */
  service_calls: {
    signal: 'traces',
    columns: [
      { name: 'WindowStart', type: 'DateTime64(3)' },
      { name: 'WindowEnd', type: 'DateTime64(3)' },
      { name: 'Bucket', type: 'DateTime' },
      { name: 'kind', type: 'UInt8' },
      ...['caller', 'callee'].map((name) => ({ name, type: 'UInt64' })),
      ...['clientBucket', 'serverBucket'].map((name) => ({ name, type: 'Int16' })),
      ...['n', 'errors', 'retries', 'clientSeconds', 'serverSeconds'].map((name) => ({ name, type: 'Float64' })),
      ...['first', 'last'].map((name) => ({ name, type: 'Int64' })),
      { name: 'worst', type: 'UInt64' },
      ...['worstTrace', 'worstSpan'].map((name) => ({ name, type: 'String' })),
      { name: 'worstTime', type: 'Int64' },
    ],
    engine: 'MergeTree',
    partitionBy: 'toStartOfHour(WindowEnd)',
    orderBy: 'WindowEnd, WindowStart',
    expires: 'toDateTime(WindowEnd)',
    keptMs: 24 * 60 * MINUTE_MS,
    shardBy: 'cityHash64(caller, callee)',
  },
  /** Instances of services per minute, with the requests they received; also of services that receive none. */
  service_instances: {
    columns: [
      BUCKET,
      ...text('ServiceName', 'Environment', 'ServiceVersion'),
      ...['Instance', 'Host'].map((name) => ({ name, type: 'String', codec: 'ZSTD(1)' })),
      ...text('Namespace', 'Language'),
      ...sums('Calls', 'Errors', 'DurationSum'),
      ...histograms('Histogram'),
    ],
    engine: 'AggregatingMergeTree',
    partitionBy: 'toDate(Bucket)',
    orderBy: 'toStartOfHour(Bucket), ServiceName, Environment, ServiceVersion, Instance, Host, Namespace, Language, Bucket',
    primaryKey: 'toStartOfHour(Bucket), ServiceName, Environment',
    expires: 'Bucket',
    shardBy: 'cityHash64(ServiceName)',
  },
  /** Under which names and addresses a service can be called: what a client span says of its peer is looked up here. */
  service_addresses: {
    columns: [
      ...text('Environment', 'ServiceName'),
      { name: 'Address', type: 'String', codec: 'ZSTD(1)' },
      { name: 'FirstSeen', type: 'SimpleAggregateFunction(min, DateTime64(3))', codec: 'ZSTD(1)' },
      { name: 'LastSeen', type: 'SimpleAggregateFunction(max, DateTime)', codec: 'ZSTD(1)' },
    ],
    engine: 'AggregatingMergeTree',
    orderBy: 'Environment, Address, ServiceName',
    expires: 'LastSeen',
    keptMs: 24 * 60 * MINUTE_MS,
    shardBy: 'cityHash64(Address)',
  },
  /** Windows of jobs that must do each piece of time exactly once: planned (0) before the work, done (1) after it. */
  job_windows: {
    columns: [
      ...text('Job'),
      { name: 'Start', type: 'DateTime64(3)' },
      { name: 'End', type: 'DateTime64(3)' },
      { name: 'IsDone', type: 'UInt8' },
      { name: 'Written', type: 'DateTime', expression: 'DEFAULT now()' },
    ],
    engine: 'MergeTree',
    orderBy: 'Job, End',
    expires: 'Written',
    keptMs: 24 * 60 * MINUTE_MS,
    shardBy: 'cityHash64(Job)',
  },
  /** Where spans wait for the decision on their trace, when traces are sampled. */
  otel_traces_landing: {
    ...TRACE_TABLES.otel_traces,
    columns: [...TRACE_TABLES.otel_traces.columns, { name: 'Arrived', type: 'DateTime64(3)', expression: 'DEFAULT now64(3)', codec: 'Delta(8), ZSTD(1)' }],
    partitionBy: 'toStartOfInterval(Arrived, INTERVAL 30 MINUTE)',
    orderBy: 'toStartOfMinute(Arrived), TraceId',
    expires: 'toDateTime(Arrived)',
    keptMs: 60 * MINUTE_MS,
  },
  /** What was decided on a trace: spans that come later follow it. */
  trace_decisions: {
    signal: 'traces',
    columns: [
      { name: 'TraceId', type: 'String', codec: 'ZSTD(1)' },
      { name: 'IsKept', type: 'UInt8' },
      /** What SampleWeight is multiplied with. */
      { name: 'Weight', type: 'Float64' },
      ...text('Policy'),
      { name: 'Decided', type: 'DateTime64(3)', codec: 'Delta(8), ZSTD(1)' },
    ],
    engine: 'MergeTree',
    orderBy: 'TraceId',
    expires: 'toDateTime(Decided)',
    keptMs: 180 * MINUTE_MS,
    shardBy: 'cityHash64(TraceId)',
  },
} as const satisfies Record<string, TableDefinition>;

const rollUp = (interval: string, key: readonly string[], aggregates: string): string =>
  `SELECT toStartOfInterval(Bucket, INTERVAL ${interval}) AS Bucket, ${key.join(', ')}, ${aggregates} FROM {from} GROUP BY Bucket, ${key.join(', ')}`;

const ofOperations = 'sum(Calls) AS Calls, sum(DurationSum) AS DurationSum, sumMap(Histogram) AS Histogram, max(Exemplar) AS Exemplar';
const ofEdges =
  'sum(Calls) AS Calls, sum(Errors) AS Errors, sum(Retries) AS Retries, sum(ClientSum) AS ClientSum, sum(ServerSum) AS ServerSum, ' +
  'sumMap(ClientHistogram) AS ClientHistogram, sumMap(ServerHistogram) AS ServerHistogram, min(FirstSeen) AS FirstSeen, max(LastSeen) AS LastSeen, max(Exemplar) AS Exemplar';

/** Spans that were moved from the landing table were counted there. */
export const SPAN_METRIC_VIEWS = {
  span_metrics_of_traces: { from: 'otel_traces', to: 'span_metrics', select: spanMetricsView('NOT IsMoved') },
  span_metrics_of_landing: { from: 'otel_traces_landing', to: 'span_metrics', select: spanMetricsView('1') },
  span_metrics_to_1m: { from: 'span_metrics', to: 'span_metrics_1m', select: rollUp('1 MINUTE', operationKey, ofOperations) },
  span_metrics_to_1h: { from: 'span_metrics_1m', to: 'span_metrics_1h', select: rollUp('1 HOUR', operationKey, ofOperations) },
  span_shapes_of_traces: { from: 'otel_traces', to: 'span_shapes', select: spanShapesView('NOT IsMoved') },
  span_shapes_of_landing: { from: 'otel_traces_landing', to: 'span_shapes', select: spanShapesView('1') },
  spans_recent_of_traces: { from: 'otel_traces', to: 'spans_recent', select: spansRecentView('NOT IsMoved') },
  spans_recent_of_landing: { from: 'otel_traces_landing', to: 'spans_recent', select: spansRecentView('1') },
  service_addresses_of_traces: { from: 'otel_traces', to: 'service_addresses', select: spanAddressesView('NOT IsMoved') },
  service_addresses_of_landing: { from: 'otel_traces_landing', to: 'service_addresses', select: spanAddressesView('1') },
  service_instances_of_traces: { from: 'otel_traces', to: 'service_instances', select: serviceInstancesView('NOT IsMoved') },
  service_instances_of_landing: { from: 'otel_traces_landing', to: 'service_instances', select: serviceInstancesView('1') },
  service_edges_to_1m: { from: 'service_edges', to: 'service_edges_1m', select: rollUp('1 MINUTE', EDGE_KEY, ofEdges) },
  service_edges_to_1h: { from: 'service_edges_1m', to: 'service_edges_1h', select: rollUp('1 HOUR', EDGE_KEY, ofEdges) },
} as const satisfies Record<string, ViewDefinition>;
