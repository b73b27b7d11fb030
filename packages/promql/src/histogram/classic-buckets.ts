import { CUSTOM_BUCKETS_SCHEMA, type NativeHistogram } from '@pitot/core';
import { spansOf, withoutEmpty } from './histogram-buckets.ts';

/** One bucket of a classic histogram: how many observations lie at or below the bound (cumulative). */
export interface ClassicBucket {
  readonly upperBound: number;
  readonly count: number;
}

/** What had to be repaired before buckets could be searched. Bounds and difference mean something only when forcedMonotonic. */
interface BucketRepair {
  /** A count fell with a growing bound and was lifted. */
  readonly forcedMonotonic: boolean;
  /** A difference within rounding was taken as none. */
  readonly fixedPrecision: boolean;
  /** Lowest and highest bound whose count was lifted, and the largest lift. */
  readonly minBucket: number;
  readonly maxBucket: number;
  readonly maxDiff: number;
}

export interface BucketQuantile extends BucketRepair {
  readonly value: number;
}

/** Relative difference below which two counts are the same number seen through rounding. */
const SMALL_DELTA = 1e-12;

const NOTHING_REPAIRED: BucketRepair = {
  forcedMonotonic: false,
  fixedPrecision: false,
  minBucket: Infinity,
  maxBucket: -Infinity,
  maxDiff: 0,
};

/**
 * The q-quantile of a classic histogram, interpolated linearly in its bucket; the buckets may come in any order. NaN
 * without a +Inf bucket, with fewer than two buckets or without observations; ∓Inf for q outside 0…1. In the highest
 * bucket the answer is the second highest bound. Source: Prometheus promql/quantile.go, BucketQuantile.
 */
export function bucketQuantile(q: number, unsorted: readonly ClassicBucket[]): BucketQuantile {
  if (Number.isNaN(q)) return { value: NaN, ...NOTHING_REPAIRED };
  if (q < 0) return { value: -Infinity, ...NOTHING_REPAIRED };
  if (q > 1) return { value: Infinity, ...NOTHING_REPAIRED };
  const sorted = sortBuckets(unsorted);
  if (sorted.at(-1)?.upperBound !== Infinity) return { value: NaN, ...NOTHING_REPAIRED };
  const { buckets, repair } = makeMonotonic(sorted);
  return { value: quantileOf(q, buckets), ...repair };
}

function quantileOf(q: number, buckets: readonly ClassicBucket[]): number {
  const observations = buckets.at(-1)!.count;
  if (buckets.length < 2 || observations === 0) return NaN;
  const rank = q * observations;
  const found = buckets.findIndex((bucket) => bucket.count >= rank);
  const at = found < 0 ? buckets.length - 1 : found;
  if (at === buckets.length - 1) return buckets.at(-2)!.upperBound;
  const { upperBound, count } = buckets[at]!;
  if (at === 0 && upperBound <= 0) return upperBound;
  const before = buckets[at - 1];
  const start = before?.upperBound ?? 0;
  const below = before?.count ?? 0;
  return start + (upperBound - start) * ((rank - below) / (count - below));
}

