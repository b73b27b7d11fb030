import { Readable } from 'node:stream';
import { AppError, DEFAULT_LIMITS, facetsAnswer, fieldsAnswer, logContextAnswer, logHistogramAnswer, logPatternsAnswer, logRecord, logsAnswer, tailMessage, type Clock } from '@pitot/core';
import { z } from 'zod';
import type { LogQueries, LogQuestion } from '../../query/logs/log-queries.ts';
import { closeSignal } from '../receiver-routes.ts';
import { documented, failures, type RestRoutes, type RestServer } from './routes.ts';
import { moment, timeRangeOf, timeRangeParameters } from './time-range.ts';

/** What the routes of logs are made from. */
export interface LogApi {
  readonly logs: LogQueries;
  readonly clock: Clock;
  /** Most records in one answer: `limits.search_rows`. */
  readonly mostRows: number;
}

const LONGEST_QUERY = 10_000;
const MOST_FACETS = 20;
/** Proxies close silent connections after a minute. */
const COMMENT_EVERY_MS = 20_000;

const whole = (least: number, most: number, fallback: number, what: string) => z.coerce.number().int().min(least).max(most).default(fallback).describe(what);
/** How many are asked for; `withinLimit` checks it, since the limit in force is not known to the document. */
const rows = (fallback: number, what: string) =>
  z.coerce.number().int().min(1).default(fallback).describe(`${what} At most \`limits.search_rows\`, ${DEFAULT_LIMITS.search_rows} unless configured.`);
const search = {
  query: z.string().max(LONGEST_QUERY).default('').describe('Which records, in the search language (docs/search.md).'),
  environment: z.string().max(200).optional().describe('Value of `deployment.environment.name`; all when absent.'),
};
const records = { ...search, ...timeRangeParameters };
const recordParameters = z.object({ id: z.string().max(50).describe('Of a record, as answers name it.') });

/** Logs over REST. Shapes are in core, `api/logs.ts`. */
export function logRoutes(api: LogApi): RestRoutes {
  return (server) => {
    mountSearch(server, api);
    mountCounts(server, api);
    mountPatterns(server, api);
    mountTail(server, api);
    mountExport(server, api);
    mountRecord(server, api);
  };
}

interface RecordParameters {
  readonly query: string;
  readonly environment?: string | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}

function questionOf({ query, environment, start, end }: RecordParameters, clock: Clock): LogQuestion {
  return { query, environment: environment === '' ? undefined : environment, ...timeRangeOf({ start, end }, clock.nowMs()) };
}

function withinLimit(limit: number, mostRows: number): number {
  if (limit <= mostRows) return limit;
  throw new AppError('bad_request', `limit is at most ${mostRows} (limits.search_rows); ask for less, and for the rest with the cursor`, { fields: { limit } });
}

function mountSearch(server: RestServer, { logs, clock, mostRows }: LogApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/logs',
    config: { access: 'read' },
    schema: {
      ...documented('logs', 'Log records that match. A query that cannot be read is answered with `bad_query` and its position.', logsAnswer),
      querystring: z.object({
        ...records,
        order: z.enum(['desc', 'asc']).default('desc').describe('desc: newest first.'),
        limit: rows(100, 'Most records in the answer.'),
        cursor: z.string().max(50).optional().describe('`next_cursor` of the answer that this one follows.'),
      }),
    },
    handler: async (request, reply) => {
      const { order, limit, cursor } = request.query;
      return reply.send(await logs.search({ ...questionOf(request.query, clock), order, limit: withinLimit(limit, mostRows), cursor }, { signal: closeSignal(reply) }));
    },
  });
}

function mountCounts(server: RestServer, { logs, clock }: LogApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/logs/histogram',
    config: { access: 'read' },
    schema: {
      ...documented('logs', 'How many records match, over time and by severity.', logHistogramAnswer),
      querystring: z.object({ ...records, buckets: whole(1, 500, 60, 'Most buckets wanted; their length is a usual one.') }),
    },
    handler: async (request, reply) =>
      reply.send(await logs.histogram({ ...questionOf(request.query, clock), buckets: request.query.buckets }, { signal: closeSignal(reply) })),
  });
  server.route({
    method: 'GET',
    url: '/api/v1/logs/facets',
    config: { access: 'read' },
    schema: {
      ...documented('logs', 'Values of fields with how many matching records have them; from a sample where there are more than a million.', facetsAnswer),
      querystring: z.object({
        ...records,
        fields: z.string().max(4000).optional().describe(`Comma-separated, at most ${MOST_FACETS}; by default the ones most worth having.`),
        limit: whole(1, 1000, 10, 'Most values of each field.'),
      }),
    },
    handler: async (request, reply) => {
      const { limit, fields } = request.query;
      const names = fields?.split(',').map((name) => name.trim()).filter((name) => name !== '').slice(0, MOST_FACETS);
      return reply.send(await logs.facets({ ...questionOf(request.query, clock), fields: names, limit }, { signal: closeSignal(reply) }));
    },
  });
  server.route({
    method: 'GET',
    url: '/api/v1/logs/fields',
    config: { access: 'read' },
    schema: {
      ...documented('logs', 'Fields that logs can be searched by: those of the language, and attributes of the records in the range.', fieldsAnswer),
      querystring: z.object({ environment: search.environment, ...timeRangeParameters, prefix: z.string().max(256).default('').describe('What the name begins with, or contains.') }),
    },
    handler: async (request, reply) => {
      const question = questionOf({ ...request.query, query: '' }, clock);
      return reply.send(await logs.fields({ ...question, prefix: request.query.prefix }, { signal: closeSignal(reply) }));
    },
  });
}

