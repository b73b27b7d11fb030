import type { IncomingMessage } from 'node:http';
import { AppError, type HttpAnswer, type HttpRequest, type HttpRoute } from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bodyTooLarge } from './error-answers.ts';

const NO_BYTES = new Uint8Array(0);

/**
 * Mounts receivers' routes on a listener. The way from socket to receiver is short on purpose: the body stays the
 * bytes that came (still compressed), no schema looks at it, nothing is logged.
 */
export function mountReceiverRoutes(server: FastifyInstance, routes: readonly HttpRoute[], bodyLimit: number): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) => collectBody(request, payload, bodyLimit));
  for (const route of routes) {
    server.route({
      method: route.method,
      url: route.path,
      bodyLimit,
      config: { access: route.scope, ingest: route.scope === 'ingest' },
      schema: { summary: route.summary, tags: ['receivers'], ...receiverDocumentation(route) },
      // The receiver itself validates and encodes; the schema is documentation.
      validatorCompiler: () => (value: unknown) => ({ value }),
      serializerCompiler: () => (value: unknown) => String(value),
      handler: async (request, reply) => {
        const answer = await route.handle(new ReceiverRequest(request, reply));
        if (request.body instanceof Uint8Array) releaseBytes(request.body);
        return sendAnswer(reply, answer);
      },
    });
  }
}

/** The body as it came. Its parts are Node's own copies, so the one that holds it all may be handed on and released later. */
function collectBody(request: FastifyRequest, payload: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  const saidBytes = Number(request.headers['content-length'] ?? 0);
  if (saidBytes > limitBytes) return Promise.reject(bodyTooLarge(limitBytes));
  return new Promise((done, fail) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    payload.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= limitBytes) chunks.push(chunk);
      else {
        payload.removeAllListeners('data');
        fail(bodyTooLarge(limitBytes));
      }
    });
    payload.on('end', () => {
      const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, sizeBytes);
      if (chunks.length > 1) chunks.forEach(releaseBytes);
      done(whole);
    });
    payload.on('error', fail);
    payload.on('close', () => {
      if (!payload.complete) fail(new AppError('canceled', 'the sender went away before the body was whole'));
    });
  });
}

function receiverDocumentation(route: HttpRoute): { response?: Record<string, unknown> } {
  return route.response ? { response: { 200: route.response } } : {};
}

function sendAnswer(reply: FastifyReply, answer: HttpAnswer): FastifyReply {
  void reply.code(answer.status);
  if (answer.headers) void reply.headers(answer.headers);
  const { body } = answer;
  if (body === undefined || body.length === 0) return reply.send();
  if (typeof body === 'string') return reply.send(body);
  return reply.send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
}

/** Views the request without copying; the abort signal is made only when a receiver asks for it. */
class ReceiverRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: HttpRequest['query'];
  readonly headers: HttpRequest['headers'];
  readonly body: Uint8Array;
  readonly keyId?: string;
  readonly #reply: FastifyReply;
  #signal: AbortSignal | undefined;

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.method = request.method;
    this.path = request.routeOptions.url ?? request.url;
    this.query = request.query as HttpRequest['query'];
    // Node joins repeated headers into one string; only set-cookie, which no request carries, is a list.
    this.headers = request.headers as HttpRequest['headers'];
    this.body = request.body instanceof Uint8Array ? request.body : NO_BYTES;
    const { keyId } = request.caller;
    if (keyId !== undefined) this.keyId = keyId;
    this.#reply = reply;
  }

  get signal(): AbortSignal {
    this.#signal ??= closeSignal(this.#reply);
    return this.#signal;
  }
}

/** Aborted when the caller goes away before the answer is written. */
export function closeSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
