import { AppError, type ErrorCode } from '@pitot/core';

/**
 * ClickHouse exception codes that mean something to the caller; all others are defects in a statement.
 * Source: ClickHouse `src/Common/ErrorCodes.cpp`.
 */
const CODES: Readonly<Record<number, ErrorCode>> = {
  /** TOO_MANY_ROWS, TOO_MANY_BYTES, TOO_MANY_ROWS_OR_BYTES, SET_SIZE_LIMIT_EXCEEDED, MEMORY_LIMIT_EXCEEDED */
  158: 'query_too_large',
  307: 'query_too_large',
  396: 'query_too_large',
  191: 'query_too_large',
  241: 'query_too_large',
  /** TIMEOUT_EXCEEDED, TOO_SLOW */
  159: 'query_timeout',
  160: 'query_timeout',
  /** CANNOT_COMPILE_REGEXP: an expression is only ever the caller's. */
  427: 'bad_query',
  /** QUERY_WAS_CANCELLED, QUERY_WAS_CANCELLED_BY_CLIENT */
  394: 'canceled',
  734: 'canceled',
  /** NOT_ENOUGH_SPACE */
  243: 'disk_full',
  /** SOCKET_TIMEOUT, NETWORK_ERROR, TOO_MANY_SIMULTANEOUS_QUERIES, NO_FREE_CONNECTION, ALL_CONNECTION_TRIES_FAILED */
  209: 'store_unavailable',
  210: 'store_unavailable',
  202: 'store_unavailable',
  203: 'store_unavailable',
  279: 'store_unavailable',
  /** ABORTED, TABLE_IS_READ_ONLY, TOO_MANY_PARTS, KEEPER_EXCEPTION, ALL_REPLICAS_LOST */
  236: 'store_unavailable',
  242: 'store_unavailable',
  252: 'store_unavailable',
  999: 'store_unavailable',
  415: 'store_unavailable',
  /** AUTHENTICATION_FAILED, REQUIRED_PASSWORD, WRONG_PASSWORD: someone can cure them, and the data waits meanwhile. */
  516: 'store_unavailable',
  194: 'store_unavailable',
  193: 'store_unavailable',
};

const DISK_FULL = /No space left on device|ENOSPC|errno: 28/i;
const EXCEPTION = /Code: (\d+)\. /;
/** Long enough to act on; a statement with thousands of ids is quoted whole by the engine. */
const LONGEST_MESSAGE = 600;

/** As `clickHouseFailure`, for inserts: what needs more memory than there is now may fit later, and the data waits meanwhile. */
export function insertFailure(what: string, cause: unknown): AppError {
  const failure = clickHouseFailure(what, cause);
  if (failure.code !== 'query_too_large') return failure;
  const message = 'the store has not enough memory for this insert now; raise clickhouse.memory_bytes where this stays so';
  return new AppError('store_unavailable', `${what}: ${message}`, { cause: failure, retryAfterSeconds: 5 });
}

/** Turns what an adapter caught into an AppError. `what` says what was being done. */
export function clickHouseFailure(what: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = DISK_FULL.test(message) ? 'disk_full' : (CODES[exceptionCode(cause, message)] ?? 'internal');
  return new AppError(code, `${what}: ${EXPLANATION[code] ?? ''}${message.slice(0, LONGEST_MESSAGE)}`, {
    cause,
    ...(code === 'store_unavailable' || code === 'disk_full' ? { retryAfterSeconds: 5 } : {}),
  });
}

const EXPLANATION: Readonly<Partial<Record<ErrorCode, string>>> = {
  query_too_large: 'the query needs more memory than clickhouse.memory_bytes gives it; ask for less, or raise that key. ',
  bad_query: 'the regular expression cannot be read; RE2 has no look-around and no back-references. ',
  query_timeout: 'the query ran longer than limits.query_timeout_seconds allows. ',
  disk_full: 'the disk is full; free some space. ',
};

function exceptionCode(cause: unknown, message: string): number {
  // @clickhouse/client gives the code as text in `code`, chDB as a number in `clickhouseCode`; both have it in the message.
  const { clickhouseCode, code } = (cause ?? {}) as { clickhouseCode?: unknown; code?: unknown };
  if (typeof clickhouseCode === 'number') return clickhouseCode;
  if (typeof code === 'string' && /^\d+$/.test(code)) return Number(code);
  return Number(EXCEPTION.exec(message)?.[1] ?? 0);
}
