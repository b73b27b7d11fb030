import type { LabelMatcher } from '@pitot/core';
import type { Expr, TimeShift } from './ast.ts';
import { plainDecimal } from './literals.ts';
import { effectiveMatching } from './printer.ts';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** The shape of Prometheus' /api/v1/parse_query answer; durations and timestamps are milliseconds. */
export function exprToJson(expr: Expr): JsonValue {
  switch (expr.kind) {
    case 'number':
      return { type: 'numberLiteral', val: plainDecimal(expr.value) };
    case 'string':
      return { type: 'stringLiteral', val: expr.value };
    case 'paren':
      return { type: 'parenExpr', expr: exprToJson(expr.expr) };
    case 'step-invariant':
      return exprToJson(expr.expr);
    case 'unary':
      return { type: 'unaryExpr', op: expr.op, expr: exprToJson(expr.expr) };
    case 'aggregate':
      return {
        type: 'aggregation',
        op: expr.op,
        expr: exprToJson(expr.expr),
        param: expr.param ? exprToJson(expr.param) : null,
        grouping: expr.grouping,
        without: expr.without,
      };
    case 'binary':
      return binaryToJson(expr);
    case 'call': {
      const { name, args, variadic, returns } = expr.func;
      return { type: 'call', func: { name, argTypes: args, variadic, returnType: returns }, args: expr.args.map(exprToJson) };
    }
    case 'subquery':
      return {
        type: 'subquery',
        expr: exprToJson(expr.expr),
        range: expr.rangeMs,
        step: expr.stepMs,
        ...shiftToJson(expr),
      };
    case 'matrix':
    case 'selector': {
      const selector = expr.kind === 'matrix' ? expr.selector : expr;
      return {
        type: expr.kind === 'matrix' ? 'matrixSelector' : 'vectorSelector',
        name: selector.name,
        ...(expr.kind === 'matrix' && { range: expr.rangeMs }),
        matchers: selector.matchers.map(matcherToJson),
        ...shiftToJson(selector),
        anchored: selector.anchored,
        smoothed: selector.smoothed,
      };
    }
  }
}

function binaryToJson(expr: Extract<Expr, { kind: 'binary' }>): JsonValue {
  const matching = effectiveMatching(expr);
  return {
    type: 'binaryExpr',
    op: expr.op,
    lhs: exprToJson(expr.lhs),
    rhs: exprToJson(expr.rhs),
    matching: matching
      ? {
          card: matching.cardinality,
          labels: matching.labels,
          on: matching.on,
          include: matching.include,
          fillValues: { lhs: matching.fillLeft ?? null, rhs: matching.fillRight ?? null },
        }
      : null,
    bool: expr.returnBool,
  };
}

function shiftToJson(shift: TimeShift): { [key: string]: JsonValue } {
  return { offset: shift.offsetMs, timestamp: shift.atMs ?? null, startOrEnd: shift.atEdge ?? null };
}

function matcherToJson(matcher: LabelMatcher): JsonValue {
  return { name: matcher.name, type: matcher.type, value: matcher.value };
}
