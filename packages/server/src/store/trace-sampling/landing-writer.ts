import { TABLES, type TelemetryWriter } from '@pitot/core';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import type { TraceSampling } from './sampling-configuration.ts';

const COLUMNS = TABLES.otel_traces.map(([name]) => name);

/** Lets spans wait for the decision on their trace; everything else goes where `writer` puts it. */
export function createLandingWriter(clickhouse: ClickHouse, writer: TelemetryWriter): TelemetryWriter {
  return {
    insert: (table, blocks, token, signal) =>
      table === 'otel_traces' ? clickhouse.insertNative('otel_traces_landing', COLUMNS, blocks, { token, ...(signal && { signal }) }) : writer.insert(table, blocks, token, signal),
  };
}

/**
 * A subquery of all spans, kept and still waiting, in place of `otel_traces` where one trace is read by its id while traces are sampled. A
 * span can be there twice for a moment, while it is moved: readers look at span ids anyway.
 */
export function spansWithWaiting({ decision_wait_seconds: waitS }: TraceSampling): string {
  const columns = [...COLUMNS.map((name) => `\`${name}\``), 'Environment', 'ServiceVersion'].join(', ');
  const decided = `SELECT max(End) - toIntervalMillisecond(${Math.round(waitS * 1000)}) FROM job_windows WHERE Job = 'trace-sampling' AND IsDone = 1`;
  return `(SELECT ${columns} FROM otel_traces UNION ALL SELECT ${columns} FROM otel_traces_landing WHERE Arrived > (${decided}))`;
}
