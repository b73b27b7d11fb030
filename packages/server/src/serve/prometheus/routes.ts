import { parse as parseForm } from 'node:querystring';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { closeSignal } from '../receiver-routes.ts';
import type { ApiAnswer, ApiRoute, PrometheusApi, ResultAnswer } from './api.ts';
import { readParameters } from './parameters.ts';
import { queryRoutes } from './query-routes.ts';
import { mountRemoteRead } from './remote-read-route.ts';
import { notices, resultChunks } from './result-json.ts';
import { seriesRoutes } from './series-routes.ts';
import { statusRoutes } from './status-routes.ts';
import { targetRoutes } from './target-routes.ts';

const ROUTES: readonly ApiRoute[] = [...queryRoutes, ...seriesRoutes, ...targetRoutes, ...statusRoutes];
/** Long expressions and many selectors come as forms; more than this is a mistake. */
const MOST_FORM_BYTES = 10 * 1024 * 1024;
const MOST_FORM_FIELDS = 10_000;
/** How far the writing of an answer may run ahead of its socket. */
const MOST_BUFFERED_BYTES = 1 << 20;

const failure = z
  .object({ status: z.literal('error'), errorType: z.string(), error: z.string() })
  .meta({ id: 'PrometheusError', description: 'errorType: bad_data, execution, timeout, canceled, unavailable, not_found, internal, unauthorized or forbidden.' });

/** The Prometheus HTTP API, under `/api/v1`. */
export function mountPrometheusApi(server: FastifyInstance, api: PrometheusApi): void {
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: MOST_FORM_BYTES }, (_request, body, done) =>
    done(null, parseForm(body as string, '&', '=', { maxKeys: MOST_FORM_FIELDS })),
  );
  for (const route of ROUTES) for (const method of route.methods) mountRoute(server, api, route, method);
  mountRemoteRead(server, api);
}

function mountRoute(server: FastifyInstance, api: PrometheusApi, route: ApiRoute, method: 'GET' | 'POST'): void {
  const form = method === 'POST' ? { body: route.parameters, consumes: ['application/x-www-form-urlencoded'] } : { querystring: route.parameters };
  const success = z.object({
    status: z.literal('success'),
    data: route.data,
    warnings: z.array(z.string()).optional(),
    infos: z.array(z.string()).optional(),
  });
  server.route({
    method,
    url: `/api/v1${route.path}`,
    config: { access: 'read', prometheusErrors: true },
    schema: { summary: route.summary, tags: ['prometheus'], ...pathParameters(route.path), ...form, response: { 200: success, '4xx': failure, '5xx': failure } },
    // Parameters are read by the handler, because URL and form are one set to Prometheus; the schemas are the same ones.
    validatorCompiler: () => (value: unknown) => ({ value }),
    handler: async (request, reply) => {
      const parameters = readParameters(route.parameters, request.query, request.body);
      const answer = await route.handle(api, { parameters, request, reply, signal: closeSignal(reply) });
      return sendAnswer(reply, answer);
    },
  });
}

function pathParameters(path: string): { params?: z.ZodType } {
  return path.includes(':name') ? { params: z.object({ name: z.string() }) } : {};
}

function sendAnswer(reply: FastifyReply, answer: ApiAnswer | ResultAnswer): FastifyReply {
  void reply.header('content-type', 'application/json');
  if ('outcome' in answer) return sendChunks(reply, resultChunks(answer.outcome, answer.statistics));
  return reply.send(`{"status":"success","data":${JSON.stringify(answer.data)}${notices(answer)}}`);
}

/** Small answers go out in one write with their length; large ones as a stream, chunk by chunk as the socket drains. */
function sendChunks(reply: FastifyReply, chunks: Generator<Buffer>): FastifyReply {
  const first = chunks.next().value as Buffer;
  const second = chunks.next();
  if (second.done) return reply.send(first);
  return reply.send(Readable.from(following([first, second.value], chunks), { objectMode: false, highWaterMark: MOST_BUFFERED_BYTES }));
}

function* following(first: readonly Buffer[], rest: Generator<Buffer>): Generator<Buffer> {
  yield* first;
  yield* rest;
}
