import { AppError, toAppError, type ErrorCode, type Logger } from '@pitot/core';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';

/** Prometheus' error types with its HTTP statuses (web/api/v1/api.go). */
type PrometheusErrorType = 'bad_data' | 'execution' | 'canceled' | 'timeout' | 'unavailable' | 'not_found' | 'internal' | 'unauthorized' | 'forbidden';

const PROMETHEUS_STATUS: Readonly<Record<PrometheusErrorType, number>> = {
  bad_data: 400,
  execution: 422,
  canceled: 503,
  timeout: 503,
  unavailable: 503,
  not_found: 404,
  internal: 500,
  unauthorized: 401,
  forbidden: 403,
};

/**
 * One handler for every route, those not found included: nothing else writes an error. Unknown paths that `isPage` takes for
 * a deep link get the application instead.
 */
export function installErrorAnswers(server: FastifyInstance, log: Logger, isPage: (method: string, url: string) => boolean): void {
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const appError = asAppError(error, request);
    logDefect(appError, request, log);
    void answerError(appError, request, reply);
  });
  server.setNotFoundHandler((request, reply) => {
    if (isPage(request.method, request.url)) void reply.sendFile('index.html');
    else void answerError(notFound(request), request, reply);
  });
}

/** For what is refused before there is a route, such as a path that cannot be decoded. */
export function answerUnrouted(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  void answerError(asAppError(error, request), request, reply);
}

function answerError(error: AppError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply.header('cache-control', 'no-store').header('content-type', 'application/json');
  if (error.retryAfterSeconds !== undefined) void reply.header('retry-after', Math.max(1, Math.ceil(error.retryAfterSeconds)));
  if (error.kind === 'unauthenticated') void reply.header('www-authenticate', 'Bearer realm="pitot"');
  // A body that was not read to its end makes the connection useless for the next request.
  if (error.kind === 'too_large') void reply.header('connection', 'close');
  if (request.routeOptions.config.prometheusErrors === true) {
    const errorType = prometheusErrorType(error);
    const status = error.kind === 'too_large' || error.kind === 'limited' ? error.httpStatus : PROMETHEUS_STATUS[errorType];
    return reply.code(status).send(JSON.stringify({ status: 'error', errorType, error: error.message }));
  }
  const body = { error: { code: error.code, message: error.message, fields: error.fields, request_id: request.id } };
  return reply.code(error.httpStatus).send(JSON.stringify(body));
}

export function notFound(request: FastifyRequest): AppError {
  return new AppError('not_found', `nothing is at ${request.method} ${request.url.split('?', 1)[0]}; /api/openapi.json lists every route`);
}

function prometheusErrorType(error: AppError): PrometheusErrorType {
  switch (error.kind) {
    case 'unprocessable':
      return 'execution';
    case 'timeout':
      return 'timeout';
    case 'canceled':
      return 'canceled';
    case 'unavailable':
      return 'unavailable';
    case 'not_found':
      return 'not_found';
    case 'internal':
      return 'internal';
    case 'unauthenticated':
      return 'unauthorized';
    case 'forbidden':
      return 'forbidden';
    default:
      return 'bad_data';
  }
}

/** What Fastify itself refuses: its status decides the code. 403 is a path out of the directory of files. */
const FASTIFY_CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'bad_payload',
  403: 'not_found',
  404: 'not_found',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
};

function asAppError(error: FastifyError, request: FastifyRequest): AppError {
  if (error instanceof AppError) return error;
  // Node says `aborted`; nobody is there to read the answer, and it is no defect of ours.
  if (error.code === 'ECONNRESET' && !request.raw.complete) return new AppError('canceled', 'the sender went away before the body was whole', { cause: error });
  if (hasZodFastifySchemaValidationErrors(error)) return validationError(error);
  const code = error.code?.startsWith('FST_') || error.name === 'ForbiddenError' ? FASTIFY_CODES[error.statusCode ?? 500] : undefined;
  if (code === 'body_too_large') return bodyTooLarge(request.routeOptions.bodyLimit);
  return code === undefined ? toAppError(error) : new AppError(code, error.message, { cause: error });
}

/** The 413 of every door, with the key to raise. */
export function bodyTooLarge(limitBytes: number | undefined): AppError {
  return new AppError('body_too_large', `the body is larger than ${limitBytes} bytes, which is what this door takes; send smaller batches, or raise limits.body_bytes`, {
    fields: { limit: 'limits.body_bytes', value: limitBytes ?? null },
  });
}

function validationError(error: FastifyError): AppError {
  const issues = (error.validation ?? []).map(({ instancePath, message }) => ({
    field: instancePath.replace(/^\//, '').replaceAll('/', '.'),
    message: message ?? 'not valid',
  }));
  const place = error.validationContext === 'body' ? 'body' : (error.validationContext ?? 'request');
  const text = issues.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; ');
  return new AppError('bad_request', `the ${place} is not as expected: ${text}`, { fields: { issues }, cause: error });
}

/** Only what is our fault is logged one by one; what callers do wrong is counted. */
function logDefect(error: AppError, request: FastifyRequest, log: Logger): void {
  if (error.kind !== 'internal') return;
  const url = request.routeOptions.url ?? request.url.split('?', 1)[0];
  log.error({ err: error.cause ?? error, requestId: request.id, method: request.method, url }, 'request failed');
}
