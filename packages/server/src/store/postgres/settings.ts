import { eq, sql } from 'drizzle-orm';
import type { Postgres } from './postgres.ts';
import { settings } from './schema.ts';

/** Small named values that must survive a restart. */
export class SettingsTable {
  readonly #db: Postgres['db'];

  constructor({ db }: Postgres) {
    this.#db = db;
  }

  async get(key: string): Promise<string | undefined> {
    const [row] = await this.#db.select({ value: settings.value }).from(settings).where(eq(settings.key, key));
    return row?.value as string | undefined;
  }

  async set(key: string, value: string): Promise<void> {
    await this.#db
      .insert(settings)
      .values({ key, value })
      .onConflictDoUpdate({ target: settings.key, set: { value, updatedAt: sql`now()` } });
  }

  async remove(key: string): Promise<void> {
    await this.#db.delete(settings).where(eq(settings.key, key));
  }
}
