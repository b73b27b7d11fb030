import { CUSTOM_BUCKETS_SCHEMA, type BucketSpan, type NativeHistogram } from '@pitot/core';

const MIN_SCHEMA = -4;
const MAX_SCHEMA = 8;
/** Counts are floats; summing thousands of them may differ in the last digits. */
const RELATIVE_TOLERANCE = 1e-9;

/**
 * Whether a histogram's parts agree: known schema, one count per bucket of the spans, no negative counts, buckets that sum up
 * to the count (or less, where observations were NaN), ascending custom bounds.
 * Source: Prometheus `model/histogram`, `FloatHistogram.Validate`.
 */
export function isConsistentHistogram(histogram: NativeHistogram): boolean {
  const { schema, positiveSpans, positiveBuckets, negativeSpans, negativeBuckets, zeroCount, count, zeroThreshold } = histogram;
  if (!spansFit(positiveSpans, positiveBuckets.length) || !spansFit(negativeSpans, negativeBuckets.length)) return false;
  if (!(zeroCount >= 0) || !(count >= 0) || !(zeroThreshold >= 0)) return false;
  const positive = totalOf(positiveBuckets);
  const negative = totalOf(negativeBuckets);
  if (!(positive >= 0) || !(negative >= 0)) return false;
  if (schema === CUSTOM_BUCKETS_SCHEMA) {
    if (zeroCount !== 0 || zeroThreshold !== 0 || negativeSpans.length > 0) return false;
    if (!boundsFit(histogram.customValues ?? [], positiveSpans)) return false;
  } else if (!Number.isInteger(schema) || schema < MIN_SCHEMA || schema > MAX_SCHEMA || histogram.customValues !== undefined) {
    return false;
  }
  const inBuckets = positive + negative + zeroCount;
  if (inBuckets <= count) return true;
  return inBuckets - count <= RELATIVE_TOLERANCE * count;
}

function spansFit(spans: readonly BucketSpan[], buckets: number): boolean {
  let covered = 0;
  for (let i = 0; i < spans.length; i++) {
    const { offset, length } = spans[i]!;
    if (i > 0 && offset < 0) return false;
    if (offset < -0x8000_0000 || offset > 0x7fff_ffff || length > 0xffff_ffff) return false;
    covered += length;
  }
  return covered === buckets;
}

/** NaN where a count is negative or not a number. */
function totalOf(counts: readonly number[]): number {
  let total = 0;
  for (const count of counts) total += count >= 0 ? count : Number.NaN;
  return total;
}

function boundsFit(bounds: readonly number[], spans: readonly BucketSpan[]): boolean {
  for (let i = 0; i < bounds.length; i++) {
    if (!Number.isFinite(bounds[i]!) || (i > 0 && bounds[i]! <= bounds[i - 1]!)) return false;
  }
  let index = 0;
  for (const { offset, length } of spans) index += offset + length;
  return (spans[0]?.offset ?? 0) >= 0 && index <= bounds.length + 1;
}
