import { labelValue, METRIC_NAME, type HistogramSample, type NativeHistogram } from '@pitot/core';
import type { Annotations } from './annotations.ts';
import type { PositionRange } from './ast.ts';
import type { SeriesSamples } from './series-samples.ts';

/**
 * The samples of one series in the window of one step, as range functions see them: floats times[low..high) and
 * histograms[histogramLow..histogramHigh). One window object slides over all steps of all series, so that the hot path
 * makes no objects. A function leaves its answer in `value` or `histogram`.
 */
export class RangeWindow {
  readonly annotations: Annotations;
  /** Where annotations point to: the call's first argument. */
  readonly position: PositionRange;
  readonly params: number[];
  readonly mode: 'plain' | 'anchored' | 'smoothed';
  readonly rangeMs: number;
  series!: SeriesSamples;
  times!: Float64Array;
  values!: Float64Array;
  histograms!: readonly HistogramSample[];
  low = 0;
  high = 0;
  histogramLow = 0;
  histogramHigh = 0;
  /** The step's evaluation time; the window is (startMs, endMs], which lies elsewhere under `@` and offset. */
  evalMs = 0;
  startMs = 0;
  endMs = 0;
  value = 0;
  histogram: NativeHistogram | undefined = undefined;
  #resets: Int32Array | undefined;

  constructor(options: Pick<RangeWindow, 'annotations' | 'position' | 'params' | 'mode' | 'rangeMs'>) {
    this.annotations = options.annotations;
    this.position = options.position;
    this.params = options.params;
    this.mode = options.mode;
    this.rangeMs = options.rangeMs;
  }

  enter(series: SeriesSamples): void {
    this.series = series;
    this.times = series.timesMs;
    this.values = series.values;
    this.histograms = series.histograms;
    this.low = this.high = this.histogramLow = this.histogramHigh = 0;
    this.#resets = undefined;
  }

  /** Moves to the window (fromMs, toMs]; windows of one series only move forward. */
  slide(fromMs: number, toMs: number): void {
    const { times, histograms } = this;
    const length = times.length;
    let low = this.low;
    let high = this.high;
    while (low < length && times[low]! <= fromMs) low++;
    if (high < low) high = low;
    while (high < length && times[high]! <= toMs) high++;
    this.low = low;
    this.high = high;
    if (histograms.length === 0) return;
    let { histogramLow, histogramHigh } = this;
    while (histogramLow < histograms.length && histograms[histogramLow]!.timestampMs <= fromMs) histogramLow++;
    if (histogramHigh < histogramLow) histogramHigh = histogramLow;
    while (histogramHigh < histograms.length && histograms[histogramHigh]!.timestampMs <= toMs) histogramHigh++;
    this.histogramLow = histogramLow;
    this.histogramHigh = histogramHigh;
  }

  get floatCount(): number {
    return this.high - this.low;
  }

  get histogramCount(): number {
    return this.histogramHigh - this.histogramLow;
  }

  get isEmpty(): boolean {
    return this.low === this.high && this.histogramLow === this.histogramHigh;
  }

  get metricName(): string {
    return labelValue(this.series.labels, METRIC_NAME);
  }

  /** How many counter resets (a value below the one before) the window has. */
  resetsInside(): number {
    const { low, high } = this;
    if (high - low < 2) return 0;
    const resets = (this.#resets ??= countResets(this.values));
    return resets[high - 1]! - resets[low]!;
  }
}

/** resets[i]: how many of values[1..i] are below the value before them. */
function countResets(values: Float64Array): Int32Array {
  const resets = new Int32Array(values.length);
  for (let i = 1; i < values.length; i++) resets[i] = resets[i - 1]! + (values[i]! < values[i - 1]! ? 1 : 0);
  return resets;
}

/** A range function: looks at the window, leaves its answer there, and says whether it has one. */
export type RangeKernel = (window: RangeWindow) => boolean;
