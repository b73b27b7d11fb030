import type { OtlpAttributes, OtlpSpan } from '@pitot/core/otlp-writer';
import { logRecord, type Said } from '../tell/record.ts';
import { stackTrace } from '../tell/stack-trace.ts';
import type { Instance } from './instances.ts';
import type { Outbox } from './outbox.ts';
import type { Request } from './request.ts';

/** Numbers of OTLP's SpanKind. */
export const KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
const STATUS_ERROR = 2;

/** Why a request or a call failed. */
export interface Trouble {
  /** `error.type`: a class name, a status code as text, `timeout`. */
  readonly type: string;
  readonly message: string;
  /** HTTP status the caller sees. */
  readonly status: number;
  /** True where it began here and not further down. */
  readonly origin: boolean;
}

interface SpanParts {
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startUs: number;
  readonly endUs: number;
  readonly attributes: OtlpAttributes;
  readonly trouble?: Trouble | undefined;
  readonly links?: OtlpSpan['links'] | undefined;
}

/** Puts spans and lines into the outbox, with the clock of the host they come from. */
export class Recorder {
  readonly #outbox: Outbox;
  /** False while only metrics are wanted. */
  keepRecords = true;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  span(request: Request, instance: Instance, parts: SpanParts): void {
    if (!this.keepRecords) return;
    const { trouble, startUs, endUs, kind } = parts;
    // Semantic conventions: what the client did wrong is no error of the server.
    const failed = trouble !== undefined && (trouble.status >= 500 || kind === KIND.client);
    this.#outbox.addSpan(
      instance,
      {
        traceId: request.traceId,
        spanId: parts.spanId,
        ...(parts.parentSpanId !== '' && { parentSpanId: parts.parentSpanId }),
        ...(request.traceState !== '' && { traceState: request.traceState }),
        name: parts.name,
        kind,
        startTimeUnixNano: nanoseconds(startUs + instance.skewUs),
        endTimeUnixNano: nanoseconds(endUs + instance.skewUs),
        attributes: failed ? { ...parts.attributes, 'error.type': trouble.type } : parts.attributes,
        ...(failed && { statusCode: STATUS_ERROR, statusMessage: trouble.message, ...(kind !== KIND.client && { events: [exceptionEvent(instance, trouble, endUs)] }) }),
        ...(parts.links !== undefined && { links: parts.links }),
      },
      endUs,
    );
  }

  log(instance: Instance, said: Said): void {
    if (this.keepRecords) this.#outbox.addLog(instance, logRecord(instance, said), said.timeUs);
  }
}

function exceptionEvent(instance: Instance, { type, message }: Trouble, timeUs: number) {
  return {
    timeUnixNano: nanoseconds(timeUs + instance.skewUs - 50),
    name: 'exception',
    attributes: { 'exception.type': type, 'exception.message': message, 'exception.stacktrace': stackTrace(instance.service, type, message) },
  };
}

export const nanoseconds = (microseconds: number): bigint => BigInt(Math.round(microseconds)) * 1000n;
