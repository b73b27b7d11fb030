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

/** The duration that a share `q` (0–1) of the calls stays below, interpolated on the logarithm; null where there are none. */
export function quantileSeconds({ buckets }: DurationHistogram, q: number): number | null {
  const ascending = [...buckets].filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
  const total = ascending.reduce((sum, [, count]) => sum + count, 0);
  let rank = q * total;
  for (const [bucket, count] of ascending) {
    if (rank <= count) return 2 ** ((bucket - 1 + rank / count) / BUCKETS_PER_DOUBLING);
    rank -= count;
  }
  const last = ascending.at(-1);
  return last === undefined ? null : bucketUpperSeconds(last[0]);
}

export function mergeDurations(histograms: Iterable<DurationHistogram | null>): DurationHistogram | null {
  const buckets = new Map<number, number>();
  let count = 0;
  let sumSeconds = 0;
  for (const histogram of histograms) {
    if (histogram === null) continue;
    count += histogram.count;
    sumSeconds += histogram.sumSeconds;
    for (const [bucket, calls] of histogram.buckets) buckets.set(bucket, (buckets.get(bucket) ?? 0) + calls);
  }
  return buckets.size === 0 ? null : { count, sumSeconds, buckets };
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
