/**
 * Prometheus marks the end of a series with one special NaN (0x7ff0000000000002). JavaScript engines may quieten a signalling NaN
 * when it passes through a number, so the marker is only ever handled as two 32-bit words.
 */
export const STALE_NAN_HIGH = 0x7ff00000;
export const STALE_NAN_LOW = 0x00000002;

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'gaugehistogram' | 'summary' | 'info' | 'stateset' | 'unknown';

export interface MetricMetadata {
  /** The metric family's name as queried, e.g. `http_requests_total`. */
  readonly metric: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

export interface Exemplar {
  /** Usually trace_id and span_id. Flat sorted pairs, like series labels. */
  readonly labels: readonly string[];
  readonly value: number;
  readonly timestampMs: number;
}
