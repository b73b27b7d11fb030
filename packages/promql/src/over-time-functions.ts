import { AppError, type NativeHistogram } from '@pitot/core';
import { ANNOTATION_TEXT } from './annotations.ts';
import { histogramsEqual, IncompatibleHistogramsError } from './histogram/histogram-math.ts';
import { detectReset } from './histogram/histogram-reset.ts';
import { HistogramMean, HistogramSum } from './histogram/histogram-sum.ts';
import { KahanSum } from './kahan.ts';
import { quantile } from './quantile.ts';
import type { RangeKernel, RangeWindow } from './range-window.ts';

/** Functions of floats only: histograms beside floats are ignored with an info, histograms alone give nothing. */
function floatsOnly(fold: (window: RangeWindow) => number): RangeKernel {
  return (window) => {
    if (window.floatCount === 0) return false;
    if (window.histogramCount > 0) noteIgnored(window);
    window.value = fold(window);
    return true;
  };
}

function noteIgnored(window: RangeWindow): void {
  window.annotations.info(ANNOTATION_TEXT.ignoredInMixedRange(window.metricName), window.position);
}

function answer(window: RangeWindow, value: number): boolean {
  window.value = value;
  return true;
}

export const countOverTime: RangeKernel = (window) => answer(window, window.floatCount + window.histogramCount);
export const presentOverTime: RangeKernel = (window) => answer(window, 1);

export const maxOverTime = floatsOnly(({ values, low, high }) => {
  let max = values[low]!;
  for (let i = low + 1; i < high; i++) if (values[i]! > max || Number.isNaN(max)) max = values[i]!;
  return max;
});

export const minOverTime = floatsOnly(({ values, low, high }) => {
  let min = values[low]!;
  for (let i = low + 1; i < high; i++) if (values[i]! < min || Number.isNaN(min)) min = values[i]!;
  return min;
});

export const tsOfMaxOverTime = floatsOnly(({ values, times, low, high }) => {
  let at = low;
  for (let i = low; i < high; i++) if (values[i]! >= values[at]! || Number.isNaN(values[at])) at = i;
  return times[at]! / 1000;
});

export const tsOfMinOverTime = floatsOnly(({ values, times, low, high }) => {
  let at = low;
  for (let i = low; i < high; i++) if (values[i]! <= values[at]! || Number.isNaN(values[at])) at = i;
  return times[at]! / 1000;
});

function variance({ values, low, high }: RangeWindow): number {
  const mean = new KahanSum();
  const aux = new KahanSum();
  for (let i = low; i < high; i++) {
    const delta = values[i]! - mean.total;
    mean.add(delta / (i - low + 1));
    aux.add(delta * (values[i]! - mean.total));
  }
  return aux.total / (high - low);
}

export const stdvarOverTime = floatsOnly(variance);
export const stddevOverTime = floatsOnly((window) => Math.sqrt(variance(window)));

export const madOverTime = floatsOnly(({ values, low, high }) => {
  const window = values.slice(low, high);
  if (window.some(Number.isNaN)) return NaN;
  const median = quantile(0.5, window);
  return quantile(0.5, window.map((value) => Math.abs(value - median)));
});

export const quantileOverTime: RangeKernel = (window) => {
  const q = window.params[0]!;
  if (window.floatCount === 0) return false;
  if (!(q >= 0 && q <= 1)) window.annotations.warn(ANNOTATION_TEXT.invalidQuantile(q), window.position);
  if (window.histogramCount > 0) noteIgnored(window);
  return answer(window, quantile(q, window.values.slice(window.low, window.high)));
};

function mixed(window: RangeWindow): boolean {
  if (window.floatCount === 0 || window.histogramCount === 0) return false;
  window.annotations.warn(ANNOTATION_TEXT.mixedFloatsHistograms(window.metricName), window.position);
  return true;
}

export const sumOverTime: RangeKernel = (window) => {
  if (mixed(window)) return false;
  if (window.floatCount === 0) return foldHistograms(window, (first) => new HistogramSum(first));
  const { values, low, high } = window;
  let sum = 0;
  let c = 0;
  for (let i = low; i < high; i++) {
    const x = values[i]!;
    const t = sum + x;
    if (t === Infinity || t === -Infinity) c = 0;
    else if (Math.abs(sum) >= Math.abs(x)) c += sum - t + x;
    else c += x - t + sum;
    sum = t;
  }
  return answer(window, Math.abs(sum) === Infinity ? sum : sum + c);
};

