import type { Scope } from '@pitot/core';
import { eq } from 'drizzle-orm';
import type { Postgres } from '../../store/postgres/postgres.ts';
import { account, apiKeys, session, settings, user, verification } from '../../store/postgres/schema.ts';
import { drizzleAccounts, type AccessDatabase, type ApiKeyRecord, type ApiKeyRepository, type SettingsRepository } from './access-database.ts';

/** What access control keeps, in the store's PostgreSQL. */
export function postgresAccess({ db }: Postgres): AccessDatabase {
  return {
    keys: keyRepository(db),
    settings: settingsRepository(db),
    accounts: drizzleAccounts(db, { user, session, account, verification }),
  };
}

function keyRepository(db: Postgres['db']): ApiKeyRepository {
  return {
    async list() {
      const rows = await db.select().from(apiKeys).orderBy(apiKeys.createdAt);
      return rows.map(keyRecord);
    },
    async create({ id, name, prefix, hash, scopes, createdMs }) {
      await db.insert(apiKeys).values({ id, name, prefix, hash, scopes: [...scopes], createdAt: new Date(createdMs) });
    },
    async remove(id) {
      const removed = await db.delete(apiKeys).where(eq(apiKeys.id, id)).returning({ id: apiKeys.id });
      return removed.length > 0;
    },
    async findByHash(hash) {
      const [row] = await db.select().from(apiKeys).where(eq(apiKeys.hash, hash)).limit(1);
      return row && keyRecord(row);
    },
    async touch(id, usedMs) {
      await db.update(apiKeys).set({ lastUsedAt: new Date(usedMs) }).where(eq(apiKeys.id, id));
    },
  };
}

function keyRecord(row: typeof apiKeys.$inferSelect): ApiKeyRecord {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    hash: row.hash,
    scopes: row.scopes as Scope[],
    createdMs: row.createdAt.getTime(),
    lastUsedMs: row.lastUsedAt?.getTime() ?? null,
  };
}

function settingsRepository(db: Postgres['db']): SettingsRepository {
  return {
    async get(key) {
      const [row] = await db.select({ value: settings.value }).from(settings).where(eq(settings.key, key)).limit(1);
      return typeof row?.value === 'string' ? row.value : undefined;
    },
    async set(key, value) {
      await db.insert(settings).values({ key, value }).onConflictDoUpdate({ target: settings.key, set: { value, updatedAt: new Date() } });
    },
    async remove(key) {
      await db.delete(settings).where(eq(settings.key, key));
    },
  };
}
