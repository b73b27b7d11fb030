import { DEFAULT_LIMITS, type LogRecord, type Meter, type TailMessage } from '@pitot/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertJson, insertLogs, openTestStore, type TestLog, type TestStore } from '../../store/logs/fixtures/log-store.ts';
import { createLogQueries, type LogQueries } from './log-queries.ts';

const HOUR_MS = 3_600_000;
const NOON_MS = Date.parse('2026-03-01T12:00:00Z');
const noMeter: Meter = { counter: () => ({ inc() {} }), gauge: () => ({ set() {} }), histogram: () => ({ observe() {} }), observe() {} };

const cart = { 'service.version': '1.0', 'deployment.environment.name': 'prod', 'host.name': 'a' };
const resource = { cart, cart2: { ...cart, 'service.version': '2.0', 'host.name': 'b' }, pay: { 'deployment.environment.name': 'test', 'host.name': 'c' } };

/** Three hours of records: many at one moment, a gap, and a few long ago. */
function records(): TestLog[] {
  const all: TestLog[] = [];
  const add = (timeMs: number, log: Omit<TestLog, 'timeMs' | 'sequence'>): void => void all.push({ timeMs, sequence: all.length + 1, ...log });
  for (let i = 0; i < 25; i++) add(NOON_MS - 3 * HOUR_MS + i, { service: 'cart', severityNumber: 9, body: `old ${i}`, resource: resource.cart, pattern: 11 });
  for (let i = 0; i < 137; i++) add(NOON_MS - HOUR_MS, { service: 'cart', severityNumber: i % 4 === 0 ? 17 : 9, body: `same moment ${i}`, resource: resource.cart, attributes: { n: String(i), 'k y': '=1+2' }, numbers: { n: i }, pattern: 12 });
  for (let i = 0; i < 60; i++) add(NOON_MS - 60_000 + i * 1000, { service: 'pay', severityNumber: 13, body: `pay "now", ${i}`, resource: resource.pay, traceId: 'abc', spanId: i % 2 === 0 ? 's1' : '', pattern: 13 });
  for (let i = 0; i < 10; i++) add(NOON_MS - 30_000 + i, { service: 'cart', severityNumber: 21, body: `crash ${i}`, resource: resource.cart2, pattern: 14 });
  return all;
}

