import type { CounterResetHint, NativeHistogram } from '@pitot/core';
import {
  exponentialBound,
  filterSide,
  negativeSide,
  positiveSide,
  reduceSide,
  remapSide,
  sideBuckets,
  usesCustomBuckets,
  withoutEmpty,
  withSides,
  type Side,
} from './histogram-buckets.ts';

/** What adding or subtracting had to paper over; each becomes an annotation. */
export interface CombineFlags {
  /** One side says its counter was reset, the other that it was not. */
  readonly counterResetCollision: boolean;
  /** Custom bucket bounds differed; the result has only the common ones. */
  readonly nhcbBoundsReconciled: boolean;
}

export interface CombinedHistogram extends CombineFlags {
  readonly histogram: NativeHistogram;
}

/** Exponential and custom buckets share no layout; PromQL drops the result and warns. */
export class IncompatibleHistogramsError extends Error {
  constructor() {
    super('cannot combine histograms with exponential and custom buckets');
    this.name = 'IncompatibleHistogramsError';
  }
}

/**
 * a + b. Differing resolutions, zero thresholds and custom bounds are reconciled to what both can express.
 * Throws IncompatibleHistogramsError. Source: Prometheus FloatHistogram.Add.
 */
export function addHistograms(a: NativeHistogram, b: NativeHistogram): CombinedHistogram {
  return combine(a, b, 1);
}

/** a - b, like addHistograms. The hint is combined as in an addition: for PromQL's `-` set it to gauge afterwards. */
export function subHistograms(a: NativeHistogram, b: NativeHistogram): CombinedHistogram {
  return combine(a, b, -1);
}

function combine(a: NativeHistogram, b: NativeHistogram, sign: 1 | -1): CombinedHistogram {
  const { left, right, nhcbBoundsReconciled } = alignHistograms(a, b);
  const { hint, counterResetCollision } = combineHints(a.counterResetHint, b.counterResetHint);
  const histogram = withSides(
    {
      ...left,
      counterResetHint: hint,
      zeroCount: left.zeroCount + sign * right.zeroCount,
      count: left.count + sign * right.count,
      sum: left.sum + sign * right.sum,
    },
    mergeSides(positiveSide(left), positiveSide(right), sign),
    mergeSides(negativeSide(left), negativeSide(right), sign),
  );
  return { histogram, counterResetCollision, nhcbBoundsReconciled };
}

/** Both histograms in one layout: same schema, zero threshold and custom bounds. */
export interface AlignedHistograms {
  readonly left: NativeHistogram;
  readonly right: NativeHistogram;
  readonly nhcbBoundsReconciled: boolean;
}

/** Throws IncompatibleHistogramsError for a mix of exponential and custom buckets. */
export function alignHistograms(a: NativeHistogram, b: NativeHistogram): AlignedHistograms {
  if (usesCustomBuckets(a) !== usesCustomBuckets(b)) throw new IncompatibleHistogramsError();
  if (usesCustomBuckets(a)) return alignCustomBounds(a, b);
  const [left, right] = reconcileZeroBuckets(a, b);
  const schema = Math.min(left.schema, right.schema);
  return { left: reduceResolution(left, schema), right: reduceResolution(right, schema), nhcbBoundsReconciled: false };
}

function alignCustomBounds(a: NativeHistogram, b: NativeHistogram): AlignedHistograms {
  const boundsA = a.customValues ?? [];
  const boundsB = b.customValues ?? [];
  if (sameNumbers(boundsA, boundsB)) return { left: a, right: b, nhcbBoundsReconciled: false };
  const inB = new Set(boundsB);
  const bounds = boundsA.filter((bound) => inB.has(bound));
  return { left: toCustomBounds(a, bounds), right: toCustomBounds(b, bounds), nhcbBoundsReconciled: true };
}

/** Rolls custom buckets up to a subset of their bounds. */
export function toCustomBounds(histogram: NativeHistogram, bounds: readonly number[]): NativeHistogram {
  const source = histogram.customValues ?? [];
  const target = source.map((bound) => {
    const at = bounds.findIndex((kept) => kept >= bound);
    return at < 0 ? bounds.length : at;
  });
  const side = withoutEmpty(remapSide(positiveSide(histogram), (index) => target[index] ?? bounds.length));
  return { ...withSides(histogram, side, { indexes: [], counts: [] }), customValues: bounds };
}

/** The histogram in the layout of another one that came out of alignHistograms with something at least as fine. */
export function inLayoutOf(histogram: NativeHistogram, layout: NativeHistogram): NativeHistogram {
  if (usesCustomBuckets(layout)) {
    const bounds = layout.customValues ?? [];
    return sameNumbers(histogram.customValues ?? [], bounds) ? histogram : toCustomBounds(histogram, bounds);
  }
  const widened =
    histogram.zeroThreshold < layout.zeroThreshold ? withLargerZeroBucket(histogram, layout.zeroThreshold) : histogram;
  return reduceResolution(widened, layout.schema);
}

export function combineHints(
  a: CounterResetHint,
  b: CounterResetHint,
): { hint: CounterResetHint; counterResetCollision: boolean } {
  if (a === b) return { hint: a, counterResetCollision: false };
  if (a === 'gauge' || b === 'gauge') return { hint: 'gauge', counterResetCollision: false };
  return { hint: 'unknown', counterResetCollision: a !== 'unknown' && b !== 'unknown' };
}

