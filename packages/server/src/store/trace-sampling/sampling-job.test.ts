import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TABLES, type Logger } from '@pitot/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../clickhouse/embedded.ts';
import { migrateClickHouse } from '../clickhouse/migrate.ts';
import { createTelemetryWriter } from '../clickhouse/telemetry-writer.ts';
import { readRows } from '../metrics/exemplar-reading.ts';
import { spansBlock, type TestSpan } from '../span-metrics/fixtures/spans.ts';
import { createLandingWriter, sampledSpans } from './landing-writer.ts';
import { traceSamplingSchema } from './sampling-configuration.ts';
import { createSamplingJob, samplingSteps } from './sampling-job.ts';

const NOW_MS = Math.floor(Date.now() / 60_000) * 60_000 - 120_000;
const nothing = (): void => {};
const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const signal = AbortSignal.timeout(300_000);
const sampling = traceSamplingSchema.parse({ enabled: true, decision_wait_seconds: 1, probability: 0.2, slow_ms: 5000, rare_per_minute: 5 });

describe('sampling of whole traces', { timeout: 240_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'pitot-sampling-'));
  let clickhouse: ClickHouse;
  let tokens = 0;

  beforeAll(async () => {
    clickhouse = await openEmbeddedClickHouse({ path: directory, memoryBytes: 1e9, threads: 2, sessions: 2, log });
    await migrateClickHouse(clickhouse, { retentionMs: 30 * 86_400_000 });
  });
  afterAll(async () => {
    await clickhouse.close();
    rmSync(directory, { recursive: true });
  });
  beforeEach(async () => {
    const tables = ['otel_traces', 'otel_traces_landing', 'trace_decisions', 'job_windows', 'span_metrics', 'span_metrics_1m', 'spans_recent'];
    for (const table of tables) await clickhouse.command(`TRUNCATE TABLE ${table}`);
  });

  async function land(spans: readonly TestSpan[]): Promise<void> {
    const writer = createLandingWriter(clickhouse, createTelemetryWriter(clickhouse));
    await writer.insert('otel_traces', [await spansBlock(clickhouse, spans)], `landing-${tokens++}`);
  }
  const numbers = async (sql: string) => (await readRows<number[]>(clickhouse, sql, {}))[0]!;
  /** As if it had arrived that long ago. */
  const lastArrivalMs = async () => (await numbers('SELECT toUnixTimestamp64Milli(max(Arrived)) FROM otel_traces_landing'))[0]!;
  const traces = (count: number, more: (i: number) => Partial<TestSpan> = () => ({})): TestSpan[] =>
    Array.from({ length: count }, (_, i): TestSpan[] => {
      const one = { trace: `trace-${tokens}-${i}`, startMs: NOW_MS + i, durationMs: 10, service: 'web', name: 'GET /', ...more(i) };
      return [{ ...one, id: 'a' }, { ...one, id: 'b', parent: 'a', kind: 'Client', isError: false, durationMs: 5 }];
    }).flat();

  it('keeps by policy, upscales the rest, and counts every span', async () => {
    // A settled hour, so that the 95th percentile is known.
    await land(traces(4000, (i) => ({
      ...(i % 100 === 0 && { isError: true }),
      ...(i % 100 === 1 && { durationMs: 6000 }),
      ...(i % 100 === 2 && { durationMs: 800 }),
      ...(i === 3 && { name: 'POST /rare' }),
    })));
    const endMs = (await lastArrivalMs()) + 1000;
    const steps = samplingSteps(clickhouse, sampling);
    const window = { startMs: endMs - 60_000, endMs };
    await steps.decide(window, signal);
    await steps.move(window, signal);
    const policies = Object.fromEntries(await readRows<[string, number]>(clickhouse, 'SELECT Policy, count() FROM trace_decisions GROUP BY Policy', {}));
    expect(policies.error).toBe(40);
    expect(policies.slow).toBe(80);
    expect(policies.rare).toBe(1);
    expect(policies.probability! + policies.dropped!).toBe(4000 - 121);
    const [kept, weight, moved] = await numbers('SELECT count(), sum(SampleWeight), sum(IsMoved) FROM otel_traces');
    expect(kept).toBe(2 * (121 + policies.probability!));
    expect(moved).toBe(kept);
    expect(weight).toBe(2 * (121 + policies.probability! * 5));
    // Four standard deviations of a binomial count of 3,879 with 0.2, five times and two spans each.
    expect(Math.abs(weight! - 8000)).toBeLessThan(4 * Math.sqrt(3879 * 0.2 * 0.8) * 10);
    expect(await numbers("SELECT sum(Calls), sumIf(Calls, StatusCode = 'Error') FROM span_metrics")).toEqual([8000, 40]);
    expect(await numbers('SELECT count() FROM spans_recent')).toEqual([8000]);
  });

  it('does nothing twice, wherever it died', async () => {
    await land(traces(300));
    const endMs = (await lastArrivalMs()) + 1000;
    const steps = samplingSteps(clickhouse, sampling);
    const window = { startMs: endMs - 60_000, endMs };
    const state = () => numbers('SELECT (SELECT count() FROM trace_decisions), (SELECT count() FROM otel_traces), (SELECT sum(SampleWeight) FROM otel_traces), (SELECT sum(Calls) FROM span_metrics)');
    await steps.decide(window, signal);
    await steps.decide(window, signal);
    await steps.move(window, signal);
    const first = await state();
    expect(first[0]).toBe(300);
    await steps.decide(window, signal);
    await steps.move(window, signal);
    expect(await state()).toEqual(first);
  });

  it('lets late spans follow the decision on their trace, and shows a trace while it waits', async () => {
    await land(traces(50));
    const firstMs = (await lastArrivalMs()) + 1000;
    const steps = samplingSteps(clickhouse, sampling);
    const first = { startMs: firstMs - 60_000, endMs: firstMs };
    await steps.decide(first, signal);
    await steps.move(first, signal);
    const [[keptTrace], [droppedTrace]] = (await readRows<[string]>(clickhouse, 'SELECT any(TraceId) FROM trace_decisions GROUP BY IsKept ORDER BY IsKept DESC', {})) as [[string], [string]];
    await clickhouse.command("INSERT INTO job_windows (Job, Start, End, IsDone) SELECT 'trace-sampling', fromUnixTimestamp64Milli({startMs:Int64}), fromUnixTimestamp64Milli({endMs:Int64}), 1", { params: first });
    const late = (trace: string): TestSpan => ({ trace, id: 'late', parent: 'a', service: 'mail', startMs: NOW_MS, isError: true });
    await land([late(keptTrace), late(droppedTrace)]);
    const spansOf = (trace: string) => readRows<[string, number]>(clickhouse, `SELECT SpanId, SampleWeight FROM ${sampledSpans(sampling).all} WHERE TraceId = {trace:String} ORDER BY SpanId`, { params: { trace } });
    expect((await spansOf(keptTrace)).map(([id]) => id)).toEqual(['a', 'b', 'late']);
    const secondMs = (await lastArrivalMs()) + 1000;
    const second = { startMs: firstMs, endMs: secondMs };
    await steps.decide(second, signal);
    await steps.move(second, signal);
    const kept = await readRows<[string, number]>(clickhouse, 'SELECT SpanId, SampleWeight FROM otel_traces WHERE TraceId = {trace:String} ORDER BY SpanId', { params: { trace: keptTrace } });
    expect(kept.map(([id]) => id)).toEqual(['a', 'b', 'late']);
    expect(new Set(kept.map(([, weight]) => weight)).size).toBe(1);
    expect(await numbers(`SELECT count() FROM otel_traces WHERE TraceId = '${droppedTrace}'`)).toEqual([0]);
  });

  it('runs as a job, with a wait', async () => {
    await land(traces(20, () => ({ isError: true })));
    const job = createSamplingJob(clickhouse, { sampling, log, settleMs: 0 });
    await job.run(signal);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await job.run(signal);
    await job.run(signal);
    expect(await numbers('SELECT count(), sum(SampleWeight) FROM otel_traces')).toEqual([40, 40]);
  });

  it('keeps the columns of both tables the same', async () => {
    const columns = (table: string) => readRows<[string, string]>(clickhouse, `SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = '${table}' AND name != 'Arrived' ORDER BY name`, {});
    expect(await columns('otel_traces_landing')).toEqual(await columns('otel_traces'));
    expect((await columns('otel_traces')).length).toBeGreaterThan(TABLES.otel_traces.length);
  });
});
