import { AppError } from '@pitot/core';
import type { SyntaxNode } from '@lezer/common';
import type { DurationExpr } from './ast.ts';
import { parseError } from './lexer.ts';
import { parseNumber, quote } from './literals.ts';

const BINARY: Readonly<Record<string, '+' | '-' | '*' | '/' | '%' | '^'>> = { Add: '+', Sub: '-', Mul: '*', Div: '/', Mod: '%', Pow: '^' };

/** Reads a DurationExpr or OffsetDurationExpr node of the grammar. */
export function convertDuration(query: string, node: SyntaxNode): DurationExpr {
  const position = { start: node.from, end: node.to };
  const first = node.firstChild!;
  if (first.name === 'UnaryOp') {
    const op = query.slice(first.from, first.to) as '+' | '-';
    const expr = convertDuration(query, node.lastChild!);
    if (expr.kind === 'seconds') return { ...expr, value: op === '-' ? -expr.value : expr.value, position };
    return { kind: 'duration-unary', op, expr, position };
  }
  if (first.name === 'DurationStep') return { kind: 'query-step', position };
  if (first.name === 'DurationRange') return { kind: 'query-range', position };
  if (first.name === 'DurationMinOf' || first.name === 'DurationMaxOf') {
    const [lhs, rhs] = node.getChildren('DurationExpr').map((child) => convertDuration(query, child));
    return { kind: 'duration-binary', op: first.name === 'DurationMinOf' ? 'min_of' : 'max_of', lhs: lhs!, rhs: rhs!, position };
  }
  if (first.name === 'NumberDurationLiteralInDurationContext') {
    const text = query.slice(first.from, first.to);
    const parsed = parseNumber(text);
    if (!parsed) throw parseError(query, first.from, `error parsing number: ${quote(text)}`);
    return { kind: 'seconds', ...parsed, position };
  }
  const operator = first.nextSibling ? BINARY[first.nextSibling.name] : undefined;
  if (operator === undefined) return { kind: 'duration-paren', expr: convertDuration(query, first), position };
  const rhs = convertDuration(query, node.lastChild!);
  return { kind: 'duration-binary', op: operator, lhs: convertDuration(query, first), rhs, position };
}

/** The milliseconds of a plain literal; undefined for anything that is computed. */
export function durationMs(duration: DurationExpr): number | undefined {
  return duration.kind === 'seconds' ? Math.trunc(duration.value * 1000 + Math.sign(duration.value) * 1e-6) : undefined;
}

/** Evaluates a duration expression, in milliseconds, for a query with this step and range (end - start). */
export function evaluateDurationMs(duration: DurationExpr, query: { stepMs: number; rangeMs: number }, allowNegative: boolean): number {
  const seconds = evaluateSeconds(duration, query);
  if (Number.isNaN(seconds) || Math.abs(seconds) > 2 ** 63 / 1e9) throw new AppError('query_failed', 'duration is out of range');
  if (seconds <= 0 && !allowNegative) throw new AppError('query_failed', 'duration must be greater than 0');
  return Math.trunc(seconds * 1000 + Math.sign(seconds) * 1e-6);
}

function evaluateSeconds(duration: DurationExpr, query: { stepMs: number; rangeMs: number }): number {
  switch (duration.kind) {
    case 'seconds':
      return duration.value;
    case 'query-step':
      return query.stepMs / 1000;
    case 'query-range':
      return query.rangeMs / 1000;
    case 'duration-paren':
      return evaluateSeconds(duration.expr, query);
    case 'duration-unary': {
      const value = evaluateSeconds(duration.expr, query);
      return duration.op === '-' ? -value : value;
    }
    case 'duration-binary':
      return combine(duration.op, evaluateSeconds(duration.lhs, query), evaluateSeconds(duration.rhs, query));
  }
}

function combine(op: string, lhs: number, rhs: number): number {
  if (rhs === 0 && op === '/') throw new AppError('query_failed', 'division by zero');
  if (rhs === 0 && op === '%') throw new AppError('query_failed', 'modulo by zero');
  switch (op) {
    case '+':
      return lhs + rhs;
    case '-':
      return lhs - rhs;
    case '*':
      return lhs * rhs;
    case '/':
      return lhs / rhs;
    case '%':
      return lhs % rhs;
    case '^':
      return lhs ** rhs;
    case 'min_of':
      return Math.min(lhs, rhs);
    default:
      return Math.max(lhs, rhs);
  }
}
