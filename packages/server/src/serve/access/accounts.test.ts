import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiKeyTable } from '../../store/postgres/api-keys.ts';
import { openEmbeddedPostgres, type Postgres } from '../../store/postgres/postgres.ts';
import { account, session, user, verification } from '../../store/postgres/schema.ts';
import { SettingsTable } from '../../store/postgres/settings.ts';
import { send, startServer } from '../fixtures/running-server.ts';
import { drizzleAccounts } from './access-database.ts';

describe('access kept in PostgreSQL', () => {
  let directory: string;
  let postgres: Postgres;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pitot-access-'));
    postgres = await openEmbeddedPostgres({ path: join(directory, 'postgres') });
    await postgres.migrate();
  });
  afterAll(async () => {
    await postgres.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('carries an administrator, a session and a key over a restart', async () => {
    const json = { 'content-type': 'application/json' };
    const database = {
      keys: new ApiKeyTable(postgres),
      settings: new SettingsTable(postgres),
      accounts: drizzleAccounts(postgres.db, { user, session, account, verification }),
    };
    const start = () => startServer({ database, auth: { setting: 'required', publicNames: [] } });
    const first = await start();
    const token = new URL(first.setupLink!).searchParams.get('token')!;
    const administrator = { token, email: 'Ada@example.com', name: 'Ada', password: 'correct horse battery' };
    const made = await send(first.urls.main, '/api/v1/setup', { method: 'POST', headers: json, body: JSON.stringify(administrator) });
    expect(made.json).toMatchObject({ authenticated: true, user: { email: 'ada@example.com', name: 'Ada' } });
    expect(await postgres.db.select().from(account)).toMatchObject([{ issuer: 'local:credential', providerId: 'credential', scope: null }]);
    const cookie = made.headers['set-cookie']!.map((one) => one.split(';')[0]).join('; ');
    const created = await send(first.urls.main, '/api/v1/keys', { method: 'POST', headers: { ...json, cookie }, body: JSON.stringify({ name: 'grafana', scopes: ['read'] }) });
    const { id, key } = created.json as { id: string; key: string };
    await first.close();

    const second = await start();
    expect(second.setupLink).toBeUndefined();
    expect((await send(second.urls.main, '/api/v1/sources', { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
    expect((await send(second.urls.main, '/api/v1/keys', { headers: { cookie } })).json).toMatchObject({ keys: [{ id, name: 'grafana', scopes: ['read'] }] });
    const login = (password: string) => send(second.urls.main, '/api/v1/session', { method: 'POST', headers: json, body: JSON.stringify({ email: 'ada@example.com', password }) });
    expect((await login('correct horse battery')).status).toBe(200);
    expect((await login('wrong')).status).toBe(401);
    expect((await send(second.urls.main, `/api/v1/keys/${id}`, { method: 'DELETE', headers: { cookie } })).status).toBe(204);
    expect((await send(second.urls.main, '/api/v1/sources', { headers: { authorization: `Bearer ${key}` } })).status).toBe(401);
    await second.close();
  });
});
