import type { Job, Logger } from '@pitot/core';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { once } from '../clickhouse/exactly-once.ts';
import { ADD_EDGES, COUNT_CALLS } from './edge-sql.ts';
import { JobWindows, type JobWindow } from '../clickhouse/job-windows.ts';

export interface EdgeJobOptions {
  readonly log: Logger;
  /** How long a client's span waits for the span of whom it called before its own attributes decide. Default 60 s. */
  readonly waitMs?: number;
  /** How far apart the two spans of a call may arrive. Default 10 min. */
  readonly lookbackMs?: number;
  /** How long after its arrival a span is taken to be visible, with all that was inserted before it. Default 3 s. */
  readonly settleMs?: number;
}

const MINUTE_MS = 60_000;
const LONGEST_WINDOW_MS = MINUTE_MS;
/** Windows of one run, when it has fallen behind. */
const MOST_WINDOWS = 30;

/** Finds the calls between services in the spans that arrived since its last run, each exactly once, and adds them to `service_edges`. */
export function createEdgeJob(clickhouse: ClickHouse, { log, waitMs = MINUTE_MS, lookbackMs = 10 * MINUTE_MS, settleMs = 3000 }: EdgeJobOptions): Job {
  const windows = new JobWindows(clickhouse, { job: 'service-edges', table: 'spans_recent', settleMs, longestMs: LONGEST_WINDOW_MS, waitMs });
  const addEdges = edgeAdder(clickhouse, { waitMs, lookbackMs });
  return {
    name: 'service-edges',
    summary: 'Finds the calls between services in the spans that came.',
    intervalMs: 10_000,
    async run(signal) {
      for (let i = 0; i < MOST_WINDOWS; i++) {
        const window = await windows.next(signal);
        if (window === undefined) return;
        await addEdges(window, signal);
        log.debug(window, 'edges of this window are stored');
        if (!(await windows.done(window, signal))) return;
      }
    },
  };
}

/** Adds the calls of a window of arrivals; the same window again changes nothing. */
export function edgeAdder(clickhouse: ClickHouse, { waitMs, lookbackMs }: { readonly waitMs: number; readonly lookbackMs: number }): (window: JobWindow, signal: AbortSignal) => Promise<void> {
  return async ({ startMs, endMs }, signal) => {
    const run = (sql: string, step: string): Promise<void> => clickhouse.command(sql, { params: { startMs, endMs, waitMs, lookbackMs }, settings: once(`service-${step}-${startMs}-${endMs}`), signal });
    await run(COUNT_CALLS, 'calls');
    await run(ADD_EDGES, 'edges');
  };
}
