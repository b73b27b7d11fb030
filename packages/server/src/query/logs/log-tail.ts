import { AppError, toAppError, type Clock, type LogRecord, type TailMessage } from '@pitot/core';
import type { ClickHouse } from '../../store/clickhouse/clickhouse.ts';
import { conditionOf, type LogFilter } from '../../store/logs/log-filter.ts';
import { readArrivals, readLastSequence, readNewSequence } from '../../store/logs/log-tail.ts';

export interface LogTailOptions {
  readonly clickhouse: ClickHouse;
  readonly clock: Clock;
  readonly intervalMs: number;
}

const MOST_TAILS = 100;
/** Records of one message; of more, the latest are shown. */
const MOST_RECORDS = 200;
/** Records that wait for a slow reader. */
const MOST_WAITING = 1000;

/** Everyone who follows the same query in the same environment: it is asked once for all of them. */
interface Group {
  readonly filter: LogFilter;
  readonly followers: Set<Follower>;
}

/**
 * Records as they are stored. One look a second serves all who follow, and runs only while there are some. Goes by the order of arrival: a record counts as
 * new whatever its own time says. Batches are stored in the order in which they came.
 */
export class LogTail {
  readonly #options: LogTailOptions;
  readonly #groups = new Map<string, Group>();
  readonly #closed = new AbortController();
  #isLooking = false;
  #last = 0n;

  constructor(options: LogTailOptions) {
    this.#options = options;
  }

  /** Follows what matches from now on. `key` is the same for the same filter. Throws `bad_query`, `too_many_requests`. */
  async open(filter: LogFilter, key: string, signal: AbortSignal | undefined): Promise<AsyncIterable<TailMessage>> {
    const count = [...this.#groups.values()].reduce((sum, { followers }) => sum + followers.size, 0);
    if (count >= MOST_TAILS) throw new AppError('too_many_requests', `${MOST_TAILS} tails are open already; close some pages`, { retryAfterSeconds: 30 });
    conditionOf(filter);
    if (this.#groups.size === 0) this.#last = await readLastSequence(this.#options.clickhouse, this.#options.clock.nowMs(), signal);
    const group = this.#groups.get(key) ?? { filter, followers: new Set() };
    const follower = new Follower();
    group.followers.add(follower);
    this.#groups.set(key, group);
    if (!this.#isLooking) void this.#look();
    const ended = signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal;
    const leave = (): void => {
      follower.end();
      group.followers.delete(follower);
      if (group.followers.size === 0 && this.#groups.get(key) === group) this.#groups.delete(key);
    };
    if (ended.aborted) leave();
    else ended.addEventListener('abort', leave, { once: true });
    return follower.messages(() => {
      ended.removeEventListener('abort', leave);
      leave();
    });
  }

  close(): void {
    this.#closed.abort();
  }

  async #look(): Promise<void> {
    const { clickhouse, intervalMs } = this.#options;
    const { signal } = this.#closed;
    this.#isLooking = true;
    while (this.#groups.size > 0 && !signal.aborted) {
      await pause(intervalMs, signal);
      // A store that does not answer now is asked again.
      const to = await readNewSequence(clickhouse, this.#last, signal).catch(() => this.#last);
      if (to === this.#last) continue;
      const from = this.#last;
      this.#last = to;
      await Promise.all([...this.#groups.values()].map((group) => this.#deliver(group, from, to, signal)));
    }
    this.#isLooking = false;
  }

  async #deliver({ filter, followers }: Group, from: bigint, to: bigint, signal: AbortSignal): Promise<void> {
    try {
      const { records, skipped } = await readArrivals(this.#options.clickhouse, filter, { from, to, limit: MOST_RECORDS }, signal);
      if (records.length === 0) return;
      const logs = records.map(({ record }) => record);
      for (const follower of followers) follower.add(logs, skipped);
    } catch (error) {
      for (const follower of followers) follower.fail(toAppError(error));
    }
  }
}

/** One who follows: what waits for him. */
class Follower {
  #logs: LogRecord[] = [];
  #skipped = 0;
  #ended = false;
  #error: AppError | undefined;
  #wake: () => void = () => {};

  add(logs: readonly LogRecord[], skipped: number): void {
    this.#logs.push(...logs);
    const tooMany = Math.max(0, this.#logs.length - MOST_WAITING);
    this.#logs.splice(0, tooMany);
    this.#skipped += skipped + tooMany;
    this.#wake();
  }

  fail(error: AppError): void {
    this.#error = error;
    this.end();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *messages(onLeave: () => void): AsyncGenerator<TailMessage, void, undefined> {
    try {
      for (;;) {
        if (this.#logs.length > 0) {
          const message = { logs: this.#logs, skipped: this.#skipped };
          this.#logs = [];
          this.#skipped = 0;
          yield message;
        } else if (this.#ended) {
          if (this.#error) throw this.#error;
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
      }
    } finally {
      onLeave();
    }
  }
}

function pause(lengthMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, lengthMs);
    signal.addEventListener('abort', done, { once: true });
  });
}
