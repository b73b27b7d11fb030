import type { Clock, IngestMonitor, Limits, Logger, Meter, MetricSink, TelemetryWriter } from '@pitot/core';
import { AppError } from '@pitot/core';
import type { SpoolFiles } from './spool/spool-files.ts';

export interface IngestOptions {
  /** The spool lives in `<dataDirectory>/spool`. The caller owns the directory (see app/data-directory.ts). */
  readonly dataDirectory: string;
  readonly writer: TelemetryWriter;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Meter;
  /** Samples older than this are turned away. */
  readonly retentionMs: number;
  /** A segment goes to the store when its first record is this old. Default 1 s. */
  readonly sealAfterMs?: number;
  /** A segment goes to the store when it is this large. Default 32 MiB. */
  readonly sealAtBytes?: number;
  /** For tests: the jitter of the circuit breaker's backoff, in [0, 1). */
  readonly random?: () => number;
  /** For tests: waits between attempts to reach the store; resolves early when the signal aborts. */
  readonly wait?: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** For tests: the disk under the spool. */
  readonly files?: SpoolFiles;
}

/** The way between the doors and the store. */
export interface Ingest {
  /** What receivers and collectors write to. Usable before `start`: the spool takes data as soon as the ingest exists. */
  readonly sink: MetricSink;
  readonly monitor: IngestMonitor;
  /** Begins to hand what is in the spool to the store, and the housekeeping. */
  start(): void;
  /**
   * Takes nothing more (`shutting_down`), and stores what is in the spool for at most `timeoutMs` (a duration, not a
   * point in time). The rest stays on disk for the next start. Never throws.
   */
  drain(timeoutMs: number): Promise<void>;
  /** Ends everything and closes files. Without `drain` before, what is not stored yet stays in the spool. */
  close(): Promise<void>;
}

/** Opens the spool (recovering what a crash left) and makes the sink. Throws when the directory cannot be used. */
export async function createIngest(options: IngestOptions): Promise<Ingest> {
  throw new AppError('internal', `ingest into ${options.dataDirectory} is not wired yet`);
}
