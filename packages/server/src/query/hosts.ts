import type { Host, MetricReader, ReadBudget } from '@pitot/core';
import type { QueryResult } from '@pitot/promql';

type Instant = (query: string, timeMs: number) => Promise<QueryResult>;

const DAY_MS = 86_400_000;

export async function readHosts(_instant: Instant, _nowMs: number): Promise<Host[]> {
  return [];
}

export function readEnvironments(reader: MetricReader, nowMs: number, budget: ReadBudget): Promise<string[]> {
  return reader.labelValues('deployment_environment_name', { ...budget, selectors: [], minTimeMs: nowMs - DAY_MS, maxTimeMs: nowMs });
}
