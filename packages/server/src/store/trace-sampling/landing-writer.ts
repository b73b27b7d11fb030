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

/** Where one trace is read from, by its id, while traces are sampled. */
export interface SampledSpans {
  /** A subquery of the spans whose trace is not decided yet. */
  readonly waiting: string;
  /**
   * A subquery of all spans, kept and waiting, in place of `otel_traces`. A span can be there twice for a moment, while it is moved: readers look
   * at span ids anyway.
   */
  readonly all: string;
}

export function sampledSpans({ decision_wait_seconds: waitS }: TraceSampling): SampledSpans {
  const columns = [...COLUMNS.map((name) => `\`${name}\``), 'Environment', 'ServiceVersion'].join(', ');
  const decided = `SELECT max(End) - toIntervalMillisecond(${Math.round(waitS * 1000)}) FROM job_windows WHERE Job = 'trace-sampling' AND IsDone = 1`;
  const landed = `SELECT ${columns} FROM otel_traces_landing WHERE Arrived > (${decided})`;
  return { waiting: `(${landed})`, all: `(SELECT ${columns} FROM otel_traces UNION ALL ${landed})` };
}
