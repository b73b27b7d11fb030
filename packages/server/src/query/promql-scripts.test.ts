import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { labelsKey, TABLES, type CounterResetHint, type HistogramSample, type Logger, type TableName } from '@pitot/core';
import { encodeNativeBlock } from '@pitot/core/native-block';
import { Engine } from '@pitot/promql';
import { runScript, type LoadedSeries, type ScriptReport, type ScriptStore } from '@pitot/promql/promqltest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClickHouse } from '../store/clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../store/clickhouse/embedded.ts';
import { samplesBlock, seriesBlock, testSeries, type Sample, type TestSeries } from '../store/clickhouse/fixtures/metric-blocks.ts';
import { migrateClickHouse } from '../store/clickhouse/migrate.ts';
import { createTelemetryWriter } from '../store/clickhouse/telemetry-writer.ts';
import { createMetricReader, type StoreMetricReader } from '../store/metrics/metric-reader.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const own = resolve(here, '../../../promql/src/promqltest/scripts');
/** Upstream's scripts are no part of this repository; they are looked for beside it. */
const upstream = process.env['PITOT_PROMQLTEST_DIR'] ?? resolve(here, '../../../../../shared/data/promqltest');

const DAY_MS = 86_400_000;
/** Scripts begin at the epoch: nothing may have expired since, nor may its end overflow a DateTime (2106). */
const RETENTION = { retentionMs: 70 * 365 * DAY_MS };
const STALE = 0x7ff0000000000002n;
const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];
const METRIC_TABLES = (Object.keys(TABLES) as TableName[]).filter((name) => name.startsWith('metric_'));
const nothing = (): void => {};
const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

type StoredHistogram = readonly [series: TestSeries, sample: HistogramSample];

function histogramsBlock(rows: readonly StoredHistogram[]): Uint8Array {
  const column = (pick: (histogram: HistogramSample['histogram']) => number): Float64Array => Float64Array.from(rows, ([, { histogram }]) => pick(histogram));
  const lists = <T>(pick: (histogram: HistogramSample['histogram']) => T): T[] => rows.map(([, { histogram }]) => pick(histogram));
  return encodeNativeBlock('metric_histograms', rows.length, {
    metric: Uint32Array.from(rows, ([{ metric }]) => metric),
    series: BigUint64Array.from(rows, ([{ id }]) => id),
    timestamp: BigInt64Array.from(rows, ([, { timestampMs }]) => BigInt(timestampMs)),
    schema: Int8Array.from(rows, ([, { histogram }]) => histogram.schema),
    zero_threshold: column((histogram) => histogram.zeroThreshold),
    zero_count: column((histogram) => histogram.zeroCount),
    count: column((histogram) => histogram.count),
    sum: column((histogram) => histogram.sum),
    positive_offsets: lists(({ positiveSpans }) => positiveSpans.map(({ offset }) => offset)),
    positive_lengths: lists(({ positiveSpans }) => positiveSpans.map(({ length }) => length)),
    positive_buckets: lists(({ positiveBuckets }) => [...positiveBuckets]),
    negative_offsets: lists(({ negativeSpans }) => negativeSpans.map(({ offset }) => offset)),
    negative_lengths: lists(({ negativeSpans }) => negativeSpans.map(({ length }) => length)),
    negative_buckets: lists(({ negativeBuckets }) => [...negativeBuckets]),
    custom_values: lists(({ customValues }) => [...(customValues ?? [])]),
    reset_hint: Uint8Array.from(rows, ([, { histogram }]) => HINTS.indexOf(histogram.counterResetHint)),
  });
}

/** What users query: the embedded engine behind its reader. One engine serves all scripts, emptied in between. */
class StoredScripts implements ScriptStore {
  readonly engine: ScriptStore['engine'] = {
    instant: (query, timeMs, options) => this.#engine.instant(query, timeMs, options),
    range: (query, startMs, endMs, stepMs, options) => this.#engine.range(query, startMs, endMs, stepMs, options),
  };
  readonly #clickhouse: ClickHouse;
  readonly #series = new Map<string, TestSeries>();
  #reader!: StoreMetricReader;
  #engine!: Engine;
  #inserts = 0;

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse;
    this.#restart();
  }

  async append(loaded: readonly LoadedSeries[]): Promise<void> {
    const floats: Sample[] = [];
    const histograms: StoredHistogram[] = [];
    const days = new Map<string, readonly [TestSeries, number]>();
    for (const { labels, points } of loaded) {
      const series = this.#seriesOf(labels);
      for (const { timestampMs, value } of points) {
        const day = Math.floor(timestampMs / DAY_MS);
        days.set(`${series.id} ${day}`, [series, timestampMs]);
        if (value.kind === 'histogram') histograms.push([series, { timestampMs, histogram: value.histogram }]);
        else floats.push([series, timestampMs, value.kind === 'stale' ? STALE : value.value]);
      }
    }
    if (days.size > 0) await this.#insert('metric_series', seriesBlock([...days.values()]));
    if (floats.length > 0) await this.#insert('metric_samples', samplesBlock(floats));
    if (histograms.length > 0) await this.#insert('metric_histograms', histogramsBlock(histograms));
  }

  async clear(): Promise<void> {
    for (const table of METRIC_TABLES) await this.#clickhouse.command(`TRUNCATE TABLE ${table}`);
    this.#restart();
  }

  #restart(): void {
    this.#reader = createMetricReader(this.#clickhouse, { clock: { nowMs: () => DAY_MS }, log });
    this.#engine = new Engine(this.#reader);
  }

  async #insert(table: TableName, block: Uint8Array): Promise<void> {
    const writer = createTelemetryWriter(this.#clickhouse, (name, blocks) => this.#reader.learn(name, blocks));
    await writer.insert(table, [block], `script ${++this.#inserts}`);
  }

  #seriesOf(labels: LoadedSeries['labels']): TestSeries {
    const key = labelsKey(labels);
    const known = this.#series.get(key) ?? testSeries(this.#series.size, labels);
    this.#series.set(key, known);
    return known;
  }
}

describe('PromQL scripts on the embedded store', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pitot-scripts-'));
  let clickhouse: ClickHouse;
  let store: StoredScripts;
  let total = 0;

  beforeAll(async () => {
    clickhouse = await openEmbeddedClickHouse({ path: directory, memoryBytes: 1e9, threads: 2, log });
    await migrateClickHouse(clickhouse, RETENTION);
    store = new StoredScripts(clickhouse);
  });
  afterAll(async () => {
    await clickhouse.close();
    rmSync(directory, { recursive: true, force: true });
    console.info(`PromQL scripts on the embedded store: ${total} evals`);
  });

  async function run(path: string): Promise<ScriptReport> {
    await store.clear();
    const report = await runScript(readFileSync(path, 'utf8'), { name: path, createStore: async () => store });
    total += report.passed;
    return report;
  }

  const scripts = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.test')).sort().map((name) => join(folder, name));
  const paths = [...scripts(own), ...(existsSync(upstream) ? scripts(upstream) : [])];
  if (!existsSync(upstream)) console.warn(`no folder ${upstream} (PITOT_PROMQLTEST_DIR): only our own PromQL scripts run on the store`);

  it.each(paths)('%s passes', { timeout: 120_000 }, async (path) => {
    const report = await run(path);
    expect(report.failed).toEqual([]);
    expect(report.total).toBeGreaterThan(0);
  });
});
