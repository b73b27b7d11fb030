import {
  AppError,
  causesAnswer,
  declarationsAnswer,
  declarationSourcesAnswer,
  declarationsRequest,
  impactAnswer,
  systemCriticalPathAnswer,
  topologyAnswer,
  topologyChangesAnswer,
  type Clock,
} from '@pitot/core';
import { z } from 'zod';
import { listedDeclaration } from '../../analyze/service-map/listed-declaration.ts';
import { kubernetesDeclaration } from '../../analyze/service-map/kubernetes-declaration.ts';
import { EXPORT_FORMATS, exportMap } from '../../analyze/service-map/map-export.ts';
import type { TopologyQueries } from '../../analyze/service-map/topology-queries.ts';
import { closeSignal } from '../receiver-routes.ts';
import { documented, failures, type RestRoutes, type RestServer } from './routes.ts';
import { mapRangeOf, servicesOfRange } from './service-routes.ts';
import { moment } from './time-range.ts';

/** What the routes of the map are made from. */
export interface TopologyApi {
  readonly topology: TopologyQueries;
  readonly clock: Clock;
}

const LONGEST_ID = 1000;
const MOST_DEPTH = 20;
const MOST_WINDOW_MS = 7 * 86_400_000;
const DEFAULT_WINDOW_MS = 900_000;
/** Manifests are limited where they are read; the body may be a little larger than they are long. */
const MOST_BODY_BYTES = 8 * 1024 * 1024;
const MEDIA_TYPES = { mermaid: 'text/vnd.mermaid; charset=utf-8', dot: 'text/vnd.graphviz; charset=utf-8', graphml: 'application/graphml+xml; charset=utf-8' } as const;
const BODY_FORMS = 'is neither {"source": …, "edges": [{"from": …, "to": …, "address": …}]} nor, as application/yaml, Kubernetes manifests';
const MANIFEST_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'];

const nodeId = z.string().min(1).max(LONGEST_ID).describe('Id of a node: `<type>:<name>`, e.g. service:cart.');
const nodeQuestion = z.object({ ...servicesOfRange, node: nodeId });

/** The map of services over REST. Shapes are in core, `api/services.ts`. */
export function topologyRoutes(api: TopologyApi): RestRoutes {
  return (server) => {
    mountMap(server, api);
    mountChanges(server, api);
    mountNodeQuestions(server, api);
    // Bodies are read in their own way here only.
    void server.register((scope, _options, done) => {
      mountDeclarations(scope as RestServer, api);
      done();
    });
  };
}

function mountMap(server: RestServer, { topology, clock }: TopologyApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/topology',
    config: { access: 'read' },
    schema: {
      tags: ['topology'],
      summary: 'The map of services: what calls what, by which evidence, and how it is.',
      querystring: z.object({
        ...servicesOfRange,
        focus: nodeId.optional().describe('Only what is near this node.'),
        depth: z.coerce.number().int().min(0).max(MOST_DEPTH).default(1).describe('How many calls away from `focus`, in either direction.'),
        format: z.enum(['json', ...EXPORT_FORMATS]).default('json'),
      }),
      response: {
        200: {
          description: 'JSON, or the text of `format`.',
          content: {
            'application/json': { schema: topologyAnswer },
            'text/vnd.mermaid': { schema: z.string() },
            'text/vnd.graphviz': { schema: z.string() },
            'application/graphml+xml': { schema: z.string() },
          },
        },
        ...failures,
      },
    },
    handler: async (request, reply) => {
      const { focus, depth, format } = request.query;
      const answer = await topology.map({ ...mapRangeOf(request.query, clock), ...(focus !== undefined && { focus, depth }) }, closeSignal(reply));
      if (format === 'json') return reply.type('application/json; charset=utf-8').send(answer);
      return reply.type(MEDIA_TYPES[format]).send(exportMap(answer, format) as never);
    },
  });
}

