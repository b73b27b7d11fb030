import type { NativeHistogram } from '@pitot/core';
import { negativeSide, positiveSide, withSides, type Side } from './histogram-buckets.ts';
import {
  addHistograms,
  alignHistograms,
  combineHints,
  compactHistogram,
  divHistogram,
  inLayoutOf,
  scaleHistogram,
  withHint,
  type CombineFlags,
} from './histogram-math.ts';

/**
 * A histogram and what its additions lost to rounding, number by number in the same layout (Neumaier's variant of
 * Kahan's sum). Source: Prometheus util/kahansum and FloatHistogram.KahanAdd.
 */
interface Compensated {
  readonly value: NativeHistogram;
  readonly error: NativeHistogram;
}

function startSum(first: NativeHistogram): Compensated {
  return { value: first, error: { ...withoutBuckets(first), zeroCount: 0, count: 0, sum: 0 } };
}

function withoutBuckets(histogram: NativeHistogram): NativeHistogram {
  return { ...histogram, positiveSpans: [], positiveBuckets: [], negativeSpans: [], negativeBuckets: [] };
}

function addCompensated(sum: Compensated, next: NativeHistogram): Compensated & { nhcbBoundsReconciled: boolean } {
  const { left, right, nhcbBoundsReconciled } = alignHistograms(sum.value, next);
  const error = left === sum.value ? sum.error : inLayoutOf(sum.error, left);
  const { hint } = combineHints(left.counterResetHint, right.counterResetHint);
  const positive = mergeCompensated(positiveSide(left), positiveSide(error), positiveSide(right));
  const negative = mergeCompensated(negativeSide(left), negativeSide(error), negativeSide(right));
  const [zeroCount, zeroError] = neumaier(left.zeroCount, error.zeroCount, right.zeroCount);
  const [count, countError] = neumaier(left.count, error.count, right.count);
  const [total, totalError] = neumaier(left.sum, error.sum, right.sum);
  const value = withSides({ ...left, counterResetHint: hint, zeroCount, count, sum: total }, positive.sums, negative.sums);
  const losses = { ...error, zeroCount: zeroError, count: countError, sum: totalError };
  return { value, error: withSides(losses, positive.errors, negative.errors), nhcbBoundsReconciled };
}

function neumaier(sum: number, error: number, next: number): [sum: number, error: number] {
  const total = sum + next;
  if (total === Infinity || total === -Infinity) return [total, 0];
  const lost = Math.abs(sum) >= Math.abs(next) ? sum - total + next : next - total + sum;
  return [total, error + lost];
}

function mergeCompensated(sums: Side, errors: Side, next: Side): { sums: Side; errors: Side } {
  const indexes: number[] = [];
  const totals: number[] = [];
  const losses: number[] = [];
  let s = 0;
  let e = 0;
  let n = 0;
  for (;;) {
    const index = Math.min(sums.indexes[s] ?? Infinity, errors.indexes[e] ?? Infinity, next.indexes[n] ?? Infinity);
    if (index === Infinity) break;
    const sum = sums.indexes[s] === index ? sums.counts[s++]! : 0;
    const error = errors.indexes[e] === index ? errors.counts[e++]! : 0;
    const [total, loss] = neumaier(sum, error, next.indexes[n] === index ? next.counts[n++]! : 0);
    indexes.push(index);
    totals.push(total);
    losses.push(loss);
  }
  return { sums: { indexes, counts: totals }, errors: { indexes, counts: losses } };
}

function settle(sum: Compensated): NativeHistogram {
  const settled = addHistograms(sum.value, withHint(sum.error, sum.value.counterResetHint)).histogram;
  return compactHistogram(settled);
}

function scaled(sum: Compensated, factor: number): Compensated {
  return { value: scaleHistogram(sum.value, factor), error: scaleHistogram(sum.error, factor) };
}

function overflows(histogram: NativeHistogram): boolean {
  const infinite = (value: number): boolean => value === Infinity || value === -Infinity;
  return (
    infinite(histogram.count) ||
    infinite(histogram.sum) ||
    infinite(histogram.zeroCount) ||
    histogram.positiveBuckets.some(infinite) ||
    histogram.negativeBuckets.some(infinite)
  );
}

/** Collects, over everything added, what an aggregation has to annotate. */
class FlagCollector {
  #reset = false;
  #notReset = false;
  #reconciled = false;

  see(histogram: NativeHistogram, reconciled: boolean): void {
    this.#reset ||= histogram.counterResetHint === 'reset';
    this.#notReset ||= histogram.counterResetHint === 'not_reset';
    this.#reconciled ||= reconciled;
  }

  get flags(): CombineFlags {
    return { counterResetCollision: this.#reset && this.#notReset, nhcbBoundsReconciled: this.#reconciled };
  }
}

/** Sum of histograms with compensated rounding, for `sum` and `sum_over_time`. */
export class HistogramSum {
  #sum: Compensated;
  readonly #seen = new FlagCollector();

  constructor(first: NativeHistogram) {
    this.#sum = startSum(first);
    this.#seen.see(first, false);
  }

  /** Throws IncompatibleHistogramsError; the sum is then of no more use. */
  add(next: NativeHistogram): CombineFlags {
    const { nhcbBoundsReconciled, ...sum } = addCompensated(this.#sum, next);
    this.#sum = sum;
    this.#seen.see(next, nhcbBoundsReconciled);
    return this.#seen.flags;
  }

  /** Of everything added so far. */
  get flags(): CombineFlags {
    return this.#seen.flags;
  }

  result(): NativeHistogram {
    return settle(this.#sum);
  }
}

/**
 * Mean of histograms, for `avg` and `avg_over_time`: a compensated sum divided at the end, or, once that sum would
 * overflow, a running mean.
 */
export class HistogramMean {
  #state: Compensated;
  #count = 1;
  #running = false;
  readonly #seen = new FlagCollector();

  constructor(first: NativeHistogram) {
    this.#state = startSum(first);
    this.#seen.see(first, false);
  }

  /** Throws IncompatibleHistogramsError; the mean is then of no more use. */
  add(next: NativeHistogram): CombineFlags {
    this.#count++;
    this.#seen.see(next, this.#running ? this.#addToMean(next) : this.#addToSum(next));
    return this.#seen.flags;
  }

  /** Of everything added so far. */
  get flags(): CombineFlags {
    return this.#seen.flags;
  }

  result(): NativeHistogram {
    if (this.#running || this.#count === 1) return settle(this.#state);
    return settle({
      value: divHistogram(this.#state.value, this.#count),
      error: divHistogram(this.#state.error, this.#count),
    });
  }

  #addToSum(next: NativeHistogram): boolean {
    const { nhcbBoundsReconciled, ...sum } = addCompensated(this.#state, next);
    if (overflows(sum.value)) {
      this.#running = true;
      this.#state = scaled(this.#state, 1 / (this.#count - 1));
      return this.#addToMean(next);
    }
    this.#state = sum;
    return nhcbBoundsReconciled;
  }

  #addToMean(next: NativeHistogram): boolean {
    const weighted = scaled(this.#state, (this.#count - 1) / this.#count);
    const { nhcbBoundsReconciled, ...mean } = addCompensated(weighted, divHistogram(next, this.#count));
    this.#state = mean;
    return nhcbBoundsReconciled;
  }
}
