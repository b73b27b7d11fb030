import type { BucketSpan } from '@pitot/core';

/** Gaps up to this many buckets are filled with zeros rather than starting another span, as client_golang does. */
const MAX_FILLED_GAP = 2;

/** Bucket index (Prometheus' counting) to count; sparse, because an index may be any 32-bit number. */
export type Buckets = ReadonlyMap<number, number>;

/** Spans and absolute counts of sparse buckets. */
export function layOut(buckets: Buckets): { spans: BucketSpan[]; counts: number[] } {
  const spans: { offset: number; length: number }[] = [];
  const counts: number[] = [];
  let next = 0;
  for (const index of [...buckets.keys()].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    const gap = index - next;
    if (last === undefined || gap > MAX_FILLED_GAP) spans.push({ offset: gap, length: 1 });
    else {
      for (let i = 0; i < gap; i++) counts.push(0);
      last.length += gap + 1;
    }
    counts.push(buckets.get(index)!);
    next = index + 1;
  }
  return { spans, counts };
}

/** Merges buckets into those of a coarser schema: each step down joins two. Bucket i is (base^(i-1), base^i]. */
export function coarser(buckets: Buckets, steps: number): Buckets {
  if (steps === 0) return buckets;
  const merged = new Map<number, number>();
  for (const [index, count] of buckets) {
    const to = Math.ceil(index / 2 ** steps);
    merged.set(to, (merged.get(to) ?? 0) + count);
  }
  return merged;
}

/** The counts of both. */
export function added(a: Buckets, b: Buckets): Buckets {
  const sum = new Map(a);
  for (const [index, count] of b) sum.set(index, (sum.get(index) ?? 0) + count);
  return sum;
}

/** Takes the buckets that lie wholly or partly within the zero bucket out, and says how many observations those were. */
export function withoutNearZero(buckets: Buckets, schema: number, zeroThreshold: number): { buckets: Buckets; count: number } {
  const kept = new Map<number, number>();
  let count = 0;
  const growth = 2 ** -schema;
  for (const [index, inBucket] of buckets) {
    // The lower bound of bucket i is 2^((i - 1) · 2^-schema).
    if (2 ** ((index - 1) * growth) < zeroThreshold) count += inBucket;
    else kept.set(index, inBucket);
  }
  return { buckets: kept, count };
}