function mountChanges(server: RestServer, { topology, clock }: TopologyApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/topology/changes',
    config: { access: 'read' },
    schema: {
      ...documented('topology', 'What changed on the map between two moments, without what chance explains.', topologyChangesAnswer),
      querystring: z.object({
        environment: servicesOfRange.environment,
        from: moment('The earlier moment; an hour before the later one when absent').optional(),
        to: moment('The later moment; now when absent').optional(),
        window: z.coerce.number().int().min(60_000).max(MOST_WINDOW_MS).default(DEFAULT_WINDOW_MS).describe('Milliseconds before each moment that are looked at.'),
      }),
    },
    handler: async (request, reply) => {
      const { environment, from, to, window: windowMs } = request.query;
      const range = mapRangeOf({ environment, start: from, end: to }, clock);
      return reply.send(await topology.changes({ fromMs: range.startMs, toMs: range.endMs, windowMs, ...(range.environment !== undefined && { environment: range.environment }) }, closeSignal(reply)));
    },
  });
}

function mountNodeQuestions(server: RestServer, { topology, clock }: TopologyApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/topology/impact',
    config: { access: 'read' },
    schema: { ...documented('topology', 'Who is hurt if a node fails, how much of their traffic, and by which paths.', impactAnswer), querystring: nodeQuestion },
    handler: async (request, reply) => reply.send(await topology.impact({ ...mapRangeOf(request.query, clock), node: request.query.node }, closeSignal(reply))),
  });
  server.route({
    method: 'GET',
    url: '/api/v1/topology/causes',
    config: { access: 'read' },
    schema: { ...documented('topology', 'Where the trouble of a node comes from, likeliest first, with reasons.', causesAnswer), querystring: nodeQuestion },
    handler: async (request, reply) => reply.send(await topology.causes({ ...mapRangeOf(request.query, clock), node: request.query.node }, closeSignal(reply))),
  });
  server.route({
    method: 'GET',
    url: '/api/v1/topology/critical-path',
    config: { access: 'read' },
    schema: { ...documented('topology', 'Where the time of a service’s requests goes, through the system.', systemCriticalPathAnswer), querystring: nodeQuestion },
    handler: async (request, reply) => reply.send(await topology.criticalPath({ ...mapRangeOf(request.query, clock), node: request.query.node }, closeSignal(reply))),
  });
}

function mountDeclarations(server: RestServer, { topology }: TopologyApi): void {
  server.addContentTypeParser(MANIFEST_TYPES, { parseAs: 'string' }, (_request, body, done) => done(null, body));
  server.route({
    method: 'POST',
    url: '/api/v1/topology/declarations',
    config: { access: 'admin' },
    bodyLimit: MOST_BODY_BYTES,
    schema: {
      ...documented('topology', 'Takes who calls whom by addresses: a list as JSON, or Kubernetes manifests as YAML. Replaces what the same source declared before.', declarationsAnswer),
      querystring: z.object({ source: z.string().min(1).max(200).optional().describe('Who declares, where the body is YAML.') }),
      body: z.union([declarationsRequest, z.string()], { error: BODY_FORMS }).describe('With content type application/json as described; with application/yaml, manifests.'),
    },
    handler: async (request, reply) => {
      const { body, query } = request;
      if (typeof body !== 'string') return reply.send(await topology.declare(listedDeclaration(body)));
      if (query.source === undefined) throw new AppError('bad_request', 'say with ?source= who declares these manifests, e.g. the repository they are from', { fields: { parameter: 'source' } });
      return reply.send(await topology.declare(await kubernetesDeclaration(query.source, body)));
    },
  });
  server.route({
    method: 'GET',
    url: '/api/v1/topology/declarations',
    config: { access: 'read' },
    schema: documented('topology', 'Who declared how many services and calls.', declarationSourcesAnswer),
    handler: async (_request, reply) => reply.send(await topology.declarations()),
  });
  server.route({
    method: 'DELETE',
    url: '/api/v1/topology/declarations',
    config: { access: 'admin' },
    schema: {
      tags: ['topology'],
      summary: 'Forgets what a source declared.',
      querystring: z.object({ source: z.string().min(1).max(200) }),
      response: { 204: z.undefined().describe('Gone.'), ...failures },
    },
    handler: async (request, reply) => {
      await topology.removeDeclarations(request.query.source);
      return reply.code(204).send(undefined);
    },
  });
}
