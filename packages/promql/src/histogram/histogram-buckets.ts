import { CUSTOM_BUCKETS_SCHEMA, type BucketSpan, type NativeHistogram } from '@pitot/core';

/**
 * One side (positive or negative) of a histogram with its spans resolved: `indexes` ascends strictly, `counts` runs
 * beside it. Sparse on purpose: a hostile span offset must not allocate the gap.
 */
export interface Side {
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
}

/** A bucket with its boundaries, as the quantile and the HTTP form see it. */
export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
  readonly count: number;
}

const EMPTY_SIDE: Side = { indexes: [], counts: [] };

export function usesCustomBuckets(histogram: NativeHistogram): boolean {
  return histogram.schema === CUSTOM_BUCKETS_SCHEMA;
}

export function positiveSide(histogram: NativeHistogram): Side {
  return resolveSpans(histogram.positiveSpans, histogram.positiveBuckets);
}

export function negativeSide(histogram: NativeHistogram): Side {
  return resolveSpans(histogram.negativeSpans, histogram.negativeBuckets);
}

/** Buckets beyond what the spans cover (or the other way round) are ignored, as in a histogram that fails validation. */
function resolveSpans(spans: readonly BucketSpan[], buckets: readonly number[]): Side {
  if (spans.length === 0 || buckets.length === 0) return EMPTY_SIDE;
  const indexes: number[] = [];
  let index = 0;
  for (const span of spans) {
    index += span.offset;
    for (let i = 0; i < span.length && indexes.length < buckets.length; i++) indexes.push(index++);
  }
  return { indexes, counts: indexes.length === buckets.length ? buckets : buckets.slice(0, indexes.length) };
}

/** The fewest spans that cover exactly the side's indexes; the counts go beside them unchanged. */
export function spansOf(side: Side): BucketSpan[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of side.indexes) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: last === undefined ? index : index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

/** The histogram with both sides exchanged for the given ones. */
export function withSides(histogram: NativeHistogram, positive: Side, negative: Side): NativeHistogram {
  return {
    ...histogram,
    positiveSpans: spansOf(positive),
    positiveBuckets: positive.counts,
    negativeSpans: spansOf(negative),
    negativeBuckets: negative.counts,
  };
}

/** Drops empty buckets. NaN counts stay. */
export function withoutEmpty(side: Side): Side {
  if (!side.counts.includes(0)) return side;
  return filterSide(side, (_, count) => count !== 0);
}

export function filterSide(side: Side, keep: (index: number, count: number) => boolean): Side {
  const indexes: number[] = [];
  const counts: number[] = [];
  for (let i = 0; i < side.indexes.length; i++) {
    if (!keep(side.indexes[i]!, side.counts[i]!)) continue;
    indexes.push(side.indexes[i]!);
    counts.push(side.counts[i]!);
  }
  return { indexes, counts };
}

/** Maps indexes with a monotonic function and adds up the counts of buckets that meet. */
export function remapSide(side: Side, map: (index: number) => number): Side {
  const indexes: number[] = [];
  const counts: number[] = [];
  for (let i = 0; i < side.indexes.length; i++) {
    const index = map(side.indexes[i]!);
    if (indexes.at(-1) === index) counts[counts.length - 1]! += side.counts[i]!;
    else {
      indexes.push(index);
      counts.push(side.counts[i]!);
    }
  }
  return { indexes, counts };
}

/** Bucket index in a lower resolution: each step down merges two neighbours. */
function reduceIndex(index: number, fromSchema: number, toSchema: number): number {
  return Math.ceil(index / 2 ** (fromSchema - toSchema));
}

export function reduceSide(side: Side, fromSchema: number, toSchema: number): Side {
  if (fromSchema === toSchema) return side;
  return remapSide(side, (index) => reduceIndex(index, fromSchema, toSchema));
}

/** Absolute upper bound of exponential bucket `index`: (2^(2^-schema))^index, capped at the largest finite number. */
export function exponentialBound(index: number, schema: number): number {
  if (schema <= 0) return finiteOrMax(2 ** (index * 2 ** -schema), index);
  const perOctave = 2 ** schema;
  const octave = Math.floor(index / perOctave);
  const bound = octaveFractions(schema)[index - octave * perOctave]! * 2 ** octave;
  return finiteOrMax(bound, index);
}

