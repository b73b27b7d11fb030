/** Durations of calls in logarithmic buckets, four per doubling: can be added up, and gives quantiles within 9 %. */
export interface DurationHistogram {
  /** Calls with a duration; upscaled. */
  readonly count: number;
  readonly sumSeconds: number;
  /** Bucket number to calls; see `bucketUpperSeconds`. */
  readonly buckets: ReadonlyMap<number, number>;
}

const BUCKETS_PER_DOUBLING = 4;

/** A bucket holds durations in (upper of the one before, upper]. */
export function bucketUpperSeconds(bucket: number): number {
  return 2 ** (bucket / BUCKETS_PER_DOUBLING);
}

/** Of a row: the map as JSON has it. Counts that were taken back leave zeros. */
export function durationsOf(map: Readonly<Record<string, number>>, sumSeconds: number): DurationHistogram | null {
  const buckets = new Map<number, number>();
  let count = 0;
  for (const [bucket, calls] of Object.entries(map)) {
    if (calls <= 0) continue;
    buckets.set(Number(bucket), calls);
    count += calls;
  }
  return count === 0 ? null : { count, sumSeconds, buckets };
}
