import type { LabelMatcher, MatchType } from '@pitot/core';
import { METRIC_NAME } from '@pitot/core';
import type { SyntaxNode } from '@lezer/common';
import {
  aggregateTakesParam,
  isSetOp,
  type AggregateOp,
  type BinaryOp,
  type DurationExpr,
  type Expr,
  type PositionRange,
  type SubqueryExpr,
  type VectorMatching,
  type VectorSelector,
} from './ast.ts';
import { convertDuration, durationMs } from './duration-conversion.ts';
import { functionSignature } from './function-signatures.ts';
import { parseError } from './lexer.ts';
import { parseNumber, quote, unquote } from './literals.ts';

/** Turns the grammar's tree (free of error nodes) into the typed one. */
export function convertTree(query: string, top: SyntaxNode): Expr {
  return new Converter(query).expr(top.firstChild!);
}

const BINARY_OPS: Readonly<Record<string, BinaryOp>> = {
  Pow: '^', Mul: '*', Div: '/', Mod: '%', Atan2: 'atan2', Add: '+', Sub: '-', Eql: '==', Gte: '>=', Gtr: '>', Lte: '<=',
  Lss: '<', Neq: '!=', And: 'and', Or: 'or', Unless: 'unless', TrimUpper: '</', TrimLower: '>/',
};
const PRECEDENCE: Readonly<Record<BinaryOp, number>> = {
  or: 1, and: 2, unless: 2, '==': 3, '!=': 3, '>': 3, '<': 3, '>=': 3, '<=': 3, '</': 3, '>/': 3,
  '+': 4, '-': 4, '*': 5, '/': 5, '%': 5, atan2: 5, '^': 6,
};
const MATCH_TYPES: Readonly<Record<string, MatchType>> = { EqlSingle: '=', Neq: '!=', EqlRegex: '=~', NeqRegex: '!~' };
/** Constructs that stand after an expression and, in Prometheus' grammar, belong to the operand right before them. */
const POSTFIX = new Set(['OffsetExpr', 'MatrixSelector', 'SubqueryExpr', 'StepInvariantExpr', 'AnchoredExpr', 'SmoothedExpr']);

type Operation = Pick<Extract<Expr, { kind: 'binary' }>, 'op' | 'matching' | 'returnBool' | 'rhs'>;

/** Whether `a inner b outer c` is `a inner (b outer c)`. */
function bindsTighter(outer: BinaryOp, inner: BinaryOp): boolean {
  const difference = PRECEDENCE[outer] - PRECEDENCE[inner];
  return difference > 0 || (difference === 0 && outer === '^');
}

class Converter {
  readonly #query: string;

  constructor(query: string) {
    this.#query = query;
  }

  expr(node: SyntaxNode): Expr {
    if (POSTFIX.has(node.name)) return this.#applyPostfix(this.expr(node.firstChild!), node);
    switch (node.name) {
      case 'NumberDurationLiteral':
        return this.#number(node);
      case 'StringLiteral':
        return { kind: 'string', value: this.#string(node), position: range(node) };
      case 'ParenExpr':
        return { kind: 'paren', expr: this.expr(node.firstChild!), position: range(node) };
      case 'UnaryExpr':
        return this.#unary(node);
      case 'BinaryExpr':
        return this.#binary(node);
      case 'AggregateExpr':
        return this.#aggregate(node);
      case 'FunctionCall':
        return this.#call(node);
      case 'VectorSelector':
        return this.#selector(node);
      default:
        throw parseError(this.#query, node.from, `unexpected ${node.name}`);
    }
  }

  #text(node: SyntaxNode): string {
    return this.#query.slice(node.from, node.to);
  }

  #string(node: SyntaxNode): string {
    const text = unquote(this.#text(node));
    if (text === undefined) throw parseError(this.#query, node.from, `error unquoting string ${quote(this.#text(node))}: invalid syntax`);
    return text;
  }

  #number(node: SyntaxNode): Expr {
    const text = this.#text(node);
    const negative = text.startsWith('-');
    const parsed = parseNumber(text.replace(/^[-+]\s*/, ''));
    if (!parsed) throw parseError(this.#query, node.from, `error parsing number: ${quote(text)}`);
    return { kind: 'number', value: negative ? -parsed.value : parsed.value, isDuration: parsed.isDuration, position: range(node) };
  }

  /** A sign before a number is part of the number, as in Prometheus. */
  #unary(node: SyntaxNode): Expr {
    return this.#signed(this.#text(node.firstChild!) as '+' | '-', this.expr(node.lastChild!), node.from);
  }

  #signed(op: '+' | '-', inner: Expr, start: number): Expr {
    const position = { start, end: inner.position.end };
    if (inner.kind === 'number') return { ...inner, value: op === '-' ? -inner.value : inner.value, position };
    return { kind: 'unary', op, expr: inner, position };
  }

