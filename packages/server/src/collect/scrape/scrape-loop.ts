import { isUtf8 } from 'node:buffer';
import { AppError, toAppError, type CollectorContext, type Counter, type TargetStatus } from '@pitot/core';
import { waitAtMost } from '@pitot/core';
import type { ScrapeJob } from './config.ts';
import type { HttpClient } from './http-client.ts';
import { isMetricFamilies, readMetricFamilies } from './metric-family.ts';
import { offsetMs, type Target } from './target.ts';
import { SCRAPE_SOURCE, TargetSeries, type ScrapeCounts, type ScrapedBody } from './target-series.ts';

const ACCEPT = 'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
/** Protobuf is slower to read than text, and is asked for only where native histograms are wanted. */
const ACCEPT_NATIVE = `application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,${ACCEPT}`;
/** A safety net where the job sets no body_size_limit. */
const MOST_BODY_BYTES = 256 * 1024 * 1024;
/** New targets are first scraped within this time, spread; then at their place in the interval. */
const FIRST_WITHIN_MS = 2000;
/** A scrape that is late by less takes its scheduled time: even spacing compresses better and keeps rates even. */
const MOST_LATE_MS = 20;
const MOST_LATE_SHARE = 0.005;
const DRAIN_MS = 1500;
const NOTHING: ScrapeCounts = { scraped: 0, kept: 0, added: 0 };

export interface LoopSettings {
  readonly job: ScrapeJob;
  readonly target: Target;
  readonly client: HttpClient;
  /** Why the target must not be scraped (too many targets), or undefined. */
  readonly refusal: string | undefined;
  readonly failures: Counter;
}

/** Scrapes one target at its place in every interval, until it is stopped. */
export class ScrapeLoop {
  readonly #context: CollectorContext;
  readonly #series: TargetSeries;
  readonly #stopping = new AbortController();
  #settings: LoopSettings;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #health: TargetStatus['health'] = 'unknown';
  #lastError = '';
  #lastScrapeMs = 0;
  #lastDurationSeconds = 0;
  #storing = true;

  constructor(context: CollectorContext, settings: LoopSettings) {
    this.#context = context;
    this.#settings = settings;
    this.#series = new TargetSeries(context.metrics, settings.target, settings.job);
    const first = offsetMs(settings.target) % Math.min(FIRST_WITHIN_MS, settings.target.intervalMs);
    this.#schedule(context.clock.nowMs() + first);
  }

  /** Takes over new settings of the same target; its series go on. */
  update(settings: LoopSettings): void {
    const sameJob = settings.job === this.#settings.job;
    this.#settings = settings;
    if (!sameJob) this.#series.update(settings.target, settings.job);
  }

  status(): TargetStatus {
    const { job, target } = this.#settings;
    return {
      scrapePool: job.job_name,
      scrapeUrl: target.url,
      discoveredLabels: target.discoveredLabels,
      labels: Object.fromEntries(target.labels),
      health: this.#health,
      lastError: this.#lastError,
      lastScrapeMs: this.#lastScrapeMs,
      lastScrapeDurationSeconds: this.#lastDurationSeconds,
      scrapeIntervalSeconds: target.intervalMs / 1000,
      scrapeTimeoutSeconds: target.timeoutMs / 1000,
    };
  }

