import type { NativeHistogram } from '@pitot/core';
import { formatFloat } from './float-format.ts';
import { allBuckets, type Bucket } from './histogram-buckets.ts';

/** A native histogram in Prometheus' HTTP API: numbers as strings, populated buckets only, ascending. */
export interface HistogramJson {
  readonly count: string;
  readonly sum: string;
  /** Absent without populated buckets. */
  readonly buckets?: readonly (readonly [boundaryRule: BoundaryRule, lower: string, upper: string, count: string])[];
}

/** 0: (lower, upper]; 1: [lower, upper); 2: (lower, upper); 3: [lower, upper]. */
type BoundaryRule = 0 | 1 | 2 | 3;

export function histogramToJson(histogram: NativeHistogram): HistogramJson {
  const buckets = allBuckets(histogram)
    .filter((bucket) => bucket.count !== 0)
    .map((bucket) => {
      const { lower, upper, count } = bucket;
      return [boundaryRule(bucket), formatFloat(lower), formatFloat(upper), formatFloat(count)] as const;
    });
  const totals = { count: formatFloat(histogram.count), sum: formatFloat(histogram.sum) };
  return buckets.length === 0 ? totals : { ...totals, buckets };
}

function boundaryRule(bucket: Bucket): BoundaryRule {
  if (bucket.lowerInclusive) return bucket.upperInclusive ? 3 : 1;
  return bucket.upperInclusive ? 0 : 2;
}
