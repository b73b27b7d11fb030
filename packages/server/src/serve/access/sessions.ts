import { randomBytes } from 'node:crypto';
import { AppError, type Clock, type Logger } from '@pitot/core';
import { betterAuth, type BetterAuthOptions } from 'better-auth/minimal';
import type { AccessDatabase } from './access-database.ts';
import { createAttemptLimit } from './attempt-limit.ts';

export interface User {
  readonly email: string;
  readonly name: string;
}

/** A user with the cookies that carry the session from now on. */
export interface SignedIn {
  readonly user: User;
  readonly cookies: readonly string[];
}

/** Logins of people: e-mail and password, kept by better-auth in PostgreSQL. */
export interface Sessions {
  /** The user of a Cookie header, or undefined. Seldom asks the database. */
  verify(cookie: string): Promise<User | undefined>;
  /** Throws AppError `not_authenticated`, or `too_many_requests` after too many attempts from one address. */
  signIn(email: string, password: string, address: string): Promise<SignedIn>;
  /** Ends the session; answers the cookies that clear it. */
  signOut(cookie: string): Promise<readonly string[]>;
  /** Makes an account and logs it in. Not for the open: only the setup link leads here. */
  createAccount(account: { email: string; name: string; password: string }): Promise<SignedIn>;
  hasAccounts(): Promise<boolean>;
}

const SECRET_SETTING = 'auth.secret';
const SECRET_BYTES = 32;
/** A session ended by another process is seen to be over after this time; one ended here at once. */
const KNOWN_FOR_MS = 15_000;
const CACHE_SIZE = 1000;
const SESSION_SECONDS = 14 * 86_400;
const SESSION_COOKIE = /(?:^|;\s*)(?:__Secure-)?pitot\.session_token=([^;]+)/;

export async function createSessions(database: AccessDatabase, clock: Clock, log: Logger): Promise<Sessions> {
  const options = authOptions(database, await readSecret(database), log);
  const auth = betterAuth({ ...options, emailAndPassword: { enabled: true, disableSignUp: true } });
  /** The same accounts with sign-up open; reachable only through `createAccount`. */
  const registrar = betterAuth({ ...options, emailAndPassword: { enabled: true, minPasswordLength: 12 } });
  const cache = new Map<string, { user: User; untilMs: number }>();
  const attempts = createAttemptLimit(clock);

  return {
    async verify(cookie) {
      const token = SESSION_COOKIE.exec(cookie)?.[1];
      if (token === undefined) return undefined;
      const cached = cache.get(token);
      if (cached && cached.untilMs > clock.nowMs()) return cached.user;
      const session = await auth.api.getSession({ headers: new Headers({ cookie }) });
      cache.delete(token);
      if (!session) return undefined;
      const user = { email: session.user.email, name: session.user.name };
      if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!);
      cache.set(token, { user, untilMs: clock.nowMs() + KNOWN_FOR_MS });
      return user;
    },
    async signIn(email, password, address) {
      attempts.take(address);
      try {
        const { headers, response } = await auth.api.signInEmail({ body: { email, password }, returnHeaders: true });
        attempts.forget(address);
        return { user: response.user, cookies: headers.getSetCookie() };
      } catch (cause) {
        if (!isRefusal(cause)) throw cause;
        throw new AppError('not_authenticated', 'the e-mail address or the password is wrong', { cause });
      }
    },
    async signOut(cookie) {
      const token = SESSION_COOKIE.exec(cookie)?.[1];
      if (token !== undefined) cache.delete(token);
      const { headers } = await auth.api.signOut({ headers: new Headers({ cookie }), returnHeaders: true });
      return headers.getSetCookie();
    },
    async createAccount(account) {
      const { headers, response } = await registrar.api.signUpEmail({ body: account, returnHeaders: true });
      return { user: response.user, cookies: headers.getSetCookie() };
    },
    async hasAccounts() {
      const { internalAdapter } = await auth.$context;
      return (await internalAdapter.countTotalUsers()) > 0;
    },
  };
}

function authOptions(database: AccessDatabase, secret: string, log: Logger): BetterAuthOptions {
  return {
    appName: 'Pitot',
    // Only its path and scheme matter here: requests reach better-auth through our routes, never by URL.
    baseURL: 'http://localhost',
    secret,
    database: database.accounts,
    session: { expiresIn: SESSION_SECONDS, updateAge: 86_400 },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    advanced: { cookiePrefix: 'pitot', defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/' } },
    logger: { disabled: false, level: 'error', log: (_level, message) => log.warn({}, `accounts: ${message}`) },
  };
}

async function readSecret(database: AccessDatabase): Promise<string> {
  const known = await database.settings.get(SECRET_SETTING);
  if (known !== undefined) return known;
  const secret = randomBytes(SECRET_BYTES).toString('hex');
  await database.settings.set(SECRET_SETTING, secret);
  return secret;
}

/** better-auth throws errors with a 4xx status where it turns credentials away. */
function isRefusal(error: unknown): boolean {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500;
}
