import type { AppError, ErrorKind, HttpAnswer } from '@pitot/core';
import type { OtlpSignal, PartialSuccess } from './signal.ts';

/** The two formats of OTLP/HTTP: an answer comes in the request's. */
export type OtlpFormat = 'application/x-protobuf' | 'application/json';

/** google.rpc.Code for each kind of error. Source: googleapis google/rpc/code.proto. */
export const RPC_CODES: Readonly<Record<ErrorKind, number>> = {
  canceled: 1,
  invalid: 3,
  too_large: 3,
  unsupported_media: 3,
  unprocessable: 3,
  timeout: 4,
  not_found: 5,
  conflict: 6,
  forbidden: 7,
  limited: 8,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
};

/** The signal's `Export…ServiceResponse` in the request's format; `partial` where something was turned away. */
export function exportAnswer({ rejectedField }: OtlpSignal, format: OtlpFormat, partial: PartialSuccess | undefined): HttpAnswer {
  const headers = { 'content-type': format };
  if (format !== 'application/json') return { status: 200, headers, body: exportResponse(partial) };
  const success = partial && { [rejectedField]: String(partial.rejected), errorMessage: partial.message };
  return { status: 200, headers, body: JSON.stringify(success === undefined ? {} : { partialSuccess: success }) };
}

/** The same in protobuf, where the signals' responses differ by their names only. */
export function exportResponse(partial: PartialSuccess | undefined): Buffer {
  if (partial === undefined) return Buffer.alloc(0);
  const success = Buffer.concat([Buffer.from([0x08]), varint(partial.rejected), text(0x12, partial.message)]);
  return message(0x0a, success);
}

/** `google.rpc.Status`. OTLP senders retry 429 and 503 after Retry-After. */
export function statusAnswer(format: OtlpFormat, error: AppError): HttpAnswer {
  const headers: Record<string, string> = { 'content-type': format };
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = String(error.retryAfterSeconds);
  const body = format === 'application/json' ? JSON.stringify({ code: RPC_CODES[error.kind], message: statusMessage(error) }) : rpcStatus(error);
  return { status: error.httpStatus, headers, body };
}

/** What a `google.rpc.Status` says of an error: well-formed Unicode, of at most so many characters. */
export function statusMessage(error: AppError, maxCharacters: number = Number.POSITIVE_INFINITY): string {
  const message = `${error.code}: ${error.message}`.toWellFormed();
  return message.length > maxCharacters ? `${message.slice(0, maxCharacters).toWellFormed()}…` : message;
}

/** `google.rpc.Status` in protobuf; with a `google.rpc.RetryInfo` where a retry makes sense, which OTLP's gRPC senders look for. */
export function rpcStatus(error: AppError, maxCharacters?: number): Buffer {
  const parts = [Buffer.from([0x08, RPC_CODES[error.kind]]), text(0x12, statusMessage(error, maxCharacters))];
  if (error.retryAfterSeconds !== undefined) {
    const delay = Buffer.concat([Buffer.from([0x08]), varint(Math.max(1, Math.ceil(error.retryAfterSeconds)))]);
    parts.push(message(0x1a, Buffer.concat([text(0x0a, 'type.googleapis.com/google.rpc.RetryInfo'), message(0x12, message(0x0a, delay))])));
  }
  return Buffer.concat(parts);
}

function text(tag: number, value: string): Buffer {
  return message(tag, Buffer.from(value));
}

function message(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
