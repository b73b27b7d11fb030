import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS, groupComparisonAnswer, heatmapAnswer, spanDetailAnswer, traceAnswer, traceComparisonAnswer, tracesAnswer, type Logger } from '@pitot/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClickHouse } from '../../store/clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../../store/clickhouse/embedded.ts';
import { migrateClickHouse } from '../../store/clickhouse/migrate.ts';
import { storeSpans, type StoredSpan } from './fixtures/stored-spans.ts';
import { createTraceQueries, type TraceQueries } from './trace-queries.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const NOON_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS / 2;
const RANGE = { startMs: NOON_MS - HOUR_MS, endMs: NOON_MS + HOUR_MS };
const nothing = (): void => {};
const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0');

const ORDER = hex(1, 32);
const SLOW = hex(2, 32);
const OLD = hex(3, 16).padStart(32, '0');

/** A client and a server whose clock is a second behind; the database fails. */
function orderTrace(trace: string, atMs: number, databaseMs: number, status: string): StoredSpan[] {
  const error = [{ atMs: atMs + 60, name: 'exception', attributes: { 'exception.type': 'Deadlock', 'exception.message': 'lock wait' } }];
  return [
    { trace, span: 'a'.padStart(16, '0'), atMs, durationMs: databaseMs + 100, service: 'web', name: 'POST /order', kind: 'Server', status, attributes: { 'http.route': '/order' }, resource: { 'deployment.environment.name': 'production', 'service.version': '1.2.3' } },
    { trace, span: 'b'.padStart(16, '0'), parent: 'a'.padStart(16, '0'), atMs: atMs + 10, durationMs: databaseMs + 80, service: 'web', name: 'POST', kind: 'Client', status, attributes: { 'server.address': 'api' } },
    { trace, span: 'c'.padStart(16, '0'), parent: 'b'.padStart(16, '0'), atMs: atMs - 1000 + 20, durationMs: databaseMs + 60, service: 'api', name: 'POST /order', kind: 'Server', status },
    { trace, span: 'd'.padStart(16, '0'), parent: 'c'.padStart(16, '0'), atMs: atMs - 1000 + 40, durationMs: databaseMs, service: 'api', name: 'INSERT', kind: 'Client', status, message: status === 'Error' ? 'lock wait' : '', attributes: { 'db.system.name': 'postgresql', 'db.rows': '12' }, numbers: { 'db.rows': 12 }, events: status === 'Error' ? error : [], links: [{ trace: OLD, span: '1'.repeat(16), attributes: { why: 'retry' } }] },
  ];
}

let directory: string;
let clickhouse: ClickHouse;
let traces: TraceQueries;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'pitot-traces-'));
  clickhouse = await openEmbeddedClickHouse({ path: join(directory, 'store'), memoryBytes: 1e9, threads: 2, log });
  await migrateClickHouse(clickhouse, { retentionMs: 30 * DAY_MS });
  await storeSpans(clickhouse, directory, orderTrace(ORDER, NOON_MS, 50, 'Error'));
  await storeSpans(clickhouse, directory, orderTrace(SLOW, NOON_MS + 90_000, 700, 'Unset'));
  await storeSpans(clickhouse, directory, [{ trace: OLD, span: '1'.repeat(16), parent: '2'.repeat(16), atMs: NOON_MS - HOUR_MS / 2, durationMs: 5, service: 'cron', weight: 10 }]);
  const crowd: StoredSpan[] = [];
  for (let i = 0; i < 600; i++) {
    const isSlow = i % 6 === 0;
    const shard = isSlow && i % 60 !== 0 ? '3' : `${i % 3}`;
    crowd.push({ trace: hex(1000 + i, 32), span: hex(i + 1, 16), atMs: NOON_MS - 3 * HOUR_MS + i * 1000, durationMs: isSlow ? 400 + (i % 7) : 20 + (i % 7), service: 'stock', name: 'GET /stock', kind: 'Server', attributes: { 'db.shard': shard, 'request.id': `r${i}` }, resource: { 'host.name': `node-${i % 5}` } });
  }
  await storeSpans(clickhouse, directory, crowd);
  const logs = {
    logsOfTrace: () => Promise.resolve([]),
    logCountsOfTrace: (traceId: string) => Promise.resolve(new Map(traceId === ORDER ? [['d'.padStart(16, '0'), 3]] : [])),
  };
  traces = createTraceQueries({ clickhouse, limits: { ...DEFAULT_LIMITS, trace_spans: 100 }, logs, retentionMs: 30 * DAY_MS });
});
afterAll(async () => {
  await clickhouse.close();
  rmSync(directory, { recursive: true });
});

