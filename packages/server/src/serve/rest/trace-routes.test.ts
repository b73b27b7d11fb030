import { AppError } from '@pitot/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TraceQueries } from '../../query/traces/trace-queries.ts';
import { fakeClock, nothingBehind, NOW_MS, send, startServer } from '../fixtures/running-server.ts';
import type { HttpServers } from '../http-servers.ts';

const HOUR_MS = 3_600_000;
const asked: unknown[] = [];
const none = { selected: 0, baseline: 0, attributes: [], summary: '' };
const sides = { duration_us: 1, spans: 1, errors: 0 };

/** Notes what it is asked; the answers are tried in query/traces. */
const traces: TraceQueries = {
  ...nothingBehind<TraceQueries>(),
  search: async (question) => (asked.push(question), { traces: [], spans_found: 0, errors_found: 0, truncated: false, took_ms: 1 }),
  heatmap: async (question) => (asked.push(question), { start_ms: 0, step_ms: 1, bounds_ms: [], counts: [], errors: [] }),
  fields: async (question) => (asked.push(question), { fields: [] }),
  facets: async (question) => (asked.push(question), { facets: [], sampled: false }),
  trace: async (traceId) => {
    throw new AppError('not_found', `no span of trace ${traceId} is stored`);
  },
  document: async () => ({ resourceSpans: [] }),
  compare: async (left, right) => (asked.push([left, right]), { left: { trace_id: left, ...sides }, right: { trace_id: right, ...sides }, rows: [], summary: '' }),
  compareGroups: async (question) => (asked.push(question), none),
};

let servers: HttpServers;
beforeAll(async () => {
  const clock = fakeClock();
  servers = await startServer({ clock, questions: { ...nothingBehind<object>(), traces: { traces, clock } } });
});
afterAll(() => servers.close());

const get = async (path: string) => {
  asked.length = 0;
  return send(servers.urls.main, `/api/v1/traces${path}`);
};

describe('the routes of traces', () => {
  it('ask for the last hour and the newest fifty, unless told otherwise', async () => {
    expect((await get('')).status).toBe(200);
    expect(asked).toEqual([{ query: '', startMs: NOW_MS + 1 - HOUR_MS, endMs: NOW_MS + 1, sort: 'recent', limit: 50 }]);
    await get('?query=service%3Acart&start=1000&end=2026-03-01T12:00:00Z&sort=errors&limit=7&min_duration_ms=1.5&environment=production');
    expect(asked).toEqual([{ query: 'service:cart', startMs: 1000, endMs: Date.parse('2026-03-01T12:00:00Z'), environment: 'production', sort: 'errors', limit: 7, minDurationMs: 1.5 }]);
  });

  it('pass on what each question needs', async () => {
    await get('/heatmap?columns=5&rows=6&start=0&end=10');
    expect(asked).toEqual([{ query: '', startMs: 0, endMs: 10, columns: 5, rows: 6 }]);
    await get('/fields?prefix=http.&start=0&end=10');
    expect(asked).toEqual([{ startMs: 0, endMs: 10, prefix: 'http.', limit: 200 }]);
    await get('/facets?fields=service,%20http.route,&start=0&end=10');
    expect(asked).toEqual([{ query: '', startMs: 0, endMs: 10, fields: ['service', 'http.route'], limit: 10 }]);
    await get('/compare-groups?selection=status%3Aerror&from=5&max_ms=9&start=0&end=10');
    expect(asked).toEqual([{ query: '', startMs: 0, endMs: 10, selection: 'status:error', fromMs: 5, maxMs: 9, limit: 30 }]);
    await get('/compare?left=AB&right=cd');
    expect(asked).toEqual([['ab', 'cd']]);
  });

  it.each([
    ['?limit=0', 'limit'],
    ['?min_duration_ms=5&max_duration_ms=4', 'swap them'],
    ['?start=20&end=10', 'start lies after end'],
    ['/compare-groups', 'selection'],
    ['/compare?left=xyz&right=ab', 'hexadecimal'],
    ['/not-hex', 'hexadecimal'],
    [`/facets?fields=${Array.from({ length: 30 }, (_, i) => `f${i}`).join(',')}`, 'at most 20'],
  ])('refuse %s and say why', async (path, reason) => {
    const { status, text } = await get(path);
    expect(status).toBe(400);
    expect(text).toContain(reason);
  });

  it('say that a trace is not there, and hand one out as a file', async () => {
    const missing = await get('/00ff');
    expect([missing.status, missing.text]).toEqual([404, expect.stringContaining('no span of trace 00ff') as string]);
    const file = await get('/00FF/export');
    expect([file.status, file.headers['content-disposition'], file.json]).toEqual([200, 'attachment; filename="trace-00ff.json"', { resourceSpans: [] }]);
  });
});
