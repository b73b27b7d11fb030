import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiKeyTable } from './api-keys.ts';
import type { Postgres } from './postgres.ts';
import { account, session, user } from './schema.ts';
import { SettingsTable } from './settings.ts';
import { DeclarationTable } from './topology-declarations.ts';

/** What every PostgreSQL must do for us; run on PGlite and on a server. */
export function postgresContract(name: string, open: () => Promise<Postgres>, close: () => Promise<void> = async () => {}): void {
  describe(`the PostgreSQL contract on ${name}`, () => {
    let postgres: Postgres;
    beforeAll(async () => {
      postgres = await open();
      await postgres.migrate();
    });
    afterAll(async () => {
      await postgres.close();
      await close();
    });

    it('is version 15 or later', async () => {
      expect(Number.parseInt(await postgres.version(), 10)).toBeGreaterThanOrEqual(15);
    });

    it('migrates again, alone and twice at once, without a change', async () => {
      await postgres.migrate();
      await (postgres.kind === 'server' ? Promise.all([postgres.migrate(), postgres.migrate()]) : postgres.migrate());
      const tables = await postgres.db.execute(sql`SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`);
      const names = (tables as unknown as { rows: { table_name: string }[] }).rows.map((row) => row.table_name);
      expect(names).toEqual(['account', 'api_keys', 'session', 'settings', 'topology_declarations', 'user', 'verification']);
    });

    it('keeps API keys, newest first', async () => {
      const keys = new ApiKeyTable(postgres);
      const older = { id: randomUUID(), name: 'ci', prefix: 'pk_abc', hash: 'a'.repeat(64), scopes: ['ingest'] as const, createdMs: 1_700_000_000_000, lastUsedMs: null };
      const newer = { ...older, id: randomUUID(), hash: 'b'.repeat(64), scopes: ['read', 'admin'] as const, createdMs: 1_700_000_001_000 };
      await keys.create(older);
      await keys.create(newer);
      expect(await keys.list()).toEqual([newer, older]);
      await keys.touch(older.id, 1_700_000_002_000);
      expect(await keys.findByHash(older.hash)).toEqual({ ...older, lastUsedMs: 1_700_000_002_000 });
      await expect(keys.create({ ...older, id: randomUUID() })).rejects.toThrow(/insert into "api_keys"/);
      expect(await keys.remove(older.id)).toBe(true);
      expect(await keys.remove(older.id)).toBe(false);
      expect(await keys.findByHash(older.hash)).toBeUndefined();
    });

    it('keeps settings, quotes and all', async () => {
      const table = new SettingsTable(postgres);
      expect(await table.get('x')).toBeUndefined();
      await table.set('x', `it's "quoted" \\ $1`);
      await table.set('x', `'; DROP TABLE settings; --`);
      expect(await table.get('x')).toBe(`'; DROP TABLE settings; --`);
      await table.remove('x');
      expect(await table.get('x')).toBeUndefined();
    });

    it('keeps declared calls, each source as a whole', async () => {
      const table = new DeclarationTable(postgres);
      const shop = {
        source: "shop's",
        updatedMs: 1_700_000_000_000,
        services: [{ name: 'cart', namespace: 'shop', hosts: ['cart', 'cart.shop'] }],
        edges: [{ from: 'web', to: 'cart', address: 'cart:8080', protocol: '', detail: 'Deployment/web env CART' }],
      };
      await table.replace({ ...shop, edges: [] });
      await table.replace(shop);
      await table.replace({ ...shop, source: 'a', updatedMs: 1_700_000_001_000 });
      expect(await table.list()).toEqual([{ ...shop, source: 'a', updatedMs: 1_700_000_001_000 }, shop]);
      expect([await table.remove('a'), await table.remove('a')]).toEqual([true, false]);
      expect(await table.list()).toEqual([shop]);
    });

    it('removes sessions and accounts with their user', async () => {
      const id = randomUUID();
      await postgres.db.insert(user).values({ id, name: 'Ada', email: `${id}@example.com` });
      await postgres.db.insert(session).values({ id, userId: id, token: id, expiresAt: new Date() });
      await postgres.db.insert(account).values({ id, userId: id, issuer: 'local:credential', accountId: id, providerId: 'credential' });
      await expect(
        postgres.db.insert(account).values({ id: randomUUID(), userId: id, issuer: 'local:credential', accountId: id, providerId: 'credential' }),
      ).rejects.toThrow(/insert into "account"/);
      await postgres.db.delete(user);
      expect(await postgres.db.select().from(session)).toEqual([]);
      expect(await postgres.db.select().from(account)).toEqual([]);
    });
  });
}