function mergeSides(a: Side, b: Side, sign: 1 | -1): Side {
  if (b.indexes.length === 0) return a;
  const indexes: number[] = [];
  const counts: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.indexes.length || j < b.indexes.length) {
    const atA = a.indexes[i] ?? Infinity;
    const atB = b.indexes[j] ?? Infinity;
    indexes.push(Math.min(atA, atB));
    counts.push((atA <= atB ? a.counts[i++]! : 0) + (atB <= atA ? sign * b.counts[j++]! : 0));
  }
  return { indexes, counts };
}

/** Finds the smallest zero threshold that lies within no populated bucket of either, and moves both there. */
function reconcileZeroBuckets(a: NativeHistogram, b: NativeHistogram): [NativeHistogram, NativeHistogram] {
  let left = a;
  let right = b;
  while (left.zeroThreshold !== right.zeroThreshold) {
    if (left.zeroThreshold > right.zeroThreshold) right = withLargerZeroBucket(right, left.zeroThreshold);
    else left = withLargerZeroBucket(left, right.zeroThreshold);
  }
  return [left, right];
}

/**
 * What zero count and threshold the histogram would have with at least the given threshold. A populated bucket that the
 * threshold would cut is taken in whole, which moves the threshold further out.
 */
export function zeroCountForThreshold(histogram: NativeHistogram, threshold: number): { count: number; threshold: number } {
  if (threshold === histogram.zeroThreshold) return { count: histogram.zeroCount, threshold };
  const positive = sideBuckets(histogram, 'positive');
  const negative = sideBuckets(histogram, 'negative');
  for (;;) {
    let count = histogram.zeroCount;
    let wanted = threshold;
    for (const bucket of positive) {
      if (bucket.lower >= wanted) break;
      count += bucket.count;
      if (bucket.upper > wanted && bucket.count !== 0) wanted = bucket.upper;
    }
    for (const bucket of negative) {
      if (bucket.upper <= -wanted) break;
      count += bucket.count;
      if (bucket.lower < -wanted && bucket.count !== 0) wanted = -bucket.lower;
    }
    // A threshold that the negative side moved changes what the positive side gives: go round again.
    if (wanted === threshold) return { count, threshold };
    threshold = wanted;
  }
}

function withLargerZeroBucket(histogram: NativeHistogram, atLeast: number): NativeHistogram {
  const { count, threshold } = zeroCountForThreshold(histogram, atLeast);
  const outside = (index: number): boolean => exponentialBound(index - 1, histogram.schema) >= threshold;
  const moved = { ...histogram, zeroCount: count, zeroThreshold: threshold };
  return withSides(moved, filterSide(positiveSide(histogram), outside), filterSide(negativeSide(histogram), outside));
}

/** The histogram at a lower (or the same) exponential schema. Throws RangeError where the resolution would have to grow. */
export function reduceResolution(histogram: NativeHistogram, schema: number): NativeHistogram {
  if (schema === histogram.schema) return histogram;
  if (usesCustomBuckets(histogram) || schema > histogram.schema) {
    throw new RangeError(`cannot change a histogram from schema ${histogram.schema} to ${schema}`);
  }
  return withSides(
    { ...histogram, schema },
    reduceSide(positiveSide(histogram), histogram.schema, schema),
    reduceSide(negativeSide(histogram), histogram.schema, schema),
  );
}

/** Every count and the sum times a factor; a negative factor makes a gauge. */
export function scaleHistogram(histogram: NativeHistogram, factor: number): NativeHistogram {
  return mapCounts(histogram, (count) => count * factor, factor < 0);
}

/** Every count and the sum by a divisor; zero leaves no buckets, a negative divisor makes a gauge. */
export function divHistogram(histogram: NativeHistogram, divisor: number): NativeHistogram {
  const divided = mapCounts(histogram, (count) => count / divisor, divisor < 0);
  if (divisor !== 0) return divided;
  return { ...divided, positiveSpans: [], positiveBuckets: [], negativeSpans: [], negativeBuckets: [] };
}

function mapCounts(histogram: NativeHistogram, map: (count: number) => number, toGauge: boolean): NativeHistogram {
  return {
    ...histogram,
    zeroCount: map(histogram.zeroCount),
    count: map(histogram.count),
    sum: map(histogram.sum),
    positiveBuckets: histogram.positiveBuckets.map(map),
    negativeBuckets: histogram.negativeBuckets.map(map),
    counterResetHint: toGauge ? 'gauge' : histogram.counterResetHint,
  };
}

export function withHint(histogram: NativeHistogram, counterResetHint: CounterResetHint): NativeHistogram {
  return histogram.counterResetHint === counterResetHint ? histogram : { ...histogram, counterResetHint };
}

/** Without empty buckets and with the fewest spans. Source: FloatHistogram.Compact(0). */
export function compactHistogram(histogram: NativeHistogram): NativeHistogram {
  return withSides(histogram, withoutEmpty(positiveSide(histogram)), withoutEmpty(negativeSide(histogram)));
}

/**
 * Equality of data: same buckets (also the empty ones) with the same counts; NaN equals NaN, the hint does not matter.
 * Source: FloatHistogram.Equals.
 */
export function histogramsEqual(a: NativeHistogram, b: NativeHistogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    (!usesCustomBuckets(a) || sameNumbers(a.customValues ?? [], b.customValues ?? [])) &&
    sidesEqual(positiveSide(a), positiveSide(b)) &&
    sidesEqual(negativeSide(a), negativeSide(b))
  );
}

function sidesEqual(a: Side, b: Side): boolean {
  return sameNumbers(a.indexes, b.indexes) && sameNumbers(a.counts, b.counts);
}

export function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((value, i) => Object.is(value, b[i])));
}
