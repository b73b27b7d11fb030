import { randomUUID, hash } from 'node:crypto';
import type { Scope } from '@pitot/core';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryAccess, startServer } from '../fixtures/running-server.ts';
import type { HttpServers, HttpServersOptions } from '../http-servers.ts';

const LOOPBACK = { host: '127.0.0.1', port: 4317 };
const EVERYWHERE = { host: '0.0.0.0', port: 4317 };

let servers: HttpServers | undefined;
afterEach(() => servers?.close());

async function started(setting: HttpServersOptions['auth']['setting']): Promise<HttpServers> {
  const database = memoryAccess();
  for (const scope of ['ingest', 'read'] satisfies Scope[]) {
    const key = `pk_${scope}`;
    await database.keys.create({ id: scope, name: randomUUID(), prefix: key, hash: hash('sha256', key), scopes: [scope], createdMs: 0, lastUsedMs: null });
  }
  servers = await startServer({ database, auth: { setting, publicNames: [] } });
  return servers;
}

describe('the credentials of a listener that is not HTTP', () => {
  it.each([
    ['auto', EVERYWHERE],
    ['required', LOOPBACK],
    ['required', EVERYWHERE],
  ] as const)('are demanded with auth %s on %o', async (setting, address) => {
    const authorize = (await started(setting)).authorize(address);
    const basic = Buffer.from('anyone:pk_ingest').toString('base64');
    for (const credentials of [{ authorization: 'Bearer pk_ingest' }, { apiKey: 'pk_ingest' }, { authorization: `Basic ${basic}` }]) {
      expect(await authorize(credentials, 'ingest')).toEqual({ keyId: 'ingest' });
    }
    for (const credentials of [{}, { apiKey: '' }, { apiKey: 'pk_wrong' }, { authorization: 'Bearer' }, { authorization: 'Digest x' }]) {
      await expect(authorize(credentials, 'ingest')).rejects.toMatchObject({ code: 'not_authenticated' });
    }
    await expect(authorize({ apiKey: 'pk_read' }, 'ingest')).rejects.toMatchObject({ code: 'not_allowed', message: expect.stringContaining('"ingest"') });
  });

  it.each([
    ['auto', LOOPBACK],
    ['off', LOOPBACK],
    ['off', EVERYWHERE],
  ] as const)('are not demanded with auth %s on %o, but a key is known', async (setting, address) => {
    const authorize = (await started(setting)).authorize(address);
    expect(await authorize({}, 'ingest')).toEqual({});
    expect(await authorize({ apiKey: 'pk_wrong' }, 'ingest')).toEqual({});
    expect(await authorize({ apiKey: 'pk_read' }, 'ingest')).toEqual({ keyId: 'read' });
  });
});
