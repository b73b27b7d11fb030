import { AppError } from '@pitot/core';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type * as schema from './schema.ts';

/** The one port to PostgreSQL: a drizzle database, embedded (PGlite) or a server's. */
export interface Postgres {
  readonly kind: 'embedded' | 'server';
  readonly db: PgDatabase<PgQueryResultHKT, typeof schema>;
  close(): Promise<void>;
}

/** Opens PGlite in this process on a directory that this process owns. */
export async function openEmbeddedPostgres(options: { readonly path: string }): Promise<Postgres> {
  throw new AppError('internal', `not built yet: ${options.path}`);
}

/** Connects to a PostgreSQL server, 15 or later; throws `store_unavailable` where it does not answer. */
export async function openPostgresServer(options: { readonly url: string }): Promise<Postgres> {
  throw new AppError('internal', `not built yet: ${options.url.length}`);
}

/** Applies the migrations that are missing; several processes may do so at once. */
export async function migratePostgres(postgres: Postgres): Promise<void> {
  throw new AppError('internal', `not built yet: ${postgres.kind}`);
}
