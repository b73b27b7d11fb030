import { AppError, type AuthMode, type Credentials, type ListenerContext, type Scope } from '@pitot/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiKeyRecord } from './access-database.ts';
import type { ApiKeys } from './api-keys.ts';
import type { OriginRule } from './origin-rule.ts';
import type { Sessions, User } from './sessions.ts';

/** Who a request comes from, after the gate let it in. */
interface Caller {
  readonly keyId?: string;
  readonly user?: User;
}

/** What a route demands: a scope, or `public` for the few doors that answer without a login. */
type RouteAccess = Scope | 'public';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route says what it demands; one that does not stops the start. */
    access?: RouteAccess;
    /** A page that a link on another site may open. */
    navigable?: boolean;
    /** Errors take the form of the Prometheus API. */
    prometheusErrors?: boolean;
    /** Takes telemetry in: refused while the process drains. */
    ingest?: boolean;
  }
  interface FastifyRequest {
    caller: Caller;
  }
}

export interface GateOptions {
  readonly mode: AuthMode;
  readonly origins: OriginRule;
  readonly keys: ApiKeys;
  readonly sessions: Sessions;
  readonly draining: () => boolean;
}

/** One mounted route; what documentation and the tests of access are checked against. */
export interface MountedRoute {
  readonly method: string;
  readonly url: string;
  readonly access: RouteAccess;
}

const NOBODY: Caller = Object.freeze({});
const DRAIN_RETRY_SECONDS = 5;

/**
 * Puts the gate before every route of a listener, those not found included. In the order of cost: draining, Host and
 * Origin, then the API key (from memory as a rule), then the session. Answers the routes, which fill in as they are mounted.
 */
export function installGate(server: FastifyInstance, options: GateOptions): readonly MountedRoute[] {
  const routes: MountedRoute[] = [];
  server.decorateRequest('caller', null as unknown as Caller);
  server.addHook('onRoute', ({ method, url, config }) => {
    if (config?.access === undefined) throw new Error(`route ${String(method)} ${url} does not say what access it demands`);
    for (const one of [method].flat()) routes.push({ method: one, url, access: config.access });
  });
  server.addHook('onRequest', (request, reply, done) => {
    request.caller = NOBODY;
    try {
      const pending = admit(request, reply, options);
      if (pending === undefined) done();
      else void finish(pending, done);
    } catch (error) {
      done(error as Error);
    }
  });
  return routes;
}

async function finish(pending: Promise<void>, done: (error?: Error) => void): Promise<void> {
  let refusal: Error | undefined;
  try {
    await pending;
  } catch (error) {
    refusal = error as Error;
  }
  done(refusal);
}

/** Answers undefined when nothing had to be waited for, which is the way of every ingest request but a key's first. */
function admit(request: FastifyRequest, reply: FastifyReply, options: GateOptions): Promise<void> | undefined {
  const { config } = request.routeOptions;
  if (config.ingest && options.draining()) {
    void reply.header('connection', 'close');
    throw new AppError('shutting_down', 'the process is draining before it stops; retry', { retryAfterSeconds: DRAIN_RETRY_SECONDS });
  }
  options.origins.check(request.headers, config.navigable === true);
  const key = presentedKey(request.headers.authorization, request.headers['x-api-key']);
  if (key !== undefined) {
    const found = options.keys.verify(key);
    if (found instanceof Promise) return found.then((record) => admitKey(request, record, options.mode));
    admitKey(request, found, options.mode);
    return undefined;
  }
  const { cookie } = request.headers;
  if (cookie !== undefined && cookie.includes('pitot.session_token')) return admitSession(request, cookie, options);
  if (options.mode === 'required' && config.access !== 'public') throw notAuthenticated();
  return undefined;
}

function admitKey(request: FastifyRequest, record: ApiKeyRecord | undefined, mode: AuthMode): void {
  if (record) request.caller = { keyId: record.id };
  const access = request.routeOptions.config.access ?? 'read';
  if (mode !== 'required' || access === 'public') return;
  if (!record) throw notAuthenticated();
  if (!request.is404) demandScope(record, access);
}

function demandScope(record: ApiKeyRecord, scope: Scope): void {
  if (record.scopes.includes(scope)) return;
  throw new AppError('not_allowed', `the API key ${record.prefix}… lacks the scope "${scope}" that this door needs`, {
    fields: { scopes: record.scopes, needed: scope },
  });
}

/** The gate of a door that is not HTTP: the same keys in the same places, but no sessions and no origins. */
export function createAuthorize(mode: AuthMode, keys: ApiKeys): ListenerContext['authorize'] {
  return async ({ authorization, apiKey }: Credentials, scope) => {
    const key = presentedKey(authorization, apiKey);
    const record = key === undefined ? undefined : await keys.verify(key);
    if (mode === 'required') {
      if (record === undefined) throw notAuthenticated();
      demandScope(record, scope);
    }
    return record === undefined ? {} : { keyId: record.id };
  };
}

async function admitSession(request: FastifyRequest, cookie: string, options: GateOptions): Promise<void> {
  const user = await options.sessions.verify(cookie);
  if (user) request.caller = { user };
  else if (options.mode === 'required' && request.routeOptions.config.access !== 'public') throw notAuthenticated();
}

function notAuthenticated(): AppError {
  return new AppError(
    'not_authenticated',
    'log in, or send an API key as "Authorization: Bearer …", as "X-API-Key: …", or as the password of HTTP Basic',
  );
}

/** The key out of the three places clients put it; undefined where there is none. */
function presentedKey(authorization: string | undefined, apiKey: string | string[] | undefined): string | undefined {
  if (typeof apiKey === 'string') return apiKey;
  if (authorization === undefined) return undefined;
  const space = authorization.indexOf(' ');
  const scheme = authorization.slice(0, space).toLowerCase();
  const credentials = authorization.slice(space + 1).trim();
  if (scheme === 'bearer') return credentials;
  if (scheme !== 'basic') return undefined;
  const decoded = Buffer.from(credentials, 'base64').toString('utf8');
  return decoded.slice(decoded.indexOf(':') + 1);
}
