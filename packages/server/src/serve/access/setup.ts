import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError } from '@pitot/core';
import type { SettingsRepository } from './access-database.ts';
import type { SignedIn, Sessions } from './sessions.ts';

/** The way the first administrator comes to be: a link that works once. */
export interface Setup {
  /** Whether there is no administrator yet. */
  needed(): Promise<boolean>;
  /** A new token, which voids the one before; undefined where there is an administrator. Only its SHA-256 is kept. */
  issueToken(): Promise<string | undefined>;
  /** Throws AppError `not_allowed` on a wrong or used token. */
  complete(token: string, account: { email: string; name: string; password: string }): Promise<SignedIn>;
}

const TOKEN_SETTING = 'auth.setup_token_sha256';
const TOKEN_BYTES = 24;

export function createSetup(settings: SettingsRepository, sessions: Sessions): Setup {
  let done = false;
  /** One at a time, so that a token raced twice makes one account. */
  let last: Promise<unknown> = Promise.resolve();

  async function needed(): Promise<boolean> {
    if (!done) done = await sessions.hasAccounts();
    return !done;
  }

  async function completeAlone(token: string, account: Parameters<Sessions['createAccount']>[0]): Promise<SignedIn> {
    const expected = (await needed()) ? await settings.get(TOKEN_SETTING) : undefined;
    const matches = expected !== undefined && timingSafeEqual(Buffer.from(hash('sha256', token)), Buffer.from(expected));
    if (!matches) {
      throw new AppError('not_allowed', 'this setup link is wrong or was used already; without an administrator, a restart prints a new one');
    }
    const signedIn = await sessions.createAccount(account);
    done = true;
    await settings.remove(TOKEN_SETTING);
    return signedIn;
  }

  return {
    needed,
    async issueToken() {
      if (!(await needed())) return undefined;
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      await settings.set(TOKEN_SETTING, hash('sha256', token));
      return token;
    },
    complete(token, account) {
      const result = last.then(() => completeAlone(token, account));
      last = result.catch(() => undefined);
      return result;
    },
  };
}
