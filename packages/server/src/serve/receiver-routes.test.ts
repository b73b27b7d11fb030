import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noMeter, send, startServer } from './fixtures/running-server.ts';
import type { HttpServers } from './http-servers.ts';

describe('receivers’ routes', () => {
  let servers: HttpServers;
  beforeAll(async () => {
    servers = await startServer({ otlp: { host: '127.0.0.1', port: 0 }, limits: { body_bytes: 1000 } });
  });
  afterAll(() => servers.close());

  it.each([['application/x-protobuf'], ['application/json'], ['text/plain'], ['x/y; charset=odd']])('hands the body of %s over as it came', async (type) => {
    const body = gzipSync('{"not":"decoded"}');
    const answer = await send(servers.urls.main, '/v1/echo?a=1&a=2', { method: 'POST', headers: { 'content-type': type, 'content-encoding': 'gzip' }, body });
    expect(answer).toMatchObject({ status: 200, json: { bytes: body.length, first: 0x1f, type, query: { a: ['1', '2'] }, keyId: null } });
  });

  it('takes a body without a content type, and no body at all', async () => {
    expect((await send(servers.urls.main, '/v1/echo', { method: 'POST', body: 'abc' })).json).toMatchObject({ bytes: 3, type: null });
    expect((await send(servers.urls.main, '/v1/echo', { method: 'POST' })).json).toMatchObject({ bytes: 0 });
  });

  it('serves the OTLP listener with nothing else on it', async () => {
    expect((await send(servers.urls.otlp!, '/v1/echo', { method: 'POST', body: 'abc' })).status).toBe(200);
    expect((await send(servers.urls.otlp!, '/api/v1/query?query=1')).status).toBe(404);
  });

  it('refuses a body that says it is too large, and one that turns out to be', async () => {
    const said = await send(servers.urls.main, '/v1/echo', { method: 'POST', body: Buffer.alloc(1001) });
    expect(said).toMatchObject({ status: 413, json: { error: { code: 'body_too_large', fields: { limit: 'limits.body_bytes', value: 1000 } } } });
    const chunked = await send(servers.urls.main, '/v1/echo', { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: Buffer.alloc(5000) });
    expect(chunked).toMatchObject({ status: 413, json: { error: { code: 'body_too_large' } } });
    expect((await send(servers.urls.main, '/v1/echo', { method: 'POST', body: Buffer.alloc(1000) })).status).toBe(200);
  });

  it('asks for the body of a sender that expects 100 Continue', async () => {
    const answer = await send(servers.urls.main, '/v1/echo', { method: 'POST', headers: { expect: '100-continue', 'content-length': '3' }, body: 'abc' });
    expect(answer).toMatchObject({ status: 200, continued: true, json: { bytes: 3 } });
  });

  it('answers an unknown path with what is wrong', async () => {
    const answer = await send(servers.urls.main, '/v1/nothing', { method: 'POST', body: '{}' });
    expect(answer).toMatchObject({ status: 404, json: { error: { code: 'not_found' } } });
  });
});

describe('a sender that hangs up before its body is whole', () => {
  it.each(['/v1/echo', '/api/v1/query'])('is no defect in the log: %s', async (path) => {
    const lines: unknown[] = [];
    const ignore = () => {};
    const servers = await startServer({ log: { debug: ignore, info: ignore, warn: ignore, error: (...line: unknown[]) => void lines.push(line) } });
    const { port } = new URL(servers.urls.main);
    const socket = connect(Number(port), '127.0.0.1').resume();
    await once(socket, 'connect');
    // The first answer says that the second request has been begun.
    const health = `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
    const half = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nquery=`;
    socket.write(health + half);
    await once(socket, 'data');
    socket.destroy();
    await send(servers.urls.main, '/health');
    await servers.close();
    expect(lines).toEqual([]);
  });
});

describe('every request', () => {
  it('is counted by listener, route and status, however strange its path or method', async () => {
    const counted: object[] = [];
    const meter = { ...noMeter, counter: (name: string) => ({ inc: (_by?: number, labels?: object) => void (name === 'pitot_http_requests_total' && counted.push(labels!)) }) };
    const servers = await startServer({ meter });
    await send(servers.urls.main, '/v1/echo?x=1', { method: 'POST', body: 'abc' });
    await send(servers.urls.main, '/made/up/1234');
    await send(servers.urls.main, `/api/v1/format_query?query=up{a="${'x'.repeat(100_000)}"}`);
    await servers.close();
    expect(counted).toEqual([
      { listener: 'main', method: 'POST', route: '/v1/echo', status: '200' },
      { listener: 'main', method: 'GET', route: 'unknown', status: '404' },
      { listener: 'main', method: 'GET', route: '/api/v1/format_query', status: '200' },
    ]);
  });
});

describe('draining', () => {
  it('refuses telemetry with Retry-After, still answers questions, and closes', async () => {
    const servers = await startServer();
    servers.drain();
    const refused = await send(servers.urls.main, '/v1/echo', { method: 'POST', body: 'abc' });
    expect(refused).toMatchObject({ status: 503, json: { error: { code: 'shutting_down' } }, headers: { 'retry-after': '5', connection: 'close' } });
    expect((await send(servers.urls.main, '/health')).status).toBe(200);
    await servers.close();
    await expect(send(servers.urls.main, '/health')).rejects.toThrow(/ECONNREFUSED/);
  });
});
