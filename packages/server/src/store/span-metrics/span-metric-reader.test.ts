import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabelMatcher, Logger } from '@pitot/core';
import { labelsToObject } from '@pitot/core';
import { Engine } from '@pitot/promql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../clickhouse/embedded.ts';
import { migrateClickHouse } from '../clickhouse/migrate.ts';
import { MOST_OPERATIONS, OTHER_OPERATIONS } from '../clickhouse/span-metric-views.ts';
import { readRows } from '../metrics/exemplar-reading.ts';
import { createMetricReader } from '../metrics/metric-reader.ts';
import { createEdgeJob } from '../edges/edge-job.ts';
import { combineReaders } from './combined-reader.ts';
import { insertSpans, spansBlock, type TestSpan } from './fixtures/spans.ts';
import { createSpanMetricReader } from './span-metric-reader.ts';
import { TABLES } from '@pitot/core';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MIDNIGHT_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const nothing = (): void => {};
const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const named = (name: string): LabelMatcher => ({ name: '__name__', type: '=', value: name });

/** A seeded stream of numbers in [0, 1). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('metrics made of spans', { timeout: 240_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'pitot-span-metrics-'));
  const next = random(7);
  /** From 22:00 yesterday to 02:00 today; `cart` without a pause, `rare` now and then, `new` since 00:30. */
  const spans: TestSpan[] = [];
  const add = (service: string, endMs: number, more: Partial<TestSpan> = {}): void => {
    const durationMs = more.durationMs ?? 1 + Math.floor(next() * 400);
    spans.push({ trace: `t${spans.length}`, id: `s${spans.length}`, service, startMs: endMs - durationMs, durationMs, ...more });
  };
  for (let t = MIDNIGHT_MS - 2 * HOUR_MS; t < MIDNIGHT_MS + 2 * HOUR_MS; t += 2000) {
    add('cart', t + 700, { isError: next() < 0.1, name: `GET /cart/${Math.floor(next() * 1e6)}`, resource: { 'service.version': '1.2', 'deployment.environment.name': 'prod' } });
    if (next() < 0.004) add('rare', t + 100, { weight: 4 });
    if (t > MIDNIGHT_MS + HOUR_MS / 2) add('new', t + 300, { kind: 'Consumer' });
  }
  let clickhouse: ClickHouse;
  let engine: Engine;
  let queries = 0;
  const nowMs = MIDNIGHT_MS + 3 * HOUR_MS;
  const ends = (service: string) => spans.filter((span) => span.service === service).map((span) => ({ endMs: span.startMs + span.durationMs!, span }));

  beforeAll(async () => {
    const opened = await openEmbeddedClickHouse({ path: directory, memoryBytes: 1e9, threads: 2, sessions: 2, log });
    clickhouse = { ...opened, kind: 'embedded', insertNative: opened.insertNative.bind(opened), command: opened.command.bind(opened), version: () => opened.version(), close: () => opened.close(), query: (sql, options) => (queries++, opened.query(sql, options)) };
    await migrateClickHouse(clickhouse, { retentionMs: 30 * DAY_MS });
    for (let i = 0; i < spans.length; i += 3000) await insertSpans(clickhouse, spans.slice(i, i + 3000), `batch-${i}`);
    const clock = { nowMs: () => nowMs };
    const reader = combineReaders(createMetricReader(clickhouse, { clock, log }), createSpanMetricReader(clickhouse, { clock }));
    engine = new Engine(reader, { maxSamples: 1e7, maxSeries: 1e5, maxPoints: 11_000, timeoutMs: 30_000, clock });
  });
  afterAll(async () => {
    await clickhouse.close();
    rmSync(directory, { recursive: true });
  });

  async function instant(query: string, timeMs: number): Promise<Record<string, number>> {
    const { value } = await engine.instant(query, timeMs);
    if (value.type !== 'vector') throw new Error(value.type);
    return Object.fromEntries(value.samples.map((sample) => [labelsToObject(sample.labels).service_name ?? '', sample.value as number]));
  }

  it('counts as the spans do, over midnight, too', async () => {
    for (const atMs of [MIDNIGHT_MS - HOUR_MS + 20_000, MIDNIGHT_MS, MIDNIGHT_MS + 30_000, MIDNIGHT_MS + HOUR_MS / 2, MIDNIGHT_MS + HOUR_MS, MIDNIGHT_MS + 2 * HOUR_MS]) {
      const counted = await instant('sum by (service_name) (increase(traces_span_metrics_calls_total[1h]))', atMs);
      for (const service of ['cart', 'rare', 'new']) {
        const inWindow = ends(service).filter(({ endMs }) => endMs >= atMs - HOUR_MS && endMs < atMs);
        const weight = inWindow.reduce((sum, { span }) => sum + (span.weight ?? 1), 0);
        const inBuckets = [...new Set(inWindow.map(({ endMs }) => Math.floor(endMs / 10_000)))].map((bucket) => inWindow.filter(({ endMs }) => Math.floor(endMs / 10_000) === bucket).length * (service === 'rare' ? 4 : 1));
        expect(Math.abs((counted[service] ?? 0) - weight), `${service} at ${new Date(atMs).toISOString()}: ${counted[service]} of ${weight}`).toBeLessThanOrEqual(Math.max(0, ...inBuckets) + 0.5);
      }
    }
  });

  it('takes ids out of operations and spells labels as the connector does', async () => {
    const { value } = await engine.instant('traces_span_metrics_calls_total{service_name="cart",status_code="STATUS_CODE_ERROR",span_kind=~"SPAN_KIND_(SERVER|CLIENT)"}', MIDNIGHT_MS + HOUR_MS);
    if (value.type !== 'vector') throw new Error(value.type);
    expect(value.samples.map(({ labels }) => labelsToObject(labels))).toEqual([
      { __name__: 'traces_span_metrics_calls_total', deployment_environment_name: 'prod', service_name: 'cart', service_version: '1.2', span_kind: 'SPAN_KIND_SERVER', span_name: 'GET /cart/{id}', status_code: 'STATUS_CODE_ERROR' },
    ]);
    const errors = ends('cart').filter(({ endMs, span }) => span.isError && endMs >= MIDNIGHT_MS && endMs < MIDNIGHT_MS + HOUR_MS).length;
    expect(value.samples[0]!.value).toBe(errors);
  });

  it('gives quantiles and means within the width of a bucket', async () => {
    const atMs = MIDNIGHT_MS + HOUR_MS;
    const durations = ends('cart').filter(({ endMs }) => endMs >= MIDNIGHT_MS && endMs < atMs).map(({ span }) => span.durationMs! / 1000).sort((a, b) => a - b);
    const exact = durations[Math.floor(0.9 * durations.length)]!;
    const quantile = (await instant('histogram_quantile(0.9, sum by (service_name, le) (rate(traces_span_metrics_duration_seconds_bucket{service_name="cart"}[1h])))', atMs)).cart!;
    expect(quantile / exact).toBeGreaterThan(0.7);
    expect(quantile / exact).toBeLessThan(1.42);
    const mean = (await instant('sum by (service_name) (rate(traces_span_metrics_duration_seconds_sum[30m])) / sum by (service_name) (rate(traces_span_metrics_duration_seconds_count[30m]))', atMs)).cart!;
    const recent = ends('cart').filter(({ endMs }) => endMs >= atMs - HOUR_MS / 2 && endMs < atMs).map(({ span }) => span.durationMs! / 1000);
    expect(mean).toBeCloseTo(recent.reduce((sum, one) => sum + one, 0) / recent.length, 2);
  });

  it('goes away two hours after the last traffic and shows nothing that is not closed', async () => {
    expect(await instant('sum by (service_name) (rate(traces_span_metrics_calls_total[5m]))', MIDNIGHT_MS + 2.5 * HOUR_MS)).toEqual({ cart: 0, rare: 0, new: 0 });
    const clock = { nowMs: () => MIDNIGHT_MS + HOUR_MS + 5000 };
    const [series] = await createSpanMetricReader(clickhouse, { clock }).select({ matchers: [named('traces_span_metrics_calls_total'), { name: 'service_name', type: '=', value: 'new' }], minTimeMs: MIDNIGHT_MS + HOUR_MS - 60_000, maxTimeMs: MIDNIGHT_MS + 2 * HOUR_MS });
    expect(series!.timestampsMs.at(-1)).toBe(MIDNIGHT_MS + HOUR_MS - 10_000);
  });

  it('answers series, labels, metadata and exemplars', async () => {
    const reader = createSpanMetricReader(clickhouse, { clock: { nowMs: () => nowMs } });
    const window = { minTimeMs: MIDNIGHT_MS - 2 * HOUR_MS, maxTimeMs: nowMs };
    expect(await reader.labelValues('service_name', { ...window, selectors: [] })).toEqual(['cart', 'new', 'rare']);
    expect(await reader.labelValues('__name__', { ...window, selectors: [] })).toEqual(['traces_span_metrics_calls_total', 'traces_span_metrics_duration_seconds_bucket', 'traces_span_metrics_duration_seconds_count', 'traces_span_metrics_duration_seconds_sum']);
    expect(await reader.labelNames({ ...window, selectors: [[named('traces_span_metrics_calls_total')]] })).toEqual(['__name__', 'deployment_environment_name', 'service_name', 'service_version', 'span_kind', 'span_name', 'status_code']);
    expect((await reader.series({ ...window, selectors: [[named('traces_span_metrics_calls_total'), { name: 'service_name', type: '!=', value: 'cart' }]] })).length).toBe(2);
    expect((await reader.metadata({})).map(({ metric, type }) => [metric, type])).toEqual([['traces_span_metrics_calls_total', 'counter'], ['traces_span_metrics_duration_seconds', 'histogram']]);
    const exemplars = await reader.exemplars({ minTimeMs: MIDNIGHT_MS, maxTimeMs: MIDNIGHT_MS + 60_000, selectors: [[named('traces_span_metrics_duration_seconds_bucket'), { name: 'service_name', type: '=', value: 'cart' }]] });
    const ofTraces = new Map(spans.map((span) => [span.trace, span]));
    expect(exemplars.length).toBeGreaterThan(0);
    for (const { labels, exemplars: list } of exemplars) {
      for (const { labels: [, spanId, , traceId], value, timestampMs } of list) {
        const span = ofTraces.get(traceId!)!;
        expect([span.id, span.durationMs! / 1000, span.startMs + span.durationMs!]).toEqual([spanId, value, timestampMs]);
        expect(value).toBeLessThanOrEqual(Number(labelsToObject(labels).le!.replace('+Inf', 'Infinity')));
      }
    }
  });

  it('asks the engine nothing where no metric of spans can match', async () => {
    const reader = createSpanMetricReader(clickhouse, { clock: { nowMs: () => nowMs } });
    const window = { minTimeMs: MIDNIGHT_MS, maxTimeMs: nowMs };
    const before = queries;
    expect(await reader.select({ ...window, matchers: [named('up')] })).toEqual([]);
    expect(await reader.select({ ...window, matchers: [{ name: '__name__', type: '=~', value: 'node_.*' }] })).toEqual([]);
    expect(await reader.select({ ...window, matchers: [{ name: 'job', type: '=', value: 'cart' }] })).toEqual([]);
    expect(await reader.select({ ...window, matchers: [{ name: 'job', type: '!=', value: '' }] })).toEqual([]);
    expect(await reader.select({ ...window, matchers: [{ name: 'span_kind', type: '=', value: 'server' }] })).toEqual([]);
    expect(queries).toBe(before);
    expect((await reader.select({ ...window, matchers: [{ name: '__name__', type: '=~', value: '.*calls_total' }] })).length).toBe(4);
    expect((await reader.select({ ...window, matchers: [{ name: 'service_name', type: '=', value: 'rare' }] })).length).toBe(3 + 34);
  });

  it('neither loses nor doubles an aggregate when an insert comes again', async () => {
    const again = [{ trace: 'again', id: 'again', service: 'again', startMs: MIDNIGHT_MS, durationMs: 5 }];
    const counts = async () => (await readRows<number[]>(clickhouse, "SELECT (SELECT count() FROM otel_traces WHERE ServiceName = 'again'), (SELECT sum(Calls) FROM span_metrics WHERE ServiceName = 'again'), (SELECT sum(Calls) FROM span_metrics_1h WHERE ServiceName = 'again'), (SELECT count() FROM spans_recent WHERE Service = toUInt32(cityHash64('again')))", {}))[0];
    for (let i = 0; i < 3; i++) await insertSpans(clickhouse, again, 'again');
    expect(await counts()).toEqual([1, 1, 1, 1]);
    // As after a crash between the table and its views: the table has the block already, under the same token, its views do not.
    const crash = [{ ...again[0]!, trace: 'crash', id: 'crash' }];
    const views = ['span_metrics_of_traces', 'spans_recent_of_traces', 'span_metrics_to_1h'];
    for (const view of views) await clickhouse.command(`DROP VIEW ${view}`);
    const columns = TABLES.otel_traces.map(([name]) => name);
    await clickhouse.insertNative('otel_traces', columns, [await spansBlock(clickhouse, crash)], { token: 'crash' });
    await migrateClickHouse(clickhouse, { retentionMs: 30 * DAY_MS });
    expect(await counts()).toEqual([2, 1, 1, 1]);
    await insertSpans(clickhouse, crash, 'crash');
    expect(await counts()).toEqual([2, 2, 2, 2]);
    await insertSpans(clickhouse, crash, 'crash');
    expect(await counts()).toEqual([2, 2, 2, 2]);
  });

  it('bounds the operations that one insert brings, and keeps those that are called most', async () => {
    const flood = Array.from({ length: MOST_OPERATIONS + 50 }, (_, i): TestSpan => ({ trace: `f${i}`, id: 's', service: 'flood', name: `GET /${'abcdefghijklmnopqrstuvwxyz'[i % 26]}${'ghijklmnopqrstuvwxyz'[Math.floor(i / 26)]}`, startMs: MIDNIGHT_MS }));
    const often = Array.from({ length: 5 }, (_, i): TestSpan => ({ trace: `o${i}`, id: 's', service: 'flood', name: 'zz often', startMs: MIDNIGHT_MS }));
    await insertSpans(clickhouse, [...flood, ...often], 'flood');
    const [row] = await readRows<number[]>(clickhouse, "SELECT uniqExact(SpanName), sumIf(Calls, SpanName = 'zz often'), sumIf(Calls, SpanName = {other:String}), sum(Calls) FROM span_metrics WHERE ServiceName = 'flood'", { params: { other: OTHER_OPERATIONS } });
    expect(row).toEqual([MOST_OPERATIONS + 1, 5, 51, MOST_OPERATIONS + 55]);
  });

  it('shows the calls between services as a service graph', async () => {
    const startMs = Date.now() - 60_000;
    const calls = Array.from({ length: 20 }, (_, i): TestSpan[] => [
      { trace: `g${i}`, id: 'c', service: 'web', kind: 'Client', startMs, durationMs: 30, isError: i < 5, attributes: { 'http.request.method': 'GET', 'server.address': 'api' } },
      { trace: `g${i}`, id: 's', parent: 'c', service: 'api', startMs, durationMs: 20, isError: i < 5 },
    ]).flat();
    await insertSpans(clickhouse, calls, 'graph');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await createEdgeJob(clickhouse, { log, settleMs: 0 }).run(AbortSignal.timeout(20_000));
    const clock = { nowMs: () => Date.now() };
    const reader = createSpanMetricReader(clickhouse, { clock, settleMs: 0 });
    const found = await reader.select({ matchers: [{ name: '__name__', type: '=~', value: 'traces_service_graph_request_(total|failed_total|client_seconds_sum)' }, { name: 'client', type: '=', value: 'web' }], minTimeMs: startMs - 60_000, maxTimeMs: Date.now() });
    expect(found.map(({ labels, values }) => [labelsToObject(labels), Math.round(values.at(-1)! * 1000) / 1000])).toEqual(
      [['traces_service_graph_request_total', 20], ['traces_service_graph_request_failed_total', 5], ['traces_service_graph_request_client_seconds_sum', 0.6]].map(([name, value]) => [
        { __name__: name, client: 'web', client_type: 'service', protocol: 'http', server: 'api', server_type: 'service' },
        value,
      ]),
    );
  });
});
