import type { FacetsAnswer, FieldsAnswer, LogContextAnswer, LogHistogramAnswer, LogPatternsAnswer, LogRecord, LogsAnswer, TailMessage } from '@pitot/core';

/** Which records: those that match `query` (docs/search.md) from `startMs`, inclusive, to `endMs`, exclusive. */
export interface LogQuestion {
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Value of `deployment.environment.name`; all where absent. */
  readonly environment?: string | undefined;
}

export interface AskOptions {
  readonly signal?: AbortSignal;
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
  tail(question: Pick<LogQuestion, 'query' | 'environment'>, options?: AskOptions): AsyncIterable<TailMessage>;
  /** Pieces of text of at most some hundred kilobytes; newest records first, at most `limits.export_rows`. */
  export(question: LogQuestion & { readonly format: 'ndjson' | 'csv' }, options?: AskOptions): AsyncIterable<string>;
  patterns(question: LogQuestion & { readonly sort: 'count' | 'new' | 'trend'; readonly newSinceMs?: number | undefined; readonly limit: number }, options?: AskOptions): Promise<LogPatternsAnswer>;
  /** The records of a trace, or of one of its spans, oldest first. The range bounds what is read. */
  logsOfTrace(traceId: string, range: TraceLogRange, options?: AskOptions): Promise<LogRecord[]>;
  /** How many records each span of a trace has; records of the trace that name no span are under ''. */
  logCountsOfTrace(traceId: string, range: Pick<TraceLogRange, 'startMs' | 'endMs'>, options?: AskOptions): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

export interface TraceLogRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly spanId?: string;
  readonly limit: number;
}
