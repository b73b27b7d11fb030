/** How a field's JSON value becomes wire bytes. */
export type FieldKind =
  | 'string'
  | 'hex'
  | 'base64'
  | 'bool'
  | 'double'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | readonly string[]
  | { readonly message: MessageName };

/** The messages of the three signals' requests. */
export type MessageName =
  | 'ExportMetricsServiceRequest'
  | 'ResourceMetrics'
  | 'ScopeMetrics'
  | 'Metric'
  | 'Gauge'
  | 'Sum'
  | 'Histogram'
  | 'ExponentialHistogram'
  | 'Summary'
  | 'NumberDataPoint'
  | 'HistogramDataPoint'
  | 'ExponentialHistogramDataPoint'
  | 'Buckets'
  | 'SummaryDataPoint'
  | 'ValueAtQuantile'
  | 'Exemplar'
  | 'ExportLogsServiceRequest'
  | 'ResourceLogs'
  | 'ScopeLogs'
  | 'LogRecord'
  | 'ExportTraceServiceRequest'
  | 'ResourceSpans'
  | 'ScopeSpans'
  | 'Span'
  | 'Event'
  | 'Link'
  | 'Status'
  | 'Resource'
  | 'InstrumentationScope'
  | 'KeyValue'
  | 'AnyValue'
  | 'ArrayValue'
  | 'KeyValueList';

export interface Field {
  readonly number: number;
  readonly kind: FieldKind;
  readonly repeated?: true;
}

type Fields = Readonly<Record<string, Field>>;

const f = (number: number, kind: FieldKind): Field => ({ number, kind });
const many = (number: number, kind: FieldKind): Field => ({ number, kind, repeated: true });
const m = (message: MessageName): FieldKind => ({ message });

/** Names of the enum's numbers, from 0. */
const TEMPORALITY = ['AGGREGATION_TEMPORALITY_UNSPECIFIED', 'AGGREGATION_TEMPORALITY_DELTA', 'AGGREGATION_TEMPORALITY_CUMULATIVE'];

const SPAN_KIND = ['SPAN_KIND_UNSPECIFIED', 'SPAN_KIND_INTERNAL', 'SPAN_KIND_SERVER', 'SPAN_KIND_CLIENT', 'SPAN_KIND_PRODUCER', 'SPAN_KIND_CONSUMER'];
const STATUS_CODE = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];
const SEVERITY = ['UNSPECIFIED', ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((name) => ['', '2', '3', '4'].map((step) => name + step))].map(
  (name) => `SEVERITY_NUMBER_${name}`,
);

const pointTimes: Fields = { startTimeUnixNano: f(2, 'fixed64'), timeUnixNano: f(3, 'fixed64') };

