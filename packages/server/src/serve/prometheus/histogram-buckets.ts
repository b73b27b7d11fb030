import { CUSTOM_BUCKETS_SCHEMA, type BucketSpan, type NativeHistogram } from '@pitot/core';

export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  /** Prometheus' code: 0 lower open, upper closed; 1 lower closed, upper open; 2 both open; 3 both closed. */
  readonly boundaries: 0 | 1 | 2 | 3;
}

/** Every bucket from the lowest to the highest, as Prometheus' `FloatHistogram.AllBucketIterator` gives them. */
export function histogramBuckets(histogram: NativeHistogram): Bucket[] {
  const positive = indexed(histogram.positiveSpans, histogram.positiveBuckets);
  if (histogram.schema === CUSTOM_BUCKETS_SCHEMA) return positive.map((bucket) => customBucket(bucket, histogram.customValues ?? []));
  const negative = indexed(histogram.negativeSpans, histogram.negativeBuckets);
  const buckets: Bucket[] = negative.reverse().map(({ index, count }) => ({
    lower: -bound(index, histogram.schema),
    upper: -bound(index - 1, histogram.schema),
    count,
    boundaries: 1,
  }));
  if (histogram.zeroCount > 0) {
    buckets.push({ lower: -histogram.zeroThreshold, upper: histogram.zeroThreshold, count: histogram.zeroCount, boundaries: 3 });
  }
  for (const { index, count } of positive) {
    buckets.push({ lower: bound(index - 1, histogram.schema), upper: bound(index, histogram.schema), count, boundaries: 0 });
  }
  return clampAtZeroBucket(buckets, histogram);
}

/** A bucket that the zero bucket reaches into begins (or ends) where the zero bucket ends. */
function clampAtZeroBucket(buckets: Bucket[], histogram: NativeHistogram): Bucket[] {
  const edge = histogram.zeroThreshold;
  return buckets.map((bucket) => {
    if (bucket.boundaries === 0 && bucket.lower > 0 && bucket.lower < edge) return { ...bucket, lower: edge };
    if (bucket.boundaries === 1 && bucket.upper < 0 && bucket.upper > -edge) return { ...bucket, upper: -edge };
    return bucket;
  });
}

function indexed(spans: readonly BucketSpan[], counts: readonly number[]): { index: number; count: number }[] {
  const buckets: { index: number; count: number }[] = [];
  let index = 0;
  for (const span of spans) {
    index += span.offset;
    for (let i = 0; i < span.length; i++, index++) buckets.push({ index, count: counts[buckets.length] ?? 0 });
  }
  return buckets;
}

function customBucket({ index, count }: { index: number; count: number }, bounds: readonly number[]): Bucket {
  const lower = index === 0 ? -Infinity : (bounds[index - 1] ?? Infinity);
  return { lower, upper: bounds[index] ?? Infinity, count, boundaries: index === 0 ? 3 : 0 };
}

/**
 * Upper bound of an exponential bucket: 2^(index · 2^-schema). Split into fraction and exponent as Prometheus does
 * (`getBoundExponential`), so that whole powers of two are exact.
 */
function bound(index: number, schema: number): number {
  if (schema < 0) return 2 ** (index * 2 ** -schema);
  const parts = 2 ** schema;
  const fraction = ((index % parts) + parts) % parts;
  return 2 ** (fraction / parts) * 2 ** Math.floor(index / parts);
}
