/**
 * One error type for the whole product. A code is looked up in ERROR_CODES, which is also what
 * docs/errors.md is checked against, so an undocumented code cannot be thrown.
 */

/** What went wrong in general; decides the HTTP status. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'too_large'
  | 'unsupported_media'
  | 'unprocessable'
  | 'limited'
  | 'unavailable'
  | 'timeout'
  | 'canceled'
  | 'internal';

/** The one map from kind to HTTP status. 499 is nginx' "client closed request". */
export const HTTP_STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  unsupported_media: 415,
  unprocessable: 422,
  limited: 429,
  unavailable: 503,
  timeout: 504,
  canceled: 499,
  internal: 500,
};

/** Every code Pitot can answer with: its kind and what it means to the reader of the answer. */
export const ERROR_CODES = {
  bad_request: ['invalid', 'A parameter or field has a value that cannot be used; the message names it.'],
  bad_config: ['invalid', 'The configuration has an unknown key or a wrong value; the message names file, line and what was expected.'],
  bad_encoding: ['invalid', 'The body is not what its Content-Encoding says (gzip, snappy).'],
  bad_payload: ['invalid', 'The body is not a well-formed message of its content type.'],
  bad_query: ['invalid', 'The query does not parse or its types do not fit; the message gives the position.'],
  query_failed: ['unprocessable', 'The query is well formed but cannot be evaluated on this data.'],
  query_too_large: ['unprocessable', 'The query would read or return more than the query limits allow.'],
  query_timeout: ['timeout', 'The query ran longer than its time limit.'],
  canceled: ['canceled', 'The caller went away or cancelled.'],
  unsupported_media_type: ['unsupported_media', 'The door does not read this content type or encoding; the message lists what it reads.'],
  body_too_large: ['too_large', 'The body is larger, before or after decompression, than the door allows.'],
  too_many_samples: ['too_large', 'One request carries more samples than the door allows.'],
  too_many_requests: ['limited', 'More requests than the rate limit allows; see Retry-After.'],
  spool_full: ['limited', 'The store is behind and the spool has reached its size limit; retry after the given time.'],
  store_unavailable: ['unavailable', 'The store does not answer and the spool cannot take more; retry after the given time.'],
  shutting_down: ['unavailable', 'The process is draining before it stops; retry against the next one.'],
  disk_full: ['unavailable', 'The disk under the data directory is full; nothing was acknowledged.'],
  not_authenticated: ['unauthenticated', 'No valid session or API key came with the request.'],
  not_allowed: ['forbidden', 'The session or API key lacks the scope this door needs.'],
  foreign_origin: ['forbidden', 'The Host or Origin header is not one this server answers to.'],
  not_found: ['not_found', 'Nothing is here under this name.'],
  already_exists: ['conflict', 'Something with this name exists already.'],
  data_dir_locked: ['conflict', 'Another process owns the data directory.'],
  internal: ['internal', 'A defect in Pitot; the log line with the same request id says more.'],
} as const satisfies Record<string, readonly [ErrorKind, string]>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface AppErrorOptions {
  /** Names and values that help the reader: limit, value, position, file, line. Never secrets. */
  fields?: Readonly<Record<string, unknown>>;
  cause?: unknown;
  /** Seconds after which a retry makes sense; becomes Retry-After. */
  retryAfterSeconds?: number;
}

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.kind = ERROR_CODES[code][0];
    this.fields = options.fields ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get httpStatus(): number {
    return HTTP_STATUS[this.kind];
  }
}

/** Turns anything thrown into an AppError; aborts become `canceled`, the rest `internal`. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    return new AppError('canceled', 'the request was cancelled', { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new AppError('internal', message, { cause: error });
}
