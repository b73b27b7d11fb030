import type { Scope } from '@pitot/core';
import { desc, eq } from 'drizzle-orm';
import type { Postgres } from './postgres.ts';
import { apiKeys } from './schema.ts';

export interface StoredApiKey {
  readonly id: string;
  readonly name: string;
  /** First characters of the key, to recognise it by. */
  readonly prefix: string;
  /** SHA-256 of the whole key, lower-case hex. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly createdMs: number;
  readonly lastUsedMs: number | null;
}

/** API keys in PostgreSQL; only their hashes are kept. */
export class ApiKeyTable {
  readonly #db: Postgres['db'];

  constructor({ db }: Postgres) {
    this.#db = db;
  }

  /** Newest first. */
  async list(): Promise<StoredApiKey[]> {
    const rows = await this.#db.select().from(apiKeys).orderBy(desc(apiKeys.createdAt));
    return rows.map(fromRow);
  }

  async create({ id, name, prefix, hash, scopes, createdMs }: StoredApiKey): Promise<void> {
    await this.#db.insert(apiKeys).values({ id, name, prefix, hash, scopes: [...scopes], createdAt: new Date(createdMs) });
  }

  /** Answers false where there is no such key. */
  async remove(id: string): Promise<boolean> {
    const removed = await this.#db.delete(apiKeys).where(eq(apiKeys.id, id)).returning({ id: apiKeys.id });
    return removed.length > 0;
  }

  async findByHash(hash: string): Promise<StoredApiKey | undefined> {
    const [row] = await this.#db.select().from(apiKeys).where(eq(apiKeys.hash, hash));
    return row && fromRow(row);
  }

  async touch(id: string, usedMs: number): Promise<void> {
    await this.#db.update(apiKeys).set({ lastUsedAt: new Date(usedMs) }).where(eq(apiKeys.id, id));
  }
}

function fromRow(row: typeof apiKeys.$inferSelect): StoredApiKey {
  const { id, name, prefix, hash, scopes, createdAt, lastUsedAt } = row;
  return { id, name, prefix, hash, scopes: scopes as Scope[], createdMs: createdAt.getTime(), lastUsedMs: lastUsedAt?.getTime() ?? null };
}
