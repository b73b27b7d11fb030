import type { MetricMetadata, MetricType } from '@pitot/core';
import { bucketUpperSeconds } from '../edges/durations.ts';

/** A label that is made of a column. */
interface LabelColumn {
  readonly label: string;
  /** An expression of type String. */
  readonly column: string;
  /** Between the column's text and the label's value; empty stays empty. Default: the same. */
  readonly toLabel?: (text: string) => string;
  /** undefined where no text gives this value. */
  readonly fromLabel?: (value: string) => string | undefined;
}

/** What a metric counts. A histogram is a map from bucket number to calls. */
export interface SpanMetric {
  readonly name: string;
  readonly family: SpanFamily;
  readonly value: string;
  readonly isHistogram: boolean;
}

/** Metrics of one table of aggregates. */
export interface SpanFamily {
  readonly table: 'span_metrics' | 'service_edges';
  readonly labels: readonly LabelColumn[];
  readonly where: string;
  /** Duration (ns), trace id, span id, end (ms). */
  readonly exemplar: readonly [string, string, string, string];
}

const plain = (label: string, column: string): LabelColumn => ({ label, column: `toString(${column})` });
/** OpenTelemetry's spelling of an enumeration: `Server` is SPAN_KIND_SERVER. */
const enumeration = (label: string, column: string, prefix: string): LabelColumn => ({
  ...plain(label, column),
  toLabel: (text) => `${prefix}${text.toUpperCase()}`,
  fromLabel: (value) => (value.startsWith(prefix) && value === value.toUpperCase() ? value[prefix.length]! + value.slice(prefix.length + 1).toLowerCase() : undefined),
});

/** Names and labels are those of the OpenTelemetry Collector's spanmetrics connector. */
const SPANS: SpanFamily = {
  table: 'span_metrics',
  labels: [
    plain('service_name', 'ServiceName'),
    plain('span_name', 'SpanName'),
    enumeration('span_kind', 'SpanKind', 'SPAN_KIND_'),
    enumeration('status_code', 'StatusCode', 'STATUS_CODE_'),
    plain('deployment_environment_name', 'Environment'),
    plain('service_version', 'ServiceVersion'),
  ],
  where: '1',
  exemplar: ['Exemplar.1', 'Exemplar.2', 'Exemplar.3', 'Exemplar.4'],
};

const CONNECTION = "multiIf(ServerType IN ('database', 'cache'), 'database', Kind IN ('publish', 'consume') OR ServerType = 'queue' OR ClientType = 'queue', 'messaging_system', ServerType = 'external', 'virtual_node', '')";

/** Names and labels are those of Grafana Tempo's service graphs; the types, the protocol and the environment are ours. */
const GRAPH: SpanFamily = {
  table: 'service_edges',
  labels: [
    plain('client', 'Client'),
    plain('server', 'Server'),
    { label: 'connection_type', column: CONNECTION },
    plain('client_type', 'ClientType'),
    plain('server_type', 'ServerType'),
    plain('protocol', 'Protocol'),
    plain('deployment_environment_name', 'Environment'),
  ],
  where: "Evidence NOT IN ('root', 'orphan')",
  exemplar: ['Exemplar.2', 'Exemplar.3', 'Exemplar.4', 'Exemplar.5'],
};

const counter = (name: string, family: SpanFamily, value: string): SpanMetric => ({ name, family, value, isHistogram: false });
const durations = (name: string, family: SpanFamily, histogram: string, sum: string, count: string): SpanMetric[] => [
  { name: `${name}_bucket`, family, value: histogram, isHistogram: true },
  counter(`${name}_sum`, family, sum),
  counter(`${name}_count`, family, count),
];

export const SPAN_METRICS: readonly SpanMetric[] = [
  counter('traces_span_metrics_calls_total', SPANS, 'Calls'),
  ...durations('traces_span_metrics_duration_seconds', SPANS, 'Histogram', 'DurationSum', 'Calls'),
  counter('traces_service_graph_request_total', GRAPH, 'Calls'),
  counter('traces_service_graph_request_failed_total', GRAPH, 'Errors'),
  ...durations('traces_service_graph_request_client_seconds', GRAPH, 'ClientHistogram', 'ClientSum', 'arraySum(mapValues(ClientHistogram))'),
  ...durations('traces_service_graph_request_server_seconds', GRAPH, 'ServerHistogram', 'ServerSum', 'arraySum(mapValues(ServerHistogram))'),
];

const about = (metric: string, type: MetricType, help: string, unit = ''): MetricMetadata => ({ metric, type, help, unit });
export const SPAN_METADATA: readonly MetricMetadata[] = [
  about('traces_service_graph_request_client_seconds', 'histogram', 'Duration of calls between two nodes, as the client saw it.', 'seconds'),
  about('traces_service_graph_request_failed_total', 'counter', 'Failed calls between two nodes, upscaled where spans were sampled.'),
  about('traces_service_graph_request_server_seconds', 'histogram', 'Duration of calls between two nodes, as the server saw it.', 'seconds'),
  about('traces_service_graph_request_total', 'counter', 'Calls between two nodes, upscaled where spans were sampled.'),
  about('traces_span_metrics_calls_total', 'counter', 'Spans by service, operation, kind and status, upscaled where spans were sampled.'),
  about('traces_span_metrics_duration_seconds', 'histogram', 'Duration of spans by service, operation, kind and status.', 'seconds'),
];

/** Classic histograms show every second of the stored buckets from 1 ms to 64 s. */
const FIRST_BOUND = -40;
const LAST_BOUND = 24;
const BOUND_STEP = 2;
/** Upper bounds as `le` has them; the last is +Inf. */
export const LE: readonly string[] = [
  ...Array.from({ length: (LAST_BOUND - FIRST_BOUND) / BOUND_STEP + 1 }, (_, i) => String(bucketUpperSeconds(FIRST_BOUND + i * BOUND_STEP))),
  '+Inf',
];

/** Index into `LE` of a stored bucket: an expression of a column of bucket numbers. */
export function leIndex(bucket: string): string {
  return `toInt32(least(${LE.length - 1}, greatest(0, ceil((${bucket} - ${FIRST_BOUND}) / ${BOUND_STEP}))))`;
}

export function leOfSeconds(seconds: number): string {
  return LE.find((bound) => seconds <= Number(bound)) ?? '+Inf';
}
