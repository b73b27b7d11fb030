import {
  AppError,
  facetsAnswer,
  fieldsAnswer,
  groupComparisonAnswer,
  heatmapAnswer,
  spanDetailAnswer,
  traceAnswer,
  traceComparisonAnswer,
  tracesAnswer,
  type Clock,
} from '@pitot/core';
import { z } from 'zod';
import type { TraceQueries } from '../../query/traces/trace-queries.ts';
import { closeSignal } from '../receiver-routes.ts';
import { documented, failures, type RestRoutes, type RestServer } from './routes.ts';
import { moment, timeRangeOf, timeRangeParameters } from './time-range.ts';

/** What the routes of traces are made from. */
export interface TraceApi {
  readonly traces: TraceQueries;
  readonly clock: Clock;
}

/** What a page can show; `limits.search_rows` may be lower. */
const MOST_TRACES = 5000;

const LONGEST_QUERY = 10_000;
const search = (what: string) => z.string().max(LONGEST_QUERY).default('').describe(`${what}, in the search language (docs/search.md).`);
const whole = (least: number, most: number, fallback: number, what: string) => z.coerce.number().int().min(least).max(most).default(fallback).describe(what);
const milliseconds = (what: string) => z.coerce.number().min(0).optional().describe(what);
const id = (digits: number, what: string) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-fA-F]{1,${digits}}$`), `is not the id of a ${what}: up to ${digits} hexadecimal digits`)
    .transform((text) => text.toLowerCase())
    .describe(`Up to ${digits} hexadecimal digits.`);

const spans = {
  query: search('Which spans'),
  environment: z.string().max(200).optional().describe('Value of `deployment.environment.name`; all when absent.'),
  ...timeRangeParameters,
};
const traceParameters = z.object({ trace_id: id(32, 'trace') });

/** Traces over REST. Shapes are in core, `api/traces.ts`. */
export function traceRoutes(api: TraceApi): RestRoutes {
  return (server) => {
    mountSearch(server, api);
    mountSuggestions(server, api);
    mountComparisons(server, api);
    mountTrace(server, api);
  };
}

interface SpanParameters {
  readonly query: string;
  readonly environment?: string | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}

function questionOf({ query, environment, start, end }: SpanParameters, clock: Clock) {
  return { query, ...(environment !== undefined && environment !== '' && { environment }), ...timeRangeOf({ start, end }, clock.nowMs()) };
}

function mountSearch(server: RestServer, { traces, clock }: TraceApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/traces',
    config: { access: 'read' },
    schema: {
      ...documented('traces', 'Traces with a span that matches.', tracesAnswer),
      querystring: z.object({
        ...spans,
        sort: z.enum(['recent', 'duration', 'errors']).default('recent').describe('Newest first; by the longest matching span; or by failed matching spans.'),
        limit: whole(1, MOST_TRACES, 50, 'Most traces in the answer.'),
        min_duration_ms: milliseconds('Only spans at least this long.'),
        max_duration_ms: milliseconds('Only spans at most this long.'),
      }),
    },
    handler: async (request, reply) => {
      const { sort, limit, min_duration_ms: minDurationMs, max_duration_ms: maxDurationMs } = request.query;
      if (minDurationMs !== undefined && maxDurationMs !== undefined && minDurationMs > maxDurationMs) {
        throw new AppError('bad_request', 'min_duration_ms is larger than max_duration_ms; swap them', { fields: { min_duration_ms: minDurationMs, max_duration_ms: maxDurationMs } });
      }
      const lengths = { ...(minDurationMs !== undefined && { minDurationMs }), ...(maxDurationMs !== undefined && { maxDurationMs }) };
      return reply.send(await traces.search({ ...questionOf(request.query, clock), sort, limit, ...lengths }, closeSignal(reply)));
    },
  });
  server.route({
    method: 'GET',
    url: '/api/v1/traces/heatmap',
    config: { access: 'read' },
    schema: {
      ...documented('traces', 'Matching spans by time and duration.', heatmapAnswer),
      querystring: z.object({ ...spans, columns: whole(1, 500, 120, 'Most columns.'), rows: whole(1, 100, 30, 'Most rows.') }),
    },
    handler: async (request, reply) => {
      const { columns, rows } = request.query;
      return reply.send(await traces.heatmap({ ...questionOf(request.query, clock), columns, rows }, closeSignal(reply)));
    },
  });
}

function mountSuggestions(server: RestServer, { traces, clock }: TraceApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/traces/fields',
    config: { access: 'read' },
    schema: {
      ...documented('traces', 'What spans can be searched by.', fieldsAnswer),
      querystring: z.object({ ...timeRangeParameters, prefix: z.string().max(200).default('').describe('What the names begin with.'), limit: whole(1, 1000, 200, 'Most fields.') }),
    },
    handler: async (request, reply) => {
      const { prefix, limit } = request.query;
      return reply.send(await traces.fields({ ...timeRangeOf(request.query, clock.nowMs()), prefix, limit }, closeSignal(reply)));
    },
  });
  server.route({
    method: 'GET',
    url: '/api/v1/traces/facets',
    config: { access: 'read' },
    schema: {
      ...documented('traces', 'Values of fields among matching spans, with counts.', facetsAnswer),
      querystring: z.object({
        ...spans,
        fields: z.string().max(4000).optional().describe('Comma-separated; the ones most worth having when absent.'),
        limit: whole(1, 100, 10, 'Values for each field.'),
      }),
    },
    handler: async (request, reply) => {
      const { fields, limit } = request.query;
      const names = fields?.split(',').map((field) => field.trim()).filter((field) => field !== '');
      if (names !== undefined && names.length > MOST_FACETS) throw new AppError('bad_request', `fields names ${names.length} fields; ask for at most ${MOST_FACETS} at once`, { fields: { fields: names.length } });
      return reply.send(await traces.facets({ ...questionOf(request.query, clock), limit, ...(names && names.length > 0 && { fields: names }) }, closeSignal(reply)));
    },
  });
}

const MOST_FACETS = 20;

function mountComparisons(server: RestServer, { traces, clock }: TraceApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/traces/compare',
    config: { access: 'read' },
    schema: {
      ...documented('traces', 'Two traces side by side, by their calls’ paths from the root.', traceComparisonAnswer),
      querystring: z.object({ left: id(32, 'trace'), right: id(32, 'trace') }),
    },
    handler: async (request, reply) => reply.send(await traces.compare(request.query.left, request.query.right, closeSignal(reply))),
  });
  server.route({
    method: 'GET',
    url: '/api/v1/traces/compare-groups',
    config: { access: 'read' },
    schema: {
      ...documented('traces', 'Which values are more frequent among the selected spans than among the others.', groupComparisonAnswer),
      querystring: z.object({
        ...spans,
        selection: search('Which of the spans are selected'),
        from: moment('Selected spans start at or after this').optional(),
        to: moment('Selected spans start before this').optional(),
        min_ms: milliseconds('Selected spans are at least this long.'),
        max_ms: milliseconds('Selected spans are shorter than this.'),
        limit: whole(1, 200, 30, 'Most values in the answer.'),
      }),
    },
    handler: async (request, reply) => {
      const { selection, from: fromMs, to: toMs, min_ms: minMs, max_ms: maxMs, limit } = request.query;
      if (selection.trim() === '' && [fromMs, toMs, minMs, maxMs].every((bound) => bound === undefined)) {
        throw new AppError('bad_request', 'nothing says which spans are the selected ones; give selection, or a piece of the heatmap with from, to, min_ms, max_ms');
      }
      const piece = { ...(fromMs !== undefined && { fromMs }), ...(toMs !== undefined && { toMs }), ...(minMs !== undefined && { minMs }), ...(maxMs !== undefined && { maxMs }) };
      return reply.send(await traces.compareGroups({ ...questionOf(request.query, clock), selection, ...piece, limit }, closeSignal(reply)));
    },
  });
}

function mountTrace(server: RestServer, { traces }: TraceApi): void {
  server.route({
    method: 'GET',
    url: '/api/v1/traces/:trace_id',
    config: { access: 'read' },
    schema: { ...documented('traces', 'One trace: its spans as a waterfall, the critical path, where its error came from.', traceAnswer), params: traceParameters },
    handler: async (request, reply) => reply.send(await traces.trace(request.params.trace_id, closeSignal(reply))),
  });
  server.route({
    method: 'GET',
    url: '/api/v1/traces/:trace_id/spans/:span_id',
    config: { access: 'read' },
    schema: { ...documented('traces', 'One span with all it carries, and its log records.', spanDetailAnswer), params: z.object({ trace_id: id(32, 'trace'), span_id: id(16, 'span') }) },
    handler: async (request, reply) => reply.send(await traces.span(request.params.trace_id, request.params.span_id, closeSignal(reply))),
  });
  server.route({
    method: 'GET',
    url: '/api/v1/traces/:trace_id/export',
    config: { access: 'read' },
    schema: {
      tags: ['traces'],
      summary: 'One trace as OTLP/JSON, to be opened elsewhere.',
      params: traceParameters,
      response: { 200: z.object({ resourceSpans: z.array(z.unknown()) }).describe('`ExportTraceServiceRequest` of OTLP, as JSON.'), ...failures },
    },
    handler: async (request, reply) => {
      const { trace_id: traceId } = request.params;
      const document = await traces.document(traceId, closeSignal(reply));
      void reply.header('content-disposition', `attachment; filename="trace-${traceId}.json"`);
      return reply.send({ resourceSpans: [...document.resourceSpans] });
    },
  });
}