/** The bucket that holds the largest finite numbers ends there, not at infinity. */
function finiteOrMax(bound: number, index: number): number {
  return bound === Infinity && index > 0 ? Number.MAX_VALUE : bound;
}

const fractionsBySchema = new Map<number, Float64Array>();

/** 2^(k / 2^schema) for every k of one octave, each correctly rounded, so that bounds are equal across schemas. */
function octaveFractions(schema: number): Float64Array {
  let fractions = fractionsBySchema.get(schema);
  if (fractions === undefined) {
    fractions = computeFractions(schema);
    fractionsBySchema.set(schema, fractions);
  }
  return fractions;
}

/** Fixed point with 128 fractional bits: far beyond a double's 53, so the final rounding is the only one that shows. */
const FIXED_BITS = 128n;

function computeFractions(schema: number): Float64Array {
  let root = 2n << FIXED_BITS;
  for (let i = 0; i < schema; i++) root = integerSquareRoot(root << FIXED_BITS);
  const fractions = new Float64Array(2 ** schema);
  let power = 1n << FIXED_BITS;
  for (let k = 0; k < fractions.length; k++) {
    // 64 kept bits convert to a double with one rounding.
    fractions[k] = Number(power >> (FIXED_BITS - 64n)) / 2 ** 64;
    power = (power * root) >> FIXED_BITS;
  }
  return fractions;
}

function integerSquareRoot(value: bigint): bigint {
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** Positive buckets ascending, or negative ones from the zero bucket downwards; empty buckets included. */
export function sideBuckets(histogram: NativeHistogram, sign: 'positive' | 'negative'): Bucket[] {
  const side = sign === 'positive' ? positiveSide(histogram) : negativeSide(histogram);
  return side.indexes.map((index, i) => boundedBucket(histogram, sign, index, side.counts[i]!));
}

function boundedBucket(histogram: NativeHistogram, sign: 'positive' | 'negative', index: number, count: number): Bucket {
  if (usesCustomBuckets(histogram)) {
    const bounds = histogram.customValues ?? [];
    const lower = index === 0 ? -Infinity : (bounds[index - 1] ?? Infinity);
    return { lower, upper: bounds[index] ?? Infinity, lowerInclusive: index === 0, upperInclusive: true, count };
  }
  const near = exponentialBound(index - 1, histogram.schema);
  const far = exponentialBound(index, histogram.schema);
  return sign === 'positive'
    ? { lower: near, upper: far, lowerInclusive: false, upperInclusive: true, count }
    : { lower: -far, upper: -near, lowerInclusive: true, upperInclusive: false, count };
}

export function zeroBucket(histogram: NativeHistogram): Bucket {
  return {
    lower: -histogram.zeroThreshold,
    upper: histogram.zeroThreshold,
    lowerInclusive: true,
    upperInclusive: true,
    count: histogram.zeroCount,
  };
}

/**
 * All buckets in ascending order; the zero bucket only when it holds something. A neighbour that reaches into the zero
 * bucket is cut at the zero threshold.
 */
export function allBuckets(histogram: NativeHistogram): Bucket[] {
  const buckets = sideBuckets(histogram, 'negative').reverse();
  if (histogram.zeroCount > 0) buckets.push(zeroBucket(histogram));
  buckets.push(...sideBuckets(histogram, 'positive'));
  const threshold = histogram.zeroThreshold;
  if (threshold === 0) return buckets;
  return buckets.map((bucket) => cutAtThreshold(bucket, threshold));
}

/** The part of a bucket outside of the zero bucket, where it reaches into it. */
export function cutAtThreshold(bucket: Bucket, threshold: number): Bucket {
  if (bucket.upper < 0 && bucket.upper > -threshold) return { ...bucket, upper: -threshold };
  if (bucket.lower > 0 && bucket.lower < threshold) return { ...bucket, lower: threshold };
  return bucket;
}

/**
 * Where observations of the zero bucket can lie: a histogram with buckets on one side only is taken to hold none
 * on the other.
 */
export function biasedZeroBucket(histogram: NativeHistogram, bucket: Bucket): Bucket {
  const negative = histogram.negativeBuckets.length > 0;
  const positive = histogram.positiveBuckets.length > 0;
  if (positive && !negative) return { ...bucket, lower: 0 };
  if (negative && !positive) return { ...bucket, upper: 0 };
  return bucket;
}
