import {
  AppError,
  type Clock,
  type FacetsAnswer,
  type FieldsAnswer,
  type Limits,
  type LogContextAnswer,
  type LogHistogramAnswer,
  type LogPatternsAnswer,
  type LogRecord,
  type LogsAnswer,
  type Meter,
  type TailMessage,
} from '@pitot/core';
import { parseSearch } from '@pitot/core/search';
import type { ClickHouse } from '../../store/clickhouse/clickhouse.ts';
import { readLogFacets, readLogFields } from '../../store/logs/log-facets.ts';
import { conditionOf, type LogFilter } from '../../store/logs/log-filter.ts';
import { readLogHistogram } from '../../store/logs/log-histogram.ts';
import { readLogPatterns } from '../../store/logs/log-patterns.ts';
import { formatRecordId, parseRecordId, type RecordId, type StoredRecord } from '../../store/logs/log-rows.ts';
import { countLogsOfTrace, readLogPage, readLogRecord, readLogsOfTrace, sameSource } from '../../store/logs/log-search.ts';
import { createAsk, type AskOptions } from '../asking.ts';
import { exportPieces, type ExportFormat } from './log-export.ts';
import { LogTail } from './log-tail.ts';

/** Which records: those that match `query` (docs/search.md) from `startMs`, inclusive, to `endMs`, exclusive. */
export interface LogQuestion {
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Value of `deployment.environment.name`; all where absent. */
  readonly environment?: string | undefined;
}

/**
 * Questions about logs, each answered within the query limits, as questions about metrics are. All throw AppError `bad_query` (with the position),
 * `query_timeout`, `canceled`, `query_too_large`.
 */
export interface LogQueries {
  search(question: LogQuestion & { readonly limit: number; readonly order: 'asc' | 'desc'; readonly cursor?: string | undefined }, options?: AskOptions): Promise<LogsAnswer>;
  histogram(question: LogQuestion & { readonly buckets: number }, options?: AskOptions): Promise<LogHistogramAnswer>;
  facets(question: LogQuestion & { readonly fields?: readonly string[] | undefined; readonly limit: number }, options?: AskOptions): Promise<FacetsAnswer>;
  fields(question: Omit<LogQuestion, 'query'> & { readonly prefix: string }, options?: AskOptions): Promise<FieldsAnswer>;
  /** Throws `not_found`. */
  record(id: string, options?: AskOptions): Promise<LogRecord>;
  /** Throws `not_found`. */
  context(id: string, limit: number, options?: AskOptions): Promise<LogContextAnswer>;
  /** Matching records as they come, until the loop is left or the signal ends. Throws `too_many_requests` where too many tails are open. */
  tail(question: Pick<LogQuestion, 'query' | 'environment'>, options?: AskOptions): Promise<AsyncIterable<TailMessage>>;
  /** Pieces of text of at most some hundred kilobytes; newest records first, at most `limits.export_rows`. */
  export(question: LogQuestion & { readonly format: ExportFormat }, options?: AskOptions): AsyncIterable<string>;
  patterns(question: LogQuestion & { readonly sort: 'count' | 'new' | 'trend'; readonly newSinceMs?: number | undefined; readonly limit: number }, options?: AskOptions): Promise<LogPatternsAnswer>;
  /** The records of a trace, or of one of its spans, oldest first. The range bounds what is read. */
  logsOfTrace(traceId: string, range: TraceLogRange, options?: AskOptions): Promise<LogRecord[]>;
  /** How many records each span of a trace has; records of the trace that name no span are under ''. */
  logCountsOfTrace(traceId: string, range: Pick<TraceLogRange, 'startMs' | 'endMs'>, options?: AskOptions): Promise<ReadonlyMap<string, number>>;
  /** Ends all tails. */
  close(): void;
}

interface TraceLogRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly spanId?: string;
  readonly limit: number;
}

export interface LogQueriesOptions {
  readonly clickhouse: ClickHouse;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly meter: Meter;
  /** Between two looks for new records to tail. Default a second. */
  readonly tailIntervalMs?: number;
}

/** How far around a record its context is looked for. */
const CONTEXT_MS = 86_400_000;
const LAST_MS = 4_294_967_295_000;

