import type {
  AuthMode,
  Clock,
  HealthAnswer,
  HttpRoute,
  IngestMonitor,
  Limits,
  Logger,
  Meter,
  StatusAnswer,
  TargetStatus,
} from '@pitot/core';
import type { MetricQueries } from '../query/metric-queries.ts';
import type { AccessDatabase } from './access/access-database.ts';

export interface HttpServersOptions {
  readonly main: ListenAddress;
  /** OTLP/HTTP on its standard port; absent when it is off. */
  readonly otlp?: ListenAddress;
  readonly receiverRoutes: readonly HttpRoute[];
  readonly metrics: MetricQueries;
  readonly monitor: IngestMonitor;
  readonly database: AccessDatabase;
  /** Scrape targets of every collector that has some. */
  readonly targets: () => readonly TargetStatus[];
  readonly health: () => HealthAnswer | Promise<HealthAnswer>;
  /** `auth` and `listeners` are filled in here, because only here they are known. */
  readonly status: () => Promise<Omit<StatusAnswer, 'auth' | 'listeners'>>;
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

export interface ListenAddress {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

export interface HttpServers {
  /** Where the listeners are, e.g. `http://127.0.0.1:7777`. */
  readonly urls: { readonly main: string; readonly otlp?: string };
  readonly authMode: AuthMode;
  /** One-time link that makes the administrator; only while login is required and there is none. Print it. */
  readonly setupLink?: string;
  /** Things to tell the operator at start, such as a login that was switched off on a public address. */
  readonly warnings: readonly string[];
  /** From now on ingest answers `shutting_down` and idle connections close. */
  drain(): void;
  /** Waits for requests in flight, at most five seconds, then closes every connection. */
  close(): Promise<void>;
}

/** Starts the HTTP listeners. Throws when an address cannot be taken. */
export type CreateHttpServers = (options: HttpServersOptions) => Promise<HttpServers>;
