import { get as httpGet } from 'node:http';
import type { HealthAnswer, SourceStatus } from '@pitot/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryReader } from '../../../../promql/src/memory-reader.ts';
import { NOW_MS, quietMonitor, send, startServer, wellHealth } from '../fixtures/running-server.ts';
import type { HttpServers } from '../http-servers.ts';

let servers: HttpServers;
let health: HealthAnswer = wellHealth;
let sources: readonly SourceStatus[] = quietMonitor.sources();

function reader(): MemoryReader {
  const memory = new MemoryReader();
  const cart = ['__name__', 'queue_depth', 'deployment_environment_name', 'production', 'job', 'cart', 'shard', 'a'];
  for (let i = 0; i < 5; i++) memory.appendFloat(cart, NOW_MS - i * 1000, 42 - i);
  memory.appendFloat(['__name__', 'old', 'job', 'cart'], NOW_MS - 7_200_000, 1);
  memory.appendFloat(['__name__', 'other', 'job', 'shop'], NOW_MS - 500, 7);
  memory.appendStale(['__name__', 'other', 'job', 'shop'], NOW_MS - 100);
  return memory;
}

beforeAll(async () => {
  servers = await startServer({ reader: reader(), health: () => health, monitor: { ...quietMonitor, sources: () => sources } });
});
afterAll(() => servers.close());

const get = (path: string) => send(servers.urls.main, path);

describe('GET /health', () => {
  it('is 200 while data is taken, and 503 when it is not', async () => {
    expect(await get('/health')).toMatchObject({ status: 200, json: { status: 'healthy', circuit_breaker: 'CLOSED', services: { clickhouse: { status: 'up', message: '' } } } });
    health = { ...wellHealth, status: 'degraded', circuit_breaker: 'OPEN' };
    expect((await get('/health')).status).toBe(200);
    health = { ...wellHealth, status: 'unhealthy' };
    expect((await get('/health')).status).toBe(503);
    expect((await get('/-/ready')).status).toBe(503);
    expect((await get('/-/healthy')).status).toBe(200);
    health = wellHealth;
  });
});

describe('GET /metrics', () => {
  it('is the own exposition when bare', async () => {
    const answer = await get('/metrics');
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([200, 'pitot_up 1\n', 'text/plain; version=0.0.4; charset=utf-8']);
  });

  it('gives a service’s newest samples', async () => {
    const answer = await get('/metrics?service=cart&limit=2');
    expect(answer.json).toEqual({
      metrics: [
        { service_name: 'cart', metric_type: 'queue_depth', value: 42, metadata: { shard: 'a', deployment_environment_name: 'production' }, timestamp: '2026-03-01T12:00:00.000Z' },
        { service_name: 'cart', metric_type: 'queue_depth', value: 41, metadata: { shard: 'a', deployment_environment_name: 'production' }, timestamp: '2026-03-01T11:59:59.000Z' },
      ],
      count: 2,
      scanned_count: 1,
    });
  });

  it('looks further back where the last minutes hold too little, and past the mark of an ended series', async () => {
    expect((await get('/metrics?service=cart&limit=6')).json).toMatchObject({ count: 6, scanned_count: 2 });
    expect((await get('/metrics?service=shop')).json).toMatchObject({ count: 1, metrics: [{ metric_type: 'other', value: 7 }] });
    expect((await get('/metrics?limit=1')).json).toMatchObject({ count: 1, metrics: [{ service_name: 'cart' }] });
    expect((await get('/metrics?service=nobody')).json).toEqual({ metrics: [], count: 0, scanned_count: 0 });
  });

  it('says which parameter is wrong', async () => {
    expect(await get('/metrics?limit=0')).toMatchObject({ status: 400, json: { error: { code: 'bad_request', message: expect.stringContaining('limit'), request_id: expect.any(String) } } });
  });
});

describe('what Pitot’s own pages read', () => {
  it('lists sources, environments and the status', async () => {
    expect((await get('/api/v1/sources')).json).toEqual({
      sources: [
        {
          receiver: 'otlp',
          service: 'shop',
          active_series: 3,
          samples_total: 10,
          samples_per_second: 0.5,
          logs_total: 0,
          logs_per_second: 0,
          spans_total: 0,
          spans_per_second: 0,
          first_received: '2026-03-01T11:59:59.000Z',
          last_received: '2026-03-01T12:00:00.000Z',
        },
      ],
    });
    expect((await get('/api/v1/environments')).json).toEqual({ environments: ['production'] });
    expect((await get('/api/v1/status')).json).toMatchObject({ auth: 'loopback', listeners: [{ name: 'main', url: servers.urls.main }], limits: { body_bytes: expect.any(Number) } });
    expect((await get('/api/v1/session')).json).toEqual({ authenticated: false, auth: 'loopback', setup_needed: false, user: null });
  });

  it('refuses fields that do not exist', async () => {
    const answer = await send(servers.urls.main, '/api/v1/keys', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"name":"x","scopes":["read"],"extra":1}' });
    expect(answer).toMatchObject({ status: 400, json: { error: { code: 'bad_request', message: expect.stringContaining('extra') } } });
    const broken = await send(servers.urls.main, '/api/v1/keys', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' });
    expect(broken).toMatchObject({ status: 400, json: { error: { code: 'bad_payload' } } });
  });
});

describe('GET /api/v1/events', () => {
  it('tells the present state at once, and a change of who sends or of health', async () => {
    const received: string[] = [];
    const waiting: { text: string; found: () => void }[] = [];
    const request = httpGet(`${servers.urls.main}/api/v1/events`, (response) => {
      response.setEncoding('utf8').on('data', (chunk: string) => {
        received.push(chunk);
        for (const { text, found } of waiting) if (received.join('').includes(text)) found();
      });
    });
    const appears = (text: string) =>
      new Promise<void>((found) => {
        waiting.push({ text, found });
        if (received.join('').includes(text)) found();
      });
    await appears('"status":"healthy"');
    expect(received.join('')).toContain('event: sources\ndata: {"sources":[{"receiver":"otlp"');
    sources = [{ ...sources[0]!, service: 'newcomer' }, ...sources];
    await appears('"service":"newcomer"');
    health = { ...wellHealth, status: 'degraded' };
    await appears('"status":"degraded"');
    health = wellHealth;
    request.destroy();
  });

  it('ends when the server closes', async () => {
    const own = await startServer();
    const ended = new Promise<string>((resolve, reject) => {
      httpGet(`${own.urls.main}/api/v1/events`, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk)).on('end', () => resolve(text));
        void own.close();
      }).on('error', reject);
    });
    expect(await ended).toContain('event: health');
  });
});
