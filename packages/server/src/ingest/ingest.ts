import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CircuitBreakerState, Clock, IngestMonitor, Limits, Logger, LogSink, Meter, MetricSink, SpanSink, TelemetryWriter } from '@pitot/core';
import { Admission } from './admission.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { loadKnownSeries, saveKnownSeries } from './known-series.ts';
import { LogPipeline } from './logs/log-pipeline.ts';
import type { LogProcessor, PatternMiner } from './logs/log-processor.ts';
import { MetricPipeline } from './metric-pipeline.ts';
import { Rejections } from './rejections.ts';
import { SeriesRegistry } from './series-registry.ts';
import { SignalCommits } from './signals/signal-commits.ts';
import { SNAPSHOT_INTERVAL_MS, SourceTable } from './source-table.ts';
import { SpanPipeline } from './spans/span-pipeline.ts';
import { openDiskSpool } from './spool/disk-spool.ts';
import { diskFiles, type SpoolFiles } from './spool/spool-files.ts';
import type { Spool } from './spool/spool.ts';
import { StoreShipper } from './store-shipper.ts';

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
  /** The same for log records and for spans. Default: `retentionMs`. */
  readonly logsRetentionMs?: number;
  readonly tracesRetentionMs?: number;
  /** Rules over log records (ingest/log-rules) and the miner of their patterns (ingest/log-patterns). Without: none. */
  readonly logProcessor?: LogProcessor;
  readonly patternMiner?: PatternMiner;
  /**
   * A segment goes to the store when its first record is this old. Default: from 1 s to 4 s, so that the store is at work for a fifth of the time at
   * most: an insert of a few spans costs nearly what one of thousands does.
   */
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
  readonly logs: LogSink;
  readonly spans: SpanSink;
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

const MIB = 1024 * 1024;
const LEAST_SEAL_MS = 1000;
const MOST_SEAL_MS = 4000;
/** Of the time, at most, in which the store is at work. */
const STORING_SHARE = 0.2;
const BLOCKS_IN_MEMORY_BYTES = 64 * MIB;
/** A minute. */
const SWEEP_EVERY_SNAPSHOTS = 12;
/** An hour: by then what the earlier process knew is here, or gone. */
const FORGET_KNOWN_AFTER_SNAPSHOTS = 720;
/** Ten minutes. */
const SAVE_KNOWN_EVERY_SNAPSHOTS = 120;
const BREAKER_VALUE: Readonly<Record<CircuitBreakerState, number>> = { CLOSED: 0, HALF_OPEN: 1, OPEN: 2 };
const SECONDS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Opens the spool (recovering what a crash left) and makes the sink. Throws when the directory cannot be used. */
export async function createIngest(options: IngestOptions): Promise<Ingest> {
  const { limits, clock, log, meter, retentionMs } = options;
  const spool = await openDiskSpool({
    directory: join(options.dataDirectory, 'spool'),
    files: options.files ?? diskFiles,
    clock,
    log,
    sealAfterMs: options.sealAfterMs ?? LEAST_SEAL_MS,
    sealAtBytes: options.sealAtBytes ?? 32 * MIB,
    memoryBytes: BLOCKS_IN_MEMORY_BYTES,
    fsyncSeconds: meter.histogram('pitot_spool_fsync_seconds', 'Time to make a group of commits durable.', SECONDS_BUCKETS),
  });
  const breaker = new CircuitBreaker({
    clock,
    random: options.random ?? Math.random,
    onChange: (state) => log.warn({ state }, `circuit breaker to the store is ${state}`),
  });
  const rejections = new Rejections({ meter, log, clock, limits });
  const sources = new SourceTable();
  const registry = new SeriesRegistry({ limits, clock, log, sources, onReject: (reason, detail) => rejections.log(reason, detail) });
  const knownSeriesPath = join(options.dataDirectory, 'spool', 'known-series');
  registry.known.replace(await loadKnownSeries(knownSeriesPath));
  const saveKnown = async (): Promise<void> => {
    await saveKnownSeries(knownSeriesPath, registry.fingerprints()).catch((error: unknown) => {
      log.warn({ err: error }, 'the list of known series cannot be saved; after a restart they count as new');
    });
  };
  const samplesTotal = meter.counter('pitot_ingest_samples_total', 'Samples and histograms taken.', ['receiver']);
  const admission = new Admission({ spool, breaker, limits });
  const pipeline = new MetricPipeline({ registry, sources, rejections, spool, admission, limits, retentionMs, clock, samplesTotal });
  const commits = new SignalCommits({ admission, rejections, sources, spool, clock, meter });
  const windowOf = (signalRetentionMs = retentionMs): number => Math.min(signalRetentionMs, (limits.out_of_order_window_seconds ?? Infinity) * 1000);
  const logs = new LogPipeline({
    commits,
    limits,
    clock,
    meter,
    windowMs: windowOf(options.logsRetentionMs),
    ...(options.logProcessor && { processor: options.logProcessor }),
    ...(options.patternMiner && { miner: options.patternMiner }),
  });
  const spans = new SpanPipeline({ commits, limits, clock, windowMs: windowOf(options.tracesRetentionMs) });
  const shipper = new StoreShipper({
    spool,
    writer: options.writer,
    breaker,
    log,
    wait: options.wait ?? waitOrAbort,
    insertSeconds: meter.histogram('pitot_store_insert_seconds', 'Time of one insert of a spool segment.', SECONDS_BUCKETS, ['table']),
    ...(options.sealAfterMs === undefined && { onStored: (durationMs: number) => spool.sealAfter(Math.min(MOST_SEAL_MS, Math.max(LEAST_SEAL_MS, durationMs / STORING_SHARE))) }),
    quarantined: meter.counter('pitot_spool_quarantined_segments_total', 'Spool segments the store refused again and again.'),
  });
  observe(meter, clock, registry, spool, breaker);
  return {
    sink: pipeline,
    logs,
    spans,
    monitor: createMonitor(options, registry, sources, spool, breaker, shipper),
    ...lifecycle(admission, shipper, spool, saveKnown, startHousekeeping(clock, registry, sources, saveKnown)),
  };
}

