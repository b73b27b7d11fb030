import { CUSTOM_BUCKETS_SCHEMA, type BucketSpan, type NativeHistogram } from '@pitot/core';

/**
 * Whether a histogram can be stored and computed with. The rules of Prometheus' `FloatHistogram.Validate`: bucket counts
 * may exceed `count` (floats round), but never be negative; spans cover exactly the buckets; only the first span may
 * start below zero.
 */
export function isValidHistogram(histogram: NativeHistogram): boolean {
  const { schema, zeroCount, count, positiveSpans, positiveBuckets, negativeSpans, negativeBuckets } = histogram;
  if (!(count >= 0) || !(zeroCount >= 0)) return false;
  if (!spansCover(positiveSpans, positiveBuckets.length) || !spansCover(negativeSpans, negativeBuckets.length)) return false;
  if (!positiveBuckets.every(isCount) || !negativeBuckets.every(isCount)) return false;
  if (schema === CUSTOM_BUCKETS_SCHEMA) return hasValidCustomBuckets(histogram);
  return Number.isInteger(schema) && schema >= -4 && schema <= 8 && !histogram.customValues?.length;
}

function hasValidCustomBuckets(histogram: NativeHistogram): boolean {
  const bounds = histogram.customValues ?? [];
  if (histogram.zeroCount !== 0 || histogram.zeroThreshold !== 0) return false;
  if (histogram.negativeSpans.length > 0 || histogram.negativeBuckets.length > 0) return false;
  if (!bounds.every((bound, i) => i === 0 || bound > bounds[i - 1]!)) return false;
  if (bounds.some((bound) => Number.isNaN(bound) || bound === Infinity)) return false;
  let end = 0;
  for (const span of histogram.positiveSpans) {
    if (span.offset < 0) return false;
    end += span.offset + span.length;
  }
  // One more bucket than bounds: the last reaches to +Inf.
  return end <= bounds.length + 1;
}

function isCount(value: number): boolean {
  return value >= 0;
}

function spansCover(spans: readonly BucketSpan[], buckets: number): boolean {
  let covered = 0;
  for (let i = 0; i < spans.length; i++) {
    const { offset, length } = spans[i]!;
    if (offset !== (offset | 0) || length !== length >>> 0 || (i > 0 && offset < 0)) return false;
    covered += length;
  }
  return covered === buckets;
}
