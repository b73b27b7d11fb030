/** How a field's JSON value becomes wire bytes. */
export type FieldKind =
  | 'string'
  | 'hex'
  | 'base64'
  | 'bool'
  | 'double'
  | 'fixed64'
  | 'sfixed64'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | readonly string[]
  | { readonly message: string };

export interface Field {
  readonly number: number;
  readonly kind: FieldKind;
  readonly repeated?: true;
}

type Fields = Readonly<Record<string, Field>>;

const f = (number: number, kind: FieldKind): Field => ({ number, kind });
const many = (number: number, kind: FieldKind): Field => ({ number, kind, repeated: true });
const m = (message: string): FieldKind => ({ message });

/** Names of the enum's numbers, from 0. */
const TEMPORALITY = ['AGGREGATION_TEMPORALITY_UNSPECIFIED', 'AGGREGATION_TEMPORALITY_DELTA', 'AGGREGATION_TEMPORALITY_CUMULATIVE'];

const pointTimes: Fields = { startTimeUnixNano: f(2, 'fixed64'), timeUnixNano: f(3, 'fixed64') };

/** Only what the decoder reads. Source: opentelemetry-proto, metrics/v1/metrics.proto, common/v1 and resource/v1. */
export const OTLP_MESSAGES: Readonly<Record<string, Fields>> = {
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
