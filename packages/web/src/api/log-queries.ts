import type {
  FacetsAnswer,
  LogContextAnswer,
  LogHistogramAnswer,
  LogPatternsAnswer,
  LogRecord,
  LogsAnswer,
  TryRulesAnswer,
  TryRulesRequest,
} from '@pitot/core';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { requestJson } from './request.ts';

/** Which records a question is about: the query, a range in milliseconds, an environment. */
export interface LogQuestion {
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly environment: string | undefined;
}

export const LOGS_PATH = '/api/v1/logs';
const PAGE_ROWS = 200;
/** Ranges move with every refresh; their answers are of no use for long. */
const KEPT_MS = 60_000;

/** `/api/v1/logs<route>` with the question, and more, as parameters. */
export function logAddress(route: string, { query, startMs, endMs, environment }: LogQuestion, more: Readonly<Record<string, string | number>> = {}): string {
  const parameters = new URLSearchParams();
  if (query !== '') parameters.set('query', query);
  parameters.set('start', String(Math.floor(startMs)));
  parameters.set('end', String(Math.ceil(endMs)));
  if (environment !== undefined) parameters.set('environment', environment);
  for (const [name, value] of Object.entries(more)) parameters.set(name, String(value));
  return `${LOGS_PATH}${route}?${parameters}`;
}

const keyOf = ({ query, startMs, endMs, environment }: LogQuestion): readonly unknown[] => [query, environment ?? '', startMs, endMs];

/** What is known about the same query stays in sight while a newer range is asked for; that of another query does not. */
function isSameQuery({ query, environment }: LogQuestion, asked: { readonly queryKey: readonly unknown[] } | undefined): boolean {
  return asked?.queryKey[1] === query && asked.queryKey[2] === (environment ?? '');
}

/** Pages of records, newest first. */
export const logsQuery = (question: LogQuestion) =>
  infiniteQueryOptions({
    queryKey: ['logs', ...keyOf(question)],
    queryFn: ({ signal, pageParam }) =>
      requestJson<LogsAnswer>(logAddress('', question, { limit: PAGE_ROWS, ...(pageParam !== '' && { cursor: pageParam }) }), { signal }),
    initialPageParam: '',
    getNextPageParam: (last: LogsAnswer) => last.next_cursor ?? undefined,
    placeholderData: (previous, asked) => (isSameQuery(question, asked) ? previous : undefined),
    staleTime: Infinity,
    gcTime: KEPT_MS,
  });

export const histogramQuery = (question: LogQuestion, buckets: number) =>
  queryOptions({
    queryKey: ['log-histogram', ...keyOf(question), buckets],
    queryFn: ({ signal }) => requestJson<LogHistogramAnswer>(logAddress('/histogram', question, { buckets }), { signal }),
    placeholderData: (previous, asked) => (isSameQuery(question, asked) ? previous : undefined),
    gcTime: KEPT_MS,
  });

/** `fields` empty: those that the server thinks most worth having. */
export const facetsQuery = (question: LogQuestion, fields: readonly string[], limit: number) =>
  queryOptions({
    queryKey: ['log-facets', ...keyOf(question), fields.join(','), limit],
    queryFn: ({ signal }) => requestJson<FacetsAnswer>(logAddress('/facets', question, { limit, ...(fields.length > 0 && { fields: fields.join(',') }) }), { signal }),
    placeholderData: (previous, asked) => (isSameQuery(question, asked) ? previous : undefined),
    gcTime: KEPT_MS,
  });

export const logPatternsQuery = (question: LogQuestion, limit: number, sort: 'count' | 'new' | 'trend' = 'count') =>
  queryOptions({
    queryKey: ['log-patterns', ...keyOf(question), limit, sort],
    queryFn: ({ signal }) => requestJson<LogPatternsAnswer>(logAddress('/patterns', question, { limit, sort }), { signal }),
    placeholderData: (previous, asked) => (isSameQuery(question, asked) ? previous : undefined),
    gcTime: KEPT_MS,
  });

export const logRecordQuery = (id: string) =>
  queryOptions({
    queryKey: ['log-record', id],
    queryFn: ({ signal }) => requestJson<LogRecord>(`${LOGS_PATH}/${encodeURIComponent(id)}`, { signal }),
    staleTime: Infinity,
  });

/** `limit` records before and after. */
export const logContextQuery = (id: string, limit: number) =>
  queryOptions({
    queryKey: ['log-context', id, limit],
    queryFn: ({ signal }) => requestJson<LogContextAnswer>(`${LOGS_PATH}/${encodeURIComponent(id)}/context?limit=${limit}`, { signal }),
    placeholderData: (previous, asked) => (asked?.queryKey[1] === id ? previous : undefined),
  });

/** What the ingest rules make of a line. */
export const tryRules = (body: Partial<TryRulesRequest>): Promise<TryRulesAnswer> => requestJson<TryRulesAnswer>(`${LOGS_PATH}/rules/try`, { method: 'POST', body });
