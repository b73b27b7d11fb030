import { exprText, parse, type Expr } from '../parser.ts';

/** Functions whose result moves with the evaluation time (or, in an instant query, is it) although their arguments stand still. */
const MOVING_FUNCTIONS: ReadonlySet<string> = new Set([
  'start',
  'end',
  'days_in_month',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'hour',
  'minute',
  'month',
  'year',
  'predict_linear',
  'time',
  'timestamp',
]);

/**
 * The query with every selector and outermost subquery fixed to a time by `@` where it has none of its own. Undefined
 * where the result would still depend on the evaluation time.
 */
export function pinSelectors(query: string, timeMs: number): string | undefined {
  const state = { moving: false };
  const pinned = pin(parse(query), timeMs, state);
  return state.moving ? undefined : exprText(pinned);
}

function pin(expr: Expr, atMs: number, state: { moving: boolean }): Expr {
  const child = <E extends Expr>(inner: E): E => pin(inner, atMs, state) as E;
  switch (expr.kind) {
    case 'number':
    case 'string':
      return expr;
    case 'selector':
      return expr.atMs === undefined ? { ...expr, atMs, atEdge: undefined } : expr;
    case 'matrix':
      return { ...expr, selector: child(expr.selector) };
    case 'subquery':
      // What is inside moves with the subquery's own steps and stays as it is.
      return expr.atMs === undefined ? { ...expr, atMs, atEdge: undefined } : expr;
    case 'aggregate':
      return { ...expr, expr: child(expr.expr), param: expr.param && child(expr.param) };
    case 'call':
      state.moving ||= MOVING_FUNCTIONS.has(expr.func.name);
      return { ...expr, args: expr.args.map(child) };
    case 'binary':
      return { ...expr, lhs: child(expr.lhs), rhs: child(expr.rhs) };
    case 'unary':
    case 'paren':
    case 'step-invariant':
      return { ...expr, expr: child(expr.expr) };
  }
}
