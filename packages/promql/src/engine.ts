import { AppError, DEFAULT_LIMITS, type Clock, type MetricReader } from '@pitot/core';
import { unwrapParens, valueType, type Expr, type ValueType } from './ast.ts';
import { Evaluator } from './evaluator.ts';
import type { Frame } from './grid.ts';
import { parse } from './parser.ts';
import { planQuery } from './planner.ts';
import { QueryContext, tooLarge } from './query-context.ts';
import { rangeValue } from './range-value.ts';
import { matrixValue, vectorValue } from './result.ts';
import type { QueryResult, QueryValue } from './value.ts';

export interface EngineOptions {
  /** How far an instant selector looks back for a sample; 5 minutes when absent. */
  readonly lookbackMs?: number;
  /** Most raw samples one query may hold (`limits.query_max_samples`). */
  readonly maxSamples?: number;
  /** Most steps in one range query (`limits.query_max_points`). */
  readonly maxPoints?: number;
  /** Most series one selector may read (`limits.query_max_series`). */
  readonly maxSeries?: number;
  /** Longest a query may run (`limits.query_timeout_seconds`). */
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
  /** Shortens the engine's own; never above it. */
  readonly timeoutMs?: number;
}

const DEFAULT_LOOKBACK_MS = 300_000;
const DEFAULT_SUBQUERY_STEP_MS = 60_000;
const SYSTEM_CLOCK: Clock = { nowMs: () => Date.now() };

const RANGE_RESULT_NAMES: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  string: 'string',
  vector: 'instant vector',
  matrix: 'range vector',
};

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

  /** Evaluates at one time, in milliseconds since the Unix epoch. Sorted and top-k answers keep their order. */
  async instant(query: string, timeMs: number, options: QueryOptions = {}): Promise<QueryResult> {
    const expr = this.#parse(query);
    const times = { startMs: timeMs, endMs: timeMs, stepMs: 0 };
    const planned = planQuery(expr, times);
    return this.#run(query, options, async (context) => {
      const frame: Frame = { startMs: timeMs, stepMs: 1, steps: 1 };
      const evaluator = new Evaluator(context);
      const inner = unwrapParens(planned);
      if (inner.kind === 'matrix' || inner.kind === 'subquery') return rangeValue(context, evaluator, inner, frame);
      const value = await evaluator.eval(planned, frame);
      if (value.kind === 'scalar') return { type: 'scalar', timestampMs: timeMs, value: value.values[0]! };
      if (value.kind === 'string') return { type: 'string', timestampMs: timeMs, value: value.value };
      return vectorValue(value.rows, timeMs, keepsOrder(expr));
    });
  }

  /** Evaluates at startMs, startMs + stepMs, … ≤ endMs; the value is a matrix. */
  async range(query: string, startMs: number, endMs: number, stepMs: number, options: QueryOptions = {}): Promise<QueryResult> {
    const expr = this.#parse(query);
    const type = valueType(expr);
    if (type !== 'scalar' && type !== 'vector') {
      const message = `invalid expression type "${RANGE_RESULT_NAMES[type]}" for range query, must be Scalar or instant Vector`;
      throw new AppError('bad_query', message, { fields: { line: 1, column: 1 } });
    }
    const frame = this.#frame(startMs, endMs, stepMs);
    const planned = planQuery(expr, { startMs, endMs, stepMs });
    return this.#run(query, options, async (context) => matrixValue(await new Evaluator(context).eval(planned, frame), frame));
  }

  #frame(startMs: number, endMs: number, stepMs: number): Frame {
    if (!(stepMs > 0)) throw new AppError('bad_request', `the step must be above zero, got ${stepMs} ms`, { fields: { stepMs } });
    if (endMs < startMs) throw new AppError('bad_request', 'the end of the range lies before its start', { fields: { startMs, endMs } });
    const steps = Math.floor((endMs - startMs) / stepMs) + 1;
    const maxPoints = this.#options.maxPoints ?? DEFAULT_LIMITS.query_max_points;
    if (steps > maxPoints) throw tooLarge(`exceeded maximum resolution: ${steps} points per series`, 'query_max_points', maxPoints);
    return { startMs, stepMs, steps };
  }

  #parse(query: string): Expr {
    return parse(query, { experimental: this.#options.enableExperimental ?? true });
  }

  async #run(query: string, options: QueryOptions, evaluate: (context: QueryContext) => Promise<QueryValue>): Promise<QueryResult> {
    const own = this.#options;
    const maxTimeoutMs = own.timeoutMs ?? DEFAULT_LIMITS.query_timeout_seconds * 1000;
    const timeoutMs = Math.min(options.timeoutMs ?? maxTimeoutMs, maxTimeoutMs);
    const limits = {
      lookbackMs: options.lookbackMs ?? own.lookbackMs ?? DEFAULT_LOOKBACK_MS,
      maxSamples: own.maxSamples ?? DEFAULT_LIMITS.query_max_samples,
      maxSeries: own.maxSeries ?? DEFAULT_LIMITS.query_max_series,
      defaultSubqueryStepMs: own.defaultSubqueryStepMs ?? DEFAULT_SUBQUERY_STEP_MS,
    };
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(new DOMException('query timed out', 'TimeoutError')), Math.min(timeoutMs, 2 ** 31 - 1));
    const signal = options.signal ? AbortSignal.any([options.signal, timeout.signal]) : timeout.signal;
    const context = new QueryContext(this.#reader, limits, { clock: own.clock ?? SYSTEM_CLOCK, timeoutMs, signal });
    try {
      const value = await evaluate(context);
      const stats = { samplesRead: context.samplesRead, seriesRead: context.seriesRead };
      context.cells.release(cellsOf(value));
      return { value, ...context.annotations.render(query), stats };
    } finally {
      clearTimeout(timer);
    }
  }
}

function cellsOf(value: QueryValue): Float64Array[] {
  return value.type === 'matrix' ? value.series.map(({ values }) => values) : [];
}

const ORDERED_CALLS: ReadonlySet<string> = new Set(['sort', 'sort_desc', 'sort_by_label', 'sort_by_label_desc']);

/** Whether the order of an instant answer means something; any other is sorted by labels. */
function keepsOrder(expr: Expr): boolean {
  const inner = unwrapParens(expr);
  if (inner.kind === 'call') return ORDERED_CALLS.has(inner.func.name);
  return inner.kind === 'aggregate' && (inner.op === 'topk' || inner.op === 'bottomk');
}