export function createLogQueries({ clickhouse, limits, clock, meter, tailIntervalMs = 1000 }: LogQueriesOptions): LogQueries {
  const ask = createAsk(limits, meter, {
    about: 'logs',
    total: 'pitot_log_queries_total',
    duration: 'pitot_log_query_duration_seconds',
    running: 'pitot_log_queries_running',
    waiting: 'pitot_log_queries_waiting',
    phase: 'while it was answered',
  });
  const tail = new LogTail({ clickhouse, clock, intervalMs: tailIntervalMs });

  function withinLimit(limit: number): number {
    if (limit <= limits.search_rows) return limit;
    throw new AppError('query_too_large', `${limit} records are more than one answer may have, ${limits.search_rows}; ask for less and use the cursor, or raise limits.search_rows`, {
      fields: { limit: 'limits.search_rows', value: limits.search_rows },
    });
  }
  async function stored(id: string, signal: AbortSignal): Promise<StoredRecord> {
    const parsed = parseRecordId(id);
    const found = parsed && (await readLogRecord(clickhouse, parsed, signal));
    if (found) return found;
    throw new AppError('not_found', `there is no log record ${id}; it may have been deleted when its retention ended`);
  }

  return {
    search: ({ limit, order, cursor, ...question }, options) =>
      ask('search', options, async (signal) => {
        const startedMs = performance.now();
        const page = { limit: withinLimit(limit) + 1, order, after: readCursor(cursor) };
        const found = await readLogPage(clickhouse, filterOf(question), page, signal);
        const shown = found.slice(0, limit);
        return {
          logs: shown.map(({ record }) => record),
          next_cursor: found.length > limit ? formatRecordId(shown.at(-1)!.id) : null,
          took_ms: Math.round((performance.now() - startedMs) * 10) / 10,
        };
      }),
    histogram: ({ buckets, ...question }, options) => ask('histogram', options, (signal) => readLogHistogram(clickhouse, filterOf(question), buckets, signal)),
    facets: ({ fields, limit, ...question }, options) => ask('facets', options, (signal) => readLogFacets(clickhouse, filterOf(question), { fields, limit }, signal)),
    fields: ({ prefix, ...question }, options) => ask('fields', options, (signal) => readLogFields(clickhouse, filterOf({ ...question, query: '' }), prefix, signal)),
    record: (id, options) => ask('record', options, async (signal) => (await stored(id, signal)).record),
    context: (id, limit, options) =>
      ask('context', options, async (signal) => {
        const found = await stored(id, signal);
        const timeMs = Number(found.id.timeNs / 1_000_000n);
        const around = { node: sameSource(found), startMs: Math.max(0, timeMs - CONTEXT_MS), endMs: Math.min(LAST_MS, timeMs + CONTEXT_MS), environment: found.record.environment };
        const side = (order: 'asc' | 'desc') => readLogPage(clickhouse, around, { limit: withinLimit(limit), order, after: found.id }, signal);
        const [before, after] = await Promise.all([side('desc'), side('asc')]);
        return { before: before.reverse().map(({ record }) => record), record: found.record, after: after.map(({ record }) => record) };
      }),
    tail: async ({ query, environment }, { signal } = {}) => tail.open(filterOf({ query, environment, startMs: 0, endMs: LAST_MS }), `${environment === undefined ? '' : JSON.stringify(environment)} ${query}`, signal),
    export: ({ format, ...question }, options) => {
      const filter = filterOf(question);
      conditionOf(filter);
      const readPage = (after: RecordId | undefined, limit: number): Promise<StoredRecord[]> => ask('export', options, (signal) => readLogPage(clickhouse, filter, { limit, order: 'desc', after }, signal));
      return exportPieces(readPage, format, limits.export_rows);
    },
    patterns: ({ sort, newSinceMs, limit, ...question }, options) =>
      ask('patterns', options, (signal) => readLogPatterns(clickhouse, filterOf(question), { sort, newSinceMs, limit }, signal)),
    logsOfTrace: (traceId, range, options) =>
      ask('trace', options, async (signal) => (await readLogsOfTrace(clickhouse, { traceId, ...range, limit: withinLimit(range.limit) }, signal)).map(({ record }) => record)),
    logCountsOfTrace: (traceId, range, options) => ask('trace', options, (signal) => countLogsOfTrace(clickhouse, { traceId, ...range }, signal)),
    close: () => tail.close(),
  };
}

function filterOf({ query, startMs, endMs, environment }: LogQuestion): LogFilter {
  return { node: parseSearch(query), startMs, endMs, environment };
}

function readCursor(cursor: string | undefined): RecordId | undefined {
  if (cursor === undefined) return undefined;
  const found = parseRecordId(cursor);
  if (found) return found;
  throw new AppError('bad_request', 'cursor is not one that an answer gave as next_cursor', { fields: { cursor } });
}
