import type { NativeHistogram } from '@pitot/core';
import {
  biasedZeroBucket,
  cutAtThreshold,
  negativeSide,
  positiveSide,
  sideBuckets,
  usesCustomBuckets,
  withoutEmpty,
  withSides,
  zeroBucket,
  type Bucket,
  type Side,
} from './histogram-buckets.ts';
import { countBelow } from './histogram-quantile.ts';

/** What is left of one bucket, and the value its observations stand for in the new sum. */
interface Remainder {
  readonly count: number;
  readonly middle: number;
}

/**
 * PromQL's `</` ('upper': keep observations up to `limit`) and `>/` ('lower': keep those from it on). A bucket that the
 * limit cuts keeps the interpolated part. Where anything goes, count and sum are estimated anew from what stays, every
 * bucket standing for its middle; where nothing goes, the histogram stays as it is.
 */
export function trimHistogram(histogram: NativeHistogram, limit: number, side: 'upper' | 'lower'): NativeHistogram {
  if (limit === (side === 'upper' ? Infinity : -Infinity)) return histogram;
  const trim = usesCustomBuckets(histogram) ? trimCustomBucket : trimExponentialBucket;
  let count = 0;
  let sum = 0;
  let lost = false;
  const keep = (bucket: Bucket, linear: boolean): number => {
    if (bucket.count === 0) return 0;
    const left = trim(bucket, limit, side, linear);
    lost ||= left.count !== bucket.count;
    count += left.count;
    if (left.count !== 0) sum += left.count * left.middle;
    return left.count;
  };
  const trimSide = (of: Side, sign: 'positive' | 'negative'): Side => {
    const buckets = sideBuckets(histogram, sign).map((bucket) => cutAtThreshold(bucket, histogram.zeroThreshold));
    const counts = buckets.map((bucket) => keep(bucket, false));
    return withoutEmpty({ indexes: of.indexes, counts });
  };
  const negative = trimSide(negativeSide(histogram), 'negative');
  const zeroCount = usesCustomBuckets(histogram) ? 0 : keep(biasedZeroBucket(histogram, zeroBucket(histogram)), true);
  const positive = trimSide(positiveSide(histogram), 'positive');
  return lost ? withSides({ ...histogram, zeroCount, count, sum }, positive, negative) : histogram;
}

function trimExponentialBucket(bucket: Bucket, limit: number, side: 'upper' | 'lower', linear: boolean): Remainder {
  // At a limit a bucket belongs to the upper side, which also decides for a zero bucket without width.
  const inUpperSide = bucket.lower >= limit;
  const cut = !inUpperSide && limit < bucket.upper;
  if (!cut && inUpperSide !== (side === 'lower' && !Number.isNaN(limit))) return { count: 0, middle: 0 };
  const { lower, upper } = cut ? cutBounds(bucket, limit, side) : bucket;
  const middle = linear ? (lower + upper) / 2 : Math.sign(upper + lower) * Math.sqrt(lower * upper);
  if (!cut) return { count: bucket.count, middle };
  const below = countBelow(limit, bucket, linear);
  return { count: side === 'upper' ? below : bucket.count - below, middle };
}

/** What of a bucket around the limit lies on the side that is kept. */
function cutBounds(bucket: Bucket, limit: number, side: 'upper' | 'lower'): { lower: number; upper: number } {
  return side === 'upper' ? { lower: bucket.lower, upper: limit } : { lower: limit, upper: bucket.upper };
}

/**
 * Custom buckets know their outer bounds only as infinite. The first one starts at 0 when its bound is positive. Where a
 * limit falls into an unbounded bucket, it is kept whole on its unbounded side and stands for the limit, and goes on the
 * other side.
 */
function trimCustomBucket(bucket: Bucket, limit: number, side: 'upper' | 'lower'): Remainder {
  const { lower, upper, count } = bucket;
  const inside = lower < limit && limit < upper;
  if (!inside) {
    const kept = side === 'upper' ? upper <= limit : lower >= limit;
    return kept ? { count, middle: customMiddle(lower, upper) } : { count: 0, middle: 0 };
  }
  if (lower === -Infinity) {
    if (upper === Infinity) return { count: 0, middle: 0 };
    if (upper <= 0) return side === 'upper' ? { count, middle: limit } : { count: 0, middle: 0 };
    // A negative limit lies outside of 0…upper, yet inside the bucket: upstream keeps nothing on either side.
    return limit < 0 ? { count: 0, middle: 0 } : trimLinearly({ ...bucket, lower: 0 }, limit, side);
  }
  if (upper === Infinity) return side === 'lower' ? { count, middle: limit } : { count: 0, middle: 0 };
  return trimLinearly(bucket, limit, side);
}

function trimLinearly(bucket: Bucket, limit: number, side: 'upper' | 'lower'): Remainder {
  const { lower, upper } = cutBounds(bucket, limit, side);
  return { count: (bucket.count * (upper - lower)) / (bucket.upper - bucket.lower), middle: (lower + upper) / 2 };
}

function customMiddle(lower: number, upper: number): number {
  if (lower === -Infinity) return upper === Infinity ? 0 : upper <= 0 ? upper : upper / 2;
  return upper === Infinity ? lower : (lower + upper) / 2;
}
