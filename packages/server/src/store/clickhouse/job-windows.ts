import type { ClickHouse } from './clickhouse.ts';
import { readRows } from '../metrics/exemplar-reading.ts';

/** A piece of the engine's time, (startMs, endMs], in which rows arrived. */
export interface JobWindow {
  readonly startMs: number;
  readonly endMs: number;
}

export interface JobWindowsOptions {
  readonly job: string;
  /** The table whose rows are worked on; it has a column `Arrived` of the engine's time. */
  readonly table: 'spans_recent' | 'otel_traces_landing';
  /** How long after its arrival a row is taken to be visible, with all that arrived before it. */
  readonly settleMs: number;
  /** A run that has fallen behind goes on in pieces of this size. */
  readonly longestMs: number;
  /** How long a row waits, at most, before the work on it is done: a window's work is on rows from this long before it, too. */
  readonly waitMs: number;
}

/**
 * Gives a job each piece of time exactly once. The piece is written down before the work and ticked off after it: after a crash the same
 * piece comes again, whose inserts, under tokens made of it, are no-ops where they were done. One process may run a job at a time.
 */
export class JobWindows {
  readonly #clickhouse: ClickHouse;
  readonly #options: JobWindowsOptions;
  #last: JobWindow | undefined;
  #isDone = true;

  constructor(clickhouse: ClickHouse, options: JobWindowsOptions) {
    this.#clickhouse = clickhouse;
    this.#options = options;
  }

  /** The piece to work on; undefined where there is nothing yet. The same piece again until `done` was called. */
  async next(signal: AbortSignal): Promise<JobWindow | undefined> {
    if (this.#last === undefined) await this.#recall(signal);
    if (this.#last !== undefined && !this.#isDone) return this.#last;
    const { settleMs, longestMs, waitMs, table } = this.#options;
    const afterMs = this.#last === undefined ? 0 : this.#last.endMs - waitMs;
    const [[upToMs, firstMs]] = (await readRows<[number, number]>(
      this.#clickhouse,
      // A statement that is still inserting has rows of its beginning; what it shows comes with its end.
      "SELECT least(toUnixTimestamp64Milli(now64(3)) - {settleMs:Int64}, (SELECT toUnixTimestamp64Milli(now64(3)) - if(count() = 0, toInt64({settleMs:Int64}), toInt64(max(elapsed) * 1000) + 1000) FROM system.processes WHERE query_kind = 'Insert')) AS upTo, " +
        `(SELECT toUnixTimestamp64Milli(min(Arrived)) FROM ${table} WHERE Arrived > fromUnixTimestamp64Milli({afterMs:Int64})) AS first`,
      { params: { settleMs, afterMs }, signal },
    )) as [[number, number]];
    // Nothing has come, and nothing waits any more.
    if (firstMs === 0) return undefined;
    // Between windows in which nothing came lies nothing to do.
    const startMs = Math.max(this.#last?.endMs ?? 0, firstMs - 1);
    const window = { startMs, endMs: Math.min(upToMs, startMs + longestMs) };
    if (window.endMs <= startMs) return undefined;
    await this.#write(window, 0, signal);
    this.#last = window;
    this.#isDone = false;
    return window;
  }

  /** Ticks the piece off; true where more has settled already than one piece may hold. */
  async done(window: JobWindow, signal: AbortSignal): Promise<boolean> {
    await this.#write(window, 1, signal);
    this.#isDone = true;
    return window.endMs - window.startMs >= this.#options.longestMs;
  }

  async #recall(signal: AbortSignal): Promise<void> {
    const sql =
      'SELECT toUnixTimestamp64Milli(Start), toUnixTimestamp64Milli(End), max(IsDone) FROM job_windows WHERE Job = {job:String} GROUP BY Start, End ORDER BY End DESC, Start DESC LIMIT 1';
    const [row] = await readRows<[number, number, number]>(this.#clickhouse, sql, { params: { job: this.#options.job }, signal });
    if (!row) return;
    this.#last = { startMs: row[0], endMs: row[1] };
    this.#isDone = row[2] === 1;
  }

  #write({ startMs, endMs }: JobWindow, isDone: 0 | 1, signal: AbortSignal): Promise<void> {
    const { job } = this.#options;
    const sql = 'INSERT INTO job_windows (Job, Start, End, IsDone) SELECT {job:String}, fromUnixTimestamp64Milli({startMs:Int64}), fromUnixTimestamp64Milli({endMs:Int64}), {isDone:UInt8}';
    return this.#clickhouse.command(sql, { params: { job, startMs, endMs, isDone }, signal });
  }
}
