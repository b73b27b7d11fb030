import type { AddressInfo, Socket } from 'node:net';
import {
  AppError,
  type AuthMode,
  type Clock,
  type HealthAnswer,
  type HttpRoute,
  type IngestMonitor,
  type Limits,
  type Listener,
  type ListenerContext,
  type Logger,
  type Meter,
  type SocketAddress,
  type StatusAnswer,
  type TargetStatus,
} from '@pitot/core';
import type { FastifyInstance } from 'fastify';
import type { MetricQueries } from '../query/metric-queries.ts';
import type { AccessDatabase } from './access/access-database.ts';
import { createAccess } from './access/access.ts';
import { createAuthorize, type MountedRoute } from './access/gate.ts';
import { createOriginRule, isLoopback } from './access/origin-rule.ts';
import { createApplication } from './application.ts';
import type { Questions } from './rest/subjects.ts';

export interface HttpServersOptions {
  readonly main: SocketAddress;
  /** OTLP/HTTP on its standard port; absent when it is off. */
  readonly otlp?: SocketAddress;
  readonly receiverRoutes: readonly HttpRoute[];
  readonly metrics: MetricQueries;
  readonly questions: Questions;
  readonly monitor: IngestMonitor;
  readonly database: AccessDatabase;
  /** Scrape targets of every collector that has some. */
  readonly targets: () => readonly TargetStatus[];
  readonly health: () => HealthAnswer | Promise<HealthAnswer>;
  /** `auth` and `listeners` are filled in here, because only here they are known. */
  readonly status: () => Promise<Omit<StatusAnswer, 'auth' | 'listeners'>>;
  /** Listeners that are not HTTP, for the status. */
  readonly sockets?: () => readonly { readonly name: string; readonly url: string }[];
  /** Pitot's own exposition, for a bare `GET /metrics`. */
  readonly ownMetrics: () => Promise<{ contentType: string; text: string }>;
  /** The scrape configuration as YAML, for `/api/v1/status/config`; never with secrets. */
  readonly configurationText: () => string;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Meter;
  readonly version: string;
  readonly startedMs: number;
  /** Metric retention, for `/api/v1/status/runtimeinfo`. */
  readonly retentionMs: number;
  /** Directory of the built single-page application; without it, only the API is served. */
  readonly webRoot?: string;
  readonly auth: {
    /** auto: no login on loopback, login on any other address. Decided for each listener by itself. */
    readonly setting: 'auto' | 'required' | 'off';
    /** Host names this server answers to besides its listen address. */
    readonly publicNames: readonly string[];
  };
}

export interface HttpServers {
  /** Where the listeners are, e.g. `http://127.0.0.1:7777`. */
  readonly urls: { readonly main: string; readonly otlp?: string };
  /** Every route of each listener, with the access it demands. */
  readonly routes: Readonly<Record<Listener, readonly MountedRoute[]>>;
  readonly authMode: AuthMode;
  /** One-time link that makes the administrator; only while login is required and there is none. Print it. */
  readonly setupLink?: string;
  /** Things to tell the operator at start, such as a login that was switched off on a public address. */
  readonly warnings: readonly string[];
  /** The check of credentials for a listener that is not HTTP. Whether it demands a key is decided by its address, as for an HTTP listener there. */
  authorize(address: SocketAddress): ListenerContext['authorize'];
  /** From now on ingest answers `shutting_down` and idle connections close. */
  drain(): void;
  /** Waits for requests in flight, at most five seconds, then closes every connection. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 5000;

/** Starts the HTTP listeners. Throws AppError `bad_config` when an address cannot be taken. */
export async function createHttpServers(options: HttpServersOptions): Promise<HttpServers> {
  let draining = false;
  const urls: { main: string; otlp?: string } = { main: '' };
  const mounted: { main: readonly MountedRoute[]; otlp: readonly MountedRoute[] } = { main: [], otlp: [] };
  const mode = authMode(options.main, options.auth.setting);
  const access = await createAccess(mode, options.database, options.clock, options.log);
  const status = async (): Promise<StatusAnswer> => ({
    ...(await options.status()),
    auth: mode,
    listeners: [...Object.entries(urls).map(([name, url]) => ({ name, url })), ...(options.sockets?.() ?? [])],
  });
  const requests = options.meter.counter('pitot_http_requests_total', 'HTTP requests answered.', ['listener', 'method', 'route', 'status']);
  const open: { server: FastifyInstance; sockets: Set<Socket> }[] = [];

  async function listen(name: Listener, address: SocketAddress): Promise<void> {
    const listenerMode = authMode(address, options.auth.setting);
    const { server, routes } = await createApplication(name, {
      options,
      access: { ...access, mode: listenerMode },
      origins: originRule(address, listenerMode, options.auth.publicNames),
      draining: () => draining,
      requests,
      status,
    });
    const sockets = new Set<Socket>();
    server.server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    open.push({ server, sockets });
    mounted[name] = routes;
    urls[name] = await bind(server, name, address);
  }

  async function close(): Promise<void> {
    draining = true;
    // Fastify waits for requests in flight; what still runs after the grace, such as event streams, is cut.
    const cut = setTimeout(() => open.forEach(({ sockets }) => sockets.forEach((socket) => socket.destroy())), CLOSE_GRACE_MS);
    await Promise.all(open.map(({ server }) => server.close()));
    clearTimeout(cut);
  }

  try {
    await listen('main', options.main);
    if (options.otlp) await listen('otlp', options.otlp);
    const token = mode === 'required' ? await access.setup.issueToken() : undefined;
    return {
      urls,
      routes: mounted,
      authMode: mode,
      ...(token === undefined ? {} : { setupLink: `${urls.main}/setup?token=${token}` }),
      warnings: addressWarnings(options),
      authorize: (address) => createAuthorize(authMode(address, options.auth.setting), access.keys),
      drain() {
        draining = true;
        for (const { server } of open) server.server.closeIdleConnections();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function authMode({ host }: SocketAddress, setting: HttpServersOptions['auth']['setting']): AuthMode {
  if (setting === 'required') return 'required';
  if (isLoopback(host)) return 'loopback';
  return setting === 'off' ? 'off' : 'required';
}

/** With a login, a foreign name does no harm: neither the cookie nor the key of this server goes there. */
function originRule({ host }: SocketAddress, mode: AuthMode, publicNames: readonly string[]) {
  const checkHost = mode === 'loopback' || (mode === 'off' && publicNames.length > 0);
  return createOriginRule({ listenHost: host, publicNames, checkHost });
}

function addressWarnings({ main, otlp, auth }: HttpServersOptions): string[] {
  return [main, otlp]
    .filter((address) => address !== undefined && authMode(address, auth.setting) === 'off')
    .map((address) => `${address!.host}:${address!.port} is open to everyone who can reach it: the login is switched off (auth: off). Only do this behind a proxy that asks for one.`);
}

async function bind(server: FastifyInstance, name: Listener, { host, port }: SocketAddress): Promise<string> {
  try {
    await server.listen({ host, port });
  } catch (cause) {
    const key = name === 'main' ? 'PITOT_LISTEN' : 'PITOT_OTLP_HTTP_LISTEN';
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('bad_config', `cannot listen on ${host}:${port} (${reason}); set ${key} to another address`, { cause, fields: { host, port } });
  }
  const bound = server.server.address() as AddressInfo;
  const everywhere = host === '0.0.0.0' || host === '::';
  const shown = everywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${shown}:${bound.port}`;
}
