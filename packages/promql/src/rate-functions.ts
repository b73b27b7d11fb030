import type { HistogramSample, NativeHistogram } from '@pitot/core';
import { ANNOTATION_TEXT } from './annotations.ts';
import {
  addHistograms,
  compactHistogram,
  divHistogram,
  IncompatibleHistogramsError,
  reduceResolution,
  scaleHistogram,
  subHistograms,
  withHint,
} from './histogram/histogram-math.ts';
import { usesCustomBuckets } from './histogram/histogram-buckets.ts';
import { detectReset } from './histogram/histogram-reset.ts';
import type { RangeKernel, RangeWindow } from './range-window.ts';
import { extendedRate } from './extended-rate.ts';

interface RateKind {
  readonly isCounter: boolean;
  readonly perSecond: boolean;
}

export const rate: RangeKernel = (window) => extrapolated(window, { isCounter: true, perSecond: true });
export const increase: RangeKernel = (window) => extrapolated(window, { isCounter: true, perSecond: false });
export const delta: RangeKernel = (window) => extrapolated(window, { isCounter: false, perSecond: false });
export const irate: RangeKernel = (window) => lastTwo(window, true);
export const idelta: RangeKernel = (window) => lastTwo(window, false);

function extrapolated(window: RangeWindow, kind: RateKind): boolean {
  if (window.mode !== 'plain') return extendedRate(window, kind);
  const floats = window.floatCount;
  const histograms = window.histogramCount;
  if (floats > 0 && histograms > 0) {
    window.annotations.warn(ANNOTATION_TEXT.mixedFloatsHistograms(window.metricName), window.position);
    return false;
  }
  if (floats > 1) {
    const { times, values, low, high } = window;
    const difference = floatDifference(window, kind.isCounter);
    window.value = difference * extrapolationFactor(window, kind, times[low]!, times[high - 1]!, floats - 1, values[low]!, difference);
    return true;
  }
  if (histograms > 1) return histogramExtrapolated(window, kind, histograms);
  return false;
}

function floatDifference(window: RangeWindow, isCounter: boolean): number {
  const { values, low, high } = window;
  let difference = values[high - 1]! - values[low]!;
  if (!isCounter || window.resetsInside() === 0) return difference;
  for (let i = low + 1; i < high; i++) if (values[i]! < values[i - 1]!) difference += values[i - 1]!;
  return difference;
}

function histogramExtrapolated(window: RangeWindow, kind: RateKind, count: number): boolean {
  const { histograms, histogramLow, histogramHigh } = window;
  const result = histogramDifference(window, kind.isCounter);
  if (!result) return false;
  const first = histograms[histogramLow]!;
  const last = histograms[histogramHigh - 1]!;
  const firstCount = first.histogram.count;
  const factor = extrapolationFactor(window, kind, first.timestampMs, last.timestampMs, count - 1, firstCount, result.count);
  window.histogram = scaleHistogram(result, factor);
  return true;
}

/**
 * How much more than between its first and last sample the series is taken to have risen in the whole window. Prometheus'
 * extrapolation: to the window's edge where a sample is near it (within 1.1 of the average spacing), else by half the spacing;
 * and never to before the point where a counter would have been zero.
 */
function extrapolationFactor(
  window: RangeWindow,
  kind: RateKind,
  firstMs: number,
  lastMs: number,
  intervals: number,
  firstValue: number,
  rise: number,
): number {
  let toStart = (firstMs - window.startMs) / 1000;
  let toEnd = (window.endMs - lastMs) / 1000;
  const sampled = (lastMs - firstMs) / 1000;
  const spacing = sampled / intervals;
  const threshold = spacing * 1.1;
  if (toStart >= threshold) toStart = spacing / 2;
  if (kind.isCounter && rise > 0 && firstValue >= 0) {
    const toZero = sampled * (firstValue / rise);
    if (toZero < toStart) toStart = toZero;
  }
  if (toEnd >= threshold) toEnd = spacing / 2;
  const factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
  return kind.perSecond ? factor / (window.rangeMs / 1000) : factor;
}

/** Last minus first, plus what was there before each reset; undefined (with a warning) where layouts do not fit. */
function histogramDifference(window: RangeWindow, isCounter: boolean): NativeHistogram | undefined {
  const points = window.histograms.slice(window.histogramLow, window.histogramHigh);
  try {
    return subtractWithResets(window, points, isCounter);
  } catch (error) {
    if (!(error instanceof IncompatibleHistogramsError)) throw error;
    window.annotations.warn(ANNOTATION_TEXT.mixedSchemas(window.metricName), window.position);
    return undefined;
  }
}

