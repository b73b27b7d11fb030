import type { LabelMatcher } from '@pitot/core';
import type { FunctionSignature } from './function-signatures.ts';

/** Half-open range in UTF-16 offsets of the query text. */
export interface PositionRange {
  readonly start: number;
  readonly end: number;
}

export type ValueType = 'scalar' | 'string' | 'vector' | 'matrix';

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | SubqueryExpr
  | AggregateExpr
  | CallExpr
  | BinaryExpr
  | UnaryExpr
  | ParenExpr
  | StepInvariantExpr;

export interface NumberLiteral {
  readonly kind: 'number';
  readonly value: number;
  /** Written as a duration (`5m`); the value is in seconds then. */
  readonly isDuration: boolean;
  readonly position: PositionRange;
}

export interface StringLiteral {
  readonly kind: 'string';
  readonly value: string;
  readonly position: PositionRange;
}

/** Where a selector or subquery is moved in time; `@` first, then the offset. */
export interface TimeShift {
  offsetMs: number;
  /** Set where the offset depends on the query's step or range, or is computed. */
  offsetExpr?: DurationExpr | undefined;
  atMs?: number | undefined;
  atEdge?: 'start' | 'end' | undefined;
}

export interface VectorSelector extends TimeShift {
  readonly kind: 'selector';
  /** The metric name outside of or alone within the braces; '' where there is none. */
  readonly name: string;
  /** All matchers, the one on `__name__` included. */
  readonly matchers: readonly LabelMatcher[];
  anchored: boolean;
  smoothed: boolean;
  readonly position: PositionRange;
}

export interface MatrixSelector {
  readonly kind: 'matrix';
  readonly selector: VectorSelector;
  readonly rangeMs: number;
  readonly rangeExpr?: DurationExpr | undefined;
  readonly position: PositionRange;
}

export interface SubqueryExpr extends TimeShift {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly rangeMs: number;
  readonly rangeExpr?: DurationExpr | undefined;
  /** 0 where the step is left to the engine's default. */
  readonly stepMs: number;
  readonly stepExpr?: DurationExpr | undefined;
  readonly position: PositionRange;
}

export interface AggregateExpr {
  readonly kind: 'aggregate';
  readonly op: AggregateOp;
  readonly expr: Expr;
  readonly param?: Expr | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly position: PositionRange;
}

export interface CallExpr {
  readonly kind: 'call';
  readonly func: FunctionSignature;
  readonly args: readonly Expr[];
  readonly position: PositionRange;
}

export interface BinaryExpr {
  readonly kind: 'binary';
  readonly op: BinaryOp;
  readonly lhs: Expr;
  readonly rhs: Expr;
  /** Present exactly where both sides are instant vectors. */
  readonly matching?: VectorMatching | undefined;
  readonly returnBool: boolean;
  readonly position: PositionRange;
}

export interface VectorMatching {
  readonly cardinality: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Labels that group_left/group_right copy from the "one" side. */
  readonly include: readonly string[];
  readonly fillLeft?: number | undefined;
  readonly fillRight?: number | undefined;
}

export interface UnaryExpr {
  readonly kind: 'unary';
  readonly op: '+' | '-';
  readonly expr: Expr;
  readonly position: PositionRange;
}

export interface ParenExpr {
  readonly kind: 'paren';
  readonly expr: Expr;
  readonly position: PositionRange;
}

/** Made by the planner only: the value inside is the same at every step, so it is computed once. */
export interface StepInvariantExpr {
  readonly kind: 'step-invariant';
  readonly expr: Expr;
  readonly position: PositionRange;
}

/** Arithmetic on durations, in seconds; evaluated when the step and range of the query are known. */
export type DurationExpr =
  | { readonly kind: 'seconds'; readonly value: number; readonly isDuration: boolean; readonly position: PositionRange }
  | { readonly kind: 'query-step' | 'query-range'; readonly position: PositionRange }
  | { readonly kind: 'duration-paren'; readonly expr: DurationExpr; readonly position: PositionRange }
  | { readonly kind: 'duration-unary'; readonly op: '+' | '-'; readonly expr: DurationExpr; readonly position: PositionRange }
  | {
      readonly kind: 'duration-binary';
      readonly op: '+' | '-' | '*' | '/' | '%' | '^' | 'min_of' | 'max_of';
      readonly lhs: DurationExpr;
      readonly rhs: DurationExpr;
      readonly position: PositionRange;
    };

export type AggregateOp =
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'count'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'quantile'
  | 'count_values'
  | 'limitk'
  | 'limit_ratio';

const AGGREGATES_WITH_PARAM: ReadonlySet<string> = new Set([
  'topk',
  'bottomk',
  'quantile',
  'count_values',
  'limitk',
  'limit_ratio',
]);

export function aggregateTakesParam(op: AggregateOp): boolean {
  return AGGREGATES_WITH_PARAM.has(op);
}

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOp = '==' | '!=' | '>' | '<' | '>=' | '<=';
export type SetOp = 'and' | 'or' | 'unless';
export type TrimOp = '</' | '>/';
export type BinaryOp = ArithmeticOp | ComparisonOp | SetOp | TrimOp;

export function isComparison(op: BinaryOp): op is ComparisonOp {
  return op === '==' || op === '!=' || op === '>' || op === '<' || op === '>=' || op === '<=';
}

export function isSetOp(op: BinaryOp): op is SetOp {
  return op === 'and' || op === 'or' || op === 'unless';
}

/** The type an expression evaluates to; only the shape is looked at, so it is cheap. */
export function valueType(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
    case 'aggregate':
      return 'vector';
    case 'matrix':
    case 'subquery':
      return 'matrix';
    case 'call':
      return expr.func.returns;
    case 'paren':
    case 'unary':
    case 'step-invariant':
      return valueType(expr.expr);
    case 'binary':
      return valueType(expr.lhs) === 'scalar' && valueType(expr.rhs) === 'scalar' ? 'scalar' : 'vector';
  }
}

export function childExprs(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'selector':
      return [];
    case 'matrix':
      return [expr.selector];
    case 'subquery':
    case 'unary':
    case 'paren':
    case 'step-invariant':
      return [expr.expr];
    case 'aggregate':
      return expr.param === undefined ? [expr.expr] : [expr.expr, expr.param];
    case 'call':
      return expr.args;
    case 'binary':
      return [expr.lhs, expr.rhs];
  }
}

/** Removes any parentheses around an expression. */
export function unwrapParens(expr: Expr): Expr {
  let inner = expr;
  while (inner.kind === 'paren') inner = inner.expr;
  return inner;
}
