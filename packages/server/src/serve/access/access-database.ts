import type { Scope } from '@pitot/core';

/** What access control keeps in PostgreSQL; the store implements it, tests use one in memory. */
export interface AccessDatabase {
  readonly keys: ApiKeyRepository;
  readonly settings: SettingsRepository;
  /** For better-auth's drizzle adapter: the database and its tables `user`, `session`, `account`, `verification`. */
  readonly accounts: { readonly database: object; readonly schema: Readonly<Record<string, unknown>> };
}

export interface ApiKeyRecord {
  readonly id: string;
  readonly name: string;
  /** First characters of the key, to recognise it by. */
  readonly prefix: string;
  /** SHA-256 of the whole key, lower-case hex. The key itself is never stored. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly createdMs: number;
  readonly lastUsedMs: number | null;
}

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
