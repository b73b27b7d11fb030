import {
  apiScope,
  createdKeyAnswer,
  createKeyRequest,
  environmentsAnswer,
  errorAnswer,
  healthAnswer,
  hostsAnswer,
  keysAnswer,
  metricsAnswer,
  sessionAnswer,
  setupRequest,
  signInRequest,
  sourcesAnswer,
  statusAnswer,
  labelValue,
  METRIC_NAME,
  type HealthAnswer,
  type SessionAnswer,
  type SourcesAnswer,
  type StatusAnswer,
} from '@pitot/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { sampleMetadata } from '../../query/latest-metrics.ts';
import type { MetricQueries } from '../../query/metric-queries.ts';
import type { Access } from '../access/access.ts';
import { closeSignal } from '../receiver-routes.ts';

/** Mounts the routes of one subject, e.g. logs. One file beside this one, one line in the application's wiring. */
export type RestRoutes = (server: RestServer) => void;

/** What Pitot's own REST routes are made from. */
export interface RestApi {
  readonly metrics: MetricQueries;
  readonly access: Access;
  readonly health: () => HealthAnswer | Promise<HealthAnswer>;
  readonly status: () => Promise<StatusAnswer>;
  readonly sources: () => SourcesAnswer;
  readonly ownMetrics: () => Promise<{ contentType: string; text: string }>;
  readonly subjects: readonly RestRoutes[];
}

export const failures = { '4xx': errorAnswer, '5xx': errorAnswer };
const DEFAULT_METRICS_LIMIT = 100;
const MOST_METRICS = 10_000;
export const documented = (tags: string, summary: string, answer: z.ZodType) => ({ tags: [tags], summary, response: { 200: answer, ...failures } });

/** Pitot's own REST interface. Shapes are in core, `api/rest.ts`. */
export function mountRestRoutes(plain: FastifyInstance, api: RestApi): void {
  const server = plain.withTypeProvider<ZodTypeProvider>();
  mountHealth(server, api);
  mountMetrics(server, api);
  mountReads(server, api);
  mountKeys(server, api);
  mountSession(server, api);
  for (const mount of api.subjects) mount(server);
}

export type RestServer = FastifyInstance<
  FastifyInstance['server'],
  FastifyRequest['raw'],
  FastifyReply['raw'],
  FastifyInstance['log'],
  ZodTypeProvider
>;

function mountHealth(server: RestServer, { health }: RestApi): void {
  server.route({
    method: 'GET',
    url: '/health',
    config: { access: 'public' },
    schema: {
      tags: ['health'],
      summary: 'Whether Pitot is well; 503 when it is not. Answers without a login.',
      response: { 200: healthAnswer, 503: healthAnswer },
    },
    handler: async (_request, reply) => {
      const answer = await health();
      void reply.header('cache-control', 'no-store');
      return answer.status === 'unhealthy' ? reply.code(503).send(answer) : reply.code(200).send(answer);
    },
  });
  for (const [url, summary] of [
    ['/-/healthy', 'The process runs (Prometheus’ form).'],
    ['/-/ready', 'The doors take telemetry (Prometheus’ form).'],
  ] as const) {
    server.route({
      method: 'GET',
      url,
      config: { access: 'read' },
      schema: { tags: ['health'], summary, response: { 200: z.string(), 503: z.string() } },
      serializerCompiler: () => String,
      handler: async (_request, reply) => {
        const unready = url === '/-/ready' && (await health()).status === 'unhealthy';
        void reply.type('text/plain; charset=utf-8').code(unready ? 503 : 200);
        return reply.send(unready ? 'Pitot is not ready.\n' : url === '/-/ready' ? 'Pitot is ready.\n' : 'Pitot is healthy.\n');
      },
    });
  }
}

function mountMetrics(server: RestServer, { metrics, ownMetrics }: RestApi): void {
  const limit = z.coerce.number().int().min(1).max(MOST_METRICS).optional();
  server.route({
    method: 'GET',
    url: '/metrics',
    config: { access: 'read' },
    schema: {
      tags: ['metrics'],
      summary: 'Without parameters, Pitot’s own metrics as text; with `service` or `limit`, the newest samples as JSON.',
      querystring: z.object({
        service: z.string().max(200).optional().describe('The `job` label; every service when absent.'),
        limit: limit.describe(`Most samples in the answer; ${DEFAULT_METRICS_LIMIT} when absent.`),
      }),
      response: {
        200: {
          description: 'JSON with `service` or `limit`, else the text exposition.',
          content: { 'application/json': { schema: metricsAnswer }, 'text/plain': { schema: z.string() } },
        },
        ...failures,
      },
    },
    handler: async (request, reply) => {
      const { service, limit: most } = request.query;
      if (service === undefined && most === undefined) {
        const exposition = await ownMetrics();
        return reply.type(exposition.contentType).send(exposition.text as never);
      }
      const question = { limit: most ?? DEFAULT_METRICS_LIMIT, ...(service === undefined ? {} : { service }) };
      const found = await metrics.latest(question, { signal: closeSignal(reply) });
      const shown = found.samples.map(({ labels, timestampMs, value }) => ({
        service_name: labelValue(labels, 'job'),
        metric_type: labelValue(labels, METRIC_NAME),
        value,
        metadata: sampleMetadata(labels),
        timestamp: new Date(timestampMs).toISOString(),
      }));
      // JSON has no infinities; they are left out as what they are: not numbers.
      const finite = shown.filter((metric) => Number.isFinite(metric.value));
      return reply.type('application/json; charset=utf-8').send({ metrics: finite, count: finite.length, scanned_count: found.scannedCount });
    },
  });
}

