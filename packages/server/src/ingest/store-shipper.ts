import { AppError, toAppError, type Counter, type Histogram, type Logger, type TableName, type TelemetryWriter } from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';
import { mergeBlocks } from './block-merge.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Spool, SpoolBlock, SpoolSegment } from './spool/spool.ts';

export interface ShipperOptions {
  readonly spool: Spool;
  readonly writer: TelemetryWriter;
  readonly breaker: CircuitBreaker;
  readonly log: Logger;
  readonly wait: (durationMs: number, signal: AbortSignal) => Promise<void>;
  readonly insertSeconds: Histogram;
  readonly quarantined: Counter;
  /** Told how long the store took for a segment. */
  readonly onStored?: (durationMs: number) => void;
}

/** A segment the store refuses this often, for a reason that trying again does not cure, goes to quarantine. */
const MOST_ATTEMPTS = 5;
const REFUSED_BACKOFF_MS = 500;
/** When this many segments in a row are refused it is not the segments: from then on the store counts as down. */
const MOST_QUARANTINED_IN_A_ROW = 3;

/** Series before their samples and patterns before their records, so that what can be found can also be named. */
const TABLE_ORDER: readonly TableName[] = [
  'metric_series',
  'metric_metadata',
  'metric_samples',
  'metric_histograms',
  'metric_exemplars',
  'log_patterns',
  'otel_logs',
  'otel_traces',
];

/** Takes segments from the spool, oldest first, and stores each: one insert per table, with a token that never changes. */
export class StoreShipper {
  lastError = '';
  readonly #options: ShipperOptions;
  #quarantinedInARow = 0;
  #draining = false;
  #running: Promise<void> | undefined;
  readonly #abort = new AbortController();

  constructor(options: ShipperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run(this.#abort.signal);
  }

  /** Stores what is sealed and ends; gives up at the first failure, or when aborted. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true;
    this.start();
    const abort = (): void => this.#abort.abort();
    signal.addEventListener('abort', abort);
    await this.#options.spool.seal();
    const nothingToGain = this.#options.spool.records === 0 || this.#options.breaker.state !== 'CLOSED';
    if (signal.aborted || nothingToGain) abort();
    await this.#running;
    signal.removeEventListener('abort', abort);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (;;) {
      const segment = await this.#options.spool.next(signal);
      if (segment === undefined) return;
      await this.#store(segment, signal);
      if (this.#draining && this.#options.spool.records === 0) return;
      if (signal.aborted) return;
    }
  }

  /** Returns when the segment has left the spool, or when aborted. */
  async #store(segment: SpoolSegment, signal: AbortSignal): Promise<void> {
    const { spool, breaker } = this.#options;
    const stored = new Set<TableName>();
    let refusals = 0;
    while (!signal.aborted) {
      const start = performance.now();
      const failure = await this.#attempt(segment, stored, signal);
      if (failure === undefined) {
        this.#options.onStored?.(performance.now() - start);
        this.#quarantinedInARow = 0;
        this.lastError = '';
        breaker.succeeded();
        return spool.remove(segment);
      }
      if (signal.aborted) return;
      this.lastError = failure.message;
      if (!isRefusal(failure) || this.#quarantinedInARow >= MOST_QUARANTINED_IN_A_ROW) await this.#storeIsDown(segment, failure, signal);
      else if (++refusals >= MOST_ATTEMPTS) return this.#quarantine(segment, failure);
      else await this.#refused(segment, failure, refusals, signal);
    }
  }

  /** Answers what went wrong, or undefined. `stored` has the tables that are in the store already. */
  async #attempt(segment: SpoolSegment, stored: Set<TableName>, signal: AbortSignal): Promise<AppError | undefined> {
    const { writer, breaker, insertSeconds } = this.#options;
    breaker.attempt();
    try {
      const loaded = await segment.load();
      const tables = blocksByTable(loaded);
      for (const table of TABLE_ORDER) {
        const blocks = tables.get(table);
        if (blocks === undefined || stored.has(table)) continue;
        const start = performance.now();
        const merged = mergeBlocks(table, blocks);
        await orAborted(writer.insert(table, [merged], `${segment.id}-${table}`, signal), signal);
        if (merged !== blocks[0]) releaseBytes(merged);
        insertSeconds.observe((performance.now() - start) / 1000, { table });
        stored.add(table);
      }
      if (!segment.isInMemory) for (const { bytes } of loaded) releaseBytes(bytes);
      return undefined;
    } catch (error) {
      return toAppError(error);
    }
  }

  async #storeIsDown(segment: SpoolSegment, failure: AppError, signal: AbortSignal): Promise<void> {
    const { breaker, log, wait } = this.#options;
    breaker.failed();
    const waitMs = breaker.waitMs();
    log.warn({ segment: segment.id, err: failure, breaker: breaker.state, retryInMs: Math.round(waitMs) }, 'the store does not take data; it waits in the spool');
    if (this.#draining) this.#abort.abort();
    else await wait(waitMs, signal);
  }

  async #refused(segment: SpoolSegment, failure: AppError, refusals: number, signal: AbortSignal): Promise<void> {
    const { log, wait } = this.#options;
    log.error({ segment: segment.id, err: failure, attempt: refusals, of: MOST_ATTEMPTS }, 'the store refuses a spool segment');
    await wait(REFUSED_BACKOFF_MS * 2 ** (refusals - 1), signal);
  }

  async #quarantine(segment: SpoolSegment, failure: AppError): Promise<void> {
    const { spool, log, quarantined } = this.#options;
    this.#quarantinedInARow++;
    quarantined.inc();
    log.error(
      { segment: segment.id, records: segment.records, sizeBytes: segment.sizeBytes, err: failure },
      'ACKNOWLEDGED DATA IS NOT STORED: the store refused a spool segment again and again; the file is kept in spool/quarantine. ' +
        'When the cause is cured, move it back into spool/ and restart',
    );
    await spool.quarantine(segment);
  }
}

/** Ends waiting when aborted even if the writer goes on: its token makes the same insert after a restart harmless. */
async function orAborted(insert: Promise<void>, signal: AbortSignal): Promise<void> {
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new AppError('canceled', 'stopped before the store answered'));
    signal.addEventListener('abort', abort);
  });
  try {
    await Promise.race([insert, aborted]);
  } finally {
    signal.removeEventListener('abort', abort!);
  }
}

/**
 * Trying again does not help. Only what is certain counts: a store without memory or disk for the moment also answers with
 * other kinds (`unprocessable`, `unavailable`), and then the data waits.
 */
function isRefusal(error: AppError): boolean {
  return error.kind === 'internal' || error.kind === 'invalid';
}

function blocksByTable(blocks: readonly SpoolBlock[]): Map<TableName, Uint8Array[]> {
  const tables = new Map<TableName, Uint8Array[]>();
  for (const { table, bytes } of blocks) {
    const list = tables.get(table);
    if (list) list.push(bytes);
    else tables.set(table, [bytes]);
  }
  return tables;
}