export const avgOverTime: RangeKernel = (window) => {
  if (mixed(window)) return false;
  if (window.floatCount === 0) return foldHistograms(window, (first) => new HistogramMean(first));
  const { values, low, high } = window;
  const total = new KahanSum(values[low]!);
  let i = low + 1;
  for (; i < high; i++) {
    const { sum, c } = total;
    total.add(values[i]!);
    if (Math.abs(total.sum) !== Infinity) continue;
    // The sum would overflow: go on with the running mean.
    total.sum = sum / (i - low);
    total.c = c / (i - low);
    break;
  }
  if (i >= high) return answer(window, total.sum / (high - low) + total.c / (high - low));
  for (; i < high; i++) {
    const n = i - low + 1;
    total.sum *= (n - 1) / n;
    total.c *= (n - 1) / n;
    total.add(values[i]! / n);
  }
  return answer(window, total.total);
};

interface HistogramFold {
  add(histogram: NativeHistogram): { nhcbBoundsReconciled: boolean };
  result(): NativeHistogram;
}

function foldHistograms(window: RangeWindow, start: (first: NativeHistogram) => HistogramFold): boolean {
  const { annotations, position, histograms, histogramLow, histogramHigh } = window;
  const fold = start(histograms[histogramLow]!.histogram);
  const hints = new Set<string>([histograms[histogramLow]!.histogram.counterResetHint]);
  let reconciled = false;
  try {
    for (let i = histogramLow + 1; i < histogramHigh; i++) {
      const { histogram } = histograms[i]!;
      hints.add(histogram.counterResetHint);
      if (fold.add(histogram).nhcbBoundsReconciled) reconciled = true;
    }
    window.histogram = fold.result();
  } catch (error) {
    if (!(error instanceof IncompatibleHistogramsError)) throw error;
    annotations.warn(ANNOTATION_TEXT.mixedSchemas(window.metricName), position);
    return false;
  }
  if (hints.has('reset') && hints.has('not_reset')) annotations.warn(ANNOTATION_TEXT.counterResetCollision('aggregation'), position);
  if (reconciled) annotations.info(ANNOTATION_TEXT.reconciledBuckets('aggregation'), position);
  return true;
}

export const lastOverTime: RangeKernel = (window) => {
  const { times, values, histograms, high, histogramHigh } = window;
  const histogram = window.histogramCount > 0 ? histograms[histogramHigh - 1]! : undefined;
  if (histogram && (window.floatCount === 0 || histogram.timestampMs >= times[high - 1]!)) {
    window.histogram = histogram.histogram;
    return true;
  }
  return answer(window, values[high - 1]!);
};

export const firstOverTime: RangeKernel = (window) => {
  const { times, values, histograms, low, histogramLow } = window;
  const histogram = window.histogramCount > 0 ? histograms[histogramLow]! : undefined;
  if (histogram && (window.floatCount === 0 || histogram.timestampMs <= times[low]!)) {
    window.histogram = histogram.histogram;
    return true;
  }
  return answer(window, values[low]!);
};

export const tsOfFirstOverTime: RangeKernel = (window) => {
  const float = window.floatCount > 0 ? window.times[window.low]! : Infinity;
  const histogram = window.histogramCount > 0 ? window.histograms[window.histogramLow]!.timestampMs : Infinity;
  return answer(window, Math.min(float, histogram) / 1000);
};

export const tsOfLastOverTime: RangeKernel = (window) => {
  const float = window.floatCount > 0 ? window.times[window.high - 1]! : -Infinity;
  const histogram = window.histogramCount > 0 ? window.histograms[window.histogramHigh - 1]!.timestampMs : -Infinity;
  return answer(window, Math.max(float, histogram) / 1000);
};

/** Counts steps between neighbouring samples, of either kind, that fulfil a condition. */
function countSteps(floatStep: (a: number, b: number) => boolean, histogramStep: (a: NativeHistogram, b: NativeHistogram) => boolean): RangeKernel {
  return (window) => {
    const { times, values, histograms, high, histogramHigh } = window;
    const first = firstIndexes(window);
    if (!first) return false;
    let [f, h] = first;
    let count = 0;
    let previousValue = 0;
    let previous: NativeHistogram | undefined;
    for (let seen = 0; f < high || h < histogramHigh; seen++) {
      const takesFloat = h >= histogramHigh || (f < high && times[f]! < histograms[h]!.timestampMs);
      const value = takesFloat ? values[f++]! : 0;
      const histogram = takesFloat ? undefined : histograms[h++]!.histogram;
      if (seen > 0) {
        if (previous && histogram) count += histogramStep(previous, histogram) ? 1 : 0;
        else if (previous || histogram) count++;
        else if (floatStep(previousValue, value)) count++;
      }
      previousValue = value;
      previous = histogram;
    }
    return answer(window, count);
  };
}

