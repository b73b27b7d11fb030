import type { Scope } from '@pitot/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeClock, memoryAccess, send, startServer, type RawAnswer } from '../fixtures/running-server.ts';
import type { HttpServers } from '../http-servers.ts';
import type { MountedRoute } from './gate.ts';

const PASSWORD = 'correct horse battery';
const NO_LOGIN_NEEDED = ['GET /health', 'HEAD /health', 'GET /api/v1/session', 'HEAD /api/v1/session', 'POST /api/v1/session', 'DELETE /api/v1/session', 'POST /api/v1/setup'];
/** Ends with the caller, not by itself. */
const ENDLESS = '/api/v1/events';

/** The answer's status and error code, whatever form the error has. */
interface Verdict {
  readonly status: number;
  readonly refused: boolean;
}

function verdict({ status, json, headers }: Pick<RawAnswer, 'status' | 'json' | 'headers'>): Verdict {
  const code = (json as { error?: { code?: string } } | undefined)?.error?.code;
  const refused = status === 401 || (status === 403 && code !== 'not_allowed') || code === 'not_allowed' || headers['www-authenticate'] !== undefined;
  return { status, refused };
}

/** Asks a route with an empty body: whatever it answers then, it must not be a refusal where access is given. */
async function ask(base: string, route: MountedRoute, headers: Record<string, string>): Promise<Verdict> {
  const path = route.url.replaceAll(/:\w+/g, 'x').replace('*', '');
  // A wrong setup token is refused by the route, not by the gate.
  const body = route.method === 'POST' || route.method === 'DELETE' ? {} : undefined;
  return verdict(await send(base, path, { method: route.method, headers: body ? { ...headers, 'content-type': 'text/plain' } : headers }));
}

function testable(servers: HttpServers): readonly MountedRoute[] {
  return servers.routes.main.filter(({ url }) => url !== ENDLESS);
}

const name = ({ method, url }: MountedRoute) => `${method} ${url}`;

async function refusals(servers: HttpServers, headers: Record<string, string>): Promise<Map<string, number>> {
  const refused = new Map<string, number>();
  for (const route of testable(servers)) {
    const { status, refused: isRefused } = await ask(servers.urls.main, route, headers);
    if (isRefused) refused.set(name(route), status);
  }
  return refused;
}

