import type { AuthMode, Clock, Logger } from '@pitot/core';
import type { AccessDatabase } from './access-database.ts';
import { createApiKeys, type ApiKeys } from './api-keys.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createSetup, type Setup } from './setup.ts';

/** Everything that decides who may do what. */
export interface Access {
  /** Of the main listener. */
  readonly mode: AuthMode;
  readonly keys: ApiKeys;
  readonly sessions: Sessions;
  readonly setup: Setup;
}

export async function createAccess(mode: AuthMode, database: AccessDatabase, clock: Clock, log: Logger): Promise<Access> {
  const sessions = await createSessions(database, clock, log);
  return { mode, keys: createApiKeys(database.keys, clock, log), sessions, setup: createSetup(database.settings, sessions) };
}
