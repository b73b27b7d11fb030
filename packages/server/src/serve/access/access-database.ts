import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import type { BetterAuthOptions } from 'better-auth/minimal';
import type { StoredApiKey } from '../../store/postgres/api-keys.ts';

/** What access control keeps in PostgreSQL; the store implements it, tests use one in memory. */
export interface AccessDatabase {
  readonly keys: ApiKeyRepository;
  readonly settings: SettingsRepository;
  readonly accounts: AccountsAdapter;
}

/** Where better-auth keeps users, sessions and password hashes. */
export type AccountsAdapter = NonNullable<BetterAuthOptions['database']>;

/** The accounts in PostgreSQL: a drizzle database and its tables `user`, `session`, `account` and `verification`. */
export function drizzleAccounts(database: object, schema: Readonly<Record<string, unknown>>): AccountsAdapter {
  return drizzleAdapter(database as Record<string, unknown>, { provider: 'pg', schema });
}

export type ApiKeyRecord = StoredApiKey;

export interface ApiKeyRepository {
  list(): Promise<readonly ApiKeyRecord[]>;
  create(key: ApiKeyRecord): Promise<void>;
  /** Answers false where there is no such key. */
  remove(id: string): Promise<boolean>;
  findByHash(hash: string): Promise<ApiKeyRecord | undefined>;
  touch(id: string, usedMs: number): Promise<void>;
}

/** Small named values that must survive a restart. */
export interface SettingsRepository {
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
  remove(name: string): Promise<void>;
}
