import type { HistogramSample, Labels, NativeHistogram } from '@pitot/core';

/** What a query evaluates to; the shapes follow Prometheus' result types. Times are milliseconds since the Unix epoch. */
export type QueryValue = ScalarValue | StringValue | VectorValue | MatrixValue;

export interface ScalarValue {
  readonly type: 'scalar';
  readonly timestampMs: number;
  readonly value: number;
}

export interface StringValue {
  readonly type: 'string';
  readonly timestampMs: number;
  readonly value: string;
}

export interface VectorValue {
  readonly type: 'vector';
  readonly samples: readonly VectorSample[];
}

/** Either `value` or `histogram` is set, never both. */
export interface VectorSample {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly value?: number;
  readonly histogram?: NativeHistogram;
}

export interface MatrixValue {
  readonly type: 'matrix';
  readonly series: readonly MatrixSeries[];
}

/** A timestamp carries either a float or a histogram; both lists ascend. */
export interface MatrixSeries {
  readonly labels: Labels;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  readonly histograms?: readonly HistogramSample[];
}

export interface QueryStats {
  readonly samplesRead: number;
  readonly seriesRead: number;
}

export interface QueryResult {
  readonly value: QueryValue;
  /** Rendered as Prometheus' API renders them: `PromQL warning: … (1:5)`. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats: QueryStats;
}
