import type { NativeHistogram } from '../histogram.ts';
import type { LabelMatcher, Labels } from '../labels.ts';
import type { Exemplar, MetricMetadata } from '../samples.ts';

/** What the PromQL engine and the Prometheus API read from. Times are milliseconds since the Unix epoch. */
export interface MetricReader {
  /** Raw samples of every matching series with at least one sample in the window; series in no particular order. */
  select(request: SelectRequest): Promise<RawSeries[]>;
  /**
   * Optional capability: evaluates a range function (or an instant selector) per series on a regular grid inside the engine.
   * Answers undefined where it cannot give exactly what `select` and the evaluator would (e.g. native histograms are
   * in the selection); the caller then falls back to `select`.
   */
  selectGrid?(request: GridRequest): Promise<GridSeries | undefined>;
  /** Label sets of series that match any of the selectors and have samples in the window. */
  series(request: SeriesRequest): Promise<Labels[]>;
  labelNames(request: SeriesRequest): Promise<string[]>;
  labelValues(name: string, request: SeriesRequest): Promise<string[]>;
  metadata(request: MetadataRequest): Promise<MetricMetadata[]>;
  exemplars(request: SeriesRequest): Promise<ExemplarSeries[]>;
}

/** Limits a query carries with it; exceeding one throws AppError `query_too_large`. */
export interface ReadBudget {
  readonly signal?: AbortSignal;
  /** Most raw samples that may be read into memory. */
  readonly maxSamples?: number;
  readonly maxSeries?: number;
}

/** Samples with minTimeMs <= t <= maxTimeMs (both inclusive; the evaluator turns left-open windows into this). */
export interface SelectRequest extends ReadBudget {
  readonly matchers: readonly LabelMatcher[];
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** What of the time is looked at; a reader may leave out samples in no window. All of it where absent. */
  readonly windows?: TimeWindows;
  /**
   * Takes the memory that only this answer uses, where the caller will give it back with `releaseBytes` when it has looked at the
   * samples. A reader that shares its samples with others adds nothing.
   */
  readonly memory?: ArrayBufferView[];
}

/** The windows (t - windowMs, t] for t = startMs + k × stepMs. */
export interface TimeWindows {
  readonly startMs: number;
  readonly stepMs: number;
  readonly windowMs: number;
}

export interface RawSeries {
  readonly labels: Labels;
  /** Ascending, without duplicates, floats and stale markers only. */
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  /** 1 where the sample is Prometheus' stale marker; absent where there is none in the window. */
  readonly stale?: Uint8Array;
  /** Native histogram samples, ascending; a timestamp is either a float or a histogram. */
  readonly histograms?: readonly HistogramSample[];
}

export interface HistogramSample {
  readonly timestampMs: number;
  readonly histogram: NativeHistogram;
}

/** Functions an engine may evaluate per series; `last` is an instant selector with its lookback as window. */
export type GridFunction =
  | 'last'
  | 'rate'
  | 'increase'
  | 'delta'
  | 'irate'
  | 'idelta'
  | 'sum_over_time'
  | 'avg_over_time'
  | 'min_over_time'
  | 'max_over_time'
  | 'count_over_time'
  | 'last_over_time'
  | 'present_over_time'
  | 'changes'
  | 'resets'
  | 'deriv';

export interface GridRequest extends ReadBudget {
  readonly matchers: readonly LabelMatcher[];
  readonly fn: GridFunction;
  /** Grid points startMs, startMs + stepMs, … ≤ endMs, offset and @ already applied. stepMs > 0 also for one point. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** A point t sees samples in (t - windowMs, t]. */
  readonly windowMs: number;
}

/** Row-major: series i, step j is values[i * steps + j], and exists only where present[i * steps + j] is 1. */
export interface GridSeries {
  /** Full label sets including `__name__`. */
  readonly labels: readonly Labels[];
  readonly steps: number;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  /** Samples the engine looked at, for query statistics; 0 where unknown. */
  readonly samplesRead: number;
}

export interface SeriesRequest extends ReadBudget {
  /** Any of these; empty means every series. */
  readonly selectors: readonly (readonly LabelMatcher[])[];
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly limit?: number;
}

export interface MetadataRequest {
  readonly metric?: string;
  readonly limit?: number;
}

export interface ExemplarSeries {
  readonly labels: Labels;
  readonly exemplars: readonly Exemplar[];
}
