import { setImmediate as nextTurn } from 'node:timers/promises';
import { toAppError, type AppError, type Counter, type ListenerContext, type Meter } from '@pitot/core';
import { writeLogsRequest } from '@pitot/core/otlp-writer';
import { logGroupsOf, type Received } from './log-groups.ts';
import { parseSyslog } from './message.ts';

/** A message waits for others at most this long. */
const LINGER_MS = 200;
const BATCH_MESSAGES = 1000;
const BATCH_BYTES = 4 * 1024 * 1024;
const QUEUE_MESSAGES = 20_000;
const QUEUE_BYTES = 32 * 1024 * 1024;
const RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
/** `close` promises five seconds. */
const FLUSH_GRACE_MS = 4000;

/** Why messages were lost: label values of `pitot_syslog_dropped_total`. */
type DropReason = 'queue_full' | 'refused' | 'stopped';

interface Counters {
  readonly dropped: Counter;
  readonly truncated: Counter;
}

/** A meter has each name once, and UDP and TCP count under the same. */
const counters = new WeakMap<Meter, Counters>();

function countersOf(meter: Meter): Counters {
  let known = counters.get(meter);
  if (known === undefined) {
    known = {
      dropped: meter.counter('pitot_syslog_dropped_total', 'Syslog messages that were received and lost.', ['receiver', 'reason']),
      truncated: meter.counter('pitot_syslog_truncated_total', 'Syslog messages that were longer than limits.log_body_bytes and were cut.', ['receiver']),
    };
    counters.set(meter, known);
  }
  return known;
}

/**
 * Gathers messages into requests to the sink, one at a time. Where the sink takes nothing for now, the request is tried again until it does; what
 * comes meanwhile waits in a queue with a bound, and a listener that can hold its senders back does so.
 */
export class Shipper {
  readonly #context: ListenerContext;
  readonly #receiver: string;
  readonly #dropped: Counter;
  readonly #truncated: Counter;
  #queue: Received[] = [];
  #queueBytes = 0;
  #linger: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #isClosing = false;
  #isClosed = false;
  /** Ends the pause before the next attempt. */
  #endPause: () => void = () => {};
  /** Called when there is room again after there was none. */
  onRoom: () => void = () => {};
  #wasFull = false;

  constructor(context: ListenerContext, receiver: string) {
    this.#context = context;
    this.#receiver = receiver;
    const { dropped, truncated } = countersOf(context.meter);
    this.#dropped = dropped;
    this.#truncated = truncated;
  }

  get isFull(): boolean {
    return this.#queue.length >= QUEUE_MESSAGES || this.#queueBytes >= QUEUE_BYTES;
  }

  /** Parses and queues a message; the bytes are free afterwards. */
  add(bytes: Buffer, peer: string, isCut: boolean): void {
    const receivedMs = this.#context.clock.nowMs();
    if (isCut) this.#truncated.inc(1, { receiver: this.#receiver });
    this.#queue.push({ message: parseSyslog(bytes, receivedMs), receivedMs, peer, isCut, sizeBytes: bytes.length });
    this.#queueBytes += bytes.length;
    if (this.isFull) this.#wasFull = true;
    if (this.#queue.length >= BATCH_MESSAGES || this.#queueBytes >= BATCH_BYTES || this.#isClosing) this.#send();
    else this.#linger ??= setTimeout(() => this.#send(), LINGER_MS);
  }

  /** Counts messages that a listener could not hold back. */
  drop(count: number, reason: DropReason): void {
    this.#dropped.inc(count, { receiver: this.#receiver, reason });
  }

  /** From now on nothing waits for others. */
  flush(): void {
    this.#isClosing = true;
    this.#endPause();
    this.#send();
  }

  /** Sends what is there; what the sink still does not take after four seconds is counted as lost. */
  async close(): Promise<void> {
    this.flush();
    let cut: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      cut = setTimeout(resolve, FLUSH_GRACE_MS);
    });
    await Promise.race([this.#sending, grace]);
    clearTimeout(cut);
    this.#isClosed = true;
    this.#endPause();
    await Promise.race([this.#sending, nextTurn()]);
    if (this.#queue.length === 0) return;
    this.drop(this.#queue.length, 'stopped');
    this.#context.log.warn({ receiver: this.#receiver, messages: this.#queue.length }, 'syslog messages lost: the store took nothing until the end');
    this.#queue = [];
  }

  #send(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    if (this.#sending !== undefined || this.#queue.length === 0 || this.#isClosed) return;
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0 && !this.#isClosed) {
      const batch = this.#nextBatch();
      if (!(await this.#deliver(batch))) {
        this.#queue = [...batch, ...this.#queue];
        break;
      }
      this.#queueBytes -= sizeOf(batch);
      if (this.#wasFull && this.#queue.length <= QUEUE_MESSAGES / 2 && this.#queueBytes <= QUEUE_BYTES / 2) {
        this.#wasFull = false;
        this.onRoom();
      }
    }
  }

  #nextBatch(): Received[] {
    const most = Math.min(BATCH_MESSAGES, this.#context.limits.records_per_request, this.#queue.length);
    let count = 0;
    for (let bytes = 0; count < most && (count === 0 || bytes < BATCH_BYTES); count++) bytes += this.#queue[count]!.sizeBytes;
    return this.#queue.splice(0, count);
  }

  /** False where the listener was closed before the sink took the batch. */
  async #deliver(batch: readonly Received[]): Promise<boolean> {
    const bytes = writeLogsRequest(logGroupsOf(batch));
    for (let failures = 0; !this.#isClosed; failures++) {
      try {
        await this.#context.logs.take(bytes, { receiver: this.#receiver });
        return true;
      } catch (thrown) {
        const error = toAppError(thrown);
        if (error.kind !== 'limited' && error.kind !== 'unavailable') {
          this.drop(batch.length, 'refused');
          this.#context.log.error({ err: error, receiver: this.#receiver, messages: batch.length }, 'syslog messages refused');
          return true;
        }
        if (failures === 0) this.#context.log.warn({ receiver: this.#receiver, code: error.code }, 'syslog messages wait: the store takes nothing for now');
        await this.#pause(error, failures);
      }
    }
    return false;
  }

  /** Waits as long as the sink says, or a second and then longer; a flush cuts it short. */
  #pause({ retryAfterSeconds }: AppError, failures: number): Promise<void> {
    const said = retryAfterSeconds === undefined ? RETRY_MS * 2 ** Math.min(failures, 5) : retryAfterSeconds * 1000;
    const delayMs = this.#isClosing ? LINGER_MS : Math.min(said, MAX_RETRY_MS);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function sizeOf(batch: readonly Received[]): number {
  return batch.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
