import { DEFAULT_LIMITS, type LogRecord, type LogsAnswer } from '@pitot/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogQueries, type LogQueries } from '../../query/logs/log-queries.ts';
import { insertLogs, openTestStore, type TestStore } from '../../store/logs/fixtures/log-store.ts';
import { fakeClock, noMeter, NOW_MS, send, startServer } from '../fixtures/running-server.ts';
import type { HttpServers } from '../http-servers.ts';

describe('logs over REST', () => {
  let store: TestStore;
  let logs: LogQueries;
  let servers: HttpServers;
  const get = (path: string) => send(servers.urls.main, path);

  beforeAll(async () => {
    store = await openTestStore();
    await insertLogs(store.clickhouse, Array.from({ length: 30 }, (_, i) => ({ timeMs: NOW_MS - 60_000 + i, sequence: i + 1, service: i < 20 ? 'cart' : 'pay', severityNumber: i % 2 === 0 ? 9 : 17, body: `line ${i}`, pattern: 5 })));
    logs = createLogQueries({ clickhouse: store.clickhouse, limits: DEFAULT_LIMITS, clock: fakeClock(), meter: noMeter, tailIntervalMs: 20 });
    servers = await startServer({ questions: { logs: { logs, clock: fakeClock(), mostRows: 1000 } } });
  });
  afterAll(async () => {
    logs.close();
    await servers.close();
    await store.close();
  });

  it('searches the last hour, page by page', async () => {
    const first = (await get('/api/v1/logs?query=service%3Acart&limit=15')).json as LogsAnswer;
    expect(first.logs[0]!.body).toBe('line 19');
    const second = (await get(`/api/v1/logs?query=service%3Acart&limit=15&cursor=${first.next_cursor}`)).json as LogsAnswer;
    expect(second.logs.map(({ body }) => body)).toEqual(['line 4', 'line 3', 'line 2', 'line 1', 'line 0']);
    expect(second.next_cursor).toBeNull();
  });

  it('says where a query is wrong', async () => {
    const { status, json } = await get('/api/v1/logs?query=a%20level%3A');
    expect(status).toBe(400);
    expect(json).toMatchObject({ error: { code: 'bad_query', fields: { from: 2, to: 8, hint: expect.stringContaining('level:value') } } });
    expect((await get('/api/v1/logs/tail?query=level%3Aloud')).status).toBe(400);
    expect((await get('/api/v1/logs/export?format=csv&query=x%3A%2F(%2F')).status).toBe(400);
  });

  it.each([['limit=0'], ['limit=1001'], ['start=yesterday'], ['start=2&end=1'], ['cursor=x'], ['order=up']])('refuses %s', async (parameters) => {
    const { status, json } = await get(`/api/v1/logs?${parameters}`);
    expect(status).toBe(400);
    expect(json).toMatchObject({ error: { code: 'bad_request' } });
  });

  it('counts, groups and lists fields', async () => {
    expect((await get('/api/v1/logs/histogram?query=service:pay')).json).toMatchObject({ total: 10, totals: { info: 5, error: 5 } });
    expect((await get('/api/v1/logs/facets?fields=service&limit=1')).json).toEqual({ facets: [{ field: 'service', values: [{ value: 'cart', count: 20 }], distinct: 2 }], sampled: false });
    expect((await get('/api/v1/logs/patterns?new_since=2020-01-01T00:00:00Z')).json).toMatchObject({ total: 30, new_since: '2020-01-01T00:00:00.000Z', patterns: [{ id: '5', count: 30 }] });
    expect((await get('/api/v1/logs/fields?prefix=serv')).json).toMatchObject({ fields: [{ field: 'service' }, { field: 'service.name' }] });
  });

  it('shows a record and what is around it', async () => {
    const [record] = ((await get('/api/v1/logs?limit=1&query=%22line%207%22')).json as LogsAnswer).logs;
    expect((await get(`/api/v1/logs/${record!.id}`)).json).toEqual(record);
    const { before, after } = (await get(`/api/v1/logs/${record!.id}/context?limit=1`)).json as { before: LogRecord[]; after: LogRecord[] };
    expect([before[0]!.body, after[0]!.body]).toEqual(['line 6', 'line 8']);
    expect((await get('/api/v1/logs/5-5')).status).toBe(404);
  });

  it('exports a file', async () => {
    const { headers, text } = await get('/api/v1/logs/export?format=csv&query=service:pay');
    expect(headers['content-type']).toContain('text/csv');
    expect(headers['content-disposition']).toMatch(/^attachment; filename="logs-[\dT-]+\.csv"$/);
    expect(text.trimEnd().split('\r\n')).toHaveLength(11);
    const lines = (await get('/api/v1/logs/export')).text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as LogRecord).body)).toEqual(Array.from({ length: 30 }, (_, i) => `line ${29 - i}`));
  });

  it('streams what arrives, until the reader leaves', async () => {
    const left = new AbortController();
    const answer = await fetch(`${servers.urls.main}/api/v1/logs/tail?query=fresh`, { signal: left.signal });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    await insertLogs(store.clickhouse, [{ timeMs: NOW_MS, sequence: 1000, body: 'fresh' }, { timeMs: NOW_MS, sequence: 1001, body: 'other' }]);
    let text = '';
    for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (text.includes('event: log')) break;
    }
    const data = JSON.parse(/^data: (.*)$/m.exec(text)![1]!) as { logs: LogRecord[]; skipped: number };
    expect(data.logs.map(({ body }) => body)).toEqual(['fresh']);
    expect(data.skipped).toBe(0);
    left.abort();
  });
});