const search = { ...RANGE, query: '', sort: 'recent', limit: 10 } as const;

describe('the search for traces', () => {
  it('lists the newest first, whole, with the slowest span that matches', async () => {
    const found = tracesAnswer.parse(await traces.search(search));
    expect(found.traces.map(({ trace_id }) => trace_id)).toEqual([SLOW, ORDER, OLD]);
    expect(found.traces[1]).toMatchObject({
      start: new Date(NOON_MS - 980).toISOString(),
      root_service: 'web',
      root_operation: 'POST /order',
      is_complete: true,
      span_count: 4,
      error_count: 4,
      services: [{ service: 'api', spans: 2 }, { service: 'web', spans: 2 }],
      matched: { span_id: 'a'.padStart(16, '0'), duration_ms: 150, status: 'error' },
      matched_count: 4,
    });
    expect(found.traces[2]).toMatchObject({ is_complete: false, root_service: 'cron' });
    expect(found).toMatchObject({ spans_found: 18, errors_found: 4, truncated: false });
  });

  it.each([
    ['service:api', [SLOW, ORDER]],
    ['service:cron', [OLD]],
    ['status:error', [ORDER]],
    ['error:true service:web', [ORDER]],
    ['duration>500ms', [SLOW]],
    ['duration>500', [SLOW]],
    ['operation:INSERT kind:client', [SLOW, ORDER]],
    ['peer:postgresql duration<100ms', [ORDER]],
    ['peer:api', [SLOW, ORDER]],
    ['env:production', [SLOW, ORDER]],
    ['version:1.2.3 -status:error', [SLOW]],
    [`trace:${ORDER.toUpperCase()}`, [ORDER]],
    ['db.rows>10', [SLOW, ORDER]],
    ['db.rows>12', []],
    ['http.route:/order', [SLOW, ORDER]],
    ['resource.service.version:1.2.*', [SLOW, ORDER]],
    ['event:exception', [ORDER]],
    ['message:"lock wait"', [ORDER]],
    ['insert', [SLOW, ORDER]],
  ])('finds by %s', async (query, expected) => {
    expect((await traces.search({ ...search, query })).traces.map(({ trace_id }) => trace_id)).toEqual(expected);
  });

  it('sorts by duration and by errors, and says when there is more', async () => {
    const ids = async (question: Partial<Parameters<TraceQueries['search']>[0]>) => (await traces.search({ ...search, ...question })).traces.map(({ trace_id }) => trace_id);
    expect(await ids({ sort: 'duration' })).toEqual([SLOW, ORDER, OLD]);
    expect(await ids({ sort: 'errors' })).toEqual([ORDER, SLOW, OLD]);
    expect(await ids({ minDurationMs: 140, maxDurationMs: 160 })).toEqual([ORDER]);
    expect(await ids({ environment: 'staging' })).toEqual([]);
    const first = await traces.search({ ...search, limit: 1 });
    expect(first).toMatchObject({ truncated: true, traces: [{ trace_id: SLOW }] });
    const many = await traces.search({ ...search, startMs: NOON_MS - 4 * HOUR_MS, limit: 700 });
    expect(many.traces).toHaveLength(603);
    expect(many.traces[3]!.trace_id).toBe(hex(1599, 32));
  });

  it('says where a query is wrong', async () => {
    await expect(traces.search({ ...search, query: 'kind:sideways' })).rejects.toMatchObject({ code: 'bad_query' });
    await expect(traces.search({ ...search, query: 'service:(a' })).rejects.toMatchObject({ code: 'bad_query' });
  });
});