/** The fraction of a classic histogram's observations between two values. Source: BucketFraction. */
export function bucketFraction(lower: number, upper: number, unsorted: readonly ClassicBucket[]): number {
  const buckets = sortBuckets(unsorted);
  if (buckets.at(-1)?.upperBound !== Infinity) return NaN;
  const total = buckets.at(-1)!.count;
  if (total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  return (classicRankOf(upper, buckets, total) - classicRankOf(lower, buckets, total)) / total;
}

function classicRankOf(value: number, buckets: readonly ClassicBucket[], total: number): number {
  let rank = 0;
  let start = buckets[0]!.upperBound > 0 ? 0 : -Infinity;
  for (const { upperBound, count } of buckets) {
    if (start >= value) return Math.min(rank, total);
    if (upperBound > value) {
      const inside = start === -Infinity ? count : rank + ((count - rank) * (value - start)) / (upperBound - start);
      return Math.min(inside, total);
    }
    rank = count;
    start = upperBound;
  }
  return total;
}

/** Ascending bounds; counts of equal bounds are added up. */
function sortBuckets(unsorted: readonly ClassicBucket[]): ClassicBucket[] {
  const merged: ClassicBucket[] = [];
  for (const bucket of [...unsorted].sort((a, b) => (a.upperBound < b.upperBound ? -1 : a.upperBound > b.upperBound ? 1 : 0))) {
    const last = merged.at(-1);
    if (last !== undefined && last.upperBound === bucket.upperBound) {
      merged[merged.length - 1] = { upperBound: last.upperBound, count: last.count + bucket.count };
    } else merged.push(bucket);
  }
  return merged;
}

/** Counts that never fall: rounding differences are flattened, real decreases lifted to the highest count before. */
function makeMonotonic(sorted: readonly ClassicBucket[]): { buckets: ClassicBucket[]; repair: BucketRepair } {
  let repair = NOTHING_REPAIRED;
  let highest = sorted[0]!.count;
  const buckets = sorted.map(({ upperBound, count }) => {
    if (count === highest) return { upperBound, count };
    if (nearlyEqual(highest, count)) {
      repair = { ...repair, fixedPrecision: true };
      return { upperBound, count: highest };
    }
    if (count < highest) {
      repair = {
        ...repair,
        forcedMonotonic: true,
        minBucket: Math.min(repair.minBucket, upperBound),
        maxBucket: Math.max(repair.maxBucket, upperBound),
        maxDiff: Math.max(repair.maxDiff, highest - count),
      };
      return { upperBound, count: highest };
    }
    highest = count;
    return { upperBound, count };
  });
  return { buckets, repair };
}

function nearlyEqual(a: number, b: number): boolean {
  const total = Math.abs(a) + Math.abs(b);
  if (a === 0 || b === 0) return false;
  return Math.abs(a - b) / Math.min(total, Number.MAX_VALUE) < SMALL_DELTA;
}

/** A classic histogram's parts at one time; count and sum where their series had a sample. */
export interface ClassicHistogram {
  readonly buckets: readonly ClassicBucket[];
  readonly count?: number;
  readonly sum?: number;
}

/**
 * The native histogram with custom buckets (NHCB) that says the same as a classic histogram. A missing +Inf bucket
 * takes the count, a missing count takes the highest bucket. Throws RangeError when a count falls with a growing
 * bound or the count is below the highest bucket. Source: Prometheus util/convertnhcb.
 */
export function nhcbFromClassic(classic: ClassicHistogram): NativeHistogram {
  const buckets = [...classic.buckets].sort((a, b) => a.upperBound - b.upperBound);
  const count = classic.count ?? buckets.at(-1)?.count ?? 0;
  if (buckets.at(-1)?.upperBound !== Infinity) buckets.push({ upperBound: Infinity, count });
  const counts = buckets.map((bucket, i) => bucket.count - (buckets[i - 1]?.count ?? 0));
  if (counts.some((inBucket) => inBucket < 0 || Number.isNaN(inBucket)) || buckets.at(-1)!.count > count) {
    throw new RangeError('the bucket counts of a classic histogram must not fall from bound to bound, nor exceed its count');
  }
  const side = withoutEmpty({ indexes: counts.map((_, i) => i), counts });
  return {
    schema: CUSTOM_BUCKETS_SCHEMA,
    zeroThreshold: 0,
    zeroCount: 0,
    count,
    sum: classic.sum ?? 0,
    positiveSpans: spansOf(side),
    positiveBuckets: side.counts,
    negativeSpans: [],
    negativeBuckets: [],
    customValues: buckets.slice(0, -1).map((bucket) => bucket.upperBound),
    counterResetHint: 'unknown',
  };
}
