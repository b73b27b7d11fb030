import type { NativeHistogram } from '@pitot/core';
import { compactHistogram, sameNumbers } from '../histogram/histogram-math.ts';
import { negativeSide, positiveSide, usesCustomBuckets, type Side } from '../histogram/histogram-buckets.ts';

/** Relative error that expected and actual values may differ by; upstream's own. */
const EPSILON = 1e-6;
/** Smallest normal double: below it a relative error means nothing. */
const MIN_NORMAL = 2.2250738585072014e-308;

/** Equal, both NaN, or within a relative error of a millionth of the sum of magnitudes. Source: Prometheus util/almost. */
export function almostEqual(a: number, b: number): boolean {
  if (Number.isNaN(a) && Number.isNaN(b)) return true;
  if (a === b) return true;
  const total = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || total < MIN_NORMAL) return difference < EPSILON * MIN_NORMAL;
  return difference / Math.min(total, Number.MAX_VALUE) < EPSILON;
}

/** Same layout after removing empty buckets, almost equal numbers, and the same hint where one was asked for. */
export function histogramsAlmostEqual(expected: NativeHistogram, actual: NativeHistogram, checkHint: boolean): boolean {
  const a = compactHistogram(expected);
  const b = compactHistogram(actual);
  return (
    a.schema === b.schema &&
    almostEqual(a.count, b.count) &&
    almostEqual(a.sum, b.sum) &&
    (!usesCustomBuckets(a) || sameNumbers(a.customValues ?? [], b.customValues ?? [])) &&
    a.zeroThreshold === b.zeroThreshold &&
    almostEqual(a.zeroCount, b.zeroCount) &&
    sidesAlmostEqual(positiveSide(a), positiveSide(b)) &&
    sidesAlmostEqual(negativeSide(a), negativeSide(b)) &&
    (!checkHint || a.counterResetHint === b.counterResetHint)
  );
}

function sidesAlmostEqual(a: Side, b: Side): boolean {
  return sameNumbers(a.indexes, b.indexes) && a.counts.every((count, i) => almostEqual(count, b.counts[i]!));
}
