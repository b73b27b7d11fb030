import compress from '@fastify/compress';
import swagger from '@fastify/swagger';
import type { Counter, HttpRoute, Listener, StatusAnswer } from '@pitot/core';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { Access } from './access/access.ts';
import { installCrossOrigin } from './access/cross-origin.ts';
import { installGate, type MountedRoute } from './access/gate.ts';
import { isLoopback, type OriginRule } from './access/origin-rule.ts';
import { answerUnrouted, installErrorAnswers } from './error-answers.ts';
import type { HttpServersOptions } from './http-servers.ts';
import { documentInfo } from './openapi-info.ts';
import { mountPrometheusApi } from './prometheus/routes.ts';
import { mountReceiverRoutes } from './receiver-routes.ts';
import { mountEvents } from './rest/events.ts';
import { createSubjects } from './rest/subjects.ts';
import { mountRestRoutes } from './rest/routes.ts';
import { listSources } from './rest/sources.ts';
import { installSecurityHeaders } from './security-headers.ts';
import { isPagePath, mountWebFiles } from './web-files.ts';

export interface ApplicationContext {
  readonly options: HttpServersOptions;
  readonly access: Access;
  readonly origins: OriginRule;
  readonly draining: () => boolean;
  /** `pitot_http_requests_total` by listener, method, route and status; shared by the listeners. */
  readonly requests: Counter;
  readonly status: () => Promise<StatusAnswer>;
}

export interface Application {
  readonly server: FastifyInstance;
  readonly routes: readonly MountedRoute[];
}

/** gzip at a low level: most of the gain for a fifth of the time. */
const GZIP_LEVEL = 1;
const SMALLEST_COMPRESSED_BYTES = 4096;
/** Own REST bodies are small; receivers set their own limit. */
const MOST_JSON_BYTES = 1024 * 1024;
/** Node's own limit would cut long expressions in a URL; Prometheus takes a megabyte. */
const MOST_HEADER_BYTES = 256 * 1024;
/** A sender that takes longer than this for one request is stuck. */
const REQUEST_TIMEOUT_MS = 300_000;
/** Above the idle time of the usual load balancers (60 s), so that they close first. */
const KEEP_ALIVE_MS = 75_000;

/** Builds the application of one listener, ready to listen. */
export async function createApplication(listener: Listener, context: ApplicationContext): Promise<Application> {
  const { options, access } = context;
  const server = fastify({
    // Requests are counted and failures logged by the error answer; a line for each request would cost more than the request.
    logger: false,
    genReqId: requestIds(options.clock.nowMs()),
    bodyLimit: MOST_JSON_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    http: { maxHeaderSize: MOST_HEADER_BYTES },
    frameworkErrors: answerUnrouted,
    routerOptions: { maxParamLength: 4096 },
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  const servesPages = listener === 'main' && options.webRoot !== undefined;
  installErrorAnswers(server, options.log, (method, url) => servesPages && isPagePath(method, url));
  countRequests(server, listener, context.requests);
  installSecurityHeaders(server);
  installCrossOrigin(server, context.origins);
  const routes = installGate(server, {
    mode: access.mode,
    origins: context.origins,
    keys: access.keys,
    sessions: access.sessions,
    draining: context.draining,
  });
  if (listener === 'main') await registerDocumentation(server);
  mountReceivers(server, listener, options.receiverRoutes, options.limits.body_bytes);
  if (listener === 'main') {
    await server.register((scope) => mountInterfaces(scope, context));
    if (options.webRoot !== undefined) await mountWebFiles(server, options.webRoot);
  }
  await server.ready();
  return { server, routes };
}

function countRequests(server: FastifyInstance, listener: Listener, requests: Counter): void {
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
    requests.inc(1, { listener, method: request.method, route, status: String(reply.statusCode) });
    done();
  });
}

function mountReceivers(server: FastifyInstance, listener: Listener, routes: readonly HttpRoute[], bodyLimit: number): void {
  const mounted = routes.filter(({ listeners }) => listeners.includes(listener));
  void server.register((scope, _options, done) => {
    mountReceiverRoutes(scope, mounted, bodyLimit);
    done();
  });
}

async function registerDocumentation(server: FastifyInstance): Promise<void> {
  const describe = createJsonSchemaTransform({ skipList: [] });
  await server.register(swagger, {
    openapi: documentInfo(),
    transform: (document) => {
      const { schema, url } = describe(document);
      const access = document.route.config?.access;
      const security = access === 'public' ? { security: [] } : {};
      return { schema: { ...schema, ...security, 'x-pitot-scope': access }, url };
    },
    transformObject: createJsonSchemaTransformObject({}),
  });
  server.route({
    method: 'GET',
    url: '/api/openapi.json',
    config: { access: 'read' },
    schema: { tags: ['pitot'], summary: 'This description of every route, as OpenAPI 3.1.' },
    handler: async (_request, reply) => reply.type('application/json; charset=utf-8').send(JSON.stringify(server.swagger())),
  });
}

async function mountInterfaces(scope: FastifyInstance, context: ApplicationContext): Promise<void> {
  const { options, access, status } = context;
  scope.addHook('onRequest', (request, _reply, done) => {
    if (isOnThisMachine(request)) delete request.headers['accept-encoding'];
    done();
  });
  await scope.register(compress, {
    global: true,
    globalDecompression: false,
    threshold: SMALLEST_COMPRESSED_BYTES,
    encodings: ['gzip', 'deflate'],
    zlibOptions: { level: GZIP_LEVEL },
  });
  const sources = () => listSources(options.monitor);
  mountRestRoutes(scope, { metrics: options.metrics, access, health: options.health, status, sources, ownMetrics: options.ownMetrics, subjects: createSubjects(options.questions) });
  mountEvents(scope, { sources, health: options.health });
  mountPrometheusApi(scope, {
    metrics: options.metrics,
    clock: options.clock,
    targets: options.targets,
    maxPoints: options.limits.query_max_points,
    version: options.version,
    startedMs: options.startedMs,
    retentionMs: options.retentionMs,
    configurationText: options.configurationText,
    flags: prometheusFlags(options),
  });
}

/** To a program on this machine, compressing costs more than sending; a proxy in front of another one says for whom it asks. */
function isOnThisMachine({ ip, headers }: FastifyRequest): boolean {
  const peer = ip.startsWith('::ffff:') ? ip.slice('::ffff:'.length) : ip;
  return isLoopback(peer) && headers['x-forwarded-for'] === undefined && headers.forwarded === undefined;
}

function prometheusFlags({ limits, retentionMs, main }: HttpServersOptions): Record<string, string> {
  return {
    'query.lookback-delta': '5m',
    'query.max-concurrency': String(limits.query_concurrency),
    'query.max-samples': String(limits.query_max_samples),
    'query.timeout': `${limits.query_timeout_seconds}s`,
    'storage.tsdb.retention.time': `${Math.round(retentionMs / 1000)}s`,
    'web.enable-remote-write-receiver': 'true',
    'web.listen-address': `${main.host}:${main.port}`,
  };
}

/** Short, unique in this process, and telling two starts apart. */
function requestIds(startMs: number): () => string {
  const start = startMs.toString(36);
  let count = 0;
  return () => `${start}-${(count++).toString(36)}`;
}
