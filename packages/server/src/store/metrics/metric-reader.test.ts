import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labelsFromObject, labelsKey, type LabelMatcher, type Labels, type Logger, type MatchType, type TelemetryWriter } from '@pitot/core';
import { encodeNativeBlock } from '@pitot/core/native-block';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClickHouse, QueryOptions } from '../clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../clickhouse/embedded.ts';
import { startBridge } from '../clickhouse/fixtures/bridge-process.ts';
import { samplesBlock, seriesBlock, testSeries, type Sample, type TestSeries } from '../clickhouse/fixtures/metric-blocks.ts';
import { migrateClickHouse } from '../clickhouse/migrate.ts';
import { openClickHouseServer } from '../clickhouse/server.ts';
import { createTelemetryWriter } from '../clickhouse/telemetry-writer.ts';
import { createMetricReader, type StoreMetricReader } from './metric-reader.ts';

const DAY_MS = 86_400_000;
const TODAY_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const NOON_MS = TODAY_MS + DAY_MS / 2;
const STALE = 0x7ff0000000000002n;
const nothing = (): void => {};
const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

const matcher = (name: string, type: MatchType, value: string): LabelMatcher => ({ name, type, value });
const named = (name: string): LabelMatcher => matcher('__name__', '=', name);
const window = { minTimeMs: NOON_MS, maxTimeMs: NOON_MS + 3_600_000 };

interface Opened {
  readonly engine: ClickHouse;
  stop(): Promise<void>;
}

async function openEmbedded(path: string): Promise<Opened> {
  const engine = await openEmbeddedClickHouse({ path, memoryBytes: 1e9, threads: 2, log });
  return { engine, stop: () => engine.close() };
}

async function openServer(path: string): Promise<Opened> {
  const bridge = await startBridge(path);
  const engine = await openClickHouseServer({ url: bridge.url, log });
  return { engine, stop: () => engine.close().then(() => bridge.stop()) };
}

