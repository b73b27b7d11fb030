import { hash, randomBytes, randomUUID } from 'node:crypto';
import { AppError, type ApiKey, type Clock, type Logger, type Scope } from '@pitot/core';
import type { ApiKeyRecord, ApiKeyRepository } from './access-database.ts';

export interface ApiKeys {
  /** Answers the key's record, or undefined where the text is no valid key. Seldom asks the database. */
  verify(key: string): Promise<ApiKeyRecord | undefined> | ApiKeyRecord | undefined;
  list(): Promise<ApiKey[]>;
  create(name: string, scopes: readonly Scope[]): Promise<ApiKey & { key: string }>;
  /** Throws AppError `not_found`. */
  remove(id: string): Promise<void>;
}

const KEY_PREFIX = 'pk_';
const KEY_BYTES = 24;
const SHOWN_CHARACTERS = 10;
/** Another process' deletion of a key is seen after this time; this process' own at once. */
const KNOWN_FOR_MS = 30_000;
const UNKNOWN_FOR_MS = 5000;
const CACHE_SIZE = 10_000;
const TOUCH_EVERY_MS = 60_000;

interface Cached {
  readonly record: ApiKeyRecord | undefined;
  readonly untilMs: number;
}

/** API keys: random, shown once, kept only as SHA-256; 192 random bits need no slow hash. */
export function createApiKeys(repository: ApiKeyRepository, clock: Clock, log: Logger): ApiKeys {
  const cache = new Map<string, Cached>();
  const touched = new Map<string, number>();

  function remember(digest: string, record: ApiKeyRecord | undefined): void {
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!);
    cache.set(digest, { record, untilMs: clock.nowMs() + (record ? KNOWN_FOR_MS : UNKNOWN_FOR_MS) });
  }

  async function look(digest: string): Promise<ApiKeyRecord | undefined> {
    const record = await repository.findByHash(digest);
    remember(digest, record);
    if (record) touch(record);
    return record;
  }

  function touch(record: ApiKeyRecord): void {
    const nowMs = clock.nowMs();
    if (nowMs - (touched.get(record.id) ?? 0) < TOUCH_EVERY_MS) return;
    touched.set(record.id, nowMs);
    repository.touch(record.id, nowMs).catch((error: unknown) => log.warn({ err: error, keyId: record.id }, 'last use of an API key not noted'));
  }

  return {
    verify(key) {
      if (!key.startsWith(KEY_PREFIX)) return undefined;
      const digest = hash('sha256', key);
      const cached = cache.get(digest);
      if (cached && cached.untilMs > clock.nowMs()) {
        if (cached.record) touch(cached.record);
        return cached.record;
      }
      return look(digest);
    },
    async list() {
      return (await repository.list()).map(shownKey);
    },
    async create(name, scopes) {
      const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
      const record: ApiKeyRecord = {
        id: randomUUID(),
        name,
        prefix: key.slice(0, SHOWN_CHARACTERS),
        hash: hash('sha256', key),
        scopes: [...new Set(scopes)],
        createdMs: clock.nowMs(),
        lastUsedMs: null,
      };
      await repository.create(record);
      return { ...shownKey(record), key };
    },
    async remove(id) {
      const removed = await repository.remove(id);
      for (const [digest, { record }] of cache) if (record?.id === id) cache.delete(digest);
      touched.delete(id);
      if (!removed) throw new AppError('not_found', `there is no API key with the id "${id}"`);
    },
  };
}

function shownKey(record: ApiKeyRecord): ApiKey {
  return {
    id: record.id,
    name: record.name,
    prefix: record.prefix,
    scopes: [...record.scopes],
    created: new Date(record.createdMs).toISOString(),
    last_used: record.lastUsedMs === null ? null : new Date(record.lastUsedMs).toISOString(),
  };
}