describe('questions about logs', () => {
  const all = records();
  let store: TestStore;
  let logs: LogQueries;
  const range = { startMs: NOON_MS - 24 * HOUR_MS, endMs: NOON_MS };
  const create = (limits: Partial<typeof DEFAULT_LIMITS> = {}) =>
    createLogQueries({ clickhouse: store.clickhouse, limits: { ...DEFAULT_LIMITS, ...limits }, clock: { nowMs: () => NOON_MS }, meter: noMeter, tailIntervalMs: 20 });

  beforeAll(async () => {
    store = await openTestStore();
    await insertLogs(store.clickhouse, all);
    const seen = (ms: number) => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
    const template = (Pattern: number, Template: string, firstMs: number, updatedMs = firstMs) => ({ Pattern, ServiceName: 'cart', Template, SeverityNumber: 9, Sample: Template, FirstSeen: seen(firstMs), Updated: seen(updatedMs) });
    await insertJson(store.clickhouse, 'log_patterns', [
      template(11, 'old <num>', NOON_MS - 3 * HOUR_MS),
      template(12, 'same moment 1', NOON_MS - HOUR_MS),
      template(14, 'crash <num>', NOON_MS - 30_000),
    ]);
    await insertJson(store.clickhouse, 'log_patterns', [template(12, 'same moment <num>', NOON_MS - HOUR_MS, NOON_MS - HOUR_MS + 1)]);
    logs = create();
  });
  afterAll(async () => {
    logs.close();
    await store.close();
  });

  const pages = async (query: string, order: 'asc' | 'desc', limit: number): Promise<LogRecord[]> => {
    const found: LogRecord[] = [];
    let cursor: string | undefined;
    do {
      const answer = await logs.search({ query, ...range, order, limit, cursor });
      expect(answer.logs.length).toBeLessThanOrEqual(limit);
      found.push(...answer.logs);
      cursor = answer.next_cursor ?? undefined;
    } while (cursor !== undefined);
    return found;
  };

  it.each(['desc', 'asc'] as const)('pages through every record once in order (%s), also where many have the same time', async (order) => {
    const found = await pages('', order, 23);
    const expected = all.toSorted((a, b) => (a.timeMs - b.timeMs || a.sequence - b.sequence) * (order === 'asc' ? 1 : -1));
    expect(found.map(({ body }) => body)).toEqual(expected.map(({ body }) => body));
  });

  it('ends exactly at the end', async () => {
    expect((await logs.search({ query: 'crash', ...range, order: 'desc', limit: 10 })).next_cursor).toBeNull();
    expect((await logs.search({ query: 'crash', ...range, order: 'desc', limit: 9 })).next_cursor).not.toBeNull();
  });

  it('heeds the range, start included and end not, and the environment', async () => {
    const moment = NOON_MS - HOUR_MS;
    const count = async (startMs: number, endMs: number, environment?: string) => (await logs.histogram({ query: '', startMs, endMs, environment, buckets: 10 })).total;
    expect(await count(moment, moment + 1)).toBe(137);
    expect(await count(moment - 5, moment)).toBe(0);
    expect(await count(range.startMs, range.endMs, 'test')).toBe(60);
    expect(await count(range.startMs, range.endMs, 'nowhere')).toBe(0);
  });

  it('shows a record whole, by its id', async () => {
    const [found] = (await logs.search({ query: 'n:5', ...range, order: 'desc', limit: 1 })).logs;
    expect(found).toMatchObject({ service: 'cart', environment: 'prod', severity: 'info', body: 'same moment 5', pattern: '12', attributes: { n: 5, 'k y': '=1+2' }, resource: resource.cart, timestamp: '2026-03-01T11:00:00.000000000Z' });
    expect(await logs.record(found!.id)).toEqual(found);
    await expect(logs.record('1-1')).rejects.toMatchObject({ code: 'not_found' });
    await expect(logs.record("' OR 1")).rejects.toMatchObject({ code: 'not_found' });
  });

  it('refuses a cursor of its own making and more records than the limit', async () => {
    await expect(logs.search({ query: '', ...range, order: 'desc', limit: 1, cursor: '5' })).rejects.toMatchObject({ code: 'bad_request' });
    await expect(logs.search({ query: '', ...range, order: 'desc', limit: 6000 })).rejects.toMatchObject({ code: 'query_too_large', fields: { limit: 'limits.search_rows' } });
  });

  it('counts over time by severity', async () => {
    const answer = await logs.histogram({ query: 'service:cart', startMs: NOON_MS - 3 * HOUR_MS, endMs: NOON_MS, buckets: 6 });
    expect(answer.step_ms).toBe(HOUR_MS / 2);
    expect(answer.start_ms).toBe(NOON_MS - 3 * HOUR_MS);
    expect(answer.buckets).toEqual([{ info: 25 }, {}, {}, {}, { error: 35, info: 102 }, { fatal: 10 }]);
    expect(answer.totals).toEqual({ info: 127, error: 35, fatal: 10 });
    expect(answer.total).toBe(172);
    expect((await logs.histogram({ query: '', startMs: NOON_MS - HOUR_MS, endMs: NOON_MS - HOUR_MS + 20, buckets: 30 })).step_ms).toBe(1);
  });

  it('counts the values of fields', async () => {
    const { facets, sampled } = await logs.facets({ query: '', ...range, fields: ['service', 'level', 'host', 'n'], limit: 2 });
    expect(sampled).toBe(false);
    expect(facets[0]).toEqual({ field: 'service', values: [{ value: 'cart', count: 172 }, { value: 'pay', count: 60 }], distinct: 2 });
    expect(facets[1]).toEqual({ field: 'level', values: [{ value: 'info', count: 127 }, { value: 'warn', count: 60 }], distinct: 4 });
    expect(facets[2]!.values[0]).toEqual({ value: 'a', count: 162 });
    expect(facets[3]!.distinct).toBe(137);
    const chosen = (await logs.facets({ query: '', ...range, limit: 5 })).facets.map(({ field }) => field);
    expect(chosen).toEqual(expect.arrayContaining(['service', 'level', 'environment', 'version', 'host', 'k y']));
    await expect(logs.facets({ query: '', ...range, fields: ['body'], limit: 5 })).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('names the fields there are', async () => {
    const { fields } = await logs.fields({ ...range, prefix: '' });
    expect(fields).toEqual(expect.arrayContaining([
      { field: 'service', type: 'string', source: 'builtin' },
      { field: 'n', type: 'number', source: 'attribute' },
      { field: 'k y', type: 'string', source: 'attribute' },
      { field: 'host.name', type: 'string', source: 'resource' },
    ]));
    expect((await logs.fields({ ...range, prefix: 'hos' })).fields.map(({ field }) => field)).toEqual(['host', 'host.name']);
  });

  it('shows what the same instance logged before and after', async () => {
    const [crash] = (await logs.search({ query: '"crash 4"', ...range, order: 'desc', limit: 1 })).logs;
    const { before, record, after } = await logs.context(crash!.id, 3);
    expect([before, [record], after].map((side) => side.map(({ body }) => body))).toEqual([['crash 1', 'crash 2', 'crash 3'], ['crash 4'], ['crash 5', 'crash 6', 'crash 7']]);
  });

  it('gives the records of a trace and of its spans', async () => {
    expect(await logs.logCountsOfTrace('ABC', range)).toEqual(new Map([['s1', 30], ['', 30]]));
    const ofSpan = await logs.logsOfTrace('abc', { ...range, spanId: 's1', limit: 5 });
    expect(ofSpan.map(({ body }) => body)).toEqual([0, 2, 4, 6, 8].map((i) => `pay "now", ${i}`));
    expect(await logs.logsOfTrace('abc', { ...range, limit: 100 })).toHaveLength(60);
  });

  it('groups records by template, and knows which came with the newest version', async () => {
    const answer = await logs.patterns({ query: 'service:cart', ...range, startMs: NOON_MS - 4 * HOUR_MS, sort: 'count', limit: 10 });
    expect(answer.new_since).toBe('2026-03-01T11:59:30.000Z');
    expect(answer.total).toBe(172);
    expect(answer.patterns.map(({ template, count, is_new: isNew, service, severity }) => [template, count, isNew, service, severity])).toEqual([
      ['same moment <num>', 137, false, 'cart', 'error'],
      ['old <num>', 25, false, 'cart', 'info'],
      ['crash <num>', 10, true, 'cart', 'fatal'],
    ]);
    const [moment, old, crash] = answer.patterns;
    expect(moment!.trend.reduce((a, b) => a + b)).toBe(137);
    expect([moment!.change, old!.change, crash!.change]).toEqual([null, 0, null]);
    expect(crash!.share).toBeCloseTo(10 / 172);
    const byNews = await logs.patterns({ query: '', ...range, sort: 'new', newSinceMs: NOON_MS - 2 * HOUR_MS, limit: 2 });
    expect(byNews.new_since).toBe(new Date(NOON_MS - 2 * HOUR_MS).toISOString());
    expect(byNews.patterns.every(({ is_new: isNew }) => isNew)).toBe(true);
    expect(byNews.patterns).toHaveLength(2);
    expect((await logs.patterns({ query: '', ...range, sort: 'count', limit: 5 })).new_since).toBeNull();
  });

  it('exports every record once, as lines and as cells that no spreadsheet calculates', async () => {
    const text = async (format: 'ndjson' | 'csv', query: string) => (await collect(logs.export({ query, ...range, format }))).join('');
    const lines = (await text('ndjson', '')).trimEnd().split('\n').map((line) => (JSON.parse(line) as LogRecord).body);
    expect(new Set(lines).size).toBe(all.length);
    expect(lines).toHaveLength(all.length);
    const csv = (await text('csv', 'service:pay')).split('\r\n');
    expect(csv).toHaveLength(62);
    expect(csv[0]).toMatch(/^timestamp,service,environment,severity/);
    expect(csv[1]).toContain('"pay ""now"", 59"');
    const [dangerous] = await collect(exportOf('=cmd|x'));
    expect(dangerous!.split('\r\n')[1]).toContain(",'=cmd|x,");
  });

  async function* exportOf(body: string): AsyncGenerator<string> {
    await insertLogs(store.clickhouse, [{ timeMs: NOON_MS + 5, sequence: 9000, body }]);
    yield* logs.export({ query: '', startMs: NOON_MS + 5, endMs: NOON_MS + 6, format: 'csv' });
  }

  it('stops an export where it is left, at the limit, or when its reader goes', async () => {
    const left = logs.export({ query: '', ...range, format: 'ndjson' });
    for await (const piece of left) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    const limited = create({ export_rows: 7 });
    expect((await collect(limited.export({ query: '', ...range, format: 'ndjson' }))).join('').trimEnd().split('\n')).toHaveLength(7);
    limited.close();
    const gone = new AbortController();
    gone.abort();
    await expect(collect(logs.export({ query: '', ...range, format: 'ndjson' }, { signal: gone.signal }))).rejects.toMatchObject({ code: 'canceled' });
  });

  it('follows what arrives, whatever its time, for each who follows', async () => {
    const left = new AbortController();
    const errors = await logs.tail({ query: 'level>=error', environment: 'prod' }, { signal: left.signal });
    const everything = await logs.tail({ query: '' }, { signal: left.signal });
    const environment = { 'deployment.environment.name': 'prod' };
    const late = { timeMs: NOON_MS - 5 * HOUR_MS, resource: environment };
    await insertLogs(store.clickhouse, [
      { ...late, sequence: 10_001, severityNumber: 17, body: 'late error' },
      { ...late, sequence: 10_002, severityNumber: 9, body: 'late info' },
      { ...late, sequence: 10_003, severityNumber: 17, body: 'elsewhere', resource: {} },
    ]);
    expect((await first(errors)).logs.map(({ body }) => body)).toEqual(['late error']);
    expect((await first(everything)).logs.map(({ body }) => body)).toEqual(['late error', 'late info', 'elsewhere']);
    left.abort();
    expect(await collect(everything)).toEqual([]);
  });

  it('shows the latest of too many, and how many it left out', async () => {
    const left = new AbortController();
    const tail = await logs.tail({ query: 'flood' }, { signal: left.signal });
    await insertLogs(store.clickhouse, Array.from({ length: 500 }, (_, i) => ({ timeMs: NOON_MS, sequence: 20_000 + i, body: `flood ${i}` })));
    const message = await first(tail);
    expect(message.logs).toHaveLength(200);
    expect(message.logs.at(-1)!.body).toBe('flood 499');
    expect(message.skipped).toBe(300);
    left.abort();
  });

  it('says what is wrong with a query before it follows or exports', async () => {
    await expect(logs.tail({ query: 'body:/(?=x)/' })).rejects.toMatchObject({ code: 'bad_query' });
    expect(() => logs.export({ query: 'body:/(?=x)/', ...range, format: 'csv' })).toThrow(expect.objectContaining({ code: 'bad_query' }));
    expect(() => logs.export({ query: '(a', ...range, format: 'csv' })).toThrow(expect.objectContaining({ code: 'bad_query', fields: { from: 0, to: 1 } }));
  });

  it('ends a question when its time is up', async () => {
    const hurried = create({ query_timeout_seconds: 0.001 });
    await expect(hurried.search({ query: '', ...range, order: 'desc', limit: 10 })).rejects.toMatchObject({ code: 'query_timeout' });
    hurried.close();
  });
});

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function first(messages: AsyncIterable<TailMessage>): Promise<TailMessage> {
  const { value } = await messages[Symbol.asyncIterator]().next();
  return value as TailMessage;
}