describe.each([
  ['chDB', openEmbedded],
  ['a server', openServer],
])('the metric reader on %s', (_, open) => {
  const directory = mkdtempSync(join(tmpdir(), 'pitot-reader-'));
  let stop: () => Promise<void>;
  let clickhouse: ClickHouse;
  let writer: TelemetryWriter;
  let reader: StoreMetricReader;
  let queries = 0;
  let tokens = 0;
  const fresh = () => createMetricReader(clickhouse, { clock: { nowMs: () => NOON_MS }, log });
  const insert = (table: Parameters<TelemetryWriter['insert']>[0], block: Uint8Array) => writer.insert(table, [block], `t${tokens++}`);

  beforeAll(async () => {
    const opened = await open(directory);
    const { engine } = opened;
    stop = opened.stop;
    const { queryBlocks } = engine;
    clickhouse = {
      kind: engine.kind,
      query: (sql: string, options?: QueryOptions) => (queries++, engine.query(sql, options)),
      ...(queryBlocks && { queryBlocks: (sql: string, options?: QueryOptions) => (queries++, queryBlocks.call(engine, sql, options)) }),
      command: (sql, options) => engine.command(sql, options),
      insertNative: (table, columns, blocks, options) => engine.insertNative(table, columns, blocks, options),
      version: () => engine.version(),
      close: () => engine.close(),
    };
    await migrateClickHouse(clickhouse, { retentionMs: 30 * DAY_MS });
    reader = fresh();
    writer = createTelemetryWriter(clickhouse, (table, blocks) => reader.learn(table, blocks));
  });
  afterAll(async () => {
    await reader.close();
    await stop();
    rmSync(directory, { recursive: true });
  });

  it('gives each sample once, in order, whatever order and however often it came', async () => {
    const series = Array.from({ length: 300 }, (_, i) => testSeries(i, labelsFromObject({ __name__: 'shuffled', n: String(i) })));
    const samples = series.flatMap((one, i) => Array.from({ length: 150 }, (_, k): Sample => [one, NOON_MS + k * 1000 + i, i + k / 10]));
    await insert('metric_series', seriesBlock(series.map((one) => [one, NOON_MS])));
    const shuffled = samples.toSorted((a, b) => Number((BigInt(a[1]) * 7919n + a[0].id) % 1009n) - Number((BigInt(b[1]) * 7919n + b[0].id) % 1009n));
    await insert('metric_samples', samplesBlock(shuffled.slice(0, 30_000)));
    await insert('metric_samples', samplesBlock(shuffled.slice(20_000)));
    await insert('metric_samples', samplesBlock(shuffled.slice(0, 10_000)));
    const found = await reader.select({ matchers: [named('shuffled')], ...window });
    expect(found).toHaveLength(300);
    for (const { labels, timestampsMs, values, stale } of found) {
      const i = Number(labels[labels.indexOf('n') + 1]);
      expect([...timestampsMs]).toEqual(Array.from({ length: 150 }, (_, k) => NOON_MS + k * 1000 + i));
      expect([...values]).toEqual(Array.from({ length: 150 }, (_, k) => i + k / 10));
      expect(stale).toBeUndefined();
    }
  });

  it('includes both ends of the window, and marks stale samples but not other NaN', async () => {
    const series = testSeries(1001, labelsFromObject({ __name__: 'ends' }));
    await insert('metric_series', seriesBlock([[series, NOON_MS]]));
    const samples: Sample[] = [[series, NOON_MS - 1, 1], [series, NOON_MS, 2], [series, NOON_MS + 5, STALE], [series, NOON_MS + 6, NaN], [series, NOON_MS + 3_600_000, 3], [series, NOON_MS + 3_600_001, 4]];
    await insert('metric_samples', samplesBlock(samples));
    const [found] = await reader.select({ matchers: [named('ends')], ...window });
    expect([...found!.values]).toEqual([2, NaN, NaN, 3]);
    expect([...found!.stale!]).toEqual([0, 1, 0, 0]);
  });

  it('leaves out what no window looks at', async () => {
    const series = testSeries(1002, labelsFromObject({ __name__: 'windows' }));
    await insert('metric_series', seriesBlock([[series, NOON_MS]]));
    const times = Array.from({ length: 3000 }, (_, i) => NOON_MS + i * 777);
    await insert('metric_samples', samplesBlock(times.map((timeMs): Sample => [series, timeMs, timeMs % 10])));
    const windows = { startMs: NOON_MS + 60_000, stepMs: 300_000, windowMs: 45_000 };
    const [found] = await reader.select({ matchers: [named('windows')], ...window, windows });
    const looksAt = (timeMs: number) => Array.from({ length: 14 }, (_, k) => windows.startMs + k * windows.stepMs).some((end) => timeMs > end - windows.windowMs && timeMs <= end);
    expect([...found!.timestampsMs]).toEqual(times.filter(looksAt));
    const narrow = { ...windows, windowMs: 200_000 };
    expect((await reader.select({ matchers: [named('windows')], ...window, windows: narrow }))[0]!.values).toHaveLength(3000);
  });

  it('agrees with a plain filter for every kind of matcher, cold and warm and after a restart', async () => {
    const series = grid();
    await insert('metric_series', seriesBlock(series.map((one) => [one, NOON_MS])));
    await insert('metric_samples', samplesBlock(series.map((one): Sample => [one, NOON_MS + 1, 1])));
    for (const subject of [reader, fresh()]) {
      for (const matchers of SELECTORS) {
        const expected = series.filter(({ labels }) => plainMatch(labels, matchers)).map(({ labels }) => labelsKey(labels));
        const only = [...matchers, matcher('suite', '=', 'grid')];
        const found = (await subject.select({ matchers: only, ...window })).map(({ labels }) => labelsKey(labels));
        expect({ matchers, found: found.sort() }).toEqual({ matchers, found: expected.sort() });
        const listed = (await subject.series({ selectors: [only], ...window })).map(labelsKey);
        expect({ matchers, listed: listed.sort() }).toEqual({ matchers, listed: expected });
      }
    }
  });

  it('says which pattern is not RE2', async () => {
    await expect(reader.series({ selectors: [[named('x'), matcher('a', '=~', '(?=x)')]], ...window })).rejects.toMatchObject({ code: 'bad_query', message: expect.stringContaining('(?=x)') as string });
  });

  it('answers labels from memory once warm, also of series that came since', async () => {
    await reader.series({ selectors: [[named('shuffled')]], ...window });
    const before = queries;
    const late = testSeries(2001, labelsFromObject({ __name__: 'shuffled', n: 'late' }));
    await insert('metric_series', seriesBlock([[late, NOON_MS]]));
    const request = { selectors: [[named('shuffled')]], ...window };
    expect(await reader.labelValues('n', request)).toContain('late');
    expect(await reader.labelNames(request)).toEqual(['__name__', 'n']);
    expect(await reader.series({ ...request, limit: 5 })).toHaveLength(5);
    expect(queries).toBe(before);
  });

  it('finds what another process has inserted after a while, where there may be others', async () => {
    let nowMs = Date.now();
    const other = createMetricReader(clickhouse, { clock: { nowMs: () => nowMs }, log });
    const request = { selectors: [[named('elsewhere')], [matcher('__name__', '=~', 'else.+')]], ...window };
    const [first, second] = [1, 2].map((n) => testSeries(5000 + n, labelsFromObject({ __name__: 'elsewhere', n: String(n) }))) as [TestSeries, TestSeries];
    await insert('metric_series', seriesBlock([[first, NOON_MS]]));
    expect(await other.labelValues('n', request)).toEqual(['1']);
    await insert('metric_series', seriesBlock([[second, NOON_MS]]));
    expect(await other.labelValues('n', request)).toEqual(['1']);
    nowMs += 20_000;
    expect(await other.labelValues('n', request)).toEqual(clickhouse.kind === 'server' ? ['1', '2'] : ['1']);
  });

  it('knows on which days a series was there', async () => {
    const old = testSeries(3001, labelsFromObject({ __name__: 'daily', when: 'before' }));
    const now = testSeries(3002, labelsFromObject({ __name__: 'daily', when: 'now' }));
    await insert('metric_series', seriesBlock([[old, NOON_MS - 5 * DAY_MS], [old, NOON_MS - 4 * DAY_MS], [now, NOON_MS]]));
    const values = (minTimeMs: number, maxTimeMs: number) => reader.labelValues('when', { selectors: [[named('daily')]], minTimeMs, maxTimeMs });
    expect(await values(NOON_MS, NOON_MS)).toEqual(['now']);
    expect(await values(NOON_MS - 4 * DAY_MS, NOON_MS - 3 * DAY_MS)).toEqual(['before']);
    expect(await values(NOON_MS - 6 * DAY_MS, NOON_MS)).toEqual(['before', 'now']);
    expect(await values(NOON_MS - 3 * DAY_MS, NOON_MS - DAY_MS)).toEqual([]);
  });

  it('stops at the limits, naming the key', async () => {
    const select = (limits: object) => reader.select({ matchers: [named('shuffled')], ...window, ...limits });
    await expect(select({ maxSamples: 44_999 })).rejects.toMatchObject({ code: 'query_too_large', message: expect.stringContaining('limits.query_max_samples') as string });
    // Copies that are not merged yet count too: they are read.
    expect(await select({ maxSamples: 100_000 })).toHaveLength(300);
    await expect(select({ maxSeries: 299 })).rejects.toMatchObject({ code: 'query_too_large', message: expect.stringContaining('limits.query_max_series') as string });
    await expect(select({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'canceled' });
  });

  it('keeps no more series in memory than it may', async () => {
    const small = createMetricReader(clickhouse, { clock: { nowMs: () => NOON_MS }, log, mostSeriesInMemory: 310 });
    await small.series({ selectors: [[named('shuffled')]], ...window });
    expect(await small.series({ selectors: [[matcher('suite', '=', 'grid')]], ...window })).not.toHaveLength(0);
    expect(small.seriesInMemory).toBeLessThanOrEqual(310);
    expect(await small.series({ selectors: [[named('shuffled')]], ...window })).toHaveLength(301);
  });

  it('gives native histograms back as they came', async () => {
    const series = testSeries(4001, labelsFromObject({ __name__: 'latency', job: 'a' }));
    await insert('metric_series', seriesBlock([[series, NOON_MS]]));
    await insert('metric_histograms', histogramBlock(series, [NOON_MS, NOON_MS + 1000]));
    await insert('metric_histograms', histogramBlock(series, [NOON_MS + 1000]));
    await insert('metric_samples', samplesBlock([[series, NOON_MS + 2000, 5]]));
    for (const subject of [reader, fresh()]) {
      const [found] = await subject.select({ matchers: [named('latency')], ...window });
      expect([...found!.timestampsMs]).toEqual([NOON_MS + 2000]);
      expect(found!.histograms!.map(({ timestampMs }) => timestampMs)).toEqual([NOON_MS, NOON_MS + 1000]);
      expect(found!.histograms![1]!.histogram).toEqual({
        schema: 3,
        zeroThreshold: 1e-128,
        zeroCount: 2,
        count: 12,
        sum: 18.5,
        positiveSpans: [{ offset: -2, length: 2 }, { offset: 1, length: 1 }],
        positiveBuckets: [3, 4, 3],
        negativeSpans: [],
        negativeBuckets: [],
        counterResetHint: 'not_reset',
      });
    }
  });

  it('gives metadata and exemplars', async () => {
    const row = (name: string, type: string, help: string, updated: number) => encodeNativeBlock('metric_metadata', 1, { name: [name], type: [type], help: [help], unit: [''], updated: BigInt64Array.of(BigInt(updated)) });
    await insert('metric_metadata', row('shuffled', 'gauge', 'old', NOON_MS));
    await insert('metric_metadata', row('shuffled', 'gauge', "what's new", NOON_MS + 1));
    await insert('metric_metadata', row('other', 'counter', 'x', NOON_MS));
    expect(await reader.metadata({ metric: 'shuffled', limit: 1 })).toEqual([
      { metric: 'shuffled', type: 'gauge', help: "what's new", unit: '' },
      { metric: 'shuffled', type: 'gauge', help: 'old', unit: '' },
    ]);
    expect((await reader.metadata({})).map(({ metric }) => metric)).toEqual(['other', 'shuffled', 'shuffled']);
    const series = testSeries(1001, labelsFromObject({ __name__: 'ends' }));
    const exemplar = encodeNativeBlock('metric_exemplars', 1, { metric: Uint32Array.of(series.metric), series: BigUint64Array.of(series.id), timestamp: BigInt64Array.of(BigInt(NOON_MS)), value: Float64Array.of(0.25), label_names: [['trace_id']], label_values: [['abc']] });
    await insert('metric_exemplars', exemplar);
    await insert('metric_exemplars', exemplar.slice());
    expect(await reader.exemplars({ selectors: [[named('ends')]], ...window })).toEqual([
      { labels: ['__name__', 'ends'], exemplars: [{ labels: ['trace_id', 'abc'], value: 0.25, timestampMs: NOON_MS }] },
    ]);
  });

  it('counts series, labels and pairs', async () => {
    const found = await reader.cardinality({ limit: 2 });
    expect(found.seriesCountByMetricName).toHaveLength(2);
    expect(found.seriesCountByMetricName[0]).toEqual({ name: 'grid_a', value: 400 });
    expect(found.labelValueCountByLabelName[0]).toEqual({ name: 'pod', value: 360 });
    expect(found.minTimeMs).toBe(NOON_MS - 1);
    expect(found.seriesCountByLabelValuePair[0]!.value).toBeGreaterThanOrEqual(400);
  });
});

const SELECTORS: readonly (readonly LabelMatcher[])[] = [
  [],
  [named('grid_a')],
  [named('grid_a'), matcher('pod', '=', 'p17')],
  [named('grid_a'), matcher('pod', '=', '')],
  [named('grid_a'), matcher('pod', '!=', '')],
  [named('grid_a'), matcher('ns', '!=', 'n1')],
  [matcher('__name__', '=~', 'grid_.')],
  [matcher('__name__', '=~', 'grid_a|grid_b'), matcher('ns', '=~', 'n(1|2)')],
  [matcher('__name__', '!~', 'grid_a|.*[c-z]')],
  [matcher('ns', '=', 'n2'), matcher('zone', '=', 'z1')],
  [matcher('pod', '=~', 'p1.*')],
  [matcher('pod', '=~', 'p1.+')],
  [matcher('pod', '!~', 'p1.*')],
  [matcher('zone', '=~', '|z1')],
  [matcher('pod', '=~', '(?i)P3[0-9]')],
  [matcher('ns', '=', 'nowhere')],
];

function grid(): TestSeries[] {
  const found: TestSeries[] = [];
  for (const [m, name] of ['grid_a', 'grid_b', 'grid_c'].entries()) {
    for (let i = 0; i < (m === 0 ? 400 : 40); i++) {
      const zone: Record<string, string> = i % 3 === 0 ? {} : { zone: `z${i % 3}` };
      found.push(testSeries(10_000 + m * 1000 + i, labelsFromObject({ __name__: name, suite: 'grid', pod: i % 10 === 9 ? '' : `p${i}`, ns: `n${i % 4}`, Upper: 'x', ...zone })));
    }
  }
  return found;
}

function plainMatch(labels: Labels, matchers: readonly LabelMatcher[]): boolean {
  return matchers.every(({ name, type, value }) => {
    const at = labels.indexOf(name);
    const text = at >= 0 && at % 2 === 0 ? labels[at + 1]! : '';
    const [, flags = '', body = value] = /^\(\?(i)\)(.*)$/s.exec(value) ?? [];
    const equal = type.endsWith('~') ? new RegExp(`^(?:${body})$`, `s${flags}`).test(text) : text === value;
    return type.startsWith('!') ? !equal : equal;
  });
}

function histogramBlock(series: TestSeries, times: readonly number[]): Uint8Array {
  const floats = (value: number) => Float64Array.from(times, () => value);
  const lists = (value: readonly number[]) => times.map(() => value);
  return encodeNativeBlock('metric_histograms', times.length, {
    metric: Uint32Array.from(times, () => series.metric),
    series: BigUint64Array.from(times, () => series.id),
    timestamp: BigInt64Array.from(times, BigInt),
    schema: Int8Array.from(times, () => 3),
    zero_threshold: floats(1e-128),
    zero_count: floats(2),
    count: floats(12),
    sum: floats(18.5),
    positive_offsets: lists([-2, 1]),
    positive_lengths: lists([2, 1]),
    positive_buckets: lists([3, 4, 3]),
    negative_offsets: lists([]),
    negative_lengths: lists([]),
    negative_buckets: lists([]),
    custom_values: lists([]),
    reset_hint: Uint8Array.from(times, () => 2),
  });
}