function lifecycle(
  admission: Admission,
  shipper: StoreShipper,
  spool: Spool,
  saveKnown: () => Promise<void>,
  stopHousekeeping: () => void,
): Pick<Ingest, 'start' | 'drain' | 'close'> {
  return {
    start: () => shipper.start(),
    async drain(timeoutMs) {
      admission.drain();
      await Promise.all([saveKnown(), shipper.drain(AbortSignal.timeout(Math.max(0, timeoutMs)))]);
    },
    async close() {
      stopHousekeeping();
      admission.drain();
      await shipper.stop();
      await spool.close();
    },
  };
}

function startHousekeeping(clock: Clock, registry: SeriesRegistry, sources: SourceTable, saveKnown: () => Promise<void>): () => void {
  let snapshots = 0;
  const timer = setInterval(() => {
    sources.snapshot(clock.nowMs());
    if (++snapshots % SWEEP_EVERY_SNAPSHOTS === 0) registry.sweep();
    if (snapshots === FORGET_KNOWN_AFTER_SNAPSHOTS) registry.known.clear();
    if (snapshots % SAVE_KNOWN_EVERY_SNAPSHOTS === 0) void saveKnown();
  }, SNAPSHOT_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function createMonitor(
  { clock, limits }: IngestOptions,
  registry: SeriesRegistry,
  sources: SourceTable,
  spool: Spool,
  breaker: CircuitBreaker,
  shipper: StoreShipper,
): IngestMonitor {
  return {
    circuitBreaker: () => breaker.state,
    spool: () => ({
      sizeBytes: spool.sizeBytes,
      limitBytes: limits.spool_bytes,
      records: spool.records,
      oldestAgeMs: oldestAgeMs(spool, clock),
      lastError: shipper.lastError,
    }),
    activeSeries: () => registry.activeSeries,
    sources: () => sources.statuses(clock.nowMs()),
  };
}

function observe(meter: Meter, clock: Clock, registry: SeriesRegistry, spool: Spool, breaker: CircuitBreaker): void {
  meter.observe('pitot_active_series', 'Series with a sample in the last hour.', () => registry.activeSeries);
  meter.observe('pitot_series_memory_bytes', 'Memory of the series registry.', () => registry.sizeBytes);
  meter.observe('pitot_spool_bytes', 'Bytes that are durable but not yet in the store.', () => spool.sizeBytes);
  meter.observe('pitot_spool_records', 'Commits that are durable but not yet in the store.', () => spool.records);
  meter.observe('pitot_spool_oldest_seconds', 'Age of the oldest commit that is not yet in the store.', () => oldestAgeMs(spool, clock) / 1000);
  meter.observe('pitot_circuit_breaker_state', 'The way to the store: 0 closed, 1 half open, 2 open.', () => BREAKER_VALUE[breaker.state]);
}

function oldestAgeMs(spool: Spool, clock: Clock): number {
  return spool.oldestMs === undefined ? 0 : Math.max(0, clock.nowMs() - spool.oldestMs);
}

async function waitOrAbort(durationMs: number, signal: AbortSignal): Promise<void> {
  await delay(durationMs, undefined, { signal }).catch(() => {});
}
