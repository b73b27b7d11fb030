import type { Job, Logger } from '@pitot/core';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';

export interface EdgeJobOptions {
  readonly log: Logger;
  /** How long a client's span waits for the span of whom it called before its own attributes decide. Default 60 s. */
  readonly waitMs?: number;
  /** How far apart the two spans of a call may arrive. Default 10 min. */
  readonly lookbackMs?: number;
  /** How long after its arrival a span is taken to be visible, with all that was inserted before it. Default 3 s. */
  readonly settleMs?: number;
}

/** Finds the calls between services in the spans that arrived since its last run, each exactly once, and adds them to `service_edges`. */
export function createEdgeJob(clickhouse: ClickHouse, options: EdgeJobOptions): Job {
  return {
    name: 'service-edges',
    summary: 'Finds the calls between services in the spans that came.',
    intervalMs: 10_000,
    run: async () => options.log.debug({ kind: clickhouse.kind }, 'no edges yet'),
  };
}