describe('one trace', () => {
  it('is a waterfall with its skew, critical path and error origin', async () => {
    const trace = traceAnswer.parse(await traces.trace(ORDER));
    expect(trace.spans.map(({ operation, depth, start_us, skew_us, log_count }) => [operation, depth, start_us, skew_us, log_count])).toEqual([
      ['POST /order', 0, 0, 0, 0],
      ['POST', 1, 10_000, 0, 0],
      ['POST /order', 2, 20_000, 1_000_000, 0],
      ['INSERT', 3, 40_000, 1_000_000, 3],
    ]);
    expect(trace).toMatchObject({ start: `${new Date(NOON_MS).toISOString().slice(0, -1)}000000Z`, duration_us: 150_000 });
    expect(trace.error_origin).toMatchObject({ span_id: 'd'.padStart(16, '0'), exception_type: 'Deadlock', exception_message: 'lock wait' });
    expect(trace.error_origin!.chain).toHaveLength(4);
    expect(trace.problems.map(({ kind }) => kind)).toEqual(['clock_skew']);
    expect(trace.services.map(({ service, spans }) => [service, spans])).toEqual([['api', 2], ['web', 2]]);
  });

  it('is found by a short id, says what lacks, and is cut at the limit', async () => {
    const trace = await traces.trace('3');
    expect(trace.problems.map(({ kind }) => kind)).toEqual(['missing_root', 'missing_parent']);
    const big = hex(77, 32);
    await storeSpans(clickhouse, directory, Array.from({ length: 120 }, (_, i) => ({ trace: big, span: hex(i + 1, 16), ...(i > 0 && { parent: hex(1, 16) }), atMs: NOON_MS - 20 * HOUR_MS + i, durationMs: 500 })));
    const cut = await traces.trace(big);
    expect(cut.spans).toHaveLength(100);
    expect(cut.problems).toMatchObject([{ kind: 'truncated', count: 100 }]);
  });

  it('that is not there says why that may be', async () => {
    await expect(traces.trace(hex(999, 32))).rejects.toMatchObject({ code: 'not_found', message: expect.stringMatching(/30d.*retention\.traces.*not arrived yet/) as string });
    await expect(traces.span(ORDER, hex(99, 16))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('has spans with all they carry', async () => {
    const detail = spanDetailAnswer.parse(await traces.span(ORDER, 'D'.padStart(16, '0')));
    expect(detail).toMatchObject({
      scope: 'made 1',
      attributes: { 'db.system.name': 'postgresql', 'db.rows': 12 },
      resource: { 'service.name': 'api' },
      events: [{ name: 'exception', offset_us: 1_020_000, attributes: { 'exception.type': 'Deadlock' } }],
      links: [{ trace_id: OLD, span_id: '1'.repeat(16), attributes: { why: 'retry' } }],
      span: { depth: 3, peer: 'postgresql', event_count: 1, log_count: 3 },
    });
  });

  it('leaves as OTLP, to the nanosecond', async () => {
    const { resourceSpans } = await traces.document(ORDER);
    const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
    expect(resourceSpans).toHaveLength(3);
    expect(spans.find(({ name }) => name === 'INSERT')).toMatchObject({
      traceId: ORDER,
      kind: 3,
      startTimeUnixNano: String(BigInt(NOON_MS - 960) * 1_000_000n),
      endTimeUnixNano: String(BigInt(NOON_MS - 910) * 1_000_000n),
      attributes: [{ key: 'db.system.name', value: { stringValue: 'postgresql' } }, { key: 'db.rows', value: { intValue: '12' } }],
      status: { code: 2, message: 'lock wait' },
      events: [{ name: 'exception' }],
      links: [{ traceId: OLD }],
    });
  });

  it('is compared with another', async () => {
    const { rows, summary } = traceComparisonAnswer.parse(await traces.compare(ORDER, SLOW));
    expect(rows.map(({ depth, self_change_us }) => [depth, self_change_us])).toEqual([[0, 0], [1, 0], [2, 0], [3, 650_000]]);
    expect(summary).toMatch(/^The right trace took 650 ms longer; 100 % of it in “INSERT” of api itself \(50 ms → 700 ms\)\./);
  });
});

describe('many spans', () => {
  const crowd = { startMs: NOON_MS - 4 * HOUR_MS, endMs: NOON_MS - 2 * HOUR_MS, query: 'service:stock' };

  it('are counted by time and duration', async () => {
    const map = heatmapAnswer.parse(await traces.heatmap({ ...crowd, columns: 10, rows: 8 }));
    expect(map.counts.length).toBeLessThanOrEqual(10);
    expect(map.bounds_ms.length - 1).toBeLessThanOrEqual(8);
    expect(map.counts.every((column) => column.length === map.bounds_ms.length - 1)).toBe(true);
    const total = (row: (bound: number) => boolean) => map.counts.reduce((sum, column) => sum + column.reduce((part, count, i) => part + (row(map.bounds_ms[i]!) ? count : 0), 0), 0);
    expect(total(() => true)).toBe(600);
    expect(total((bound) => bound > 100)).toBe(100);
    const weighted = await traces.heatmap({ ...RANGE, query: 'service:cron', columns: 5, rows: 5 });
    expect(weighted.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(10);
    expect(await traces.heatmap({ ...crowd, query: 'service:nobody', columns: 5, rows: 5 })).toMatchObject({ bounds_ms: [] });
  });

  it('have facets with weights, and fields that can be searched by', async () => {
    const { facets, sampled } = await traces.facets({ ...RANGE, query: '', fields: ['service', 'status', 'http.route', 'resource.service.version', "it's {odd:String}"], limit: 2 });
    expect(sampled).toBe(false);
    expect(facets).toEqual([
      { field: 'service', values: [{ value: 'cron', count: 10 }, { value: 'api', count: 4 }], distinct: 3 },
      { field: 'status', values: [{ value: 'unset', count: 14 }, { value: 'error', count: 4 }], distinct: 2 },
      { field: 'http.route', values: [{ value: '/order', count: 2 }], distinct: 1 },
      { field: 'resource.service.version', values: [{ value: '1.2.3', count: 2 }], distinct: 1 },
      { field: "it's {odd:String}", values: [], distinct: 0 },
    ]);
    const { fields } = await traces.fields({ ...RANGE, prefix: 'd', limit: 50 });
    expect(fields).toEqual([
      { field: 'duration', type: 'number', source: 'builtin' },
      { field: 'db.rows', type: 'number', source: 'attribute' },
      { field: 'db.system.name', type: 'string', source: 'attribute' },
    ]);
  });

  it.each([
    ['a query', { selection: 'duration>300ms' }],
    ['a piece of the heatmap', { selection: '', minMs: 300, maxMs: 1000, fromMs: NOON_MS - 4 * HOUR_MS, toMs: NOON_MS }],
  ])('are compared: slow against normal, by %s', async (_, chosen) => {
    const { selected, baseline, attributes, summary } = groupComparisonAnswer.parse(await traces.compareGroups({ ...crowd, ...chosen, limit: 5 }));
    expect([selected, baseline]).toEqual([100, 500]);
    expect(attributes).toMatchObject([{ field: 'db.shard', value: '3', selected_share: 0.9, baseline_share: 0 }]);
    expect(summary).toBe('90 % of the selected spans have db.shard=3, against 0 % of the others.');
  });
});
