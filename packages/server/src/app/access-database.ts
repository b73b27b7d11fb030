import { drizzleAccounts, type AccessDatabase } from '../serve/access/access-database.ts';
import { ApiKeyTable } from '../store/postgres/api-keys.ts';
import type { Postgres } from '../store/postgres/postgres.ts';
import { account, session, user, verification } from '../store/postgres/schema.ts';
import { SettingsTable } from '../store/postgres/settings.ts';

/** What access control keeps, in the tables of the store. */
export function createAccessDatabase(postgres: Postgres): AccessDatabase {
  return {
    keys: new ApiKeyTable(postgres),
    settings: new SettingsTable(postgres),
    accounts: drizzleAccounts(postgres.db, { user, session, account, verification }),
  };
}
