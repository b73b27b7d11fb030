import type { MetricReader, ReadBudget } from '@pitot/core';

export interface Count {
  readonly name: string;
  readonly value: number;
}

/** What `/api/v1/status/tsdb` shows. Each list is the largest first. */
export interface Cardinality {
  readonly seriesCount: number;
  readonly labelPairCount: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly seriesCountByMetricName: readonly Count[];
  readonly labelValueCountByLabelName: readonly Count[];
  readonly memoryInBytesByLabelName: readonly Count[];
  /** Named `label=value`. */
  readonly seriesCountByLabelValuePair: readonly Count[];
}

const HOUR_MS = 3_600_000;

/** Counts the series of the last hour. */
export async function readCardinality(reader: MetricReader, nowMs: number, limit: number, budget: ReadBudget): Promise<Cardinality> {
  const minTimeMs = nowMs - HOUR_MS;
  const series = await reader.series({ ...budget, selectors: [], minTimeMs, maxTimeMs: nowMs });
  /** label name → value → series that carry it. */
  const labels = new Map<string, Map<string, number>>();
  for (const set of series) {
    for (let i = 0; i < set.length; i += 2) {
      const name = set[i]!;
      let values = labels.get(name);
      if (!values) labels.set(name, (values = new Map()));
      const value = set[i + 1]!;
      values.set(value, (values.get(value) ?? 0) + 1);
    }
  }
  const perLabel = (measure: (values: Map<string, number>) => number) => [...labels].map(([name, values]) => ({ name, value: measure(values) }));
  const pairs = [...labels].flatMap(([name, values]) => [...values].map(([value, count]) => ({ name: `${name}=${value}`, value: count })));
  const metrics = [...(labels.get('__name__') ?? [])].map(([name, value]) => ({ name, value }));
  return {
    seriesCount: series.length,
    labelPairCount: pairs.length,
    minTimeMs,
    maxTimeMs: nowMs,
    seriesCountByMetricName: largest(metrics, limit),
    labelValueCountByLabelName: largest(perLabel((values) => values.size), limit),
    memoryInBytesByLabelName: largest(perLabel(valueBytes), limit),
    seriesCountByLabelValuePair: largest(pairs, limit),
  };
}

function valueBytes(values: Map<string, number>): number {
  let sizeBytes = 0;
  for (const value of values.keys()) sizeBytes += Buffer.byteLength(value);
  return sizeBytes;
}

function largest(counts: readonly Count[], limit: number): Count[] {
  return counts.toSorted((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1)).slice(0, limit);
}
