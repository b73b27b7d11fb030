import type { NativeHistogram } from '@pitot/core';
import { allBuckets, biasedZeroBucket, usesCustomBuckets, type Bucket } from './histogram-buckets.ts';

export interface QuantileResult {
  readonly value: number;
  /** NaN observations are in no bucket: they made the result NaN, or pushed it upwards. */
  readonly info?: 'nan_result' | 'nan_skew';
}

/**
 * The q-quantile of a native histogram, interpolated exponentially in exponential buckets (an even spread over the
 * logarithm) and linearly in custom buckets and the zero bucket. NaN without observations, ∓Inf for q outside 0…1.
 * Source: Prometheus promql/quantile.go, HistogramQuantile.
 */
export function histogramQuantile(q: number, histogram: NativeHistogram): QuantileResult {
  if (q < 0) return { value: -Infinity };
  if (q > 1) return { value: Infinity };
  if (histogram.count === 0 || Number.isNaN(q)) return { value: NaN };
  // A NaN observation makes the sum NaN and lies above everything, so ranks can only be counted from below.
  const fromBelow = Number.isNaN(histogram.sum) || q < 0.5;
  const buckets = fromBelow ? allBuckets(histogram) : allBuckets(histogram).reverse();
  const wanted = (fromBelow ? q : 1 - q) * histogram.count;
  const { bucket: found, reached } = bucketAtRank(buckets, wanted);
  if (usesCustomBuckets(histogram)) {
    if (found.lower === -Infinity && found.upper <= 0) return { value: found.upper };
    if (found.lower !== -Infinity && found.upper === Infinity) return { value: found.lower };
  }
  const bucket = interpolationBucket(histogram, found);
  // Rounding can lift the sum of the buckets above the count.
  const below = Math.min(reached, histogram.count);
  if (below < wanted) {
    return Number.isNaN(histogram.sum) ? { value: NaN, info: 'nan_result' } : { value: bucket.upper };
  }
  const rank = fromBelow ? wanted - (below - bucket.count) : below - wanted;
  const value = interpolateValue(histogram, bucket, rank / bucket.count);
  return hasNanObservations(histogram, buckets) ? { value, info: 'nan_skew' } : { value };
}

const NO_BUCKET: Bucket = { lower: 0, upper: 0, lowerInclusive: false, upperInclusive: false, count: 0 };

/** The first bucket at which the running count reaches the rank, or the last one where none does. */
function bucketAtRank(buckets: readonly Bucket[], rank: number): { bucket: Bucket; reached: number } {
  let bucket = NO_BUCKET;
  let reached = 0;
  for (bucket of buckets) {
    if (bucket.count === 0) continue;
    reached += bucket.count;
    if (reached >= rank) break;
  }
  return { bucket, reached };
}

/** The bounds between which to interpolate: no negative part where the histogram is taken to hold nothing negative. */
function interpolationBucket(histogram: NativeHistogram, bucket: Bucket): Bucket {
  if (usesCustomBuckets(histogram)) return bucket.lower === -Infinity ? { ...bucket, lower: 0 } : bucket;
  return bucket.lower < 0 && bucket.upper > 0 ? biasedZeroBucket(histogram, bucket) : bucket;
}

function interpolateValue(histogram: NativeHistogram, bucket: Bucket, fraction: number): number {
  const { lower, upper } = bucket;
  if (usesCustomBuckets(histogram) || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * fraction);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - fraction)));
}

function totalCount(buckets: readonly Bucket[]): number {
  return buckets.reduce((total, bucket) => total + bucket.count, 0);
}

/** A NaN sum alone may come from +Inf and -Inf together; observations missing in the buckets prove NaN. */
function hasNanObservations(histogram: NativeHistogram, buckets: readonly Bucket[]): boolean {
  return Number.isNaN(histogram.sum) && totalCount(buckets) < histogram.count;
}

export interface FractionResult {
  readonly value: number;
  /** NaN observations count in the total but in no fraction. */
  readonly info?: 'nan_excluded';
}

/** The fraction of observations between two values, the inverse of histogramQuantile. Source: HistogramFraction. */
export function histogramFraction(lower: number, upper: number, histogram: NativeHistogram): FractionResult {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return { value: NaN };
  if (lower >= upper) return { value: 0 };
  const buckets = allBuckets(histogram);
  const nan = hasNanObservations(histogram, buckets);
  const total = Number.isNaN(histogram.sum) ? totalCount(buckets) : histogram.count;
  const between = rankOf(upper, histogram, buckets, total) - rankOf(lower, histogram, buckets, total);
  const value = between / histogram.count;
  return nan ? { value, info: 'nan_excluded' } : { value };
}

/** How many observations lie below a value. */
function rankOf(value: number, histogram: NativeHistogram, buckets: readonly Bucket[], total: number): number {
  let rank = 0;
  for (const original of buckets) {
    const inZeroBucket = original.lower <= 0 && original.upper >= 0;
    const bucket = inZeroBucket ? biasedZeroBucket(histogram, original) : original;
    if (bucket.lower >= value) return Math.min(rank, total);
    if (bucket.upper > value) {
      return Math.min(rank + countBelow(value, bucket, usesCustomBuckets(histogram) || inZeroBucket), total);
    }
    rank += bucket.count;
  }
  return total;
}

/**
 * The part of a bucket's count below a value inside it. Between infinite bounds nothing can be interpolated: an
 * infinite lower bound counts the bucket as below, an infinite upper bound as above.
 */
export function countBelow(value: number, bucket: Bucket, linear: boolean): number {
  if (bucket.lower === -Infinity) return bucket.count;
  if (linear) return (bucket.count * (value - bucket.lower)) / (bucket.upper - bucket.lower);
  const logLower = Math.log2(Math.abs(bucket.lower));
  const logUpper = Math.log2(Math.abs(bucket.upper));
  const logValue = Math.log2(Math.abs(value));
  const fraction =
    value > 0 ? (logValue - logLower) / (logUpper - logLower) : 1 - (logValue - logUpper) / (logLower - logUpper);
  return bucket.count * fraction;
}

/** NaN without observations. */
export function histogramAvg(histogram: NativeHistogram): number {
  return histogram.sum / histogram.count;
}

/**
 * Estimated population variance: every bucket stands for its middle (geometric for exponential buckets, 0 for the zero
 * bucket). Source: Prometheus promql/functions.go, histogramVariance.
 */
export function histogramStdVar(histogram: NativeHistogram): number {
  const mean = histogramAvg(histogram);
  let variance = 0;
  let lost = 0;
  for (const bucket of allBuckets(histogram)) {
    if (bucket.count === 0) continue;
    const deviation = bucketMiddle(histogram, bucket) - mean;
    const term = bucket.count * deviation * deviation;
    const next = variance + term;
    lost += Math.abs(variance) >= Math.abs(term) ? variance - next + term : term - next + variance;
    variance = next;
  }
  return (variance + (Number.isFinite(variance) ? lost : 0)) / histogram.count;
}

export function histogramStdDev(histogram: NativeHistogram): number {
  return Math.sqrt(histogramStdVar(histogram));
}

/** Upstream takes the plain mean of custom bounds, so an observation in an unbounded bucket makes the variance infinite. */
function bucketMiddle(histogram: NativeHistogram, bucket: Bucket): number {
  if (usesCustomBuckets(histogram)) return (bucket.lower + bucket.upper) / 2;
  if (bucket.lower <= 0 && bucket.upper >= 0) return 0;
  const middle = Math.sqrt(bucket.upper * bucket.lower);
  return bucket.upper < 0 ? -middle : middle;
}