  /** Aborts what is in flight and ends all series of the target with stale markers. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await waitAtMost(this.#running, DRAIN_MS);
    const nowMs = this.#context.clock.nowMs();
    await waitAtMost(
      this.#store((batch) => {
        this.#series.addEnds(batch, nowMs);
        this.#series.addReportEnds(batch, nowMs);
      }),
      DRAIN_MS,
    );
  }

  #schedule(atMs: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#scrapeAt(atMs);
    }, Math.max(0, atMs - this.#context.clock.nowMs()));
  }

  async #scrapeAt(scheduledMs: number): Promise<void> {
    const { target } = this.#settings;
    const nowMs = this.#context.clock.nowMs();
    const late = nowMs - scheduledMs;
    const inTime = Math.abs(late) <= Math.min(MOST_LATE_MS, target.intervalMs * MOST_LATE_SHARE);
    try {
      await this.#scrape(inTime ? scheduledMs : nowMs);
    } catch (error) {
      this.#context.log.error({ target: target.url, error: String(error) }, 'a scrape failed in an unforeseen way');
    }
    if (!this.#stopping.signal.aborted) this.#schedule(this.#nextTime(scheduledMs));
  }

  /** The next time at the target's place in the interval, at least half an interval after the last. */
  #nextTime(lastMs: number): number {
    const { target } = this.#settings;
    const offset = offsetMs(target);
    const nowMs = this.#context.clock.nowMs();
    // A clock that was set back must not silence the target until it catches up.
    const after = Math.max(nowMs, Math.min(lastMs, nowMs) + target.intervalMs / 2);
    return Math.ceil((after - offset) / target.intervalMs) * target.intervalMs + offset;
  }

  async #scrape(scrapeMs: number): Promise<void> {
    const began = performance.now();
    const fetched = await this.#fetch().catch((error: unknown) => toAppError(error));
    if (this.#stopping.signal.aborted) return;
    const durationSeconds = (performance.now() - began) / 1000;
    let problem = fetched instanceof AppError ? fetched : undefined;
    if (!(fetched instanceof AppError)) {
      problem = await this.#store((batch) => {
        const counts = this.#series.add(batch, fetched, scrapeMs);
        this.#series.addReport(batch, scrapeMs, { ...counts, up: true, durationSeconds });
      });
    }
    if (problem !== undefined) {
      await this.#store((batch) => {
        this.#series.addEnds(batch, scrapeMs);
        this.#series.addReport(batch, scrapeMs, { ...NOTHING, up: false, durationSeconds });
      });
    }
    this.#note(problem, scrapeMs, durationSeconds);
  }

  #note(problem: AppError | undefined, scrapeMs: number, durationSeconds: number): void {
    const { job, target, failures } = this.#settings;
    const health = problem === undefined ? 'up' : 'down';
    this.#lastScrapeMs = scrapeMs;
    this.#lastDurationSeconds = durationSeconds;
    this.#lastError = problem?.message ?? '';
    if (problem !== undefined) failures.inc(1, { job: job.job_name });
    if (health === this.#health) return;
    this.#health = health;
    const fields = { job: job.job_name, target: target.url };
    if (problem === undefined) this.#context.log.info(fields, 'target is up');
    else this.#context.log.warn({ ...fields, error: problem.message }, 'target is down');
  }

  async #fetch(): Promise<ScrapedBody> {
    const { job, target, client, refusal } = this.#settings;
    if (refusal !== undefined) throw new AppError('too_many_samples', refusal);
    const answer = await client.get(target.url, {
      headers: {
        accept: job.nativeHistograms ? ACCEPT_NATIVE : ACCEPT,
        'accept-encoding': job.enable_compression ? 'gzip' : 'identity',
        'user-agent': 'Pitot',
        'x-prometheus-scrape-timeout-seconds': String(target.timeoutMs / 1000),
      },
      timeoutMs: target.timeoutMs,
      bodyLimitBytes: job.bodySizeLimitBytes || MOST_BODY_BYTES,
      signal: this.#stopping.signal,
    });
    if (isMetricFamilies(answer.contentType)) return readMetricFamilies(answer.body, job.classicHistograms);
    if (!isUtf8(answer.body)) throw new AppError('bad_payload', 'the body is not UTF-8');
    const dialect = answer.contentType.trimStart().toLowerCase().startsWith('application/openmetrics-text') ? 'openmetrics' : 'text';
    return { text: answer.body.toString('utf8'), dialect };
  }

  /** Fills a batch and makes it durable. Answers what `fill` threw; what the sink throws is logged, and the next scrape tries again. */
  async #store(fill: (batch: ReturnType<CollectorContext['metrics']['begin']>) => void): Promise<AppError | undefined> {
    const batch = this.#context.metrics.begin(SCRAPE_SOURCE);
    try {
      fill(batch);
    } catch (error) {
      return toAppError(error);
    }
    try {
      await batch.commit();
      this.#series.committed();
      this.#storing = true;
    } catch (error) {
      // Said once, not at every scrape for as long as the store is away.
      if (this.#storing) this.#context.log.warn({ target: this.#settings.target.url, error: toAppError(error).message }, 'a scrape was not stored');
      this.#storing = false;
    }
    return undefined;
  }
}