function mountPatterns(server: RestServer, { logs, clock, mostRows }: LogApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/logs/patterns',
    config: { access: 'read' },
    schema: {
      ...documented('logs', 'The templates that matching records belong to, with counts and trends.', logPatternsAnswer),
      querystring: z.object({
        ...records,
        sort: z.enum(['count', 'new', 'trend']).default('count').describe('Most records first; newest first; or what changed most first.'),
        new_since: moment('A pattern first seen then or later is new; by default when the newest version came of the service that is searched for').optional(),
        limit: rows(100, 'Most patterns in the answer.'),
      }),
    },
    handler: async (request, reply) => {
      const { sort, new_since: newSinceMs, limit } = request.query;
      return reply.send(await logs.patterns({ ...questionOf(request.query, clock), sort, newSinceMs, limit: withinLimit(limit, mostRows) }, { signal: closeSignal(reply) }));
    },
  });
}

function mountTail(server: RestServer, { logs }: LogApi): void {
  const open = new Set<AbortController>();
  server.addHook('preClose', (done) => {
    for (const tail of open) tail.abort();
    done();
  });
  server.route({
    method: 'GET',
    url: '/api/v1/logs/tail',
    config: { access: 'read' },
    compress: false,
    schema: {
      tags: ['logs'],
      summary: 'Matching records as they arrive: server-sent events named `log`.',
      querystring: z.object(search),
      response: { 200: { description: 'A stream of events whose data is a tailMessage.', content: { 'text/event-stream': { schema: tailMessage } } }, ...failures },
    },
    handler: async (request, reply) => {
      const { query, environment } = request.query;
      const left = new AbortController();
      const { raw } = reply;
      raw.once('close', () => left.abort());
      // What is wrong with the query is answered before the stream begins.
      const messages = await logs.tail({ query, environment: environment === '' ? undefined : environment }, { signal: left.signal });
      reply.hijack();
      open.add(left);
      raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
      raw.write(': following\n\n');
      const comments = setInterval(() => raw.write(': still here\n\n'), COMMENT_EVERY_MS);
      try {
        for await (const message of messages) {
          if (!raw.write(`event: log\ndata: ${JSON.stringify(message)}\n\n`)) await drained(raw, left.signal);
        }
      } finally {
        clearInterval(comments);
        open.delete(left);
        raw.end();
      }
    },
  });
}

/** Resolves when a slow reader has caught up, or is gone. */
function drained(raw: NodeJS.WritableStream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    raw.once('drain', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function mountExport(server: RestServer, { logs, clock }: LogApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/logs/export',
    config: { access: 'read' },
    schema: {
      tags: ['logs'],
      summary: 'Matching records as a file, newest first, at most limits.export_rows.',
      querystring: z.object({ ...records, format: z.enum(['ndjson', 'csv']).default('ndjson').describe('ndjson: a record a line; csv: attributes as JSON in a cell, formulas defused.') }),
      response: {
        200: { description: 'The file.', content: { 'application/x-ndjson': { schema: z.string().describe('Lines, each a log record.') }, 'text/csv': { schema: z.string() } } },
        ...failures,
      },
    },
    handler: async (request, reply) => {
      const { format } = request.query;
      const question = questionOf(request.query, clock);
      const pieces = logs.export({ ...question, format }, { signal: closeSignal(reply) })[Symbol.asyncIterator]();
      // The first piece is awaited, so that a query that fails is answered as an error and not with half a file.
      const first = await pieces.next();
      const name = `logs-${new Date(question.startMs).toISOString().slice(0, 19).replaceAll(':', '')}.${format}`;
      void reply
        .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson; charset=utf-8')
        .header('content-disposition', `attachment; filename="${name}"`)
        .header('cache-control', 'no-store');
      return reply.send(Readable.from(resumed(first, pieces)) as never);
    },
  });
}

async function* resumed(first: IteratorResult<string, unknown>, rest: AsyncIterator<string>): AsyncGenerator<string, void, undefined> {
  try {
    for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

function mountRecord(server: RestServer, { logs, mostRows }: LogApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/logs/:id',
    config: { access: 'read' },
    schema: { ...documented('logs', 'One record.', logRecord), params: recordParameters },
    handler: async (request, reply) => reply.send(await logs.record(request.params.id, { signal: closeSignal(reply) })),
  });
  server.route({
    method: 'GET',
    url: '/api/v1/logs/:id/context',
    config: { access: 'read' },
    schema: {
      ...documented('logs', 'What the same instance of the service logged around a record.', logContextAnswer),
      params: recordParameters,
      querystring: z.object({ limit: rows(20, 'Most records on each side.') }),
    },
    handler: async (request, reply) => reply.send(await logs.context(request.params.id, withinLimit(request.query.limit, mostRows), { signal: closeSignal(reply) })),
  });
}