/** Only what the decoders read. Source: opentelemetry-proto, metrics/v1, logs/v1, trace/v1, common/v1 and resource/v1. */
export const OTLP_MESSAGES: Readonly<Record<MessageName, Fields>> = {
  ExportMetricsServiceRequest: { resourceMetrics: many(1, m('ResourceMetrics')) },
  ResourceMetrics: { resource: f(1, m('Resource')), scopeMetrics: many(2, m('ScopeMetrics')) },
  Resource: { attributes: many(1, m('KeyValue')) },
  ScopeMetrics: { metrics: many(2, m('Metric')) },
  Metric: {
    name: f(1, 'string'),
    description: f(2, 'string'),
    unit: f(3, 'string'),
    gauge: f(5, m('Gauge')),
    sum: f(7, m('Sum')),
    histogram: f(9, m('Histogram')),
    exponentialHistogram: f(10, m('ExponentialHistogram')),
    summary: f(11, m('Summary')),
  },
  Gauge: { dataPoints: many(1, m('NumberDataPoint')) },
  Sum: { dataPoints: many(1, m('NumberDataPoint')), aggregationTemporality: f(2, TEMPORALITY), isMonotonic: f(3, 'bool') },
  Histogram: { dataPoints: many(1, m('HistogramDataPoint')), aggregationTemporality: f(2, TEMPORALITY) },
  ExponentialHistogram: { dataPoints: many(1, m('ExponentialHistogramDataPoint')), aggregationTemporality: f(2, TEMPORALITY) },
  Summary: { dataPoints: many(1, m('SummaryDataPoint')) },
  NumberDataPoint: {
    ...pointTimes,
    asDouble: f(4, 'double'),
    exemplars: many(5, m('Exemplar')),
    asInt: f(6, 'sfixed64'),
    attributes: many(7, m('KeyValue')),
    flags: f(8, 'uint32'),
  },
  HistogramDataPoint: {
    ...pointTimes,
    count: f(4, 'fixed64'),
    sum: f(5, 'double'),
    bucketCounts: many(6, 'fixed64'),
    explicitBounds: many(7, 'double'),
    exemplars: many(8, m('Exemplar')),
    attributes: many(9, m('KeyValue')),
    flags: f(10, 'uint32'),
  },
  ExponentialHistogramDataPoint: {
    ...pointTimes,
    attributes: many(1, m('KeyValue')),
    count: f(4, 'fixed64'),
    sum: f(5, 'double'),
    scale: f(6, 'sint32'),
    zeroCount: f(7, 'fixed64'),
    positive: f(8, m('Buckets')),
    negative: f(9, m('Buckets')),
    flags: f(10, 'uint32'),
    exemplars: many(11, m('Exemplar')),
    zeroThreshold: f(14, 'double'),
  },
  Buckets: { offset: f(1, 'sint32'), bucketCounts: many(2, 'uint64') },
  SummaryDataPoint: {
    ...pointTimes,
    count: f(4, 'fixed64'),
    sum: f(5, 'double'),
    quantileValues: many(6, m('ValueAtQuantile')),
    attributes: many(7, m('KeyValue')),
    flags: f(8, 'uint32'),
  },
  ValueAtQuantile: { quantile: f(1, 'double'), value: f(2, 'double') },
  Exemplar: {
    timeUnixNano: f(2, 'fixed64'),
    asDouble: f(3, 'double'),
    spanId: f(4, 'hex'),
    traceId: f(5, 'hex'),
    asInt: f(6, 'sfixed64'),
    filteredAttributes: many(7, m('KeyValue')),
  },
  ExportLogsServiceRequest: { resourceLogs: many(1, m('ResourceLogs')) },
  ResourceLogs: { resource: f(1, m('Resource')), scopeLogs: many(2, m('ScopeLogs')), schemaUrl: f(3, 'string') },
  ScopeLogs: { scope: f(1, m('InstrumentationScope')), logRecords: many(2, m('LogRecord')), schemaUrl: f(3, 'string') },
  LogRecord: {
    timeUnixNano: f(1, 'fixed64'),
    severityNumber: f(2, SEVERITY),
    severityText: f(3, 'string'),
    body: f(5, m('AnyValue')),
    attributes: many(6, m('KeyValue')),
    droppedAttributesCount: f(7, 'uint32'),
    flags: f(8, 'fixed32'),
    traceId: f(9, 'hex'),
    spanId: f(10, 'hex'),
    observedTimeUnixNano: f(11, 'fixed64'),
    eventName: f(12, 'string'),
  },
  ExportTraceServiceRequest: { resourceSpans: many(1, m('ResourceSpans')) },
  ResourceSpans: { resource: f(1, m('Resource')), scopeSpans: many(2, m('ScopeSpans')), schemaUrl: f(3, 'string') },
  ScopeSpans: { scope: f(1, m('InstrumentationScope')), spans: many(2, m('Span')), schemaUrl: f(3, 'string') },
  Span: {
    traceId: f(1, 'hex'),
    spanId: f(2, 'hex'),
    traceState: f(3, 'string'),
    parentSpanId: f(4, 'hex'),
    name: f(5, 'string'),
    kind: f(6, SPAN_KIND),
    startTimeUnixNano: f(7, 'fixed64'),
    endTimeUnixNano: f(8, 'fixed64'),
    attributes: many(9, m('KeyValue')),
    droppedAttributesCount: f(10, 'uint32'),
    events: many(11, m('Event')),
    droppedEventsCount: f(12, 'uint32'),
    links: many(13, m('Link')),
    droppedLinksCount: f(14, 'uint32'),
    status: f(15, m('Status')),
    flags: f(16, 'fixed32'),
  },
  Event: { timeUnixNano: f(1, 'fixed64'), name: f(2, 'string'), attributes: many(3, m('KeyValue')), droppedAttributesCount: f(4, 'uint32') },
  Link: {
    traceId: f(1, 'hex'),
    spanId: f(2, 'hex'),
    traceState: f(3, 'string'),
    attributes: many(4, m('KeyValue')),
    droppedAttributesCount: f(5, 'uint32'),
    flags: f(6, 'fixed32'),
  },
  Status: { message: f(2, 'string'), code: f(3, STATUS_CODE) },
  InstrumentationScope: { name: f(1, 'string'), version: f(2, 'string'), attributes: many(3, m('KeyValue')), droppedAttributesCount: f(4, 'uint32') },
  KeyValue: { key: f(1, 'string'), value: f(2, m('AnyValue')) },
  AnyValue: {
    stringValue: f(1, 'string'),
    boolValue: f(2, 'bool'),
    intValue: f(3, 'int64'),
    doubleValue: f(4, 'double'),
    arrayValue: f(5, m('ArrayValue')),
    kvlistValue: f(6, m('KeyValueList')),
    bytesValue: f(7, 'base64'),
  },
  ArrayValue: { values: many(1, m('AnyValue')) },
  KeyValueList: { values: many(1, m('KeyValue')) },
};
