import type { AppError, ErrorKind, HttpAnswer } from '@pitot/core';

/** The two formats of OTLP/HTTP: an answer comes in the request's. */
export type OtlpFormat = 'application/x-protobuf' | 'application/json';

/** google.rpc.Code for each kind of error. Source: googleapis google/rpc/code.proto. */
const RPC_CODES: Readonly<Record<ErrorKind, number>> = {
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

/** `ExportMetricsServiceResponse`; `partial` where points were turned away. */
export function exportAnswer(format: OtlpFormat, partial?: { readonly rejected: number; readonly message: string }): HttpAnswer {
  const headers = { 'content-type': format };
  if (format === 'application/json') {
    const success = partial && { rejectedDataPoints: String(partial.rejected), errorMessage: partial.message };
    return { status: 200, headers, body: JSON.stringify(success === undefined ? {} : { partialSuccess: success }) };
  }
  if (partial === undefined) return { status: 200, headers, body: new Uint8Array(0) };
  const success = Buffer.concat([Buffer.from([0x08]), varint(partial.rejected), text(0x12, partial.message)]);
  return { status: 200, headers, body: Buffer.concat([Buffer.from([0x0a]), varint(success.length), success]) };
}

/** `google.rpc.Status`. OTLP senders retry 429 and 503 after Retry-After. */
export function statusAnswer(format: OtlpFormat, error: AppError): HttpAnswer {
  const code = RPC_CODES[error.kind];
  const message = `${error.code}: ${error.message}`;
  const headers: Record<string, string> = { 'content-type': format };
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = String(error.retryAfterSeconds);
  const body = format === 'application/json' ? JSON.stringify({ code, message }) : Buffer.concat([Buffer.from([0x08, code]), text(0x12, message)]);
  return { status: error.httpStatus, headers, body };
}

function text(tag: number, value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([tag]), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