function subtractWithResets(window: RangeWindow, points: readonly HistogramSample[], isCounter: boolean): NativeHistogram {
  const { annotations, position } = window;
  const first = points[0]!.histogram;
  const last = points.at(-1)!.histogram;
  const isGauge = (h: NativeHistogram): boolean => h.counterResetHint === 'gauge';
  if (isCounter && points.some((point) => isGauge(point.histogram))) {
    annotations.warn(ANNOTATION_TEXT.notCounter(window.metricName), position);
  }
  // A reset right after the first sample makes it irrelevant, and so its layout too.
  const second = points[1]!.histogram;
  let previous = isCounter && detectReset(second, first) ? emptyLike(second) : first;
  const custom = usesCustomBuckets(previous);
  let schema = Math.min(last.schema, previous.schema);
  if (usesCustomBuckets(last) !== custom) throw new IncompatibleHistogramsError();
  for (const { histogram } of isCounter ? points.slice(1, -1) : []) {
    schema = Math.min(schema, histogram.schema);
    if (usesCustomBuckets(histogram) !== custom) throw new IncompatibleHistogramsError();
  }
  const difference = subHistograms(reduceResolution(last, schema), previous);
  let result = difference.histogram;
  if (difference.nhcbBoundsReconciled) annotations.info(ANNOTATION_TEXT.reconciledBuckets('subtraction'), position);
  if (!isCounter) {
    if (!isGauge(first) || !isGauge(last)) annotations.warn(ANNOTATION_TEXT.notGauge(window.metricName), position);
    return compactHistogram(withHint(result, 'gauge'));
  }
  for (const { histogram } of points.slice(1)) {
    if (detectReset(histogram, previous)) {
      const sum = addHistograms(result, previous);
      result = sum.histogram;
      if (sum.nhcbBoundsReconciled) annotations.info(ANNOTATION_TEXT.reconciledBuckets('addition'), position);
    }
    previous = histogram;
  }
  return compactHistogram(withHint(result, 'gauge'));
}

function emptyLike(histogram: NativeHistogram): NativeHistogram {
  return {
    ...histogram,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 0,
    sum: 0,
    positiveSpans: [],
    positiveBuckets: [],
    negativeSpans: [],
    negativeBuckets: [],
    counterResetHint: 'unknown',
  };
}

interface Point {
  readonly timeMs: number;
  readonly value: number;
  readonly histogram: NativeHistogram | undefined;
}

/** irate and idelta: the last two samples of the window, of whichever kind. */
function lastTwo(window: RangeWindow, isRate: boolean): boolean {
  if (window.floatCount + window.histogramCount < 2) return false;
  if (window.histogramCount === 0) return lastTwoFloats(window, isRate);
  const [first, second] = lastPoints(window);
  const intervalMs = second.timeMs - first.timeMs;
  if (intervalMs === 0) return false;
  if (first.histogram && second.histogram) {
    const result = lastTwoHistograms(window, first.histogram, second.histogram, isRate);
    if (!result) return false;
    window.histogram = isRate ? divHistogram(result, intervalMs / 1000) : result;
    return true;
  }
  if (first.histogram || second.histogram) {
    window.annotations.warn(ANNOTATION_TEXT.mixedFloatsHistograms(window.metricName), window.position);
    return false;
  }
  window.value = floatStep(first.value, second.value, intervalMs, isRate);
  return true;
}

function lastTwoFloats(window: RangeWindow, isRate: boolean): boolean {
  const last = window.high - 1;
  const intervalMs = window.times[last]! - window.times[last - 1]!;
  if (intervalMs === 0) return false;
  window.value = floatStep(window.values[last - 1]!, window.values[last]!, intervalMs, isRate);
  return true;
}

function floatStep(first: number, second: number, intervalMs: number, isRate: boolean): number {
  const difference = isRate && second < first ? second : second - first;
  return isRate ? difference / (intervalMs / 1000) : difference;
}

function lastPoints(window: RangeWindow): [Point, Point] {
  const points: Point[] = [];
  for (let i = Math.max(window.low, window.high - 2); i < window.high; i++) {
    points.push({ timeMs: window.times[i]!, value: window.values[i]!, histogram: undefined });
  }
  for (const sample of window.histograms.slice(Math.max(window.histogramLow, window.histogramHigh - 2), window.histogramHigh)) {
    points.push({ timeMs: sample.timestampMs, value: 0, histogram: sample.histogram });
  }
  const [second, first] = points.sort((a, b) => b.timeMs - a.timeMs);
  return [first!, second!];
}

function lastTwoHistograms(
  window: RangeWindow,
  first: NativeHistogram,
  second: NativeHistogram,
  isRate: boolean,
): NativeHistogram | undefined {
  const { annotations, position } = window;
  const gauges = [first, second].filter((h) => h.counterResetHint === 'gauge').length;
  if (isRate && gauges > 0) annotations.warn(ANNOTATION_TEXT.notCounter(window.metricName), position);
  if (!isRate && gauges < 2) annotations.warn(ANNOTATION_TEXT.notGauge(window.metricName), position);
  if (isRate && detectReset(second, first)) return compactHistogram(withHint(second, 'gauge'));
  try {
    const { histogram, nhcbBoundsReconciled } = subHistograms(second, first);
    if (nhcbBoundsReconciled) annotations.info(ANNOTATION_TEXT.reconciledBuckets('subtraction'), position);
    return compactHistogram(withHint(histogram, 'gauge'));
  } catch (error) {
    if (!(error instanceof IncompatibleHistogramsError)) throw error;
    annotations.warn(ANNOTATION_TEXT.mixedSchemas(window.metricName), position);
    return undefined;
  }
}