  #binary(node: SyntaxNode): Expr {
    const lhsNode = node.firstChild!;
    const opNode = lhsNode.nextSibling!;
    const op = BINARY_OPS[opNode.name]!;
    const operation: Operation = { op, ...this.#modifiers(opNode, op), rhs: this.expr(node.lastChild!) };
    return this.#combine(this.expr(lhsNode), operation, lhsNode.name === 'NumberDurationLiteral');
  }

  /**
   * Puts an operation behind its left side. Where that side ends in something that binds less tightly, the operation
   * belongs to its last operand: the grammar reads `-1 ^ 2` as `(-1) ^ 2`, and `a + b @ 5 * c` as `((a + b) @ 5) * c`.
   */
  #combine(lhs: Expr, operation: Operation, isLiteral: boolean): Expr {
    const { op, rhs } = operation;
    const end = rhs.position.end;
    const position = { start: lhs.position.start, end };
    const sign = isLiteral ? this.#query[lhs.position.start] : undefined;
    if (op === '^' && lhs.kind === 'number' && (sign === '-' || sign === '+')) {
      const unsigned: Expr = {
        ...lhs,
        value: sign === '-' ? -lhs.value : lhs.value,
        position: { start: lhs.position.start + 1, end: lhs.position.end },
      };
      return { kind: 'unary', op: sign, expr: this.#combine(unsigned, operation, false), position };
    }
    if (op === '^' && lhs.kind === 'unary') return { ...lhs, expr: this.#combine(lhs.expr, operation, false), position };
    if (lhs.kind === 'binary' && bindsTighter(op, lhs.op)) return { ...lhs, rhs: this.#combine(lhs.rhs, operation, false), position };
    return { kind: 'binary', lhs, ...operation, position };
  }

  #modifiers(opNode: SyntaxNode, op: BinaryOp): { matching: VectorMatching; returnBool: boolean } {
    let returnBool = false;
    let matching: VectorMatching = { cardinality: isSetOp(op) ? 'many-to-many' : 'one-to-one', on: false, labels: [], include: [] };
    for (let node = opNode.nextSibling; node?.nextSibling; node = node.nextSibling) {
      if (node.name === 'BoolModifier') returnBool = true;
      else if (node.name === 'MatchingModifierClause') matching = this.#matching(node, matching);
      else if (node.name === 'FillModifier') matching = { ...matching, ...this.#fill(node) };
    }
    return { matching, returnBool };
  }

  #matching(node: SyntaxNode, base: VectorMatching): VectorMatching {
    const lists = node.getChildren('GroupingLabels').map((list) => this.#labels(list));
    const left = node.getChild('GroupLeft') !== null;
    const right = node.getChild('GroupRight') !== null;
    return {
      ...base,
      on: node.getChild('On') !== null,
      labels: lists[0] ?? [],
      include: lists[1] ?? [],
      cardinality: left ? 'many-to-one' : right ? 'one-to-many' : base.cardinality,
    };
  }

  #fill(node: SyntaxNode): { fillLeft?: number; fillRight?: number } {
    const value = (clause: SyntaxNode | null): number | undefined => {
      const literal = clause?.getChild('NumberDurationLiteral');
      if (!literal) return undefined;
      const number = this.#number(literal);
      return number.kind === 'number' ? number.value : undefined;
    };
    const both = value(node.getChild('FillClause'));
    const fillLeft = both ?? value(node.getChild('FillLeftClause'));
    const fillRight = both ?? value(node.getChild('FillRightClause'));
    return { ...(fillLeft !== undefined && { fillLeft }), ...(fillRight !== undefined && { fillRight }) };
  }

  #labels(list: SyntaxNode): string[] {
    const names: string[] = [];
    for (let node = list.firstChild; node; node = node.nextSibling) {
      if (node.name === 'LabelName') names.push(this.#text(node));
      else if (node.name === 'QuotedLabelName') names.push(this.#string(node.firstChild!));
    }
    return names;
  }

  #arguments(body: SyntaxNode | null): Expr[] {
    const args: Expr[] = [];
    for (let node = body?.firstChild ?? null; node; node = node.nextSibling) args.push(this.expr(node));
    return args;
  }

  #aggregate(node: SyntaxNode): Expr {
    const op = this.#text(node.getChild('AggregateOp')!).toLowerCase() as AggregateOp;
    const modifier = node.getChild('AggregateModifier');
    const args = this.#arguments(node.getChild('FunctionCallBody'));
    const wanted = aggregateTakesParam(op) ? 2 : 1;
    if (args.length === 0) throw parseError(this.#query, node.from, 'no arguments for aggregate expression provided');
    if (args.length !== wanted) {
      const message = `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`;
      throw parseError(this.#query, node.from, message);
    }
    const list = modifier?.getChild('GroupingLabels');
    return {
      kind: 'aggregate',
      op,
      expr: args[wanted - 1]!,
      param: wanted === 2 ? args[0] : undefined,
      grouping: list ? this.#labels(list) : [],
      without: (modifier?.getChild('Without') ?? null) !== null,
      position: range(node),
    };
  }

  #call(node: SyntaxNode): Expr {
    const body = node.getChild('FunctionCallBody');
    const name = this.#query.slice(node.from, body?.from).replace(/[\s#][^]*$/, '');
    const func = functionSignature(name);
    if (!func) throw parseError(this.#query, node.from, `unknown function with name ${quote(name)}`);
    return { kind: 'call', func, args: this.#arguments(body), position: range(node) };
  }

  #selector(node: SyntaxNode): VectorSelector {
    const identifier = node.getChild('Identifier');
    const outside = identifier ? this.#text(identifier) : '';
    const matchers: LabelMatcher[] = [];
    let quoted = '';
    for (let item = node.getChild('LabelMatchers')?.firstChild ?? null; item; item = item.nextSibling) {
      const matcher = this.#matcher(item);
      if (item.name === 'QuotedLabelName') {
        if (quoted !== '' || outside !== '') {
          const message = `metric name must not be set twice: ${quote(outside || quoted)} or ${quote(matcher.value)}`;
          throw parseError(this.#query, node.from, message);
        }
        quoted = matcher.value;
      }
      matchers.push(matcher);
    }
    const position = range(node);
    const twice = outside !== '' ? matchers.find((matcher) => matcher.name === METRIC_NAME) : undefined;
    if (twice) throw parseError(this.#query, node.from, `metric name must not be set twice: ${quote(outside)} or ${quote(twice.value)}`);
    if (outside !== '') matchers.push({ name: METRIC_NAME, type: '=', value: outside });
    return { kind: 'selector', name: outside, matchers, offsetMs: 0, anchored: false, smoothed: false, position };
  }

  #matcher(node: SyntaxNode): LabelMatcher {
    if (node.name === 'QuotedLabelName') return { name: METRIC_NAME, type: '=', value: this.#string(node.firstChild!) };
    const label = node.firstChild!;
    const name = label.name === 'QuotedLabelName' ? this.#string(label.firstChild!) : this.#text(label);
    const op = node.getChild('MatchOp')!.firstChild!.name;
    return { name, type: MATCH_TYPES[op]!, value: this.#string(node.lastChild!) };
  }

  /**
   * Where the grammar put a whole binary or unary expression before a postfix construct, moves the construct down to
   * the operand right before it: `a + b offset 5m` is `a + (b offset 5m)`.
   */
  #applyPostfix(target: Expr, node: SyntaxNode): Expr {
    if (target.kind === 'binary') {
      const rhs = this.#applyPostfix(target.rhs, node);
      return { ...target, rhs, position: { start: target.position.start, end: rhs.position.end } };
    }
    if (target.kind === 'unary') return this.#signed(target.op, this.#applyPostfix(target.expr, node), target.position.start);
    const position = { start: target.position.start, end: node.to };
    switch (node.name) {
      case 'MatrixSelector':
        return this.#matrix(target, node, position);
      case 'SubqueryExpr':
        return this.#subquery(target, node, position);
      case 'OffsetExpr':
        return this.#offset(target, node, position);
      case 'StepInvariantExpr':
        return this.#at(target, node, position);
      default:
        return this.#extended(target, node.name === 'AnchoredExpr' ? 'anchored' : 'smoothed', position);
    }
  }

  #positiveMs(duration: DurationExpr): number {
    const ms = durationMs(duration);
    if (ms !== undefined && ms <= 0) throw parseError(this.#query, duration.position.start, 'duration must be greater than 0');
    return ms ?? 0;
  }

  #matrix(target: Expr, node: SyntaxNode, position: PositionRange): Expr {
    const start = target.position.start;
    if (target.kind !== 'selector') throw parseError(this.#query, start, 'ranges only allowed for vector selectors');
    if (target.offsetMs !== 0 || target.offsetExpr) throw parseError(this.#query, start, 'no offset modifiers allowed before range');
    if (target.atMs !== undefined || target.atEdge) throw parseError(this.#query, start, 'no @ modifiers allowed before range');
    const duration = convertDuration(this.#query, node.getChild('DurationExpr')!);
    const rangeMs = this.#positiveMs(duration);
    return { kind: 'matrix', selector: target, rangeMs, rangeExpr: computed(duration), position };
  }

  #subquery(target: Expr, node: SyntaxNode, position: PositionRange): Expr {
    const [rangeNode, stepNode] = node.getChildren('DurationExpr');
    const rangeExpr = convertDuration(this.#query, rangeNode!);
    const rangeMs = this.#positiveMs(rangeExpr);
    const stepExpr = stepNode ? convertDuration(this.#query, stepNode) : undefined;
    const stepMs = stepExpr ? this.#positiveMs(stepExpr) : 0;
    return {
      kind: 'subquery',
      expr: target,
      rangeMs,
      rangeExpr: computed(rangeExpr),
      stepMs,
      stepExpr: stepExpr && computed(stepExpr),
      offsetMs: 0,
      position,
    };
  }

  #offset(target: Expr, node: SyntaxNode, position: PositionRange): Expr {
    const shifted = this.#shiftable(target, 'offset');
    const fields = shifted.kind === 'matrix' ? shifted.selector : shifted;
    if (fields.offsetMs !== 0 || fields.offsetExpr) {
      throw parseError(this.#query, target.position.start, 'offset may not be set multiple times');
    }
    const duration = convertDuration(this.#query, node.getChild('OffsetDurationExpr')!);
    const offsetMs = durationMs(duration);
    return withShift(shifted, offsetMs === undefined ? { offsetExpr: duration } : { offsetMs }, position);
  }

  #at(target: Expr, node: SyntaxNode, position: PositionRange): Expr {
    const shifted = this.#shiftable(target, '@');
    const fields = shifted.kind === 'matrix' ? shifted.selector : shifted;
    if (fields.atMs !== undefined || fields.atEdge) {
      throw parseError(this.#query, target.position.start, '@ <timestamp> may not be set multiple times');
    }
    const edge = node.getChild('AtModifierPreprocessors');
    if (edge) return withShift(shifted, { atEdge: edge.getChild('AtStart') ? 'start' : 'end' }, position);
    const number = this.#number(node.getChild('NumberDurationLiteral')!);
    const seconds = number.kind === 'number' ? number.value : NaN;
    if (!Number.isFinite(seconds) || Math.abs(seconds) >= 2 ** 63) {
      const text = Number.isFinite(seconds) ? seconds.toFixed(6) : Number.isNaN(seconds) ? 'NaN' : seconds > 0 ? '+Inf' : '-Inf';
      throw parseError(this.#query, target.position.start, `timestamp out of bounds for @ modifier: ${text}`);
    }
    return withShift(shifted, { atMs: Math.round(seconds * 1000) }, position);
  }

  #shiftable(target: Expr, what: 'offset' | '@'): Extract<Expr, { kind: 'selector' | 'matrix' | 'subquery' }> {
    if (target.kind === 'selector' || target.kind === 'matrix' || target.kind === 'subquery') return target;
    const message = `${what} modifier must be preceded by an instant vector selector or range vector selector or a subquery`;
    throw parseError(this.#query, target.position.start, message);
  }

  #extended(target: Expr, modifier: 'anchored' | 'smoothed', position: PositionRange): Expr {
    const start = target.position.start;
    if (target.kind === 'subquery') throw parseError(this.#query, start, `${modifier} modifier is not supported for subqueries`);
    if (target.kind !== 'selector' && target.kind !== 'matrix') throw parseError(this.#query, start, `${modifier} modifier not implemented`);
    const selector = target.kind === 'matrix' ? target.selector : target;
    if (selector.anchored || selector.smoothed) {
      throw parseError(this.#query, start, 'anchored and smoothed modifiers cannot be used together');
    }
    const changed: VectorSelector = { ...selector, [modifier]: true };
    return target.kind === 'matrix' ? { ...target, selector: changed, position } : { ...changed, position };
  }
}

type Shift = Partial<Pick<SubqueryExpr, 'offsetMs' | 'offsetExpr' | 'atMs' | 'atEdge'>>;

function withShift(expr: Extract<Expr, { kind: 'selector' | 'matrix' | 'subquery' }>, shift: Shift, position: PositionRange): Expr {
  if (expr.kind === 'matrix') return { ...expr, selector: { ...expr.selector, ...shift }, position };
  return { ...expr, ...shift, position };
}

/** Keeps a duration as an expression only where it was not one plain literal. */
function computed(duration: DurationExpr): DurationExpr | undefined {
  return durationMs(duration) === undefined ? duration : undefined;
}

function range(node: SyntaxNode): PositionRange {
  return { start: node.from, end: node.to };
}
