import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startExporter, type Exporter } from '../fixtures/exporter.ts';
import type { HttpClientConfig } from './config.ts';
import { HttpClient } from './http-client.ts';

const options = { headers: {}, timeoutMs: 5000, bodyLimitBytes: 1000, signal: new AbortController().signal };

describe('HTTP client', () => {
  let exporter: Exporter;
  let client: HttpClient;
  beforeEach(async () => {
    exporter = await startExporter('body');
    client = new HttpClient({ follow_redirects: true });
  });
  afterEach(async () => {
    client.close();
    await exporter.close();
  });
  const get = () => client.get(`http://${exporter.address}/`, options);

  it('lets a request in flight finish after it is retired, and closes its connection then', async () => {
    let finish = () => {};
    const reached = new Promise<void>((resolve) => {
      exporter.answer = (_, response) => {
        finish = () => response.end('late');
        resolve();
      };
    });
    const answer = get();
    await reached;
    client.retire();
    finish();
    expect((await answer).body.toString()).toBe('late');
    exporter.expose('next');
    await get();
    expect(exporter.connections()).toBe(2);
  }, 10_000);

  it('refuses a small gzip body that grows beyond the limit, and one that is not gzip', async () => {
    exporter.answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(100_000)));
    await expect(get()).rejects.toMatchObject({ code: 'body_too_large' });
    exporter.answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('plain');
    await expect(get()).rejects.toMatchObject({ code: 'bad_encoding' });
  });

  it('stops at redirects without end, to other protocols, or when told not to follow', async () => {
    exporter.answer = (_, response) => response.writeHead(302, { location: '/again' }).end();
    await expect(get()).rejects.toThrow('more than 10 redirects');
    exporter.answer = (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    await expect(get()).rejects.toThrow('not an HTTP URL');
    client = new HttpClient({ follow_redirects: false });
    await expect(get()).rejects.toThrow('HTTP status 302');
  });

  it('names the file of credentials that cannot be read', async () => {
    client = new HttpClient({ follow_redirects: true, authorization: { type: 'Bearer', credentials_file: '/nowhere/token' } });
    await expect(get()).rejects.toThrow('/nowhere/token');
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) console.warn('openssl is not installed: the tests of TLS are left out');

describe.runIf(hasOpenssl || process.env['CI'])('HTTPS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pitot-tls-'));
  const file = (name: string) => join(folder, name);
  const server = createServer({ requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const authorized = 'authorized' in request.socket && request.socket.authorized === true;
    response.end(`client ${authorized ? 'known' : 'unknown'}, ${request.headers.authorization ?? 'no token'}`);
  });
  let url = '';
  beforeAll(async () => {
    const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=pitot.test', '-addext', 'subjectAltName=DNS:pitot.test', '-keyout', file('key.pem'), '-out', file('cert.pem')]);
    expect(made.status).toBe(0);
    const cert = readFileSync(file('cert.pem'));
    server.setSecureContext({ cert, key: readFileSync(file('key.pem')), ca: cert });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  const get = async (tls: NonNullable<HttpClientConfig['tls_config']>, rest: Partial<HttpClientConfig> = {}) => {
    const client = new HttpClient({ follow_redirects: true, tls_config: tls, ...rest });
    try {
      return (await client.get(url, options)).body.toString();
    } finally {
      client.close();
    }
  };

  it('refuses a certificate nobody vouches for, or of another name', async () => {
    await expect(get({ insecure_skip_verify: false })).rejects.toThrow('certificate');
    await expect(get({ insecure_skip_verify: false, ca_file: file('cert.pem') })).rejects.toThrow("does not match certificate's altnames");
  });

  it('takes it with its CA and name, or when told not to look', async () => {
    await expect(get({ insecure_skip_verify: false, ca_file: file('cert.pem'), server_name: 'pitot.test' })).resolves.toContain('unknown');
    await expect(get({ insecure_skip_verify: true })).resolves.toContain('unknown');
  });

  it('shows its own certificate', async () => {
    await expect(get({ insecure_skip_verify: true, cert_file: file('cert.pem'), key_file: file('key.pem') })).resolves.toContain('client known');
  });

  it('reads a token from its file at each request', async () => {
    writeFileSync(file('token'), 'first\n');
    await expect(get({ insecure_skip_verify: true }, { authorization: { type: 'Bearer', credentials_file: file('token') } })).resolves.toContain('Bearer first');
  });
});
