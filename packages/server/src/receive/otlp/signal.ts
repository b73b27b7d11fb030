import { REJECT_REASONS, type BatchSource, type IngestReceipt, type ReceiverContext, type RejectReason } from '@pitot/core';
import type { MessageName } from './json-schema.ts';

/** One of OTLP's signals, whatever carries it: HTTP and gRPC have the same requests and say the same of what was turned away. */
export interface OtlpSignal {
  /** Last part of the HTTP path. */
  readonly name: 'metrics' | 'logs' | 'traces';
  /** What a request holds, in the words of OTLP's JSON: the field of the partial success that counts what was turned away. */
  readonly rejectedField: 'rejectedDataPoints' | 'rejectedLogRecords' | 'rejectedSpans';
  /** The request's message, for JSON. */
  readonly message: MessageName;
  /** The gRPC service, whose one method is `Export`. */
  readonly service: string;
  /** Opens the way to the sink; `receiver` is the door's name. */
  open(context: ReceiverContext, receiver: string): TakeRequest;
}

/**
 * Takes one request in protobuf; resolves when it is durable, with what was turned away of it. The bytes are read before the first
 * await. Throws AppError where nothing was taken.
 */
export type TakeRequest = (bytes: Uint8Array, keyId: string | undefined) => Promise<PartialSuccess | undefined>;

/** What OTLP calls a partial success: some of the request was turned away, for good. */
export interface PartialSuccess {
  /** Data points, log records or spans. */
  readonly rejected: number;
  readonly message: string;
}

/** Puts the reasons of a receipt into words; `what` is what they are counted in. */
export function reasonsText(what: string, reasons: IngestReceipt['reasons']): string {
  const said = Object.entries(reasons).map(([reason, count]) => `${count} ${reason} (${REJECT_REASONS[reason as RejectReason]})`);
  return `${what} turned away: ${said.join(' ')}`;
}

export function sourceOf(receiver: string, keyId: string | undefined): BatchSource {
  return keyId === undefined ? { receiver } : { receiver, keyId };
}
