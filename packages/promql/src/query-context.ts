import { AppError, type Clock, type GridRequest, type GridSeries, type MetricReader, type RawSeries, type SelectRequest } from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';
import { Annotations } from './annotations.ts';
import { CellSlabs } from './grid.ts';

export interface QueryLimits {
  readonly lookbackMs: number;
  readonly maxSamples: number;
  readonly maxSeries: number;
  readonly defaultSubqueryStepMs: number;
}

/** Series between two looks at the clock and the signal: often enough to stop within milliseconds. */
const SERIES_PER_CHECK = 64;

/** A query that computes longer than this lets others run before its next operator. */
const YIELD_AFTER_MS = 25;

/** Samples with fromMs < t <= toMs of all series that match. */
export interface Selection extends Pick<SelectRequest, 'matchers' | 'windows'> {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What one running query carries: its reader, budget, deadline, annotations and statistics. */
export class QueryContext {
  readonly limits: QueryLimits;
  readonly annotations = new Annotations();
  /** For the rows that selectors make, of which an aggregating query has many and its answer none. */
  readonly cells = new CellSlabs(true);
  samplesRead = 0;
  seriesRead = 0;
  readonly #reader: MetricReader;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #deadlineMs: number;
  readonly #signal: AbortSignal | undefined;
  #untilCheck = SERIES_PER_CHECK;
  #yieldedMs: number;

  constructor(reader: MetricReader, limits: QueryLimits, options: { clock: Clock; timeoutMs: number; signal: AbortSignal | undefined }) {
    this.#reader = reader;
    this.limits = limits;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
    this.#yieldedMs = options.clock.nowMs();
    this.#deadlineMs = this.#yieldedMs + options.timeoutMs;
    this.#signal = options.signal;
  }

  /** Call once per series in every loop over series; throws when the query is cancelled or out of time. */
  tick(): void {
    if (--this.#untilCheck > 0) return;
    this.#untilCheck = SERIES_PER_CHECK;
    this.check();
  }

  /** Call between operators: checks, and gives the event loop (other requests, this query's own cancelling) its turn. */
  async breathe(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#yieldedMs > YIELD_AFTER_MS) {
      await new Promise((resume) => setTimeout(resume, 0));
      this.#yieldedMs = this.#clock.nowMs();
    }
    this.check();
  }

  check(): void {
    if (this.#signal?.aborted) throw this.#stopped(this.#signal.reason);
    if (this.#clock.nowMs() > this.#deadlineMs) throw this.#timedOut();
  }

  /** Call before computing rows over a frame: what they would hold counts against the sample limit too. */
  checkCells(rows: number, steps: number): void {
    const { maxSamples } = this.limits;
    if (rows * steps > maxSamples) throw tooLarge(`the query would compute ${rows} series at ${steps} steps`, 'query_max_samples', maxSamples);
  }

  /** Samples with fromMs < t <= toMs of all matching series. */
  async select(selection: Selection): Promise<RawSeries[]> {
    return this.#select(selection);
  }

  /** Hands the samples to `use`, whose answer must not hold on to them: their memory is given back right after it. */
  async withSamples<T>(selection: Selection, use: (series: RawSeries[]) => T): Promise<T> {
    const memory: ArrayBufferView[] = [];
    try {
      return use(await this.#select({ ...selection, memory }));
    } finally {
      memory.forEach(releaseBytes);
    }
  }

  async #select({ fromMs, toMs, ...selection }: Selection & Pick<SelectRequest, 'memory'>): Promise<RawSeries[]> {
    const request = { ...selection, minTimeMs: fromMs + 1, maxTimeMs: toMs, ...this.#budget() };
    const series = await this.#read(() => this.#reader.select(request));
    let samples = 0;
    for (const one of series) samples += one.timestampsMs.length + (one.histograms?.length ?? 0);
    this.#count(series.length, samples);
    return series;
  }

  /** Lets the reader's engine compute a grid; undefined where it cannot. */
  async selectGrid(request: Omit<GridRequest, 'signal' | 'maxSamples' | 'maxSeries'>): Promise<GridSeries | undefined> {
    const { selectGrid } = this.#reader;
    if (!selectGrid) return undefined;
    const grid = await this.#read(() => selectGrid.call(this.#reader, { ...request, ...this.#budget() }));
    if (grid) this.#count(grid.labels.length, grid.samplesRead);
    return grid;
  }

  #budget(): { signal?: AbortSignal; maxSamples: number; maxSeries: number } {
    const { maxSamples, maxSeries } = this.limits;
    return { ...(this.#signal && { signal: this.#signal }), maxSamples: Math.max(0, maxSamples - this.samplesRead), maxSeries };
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    this.check();
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof AppError) && this.#signal?.aborted) throw this.#stopped(error);
      throw error;
    }
  }

  #count(series: number, samples: number): void {
    this.seriesRead += series;
    this.samplesRead += samples;
    const { maxSamples, maxSeries } = this.limits;
    if (series > maxSeries) throw tooLarge(`the query selects ${series} series`, 'query_max_series', maxSeries);
    if (this.samplesRead > maxSamples) throw tooLarge('the query would load too many samples into memory', 'query_max_samples', maxSamples);
  }

  #stopped(cause: unknown): AppError {
    if (cause instanceof AppError) return cause;
    if (cause instanceof Error && cause.name === 'TimeoutError') return this.#timedOut();
    return new AppError('canceled', 'query was canceled in expression evaluation', { cause });
  }

  #timedOut(): AppError {
    const seconds = this.#timeoutMs / 1000;
    const message = `query timed out in expression evaluation after ${seconds} s; narrow it or raise limits.query_timeout_seconds`;
    return new AppError('query_timeout', message, { fields: { limit: 'query_timeout_seconds', value: seconds } });
  }
}

/** A limit that stopped a query: what happened, which limit, and how to raise it. */
export function tooLarge(what: string, limit: 'query_max_samples' | 'query_max_series' | 'query_max_points', value: number): AppError {
  const message = `${what}; at most ${value} are allowed: narrow the query or raise limits.${limit}`;
  return new AppError('query_too_large', message, { fields: { limit, value } });
}
