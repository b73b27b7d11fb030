import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send, startServer } from './fixtures/running-server.ts';
import type { HttpServers } from './http-servers.ts';

const PAGE = '<!doctype html><title>Pitot</title>';

describe('the web', () => {
  let root: string;
  let servers: HttpServers;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'pitot-web-'));
    mkdirSync(join(root, 'assets'));
    writeFileSync(join(root, 'index.html'), PAGE);
    writeFileSync(join(root, 'favicon.svg'), '<svg/>');
    writeFileSync(join(root, 'assets', 'main-abc123.js'), 'console.log(1)');
    writeFileSync(join(root, 'assets', 'main-abc123.js.br'), brotliCompressSync('console.log(1)'));
    servers = await startServer({ webRoot: root });
  });
  afterAll(async () => {
    await servers.close();
    rmSync(root, { recursive: true, force: true });
  });
  const get = (path: string, headers: Record<string, string> = {}) => send(servers.urls.main, path, { headers });

  it.each(['/', '/index.html', '/explore', '/hosts/web-1?from=now-1h', '/setup?token=x'])('serves the page at %s, fresh and under a strict policy', async (path) => {
    const answer = await get(path);
    expect([answer.status, answer.text]).toEqual([200, PAGE]);
    expect(answer.headers['content-type']).toMatch(/^text\/html/);
    expect(answer.headers['cache-control']).toBe('no-cache');
    const policy = answer.headers['content-security-policy'];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  it('lets hashed files be kept for ever, and sends them as the build compressed them', async () => {
    const plain = await get('/assets/main-abc123.js');
    expect([plain.text, plain.headers['cache-control']]).toEqual(['console.log(1)', 'public, max-age=31536000, immutable']);
    const small = await get('/assets/main-abc123.js', { 'accept-encoding': 'gzip, br' });
    expect([small.headers['content-encoding'], small.headers['cache-control']]).toEqual(['br', 'public, max-age=31536000, immutable']);
    expect(small.headers['content-type']).toMatch(/javascript/);
    expect(brotliDecompressSync(small.body).toString()).toBe('console.log(1)');
    expect((await get('/favicon.svg')).headers['cache-control']).toBe('public, max-age=3600');
  });

  it('answers unknown interface paths and lost files with an error, not with the page', async () => {
    for (const path of ['/api/v1/nothing', '/api', '/v1/nothing', '/-/nothing']) {
      expect(await get(path)).toMatchObject({ status: 404, json: { error: { code: 'not_found' } } });
    }
    expect((await get('/assets/main-old.js')).status).toBe(404);
    expect((await send(servers.urls.main, '/explore', { method: 'POST' })).status).toBe(404);
  });

  it.each(['/../package.json', '/%2e%2e/%2e%2e/etc/passwd', '/assets/..%2f..%2fetc%2fpasswd', '/.env'])('keeps to its directory: %s', async (path) => {
    const answer = await get(path);
    expect(answer.status === 404 || answer.text === PAGE, `${answer.status} ${answer.text}`).toBe(true);
  });

  it('answers paths that cannot be names of files like other errors', async () => {
    expect(await get('/assets/%00')).toMatchObject({ status: 404, json: { error: { code: 'not_found' } } });
    for (const path of ['/%', '/assets/%c0%ae', '/api/v1/label/%ff/values']) {
      expect(await get(path)).toMatchObject({ status: 400, json: { error: { code: 'bad_payload', message: expect.stringContaining('not a valid url') as string } } });
    }
  });

  it('may be opened by a link on another site, unlike the interfaces', async () => {
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await get('/explore', link)).status).toBe(200);
    expect((await get('/api/v1/sources', link)).status).toBe(403);
    expect((await get('/explore', { ...link, 'sec-fetch-mode': 'no-cors' })).status).toBe(403);
  });

  it('is told apart from a directory without a build', async () => {
    await expect(startServer({ webRoot: join(root, 'assets') })).rejects.toThrow('npm run build:web');
  });

  it('shows the login page without a login', async () => {
    const guarded = await startServer({ webRoot: root, auth: { setting: 'required', publicNames: [] } });
    expect((await send(guarded.urls.main, '/login')).text).toBe(PAGE);
    expect((await send(guarded.urls.main, '/api/v1/sources')).status).toBe(401);
    await guarded.close();
  });
});