function mountReads(server: RestServer, { metrics, sources, status }: RestApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/sources',
    config: { access: 'read' },
    schema: documented('pitot', 'Who sends metrics, since the start.', sourcesAnswer),
    handler: async (_request, reply) => reply.send(sources()),
  });
  server.route({
    method: 'GET',
    url: '/api/v1/hosts',
    config: { access: 'read' },
    schema: documented('pitot', 'The hosts that report, with how they are.', hostsAnswer),
    handler: async (_request, reply) => reply.send({ hosts: await metrics.hosts({ signal: closeSignal(reply) }) }),
  });
  server.route({
    method: 'GET',
    url: '/api/v1/environments',
    config: { access: 'read' },
    schema: documented('pitot', 'The environments that series of the last day name.', environmentsAnswer),
    handler: async (_request, reply) => reply.send({ environments: await metrics.environments({ signal: closeSignal(reply) }) }),
  });
  server.route({
    method: 'GET',
    url: '/api/v1/status',
    config: { access: 'read' },
    schema: documented('pitot', 'The server: version, listeners, stores, spool, limits.', statusAnswer),
    handler: async (_request, reply) => reply.send(await status()),
  });
}

function mountKeys(server: RestServer, { access }: RestApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/keys',
    config: { access: 'admin' },
    schema: documented('access', 'API keys, without the keys themselves.', keysAnswer),
    handler: async (_request, reply) => reply.send({ keys: await access.keys.list() }),
  });
  server.route({
    method: 'POST',
    url: '/api/v1/keys',
    config: { access: 'admin' },
    schema: {
      tags: ['access'],
      summary: `Makes an API key with scopes out of ${apiScope.options.join(', ')}; the answer shows it this once.`,
      body: createKeyRequest,
      response: { 201: createdKeyAnswer, ...failures },
    },
    handler: async (request, reply) => {
      const { name, scopes } = request.body;
      return reply.code(201).header('cache-control', 'no-store').send(await access.keys.create(name, scopes));
    },
  });
  server.route({
    method: 'DELETE',
    url: '/api/v1/keys/:id',
    config: { access: 'admin' },
    schema: { tags: ['access'], summary: 'Deletes an API key; it is void at once.', params: z.object({ id: z.string().max(100) }), response: { 204: z.undefined().describe('Gone.'), ...failures } },
    handler: async (request, reply) => {
      await access.keys.remove(request.params.id);
      return reply.code(204).send(undefined);
    },
  });
}

function mountSession(server: RestServer, { access }: RestApi): void {
  const answer = async (user: SessionAnswer['user']): Promise<SessionAnswer> => ({
    authenticated: user !== null,
    auth: access.mode,
    setup_needed: access.mode === 'required' && (await access.setup.needed()),
    user: user && { email: user.email, name: user.name },
  });
  server.route({
    method: 'GET',
    url: '/api/v1/session',
    config: { access: 'public' },
    schema: documented('access', 'Who is logged in, and whether a login is needed.', sessionAnswer),
    handler: async (request, reply) => reply.header('cache-control', 'no-store').send(await answer(request.caller.user ?? null)),
  });
  server.route({
    method: 'POST',
    url: '/api/v1/session',
    config: { access: 'public' },
    schema: { ...documented('access', 'Logs in with e-mail address and password; sets the session cookie.', sessionAnswer), body: signInRequest },
    handler: async (request, reply) => {
      const { email, password } = request.body;
      const { user, cookies } = await access.sessions.signIn(email, password, request.ip);
      return setCookies(request, reply, cookies).send(await answer({ ...user }));
    },
  });
  server.route({
    method: 'DELETE',
    url: '/api/v1/session',
    config: { access: 'public' },
    schema: documented('access', 'Logs out.', sessionAnswer),
    handler: async (request, reply) => {
      const { cookie } = request.headers;
      const cookies = cookie === undefined ? [] : await access.sessions.signOut(cookie);
      return setCookies(request, reply, cookies).send(await answer(null));
    },
  });
  server.route({
    method: 'POST',
    url: '/api/v1/setup',
    config: { access: 'public' },
    schema: { ...documented('access', 'Makes the administrator with the token of the one-time setup link, and logs in.', sessionAnswer), body: setupRequest },
    handler: async (request, reply) => {
      const { token, ...account } = request.body;
      const { user, cookies } = await access.setup.complete(token, account);
      return setCookies(request, reply, cookies).send(await answer({ ...user }));
    },
  });
}

/** Behind a proxy that ends TLS the cookie is marked Secure, so that it never crosses an open line. */
function setCookies<Reply extends { header(name: string, value: unknown): Reply }>(request: Pick<FastifyRequest, 'headers'>, reply: Reply, cookies: readonly string[]): Reply {
  const secure = request.headers['x-forwarded-proto'] === 'https';
  reply.header('cache-control', 'no-store');
  return cookies.length === 0 ? reply : reply.header('set-cookie', cookies.map((cookie) => (secure ? `${cookie}; Secure` : cookie)));
}
