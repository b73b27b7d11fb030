import { AppError } from '@pitot/core';
import { unwrapParens, type CallExpr, type Expr, type SubqueryExpr, type TimeShift, type VectorSelector } from './ast.ts';
import { evaluateDurationMs } from './duration-conversion.ts';

/** The times a query runs over; stepMs is 0 for an instant query. */
export interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/**
 * Functions whose result changes with the evaluation time even where their arguments do not (they read the clock of the
 * evaluation or the timestamps of their argument).
 */
const TIME_DEPENDENT: ReadonlySet<string> = new Set([
  'days_in_month', 'day_of_month', 'day_of_week', 'day_of_year', 'hour', 'minute', 'month', 'year', 'predict_linear', 'time', 'timestamp',
]);

/**
 * Prepares a parsed query for evaluation at given times: computes duration expressions, resolves `@ start()` and
 * `@ end()`, folds start(), end(), step() and range() to numbers, removes parentheses around arguments, and wraps the
 * largest parts that are the same at every step so that they are evaluated once.
 */
export function planQuery(expr: Expr, times: QueryTimes): Expr {
  const planned = new Planner(times).plan(expr);
  return planned.invariant && planned.wrap ? wrapInvariant(planned.expr) : planned.expr;
}

interface Planned {
  readonly expr: Expr;
  /** The value does not depend on the evaluation time. */
  readonly invariant: boolean;
  /** Worth evaluating once: literals and range selectors are not. */
  readonly wrap: boolean;
}

class Planner {
  readonly #times: QueryTimes;
  readonly #durations: { stepMs: number; rangeMs: number };

  constructor(times: QueryTimes) {
    this.#times = times;
    this.#durations = { stepMs: times.stepMs, rangeMs: times.endMs - times.startMs };
  }

  plan(expr: Expr): Planned {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return { expr, invariant: true, wrap: false };
      case 'selector': {
        const selector = this.#selector(expr);
        const fixed = selector.atMs !== undefined;
        return { expr: selector, invariant: fixed, wrap: fixed };
      }
      case 'matrix': {
        const selector = this.#selector(expr.selector);
        const rangeMs = expr.rangeExpr ? evaluateDurationMs(expr.rangeExpr, this.#durations, false) : expr.rangeMs;
        return { expr: { ...expr, selector, rangeMs, rangeExpr: undefined }, invariant: selector.atMs !== undefined, wrap: false };
      }
      case 'subquery':
        return this.#subquery(expr);
      case 'paren':
      case 'unary': {
        const inner = this.plan(expr.expr);
        return { ...inner, expr: { ...expr, expr: inner.expr } };
      }
      case 'aggregate': {
        const inner = this.plan(unwrapParens(expr.expr));
        const param = expr.param && this.plan(unwrapParens(expr.param));
        const invariant = inner.invariant && (param?.invariant ?? true);
        if (invariant || !inner.wrap) return { expr: { ...expr, expr: inner.expr, param: param?.expr }, invariant, wrap: invariant };
        return { expr: { ...expr, expr: wrapInvariant(inner.expr), param: param?.expr }, invariant: false, wrap: false };
      }
      case 'binary': {
        const lhs = this.plan(expr.lhs);
        const rhs = this.plan(expr.rhs);
        if (lhs.invariant && rhs.invariant) return { expr: { ...expr, lhs: lhs.expr, rhs: rhs.expr }, invariant: true, wrap: true };
        return { expr: { ...expr, lhs: settle(lhs), rhs: settle(rhs) }, invariant: false, wrap: false };
      }
      case 'call':
        return this.#call(expr);
      case 'step-invariant':
        return { expr, invariant: true, wrap: false };
    }
  }

  #call(expr: CallExpr): Planned {
    const folded = this.#queryConstant(expr.func.name);
    if (folded !== undefined) {
      return { expr: { kind: 'number', value: folded, isDuration: false, position: expr.position }, invariant: true, wrap: false };
    }
    const args = expr.args.map((arg) => this.plan(unwrapParens(arg)));
    const dependsOnTime = TIME_DEPENDENT.has(expr.func.name);
    if (!dependsOnTime && args.every((arg) => arg.invariant)) {
      return { expr: { ...expr, args: args.map((arg) => arg.expr) }, invariant: true, wrap: true };
    }
    return { expr: { ...expr, args: args.map(settle) }, invariant: false, wrap: false };
  }

  #queryConstant(name: string): number | undefined {
    if (name === 'start') return this.#times.startMs / 1000;
    if (name === 'end') return this.#times.endMs / 1000;
    if (name === 'step') return this.#durations.stepMs / 1000;
    return name === 'range' ? this.#durations.rangeMs / 1000 : undefined;
  }

  #selector(selector: VectorSelector): VectorSelector {
    return { ...selector, ...this.#shift(selector) };
  }

  #subquery(expr: SubqueryExpr): Planned {
    const inner = this.plan(expr.expr);
    const rangeMs = expr.rangeExpr ? evaluateDurationMs(expr.rangeExpr, this.#durations, false) : expr.rangeMs;
    const stepMs = expr.stepExpr ? evaluateDurationMs(expr.stepExpr, this.#durations, false) : expr.stepMs;
    const shift = this.#shift(expr);
    const planned: SubqueryExpr = { ...expr, ...shift, expr: settle(inner), rangeMs, rangeExpr: undefined, stepMs, stepExpr: undefined };
    return { expr: planned, invariant: shift.atMs !== undefined, wrap: false };
  }

  #shift(shift: TimeShift): TimeShift {
    const offsetMs = shift.offsetExpr ? evaluateDurationMs(shift.offsetExpr, this.#durations, true) : shift.offsetMs;
    const edge = shift.atEdge === 'start' ? this.#times.startMs : shift.atEdge === 'end' ? this.#times.endMs : undefined;
    if (!Number.isSafeInteger(offsetMs)) throw new AppError('query_failed', 'duration is out of range');
    return { offsetMs, offsetExpr: undefined, atMs: edge ?? shift.atMs, atEdge: undefined };
  }
}

function settle(planned: Planned): Expr {
  return planned.wrap && planned.invariant ? wrapInvariant(planned.expr) : planned.expr;
}

function wrapInvariant(expr: Expr): Expr {
  return expr.kind === 'string' ? expr : { kind: 'step-invariant', expr, position: expr.position };
}
