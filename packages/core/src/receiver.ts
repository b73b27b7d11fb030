import type { z } from 'zod';
import type { Limits } from './limits.ts';
import type { Clock } from './time.ts';
import type { Logger } from './ports/logger.ts';
import type { Meter } from './ports/meter.ts';
import type { MetricSink } from './ports/metric-sink.ts';
import type { LogSink, SpanSink } from './ports/signal-sink.ts';

/** What every receiver is given at start. */
export interface ReceiverContext {
  readonly metrics: MetricSink;
  readonly logs: LogSink;
  readonly spans: SpanSink;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Meter;
}

/**
 * A door that telemetry is pushed through: one folder in `server/src/receive/`, one line in `receivers.ts`,
 * and the receiver conformance suite passes.
 */
export interface Receiver {
  /** Also the value of the `receiver` label on Pitot's own metrics. Kebab case. */
  readonly name: string;
  /** One line for the Connect page and the documentation. */
  readonly summary: string;
  /** HTTP routes; a receiver may be mounted on more than one listener. */
  open(context: ReceiverContext): readonly HttpRoute[];
}

export function defineReceiver(receiver: Receiver): Receiver {
  return receiver;
}

export type Scope = 'ingest' | 'read' | 'admin';

/** Which listeners serve a route: the main one (7777), the OTLP one (4318), or both. */
export type Listener = 'main' | 'otlp';

export interface HttpRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly listeners: readonly Listener[];
  readonly scope: Scope;
  /** For OpenAPI: what the route does, in one sentence. */
  readonly summary: string;
  /** zod schema of the JSON answer, where there is one; for OpenAPI. */
  readonly response?: z.ZodType;
  handle(request: HttpRequest): Promise<HttpAnswer>;
}

/** A request with its body as it came, still compressed; the receiver decodes within its limits. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  /** The API key's id, where one was used. */
  readonly keyId?: string;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}
