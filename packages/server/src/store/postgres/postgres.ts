import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { AppError } from '@pitot/core';
import { sql } from 'drizzle-orm';
import { drizzle as drizzleServer } from 'drizzle-orm/node-postgres';
import { migrate as migrateServer } from 'drizzle-orm/node-postgres/migrator';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { drizzle as drizzleEmbedded } from 'drizzle-orm/pglite';
import { migrate as migrateEmbedded } from 'drizzle-orm/pglite/migrator';
import { Pool, type QueryResultRow } from 'pg';
import * as schema from './schema.ts';

const MIGRATIONS = fileURLToPath(new URL('./migrations', import.meta.url));
/** Any number will do, as long as every Pitot uses the same. */
const MIGRATION_LOCK = 7_777_001;
const CONNECT_TIMEOUT_MS = 5000;
const MAX_CONNECTIONS = 10;
const OLDEST_VERSION = 150_000;

/** The one port to PostgreSQL: a drizzle database, embedded (PGlite) or a server's. */
export interface Postgres {
  readonly kind: 'embedded' | 'server';
  readonly db: PgDatabase<PgQueryResultHKT, typeof schema>;
  /** The server's own name for its version, e.g. `18.1`. Throws `store_unavailable` where it does not answer. */
  version(): Promise<string>;
  /** Applies the migrations that are missing; several processes may do so at once. */
  migrate(): Promise<void>;
  close(): Promise<void>;
}

/** Opens PGlite in this process on a directory that this process owns. */
export async function openEmbeddedPostgres(options: { readonly path: string }): Promise<Postgres> {
  mkdirSync(options.path, { recursive: true });
  const engine = await PGlite.create(options.path);
  const db = drizzleEmbedded(engine, { schema });
  return {
    kind: 'embedded',
    db,
    version: () => askVersion(async () => (await engine.query<{ server_version: string }>('SHOW server_version')).rows[0]),
    migrate: () => migrateEmbedded(db, { migrationsFolder: MIGRATIONS }),
    close: () => engine.close(),
  };
}

/** Connects to a PostgreSQL server, 15 or later; throws `store_unavailable` where it does not answer, `bad_config` where it is older. */
export async function openPostgresServer(options: { readonly url: string }): Promise<Postgres> {
  const pool = new Pool({ connectionString: options.url, max: MAX_CONNECTIONS, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // A lost idle connection is replaced by the pool at the next query; without a listener it would end the process.
  pool.on('error', () => {});
  const ask = async <Row extends QueryResultRow>(query: string) => (await pool.query<Row>(query)).rows[0];
  try {
    const row = await ask<{ server_version_num: string }>('SHOW server_version_num');
    if (Number(row?.server_version_num) < OLDEST_VERSION) {
      throw new AppError('bad_config', `PostgreSQL ${row?.server_version_num} is too old: version 15 or later is needed`);
    }
  } catch (cause) {
    await pool.end();
    throw cause instanceof AppError ? cause : unavailable(cause);
  }
  return {
    kind: 'server',
    db: drizzleServer(pool, { schema }),
    version: () => askVersion(() => ask<{ server_version: string }>('SHOW server_version')),
    migrate: () => migrateUnderLock(pool),
    close: () => pool.end(),
  };
}

/** Drizzle's migrator does not expect company, so the processes that start together take turns. */
async function migrateUnderLock(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    const db = drizzleServer(client, { schema });
    await db.execute(sql`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
    try {
      await migrateServer(db, { migrationsFolder: MIGRATIONS });
    } finally {
      await db.execute(sql`SELECT pg_advisory_unlock(${MIGRATION_LOCK})`);
    }
  } finally {
    client.release();
  }
}

async function askVersion(ask: () => Promise<{ server_version: string } | undefined>): Promise<string> {
  try {
    return (await ask())?.server_version ?? 'unknown';
  } catch (cause) {
    throw unavailable(cause);
  }
}

function unavailable(cause: unknown): AppError {
  // pg puts the reason of a refused connection into an AggregateError without a message of its own.
  const reasons = cause instanceof AggregateError ? cause.errors.map(String).join('; ') : String(cause);
  return new AppError('store_unavailable', `PostgreSQL does not answer (${reasons}); check PITOT_POSTGRES_URL`, { cause });
}