/**
 * Where counting starts: at the window's first samples, or for an anchored range at the newest sample at or before its start.
 * Undefined where an anchored range has no sample after its start.
 */
function firstIndexes(window: RangeWindow): [number, number] | undefined {
  const { times, histograms, low, high, histogramLow, histogramHigh, startMs } = window;
  if (window.mode !== 'anchored') return [low, histogramLow];
  let f = low;
  while (f < high && times[f]! <= startMs) f++;
  let h = histogramLow;
  while (h < histogramHigh && histograms[h]!.timestampMs <= startMs) h++;
  if (f >= high && h >= histogramHigh) return undefined;
  const floatMs = f > low ? times[f - 1]! : -Infinity;
  const histogramMs = h > histogramLow ? histograms[h - 1]!.timestampMs : -Infinity;
  if (floatMs === -Infinity && histogramMs === -Infinity) return [f, h];
  return floatMs >= histogramMs ? [f - 1, h] : [f, h - 1];
}

export const changes = countSteps(
  (a, b) => a !== b && !(Number.isNaN(a) && Number.isNaN(b)),
  (a, b) => !histogramsEqual(b, a),
);

export const resets = countSteps(
  (a, b) => b < a,
  (a, b) => detectReset(b, a),
);

/** Least squares through the window's floats: slope per second, and the line's value at `interceptMs`. */
function regression({ times, values, low, high }: RangeWindow, interceptMs: number): { slope: number; intercept: number } {
  const n = high - low;
  const first = values[low]!;
  const sumX = new KahanSum();
  const sumY = new KahanSum();
  const sumXY = new KahanSum();
  const sumX2 = new KahanSum();
  let constant = true;
  for (let i = low; i < high; i++) {
    const y = values[i]!;
    if (i > low && y !== first) constant = false;
    const x = (times[i]! - interceptMs) / 1000;
    sumX.add(x);
    sumY.add(y);
    sumXY.add(x * y);
    sumX2.add(x * x);
  }
  if (constant) return Math.abs(first) === Infinity ? { slope: NaN, intercept: NaN } : { slope: 0, intercept: first };
  const covariance = sumXY.total - (sumX.total * sumY.total) / n;
  const varianceX = sumX2.total - (sumX.total * sumX.total) / n;
  const slope = covariance / varianceX;
  return { slope, intercept: sumY.total / n - (slope * sumX.total) / n };
}

/** Functions that need two floats at least. */
function fromTwoFloats(fold: (window: RangeWindow) => number): RangeKernel {
  return (window) => {
    if (window.floatCount > 0 && window.histogramCount > 0) noteIgnored(window);
    return window.floatCount < 2 ? false : answer(window, fold(window));
  };
}

export const deriv = fromTwoFloats((window) => regression(window, window.times[window.low]!).slope);

export const predictLinear = fromTwoFloats((window) => {
  const { slope, intercept } = regression(window, window.evalMs);
  return slope * window.params[0]! + intercept;
});

export const doubleExponentialSmoothing: RangeKernel = (window) => {
  const [smoothing, trendFactor] = window.params as [number, number];
  checkFactor('smoothing', 'sf', smoothing);
  checkFactor('trend', 'tf', trendFactor);
  return smooth(window);
};

function checkFactor(name: string, symbol: string, value: number): void {
  if (value > 0 && value < 1) return;
  if (Number.isNaN(value)) return;
  throw new AppError('query_failed', `invalid ${name} factor. Expected: 0 < ${symbol} < 1, got: ${value.toFixed(6)}`);
}

const smooth = fromTwoFloats(({ values, low, high, params }) => {
  const [smoothing, trendFactor] = params as [number, number];
  let older = 0;
  let smoothed = values[low]!;
  let trend = values[low + 1]! - values[low]!;
  for (let i = low + 1; i < high; i++) {
    if (i > low + 1) trend = trendFactor * (smoothed - older) + (1 - trendFactor) * trend;
    const next = smoothing * values[i]! + (1 - smoothing) * (smoothed + trend);
    older = smoothed;
    smoothed = next;
  }
  return smoothed;
});
