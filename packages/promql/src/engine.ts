import { AppError, type Clock, type MetricReader } from '@pitot/core';
import type { QueryResult } from './value.ts';

export interface EngineOptions {
  /** How far an instant selector looks back for a sample; 5 minutes when absent. */
  readonly lookbackMs?: number;
  /** Most raw samples one query may hold (`limits.query_max_samples`). */
  readonly maxSamples?: number;
  /** Most steps in one range query (`limits.query_max_points`). */
  readonly maxPoints?: number;
  /** Most series one query may read (`limits.query_max_series`). */
  readonly maxSeries?: number;
  /** Longest a query may run (`limits.query_timeout_seconds`); no limit when absent. */
  readonly timeoutMs?: number;
  /** For the deadline only; the query's own time is always a parameter. The system clock when absent. */
  readonly clock?: Clock;
  /** Experimental functions, aggregations and modifiers; on unless set to false. */
  readonly enableExperimental?: boolean;
  /** Step of a subquery that names none (`[1h:]`); 1 minute when absent. */
  readonly defaultSubqueryStepMs?: number;
}

export interface QueryOptions {
  readonly signal?: AbortSignal;
  readonly lookbackMs?: number;
  /** Overrides the engine's own; never above it. */
  readonly timeoutMs?: number;
}

/**
 * Evaluates PromQL over a MetricReader. Throws AppError `bad_query` (does not parse or type-check), `query_failed`
 * (cannot be evaluated on this data), `query_too_large`, `query_timeout`, `canceled`.
 */
export class Engine {
  readonly #reader: MetricReader;
  readonly #options: EngineOptions;

  constructor(reader: MetricReader, options: EngineOptions = {}) {
    this.#reader = reader;
    this.#options = options;
  }

  /** Evaluates at one time, in milliseconds since the Unix epoch. */
  async instant(query: string, timeMs: number, options: QueryOptions = {}): Promise<QueryResult> {
    return this.#run(query, timeMs, timeMs, 0, options);
  }

  /** Evaluates at startMs, startMs + stepMs, … ≤ endMs; the value is a matrix. */
  async range(query: string, startMs: number, endMs: number, stepMs: number, options: QueryOptions = {}): Promise<QueryResult> {
    return this.#run(query, startMs, endMs, stepMs, options);
  }

  async #run(query: string, startMs: number, endMs: number, stepMs: number, options: QueryOptions): Promise<QueryResult> {
    throw new AppError('query_failed', `not built yet: ${query}`, { fields: { startMs, endMs, stepMs, ...options, ...this.#options, reader: typeof this.#reader } });
  }
}