describe('a listener that demands a login', () => {
  let servers: HttpServers;
  const keys = {} as Record<Scope, string>;
  let cookie = '';

  beforeAll(async () => {
    servers = await startServer({ auth: { setting: 'required', publicNames: [] } });
    const token = new URL(servers.setupLink!).searchParams.get('token')!;
    const json = { 'content-type': 'application/json' };
    const made = await send(servers.urls.main, '/api/v1/setup', { method: 'POST', headers: json, body: JSON.stringify({ token, email: 'a@example.com', password: PASSWORD }) });
    cookie = made.headers['set-cookie']!.map((one) => one.split(';')[0]).join('; ');
    for (const scope of ['ingest', 'read', 'admin'] as const) {
      const created = await send(servers.urls.main, '/api/v1/keys', { method: 'POST', headers: { ...json, cookie }, body: JSON.stringify({ name: scope, scopes: [scope] }) });
      keys[scope] = (created.json as { key: string }).key;
    }
  });
  afterAll(() => servers.close());

  const routesOf = (scope: Scope) => testable(servers).filter((route) => route.access === scope).map(name);
  const others = (scope: Scope) => testable(servers).filter((route) => route.access !== scope && route.access !== 'public').map(name);

  it('answers without credentials only where a login begins, and /health', async () => {
    const refused = await refusals(servers, {});
    const open = testable(servers).map(name).filter((route) => !refused.has(route));
    expect(open.toSorted()).toEqual(NO_LOGIN_NEEDED.toSorted());
    expect(new Set(refused.values())).toEqual(new Set([401]));
  });

  it.each(['ingest', 'read', 'admin'] as const)('lets a key with the scope %s through the doors of that scope, and no others', async (scope) => {
    const refused = await refusals(servers, { authorization: `Bearer ${keys[scope]}` });
    expect([...refused.keys()].toSorted()).toEqual(others(scope).toSorted());
    expect(new Set(refused.values())).toEqual(new Set([403]));
    expect(routesOf(scope).length).toBeGreaterThan(0);
  });

  it('refuses a wrong key everywhere', async () => {
    const refused = await refusals(servers, { 'x-api-key': 'pk_wrong' });
    expect(refused.size).toBe(testable(servers).length - NO_LOGIN_NEEDED.length);
  });

  it('lets a session through every door', async () => {
    // The last one logs out, so it goes by itself.
    const kept = { ...servers, routes: { ...servers.routes, main: servers.routes.main.filter((route) => name(route) !== 'DELETE /api/v1/session') } };
    expect([...(await refusals(kept, { cookie })).keys()]).toEqual([]);
  });

  it('refuses pages of other origins everywhere, whatever they bring', async () => {
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) {
      const refused = await refusals(servers, { ...headers, cookie, authorization: `Bearer ${keys.read}` } as Record<string, string>);
      expect(testable(servers).map(name).filter((route) => !refused.has(route))).toEqual([]);
      expect(new Set(refused.values())).toEqual(new Set([403]));
    }
  });

  it('takes the key from every place that clients put it', async () => {
    const basic = `Basic ${Buffer.from(`anyone:${keys.read}`).toString('base64')}`;
    for (const headers of [{ authorization: `Bearer ${keys.read}` }, { authorization: `bearer ${keys.read}` }, { 'x-api-key': keys.read }, { authorization: basic }]) {
      expect((await send(servers.urls.main, '/api/v1/sources', { headers: headers as Record<string, string> })).status).toBe(200);
    }
  });

  it('tells the receiver whose key it was', async () => {
    const answer = await send(servers.urls.main, '/v1/echo', { method: 'POST', headers: { 'x-api-key': keys.ingest }, body: 'a' });
    expect((answer.json as { keyId: string }).keyId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('refuses an unknown path before it says that it is unknown', async () => {
    expect((await send(servers.urls.main, '/api/v1/nothing')).status).toBe(401);
    expect((await send(servers.urls.main, '/api/v1/nothing', { headers: { 'x-api-key': keys.ingest } })).status).toBe(404);
  });

  it('ends a session on logout at once', async () => {
    const json = { 'content-type': 'application/json' };
    const login = await send(servers.urls.main, '/api/v1/session', { method: 'POST', headers: json, body: JSON.stringify({ email: 'a@example.com', password: PASSWORD }) });
    expect(login.status).toBe(200);
    expect(login.headers['set-cookie']![0]).toMatch(/HttpOnly/i);
    expect(login.headers['set-cookie']![0]).toMatch(/SameSite=Lax/i);
    const mine = login.headers['set-cookie']!.map((one) => one.split(';')[0]).join('; ');
    expect((await send(servers.urls.main, '/api/v1/keys', { headers: { cookie: mine } })).status).toBe(200);
    expect((await send(servers.urls.main, '/api/v1/session', { method: 'DELETE', headers: { cookie: mine } })).json).toMatchObject({ authenticated: false });
    expect((await send(servers.urls.main, '/api/v1/keys', { headers: { cookie: mine } })).status).toBe(401);
  });
});

describe('a listener on loopback', () => {
  let servers: HttpServers;
  beforeAll(async () => {
    servers = await startServer({ auth: { setting: 'auto', publicNames: ['pitot.example.com'] } });
  });
  afterAll(() => servers.close());

  it('needs no login', async () => {
    expect(servers.authMode).toBe('loopback');
    expect(servers.setupLink).toBeUndefined();
    expect([...(await refusals(servers, {})).keys()].filter((route) => route !== 'POST /api/v1/session')).toEqual([]);
  });

  it.each(['localhost', 'localhost:5173', '127.0.0.1:1', '[::1]:7777', 'pitot.example.com'])('answers to the name %s', async (host) => {
    expect([...(await refusals(servers, { host })).keys()].filter((route) => route !== 'POST /api/v1/session')).toEqual([]);
  });

  it.each(['evil.example', 'localhost.evil.example:7777', '127.0.0.1.nip.io', '10.0.0.1:7777', 'pitot.example.com.evil.example'])('does not answer to the name %s', async (host) => {
    const refused = await refusals(servers, { host });
    expect(testable(servers).map(name).filter((route) => !refused.has(route))).toEqual([]);
    expect(new Set(refused.values())).toEqual(new Set([403]));
  });

  it.each([{ origin: 'https://evil.example' }, { origin: 'http://localhost:9' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }])('refuses pages from elsewhere: %j', async (headers) => {
    const refused = await refusals(servers, headers as unknown as Record<string, string>);
    expect(testable(servers).map(name).filter((route) => !refused.has(route))).toEqual([]);
  });

  it('lets its own pages and those of its public names call', async () => {
    const { host } = new URL(servers.urls.main);
    expect((await send(servers.urls.main, '/api/v1/sources', { headers: { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' } })).status).toBe(200);
    const cross = await send(servers.urls.main, '/api/v1/sources', { headers: { origin: 'https://pitot.example.com', 'sec-fetch-site': 'cross-site' } });
    expect(cross).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': 'https://pitot.example.com' } });
    const preflight = await send(servers.urls.main, '/api/v1/query', { method: 'OPTIONS', headers: { origin: 'https://pitot.example.com', 'access-control-request-method': 'POST' } });
    expect(preflight.status).toBe(204);
    expect((await send(servers.urls.main, '/api/v1/query', { method: 'OPTIONS', headers: { origin: 'https://evil.example' } })).headers['access-control-allow-origin']).toBeUndefined();
  });

  it('sends the security headers with every answer', async () => {
    for (const path of ['/health', '/api/v1/sources', '/api/v1/nothing']) {
      expect((await send(servers.urls.main, path)).headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
    }
  });
});

describe('the way in', () => {
  const json = { 'content-type': 'application/json' };
  const setup = (token: string, email = 'a@example.com', password = PASSWORD) => ({ method: 'POST', headers: json, body: JSON.stringify({ token, email, password }) });

  it('makes one administrator by the link, once, and tells weak passwords', async () => {
    const database = memoryAccess();
    const servers = await startServer({ database, auth: { setting: 'required', publicNames: [] } });
    const { main } = servers.urls;
    expect(servers.setupLink).toMatch(/\/setup\?token=[\w-]{32}$/);
    const token = new URL(servers.setupLink!).searchParams.get('token')!;
    expect((await send(main, '/api/v1/session')).json).toEqual({ authenticated: false, auth: 'required', setup_needed: true, user: null });
    expect(await send(main, '/api/v1/setup', setup('wrong'))).toMatchObject({ status: 403, json: { error: { code: 'not_allowed' } } });
    expect(await send(main, '/api/v1/setup', setup(token, 'a@example.com', 'short'))).toMatchObject({ status: 400, json: { error: { message: expect.stringContaining('at least 12 characters') } } });
    const raced = await Promise.all([send(main, '/api/v1/setup', setup(token)), send(main, '/api/v1/setup', setup(token, 'b@example.com'))]);
    expect(raced.map(({ status }) => status).toSorted()).toEqual([200, 403]);
    expect(raced.find(({ status }) => status === 200)).toMatchObject({ json: { authenticated: true, user: { email: expect.stringMatching(/^[ab]@example.com$/) }, setup_needed: false } });
    await servers.close();
    const restarted = await startServer({ database, auth: { setting: 'required', publicNames: [] } });
    expect(restarted.setupLink).toBeUndefined();
    await restarted.close();
  });

  it('voids the link of an earlier start', async () => {
    const database = memoryAccess();
    const first = await startServer({ database, auth: { setting: 'required', publicNames: [] } });
    await first.close();
    const second = await startServer({ database, auth: { setting: 'required', publicNames: [] } });
    const old = new URL(first.setupLink!).searchParams.get('token')!;
    expect((await send(second.urls.main, '/api/v1/setup', setup(old))).status).toBe(403);
    await second.close();
  });

  it('limits attempts to log in', async () => {
    const clock = fakeClock();
    const servers = await startServer({ clock, auth: { setting: 'required', publicNames: [] } });
    const attempt = () => send(servers.urls.main, '/api/v1/session', { method: 'POST', headers: json, body: JSON.stringify({ email: 'a@example.com', password: 'x' }) });
    for (let i = 0; i < 10; i++) expect((await attempt()).status).toBe(401);
    expect(await attempt()).toMatchObject({ status: 429, json: { error: { code: 'too_many_requests' } }, headers: { 'retry-after': '60' } });
    clock.advance(60_000);
    expect((await attempt()).status).toBe(401);
    await servers.close();
  });

  it('asks the database for a key once, and forgets a deleted one at once', async () => {
    const database = memoryAccess();
    const servers = await startServer({ database, auth: { setting: 'auto', publicNames: [] } });
    const created = await send(servers.urls.main, '/api/v1/keys', { method: 'POST', headers: json, body: JSON.stringify({ name: 'k', scopes: ['ingest'] }) });
    const { id, key, prefix } = created.json as { id: string; key: string; prefix: string };
    expect(key.startsWith(prefix)).toBe(true);
    const post = () => send(servers.urls.main, '/v1/echo', { method: 'POST', headers: { 'x-api-key': key }, body: 'a' });
    for (let i = 0; i < 5; i++) expect((await post()).json).toMatchObject({ keyId: id });
    expect(database.lookups()).toBe(1);
    const listed = (await send(servers.urls.main, '/api/v1/keys')).json;
    expect(listed).toMatchObject({ keys: [{ id, name: 'k', prefix, scopes: ['ingest'], last_used: expect.any(String) }] });
    expect(JSON.stringify(listed)).not.toContain(key);
    expect((await send(servers.urls.main, `/api/v1/keys/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await send(servers.urls.main, `/api/v1/keys/${id}`, { method: 'DELETE' })).status).toBe(404);
    expect((await post()).json).toMatchObject({ keyId: null });
    await servers.close();
  });
});

describe('other addresses', () => {
  it('demand a login unless it is switched off, which is told', async () => {
    const required = await startServer({ main: { host: '0.0.0.0', port: 0 } });
    expect([required.authMode, required.warnings]).toEqual(['required', []]);
    await required.close();
    const off = await startServer({ main: { host: '0.0.0.0', port: 0 }, auth: { setting: 'off', publicNames: [] } });
    expect(off.authMode).toBe('off');
    expect(off.warnings).toEqual([expect.stringContaining('open to everyone')]);
    await off.close();
  });

  it('are decided for each listener', async () => {
    const servers = await startServer({ otlp: { host: '0.0.0.0', port: 0 } });
    const otlp = servers.urls.otlp!.replace('localhost', '127.0.0.1');
    expect(servers.authMode).toBe('loopback');
    expect((await send(otlp, '/v1/echo', { method: 'POST', body: 'a' })).status).toBe(401);
    await servers.close();
  });

  it('are named when they cannot be taken', async () => {
    const servers = await startServer();
    const port = Number(new URL(servers.urls.main).port);
    await expect(startServer({ main: { host: '127.0.0.1', port } })).rejects.toMatchObject({ code: 'bad_config', message: expect.stringContaining('PITOT_LISTEN') });
    await servers.close();
  });
});
