/**
 * A Prometheus native histogram sample, always with absolute float bucket counts (integer histograms from the wire are
 * converted: every integer below 2^53 is exact). Source: Prometheus `model/histogram.FloatHistogram`.
 */
export interface NativeHistogram {
  /** -4…8: exponential, bucket boundaries are powers of 2^(2^-schema). -53: custom buckets (NHCB). */
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positiveSpans: readonly BucketSpan[];
  /** Absolute counts, one per bucket covered by the spans. */
  readonly positiveBuckets: readonly number[];
  readonly negativeSpans: readonly BucketSpan[];
  readonly negativeBuckets: readonly number[];
  /** Upper bounds of custom buckets, ascending, without +Inf; only with schema -53. */
  readonly customValues?: readonly number[];
  readonly counterResetHint: CounterResetHint;
}

export interface BucketSpan {
  /** Gap to the previous span in buckets; for the first span, the index of its first bucket. */
  readonly offset: number;
  readonly length: number;
}

export type CounterResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

export const CUSTOM_BUCKETS_SCHEMA = -53;

/** Bucket counts as the wire formats of integer histograms carry them, each as the difference to the one before, made absolute. */
export function accumulated(deltas: readonly number[]): number[] {
  let count = 0;
  return deltas.map((delta) => (count += delta));
}
