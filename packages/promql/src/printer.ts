import { formatDurationMs, METRIC_NAME } from '@pitot/core';
import {
  aggregateTakesParam,
  valueType,
  type AggregateExpr,
  type BinaryExpr,
  type DurationExpr,
  type Expr,
  type TimeShift,
  type VectorMatching,
  type VectorSelector,
} from './ast.ts';
import { formatGoFloat, plainDecimal, quote } from './literals.ts';

/** Prometheus splits an expression over lines where it would be longer than this. */
const LINE_LENGTH = 100;
const INDENT = '  ';
const LEGACY_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const LEGACY_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Formats as Prometheus' /api/v1/format_query does: broken into indented lines where a part is longer than 100 characters. */
export function formatExpr(expr: Expr): string {
  return pretty(expr, 0);
}

/** The expression on one line, in Prometheus' canonical spelling. */
export function exprText(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return expr.isDuration ? durationText(expr.value) : plainDecimal(expr.value);
    case 'string':
      return quote(expr.value);
    case 'selector':
      return selectorText(expr);
    case 'matrix': {
      const bare: VectorSelector = { ...expr.selector, offsetMs: 0, offsetExpr: undefined, atMs: undefined, atEdge: undefined, anchored: false, smoothed: false };
      const range = expr.rangeExpr ? durationExprText(expr.rangeExpr) : formatDurationMs(expr.rangeMs);
      return `${selectorText(bare)}[${range}]${extendedText(expr.selector)}${atText(expr.selector)}${offsetText(expr.selector)}`;
    }
    case 'subquery':
      return exprText(expr.expr) + subquerySuffix(expr);
    case 'aggregate': {
      const param = expr.param && aggregateTakesParam(expr.op) ? `${exprText(expr.param)}, ` : '';
      return `${aggregateHead(expr)}(${param}${exprText(expr.expr)})`;
    }
    case 'call':
      return `${expr.func.name}(${expr.args.map(exprText).join(', ')})`;
    case 'binary':
      return `${exprText(expr.lhs)} ${operatorText(expr)} ${exprText(expr.rhs)}`;
    case 'unary':
      return expr.op + exprText(expr.expr);
    case 'paren':
      return `(${exprText(expr.expr)})`;
    case 'step-invariant':
      return exprText(expr.expr);
  }
}

/** The vector matching an operation has: none unless both sides are instant vectors. */
export function effectiveMatching(expr: BinaryExpr): VectorMatching | undefined {
  return valueType(expr.lhs) === 'vector' && valueType(expr.rhs) === 'vector' ? expr.matching : undefined;
}

function pretty(expr: Expr, level: number): string {
  const indent = INDENT.repeat(level);
  const text = exprText(expr);
  // Prometheus does not indent a subquery that fits on its line.
  if (text.length <= LINE_LENGTH) return expr.kind === 'subquery' ? text : indent + text;
  switch (expr.kind) {
    case 'aggregate': {
      const param = expr.param && aggregateTakesParam(expr.op) ? `${pretty(expr.param, level + 1)},\n` : '';
      return `${indent}${aggregateHead(expr)}(\n${param}${pretty(expr.expr, level + 1)}\n${indent})`;
    }
    case 'binary':
      return `${pretty(expr.lhs, level + 1)}\n${indent}${operatorText(expr)}\n${pretty(expr.rhs, level + 1)}`;
    case 'call': {
      const args = expr.args.map((arg) => pretty(arg, level + 1)).join(',\n');
      return `${indent}${expr.func.name}(\n${args}\n${indent})`;
    }
    case 'paren':
      return `${indent}(\n${pretty(expr.expr, level + 1)}\n${indent})`;
    case 'subquery':
      return pretty(expr.expr, level) + subquerySuffix(expr);
    case 'unary':
      return `${indent}${expr.op}${pretty(expr.expr, level).trim()}`;
    default:
      return indent + text;
  }
}

function durationText(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  return ms < 0 ? `-${formatDurationMs(-ms)}` : formatDurationMs(ms);
}

function selectorText(selector: VectorSelector): string {
  const printsName = LEGACY_METRIC.test(selector.name);
  const matchers = selector.matchers
    .filter((m) => !(printsName && m.name === METRIC_NAME && m.type === '=' && m.value === selector.name))
    .map((m) => `${LEGACY_LABEL.test(m.name) ? m.name : quote(m.name)}${m.type}${quote(m.value)}`)
    .sort();
  const name = printsName ? selector.name : '';
  const braces = matchers.length > 0 ? `{${matchers.join(',')}}` : '';
  return `${name}${braces}${atText(selector)}${extendedText(selector)}${offsetText(selector)}`;
}

function extendedText(selector: VectorSelector): string {
  return selector.anchored ? ' anchored' : selector.smoothed ? ' smoothed' : '';
}

function atText(shift: TimeShift): string {
  if (shift.atMs !== undefined) return ` @ ${(shift.atMs / 1000).toFixed(3)}`;
  return shift.atEdge === undefined ? '' : ` @ ${shift.atEdge}()`;
}

function offsetText(shift: TimeShift): string {
  if (shift.offsetExpr) return ` offset ${durationExprText(shift.offsetExpr)}`;
  return shift.offsetMs === 0 ? '' : ` offset ${formatDurationMs(shift.offsetMs)}`;
}

function subquerySuffix(expr: Extract<Expr, { kind: 'subquery' }>): string {
  const range = expr.rangeExpr ? durationExprText(expr.rangeExpr) : formatDurationMs(expr.rangeMs);
  const step = expr.stepExpr ? durationExprText(expr.stepExpr) : expr.stepMs === 0 ? '' : formatDurationMs(expr.stepMs);
  return `[${range}:${step}]${atText(expr)}${offsetText(expr)}`;
}

function durationExprText(duration: DurationExpr): string {
  switch (duration.kind) {
    case 'seconds':
      return duration.isDuration ? durationText(duration.value) : plainDecimal(duration.value);
    case 'query-step':
      return 'step()';
    case 'query-range':
      return 'range()';
    case 'duration-paren':
      return `(${durationExprText(duration.expr)})`;
    case 'duration-unary':
      return (duration.op === '-' ? '-' : '') + durationExprText(duration.expr);
    case 'duration-binary': {
      const [lhs, rhs] = [durationExprText(duration.lhs), durationExprText(duration.rhs)];
      return duration.op.endsWith('_of') ? `${duration.op}(${lhs}, ${rhs})` : `${lhs} ${duration.op} ${rhs}`;
    }
  }
}

function labelList(labels: readonly string[]): string {
  return `(${labels.map((label) => (LEGACY_LABEL.test(label) ? label : quote(label))).join(', ')})`;
}

function aggregateHead(expr: AggregateExpr): string {
  if (expr.without) return `${expr.op} without ${labelList(expr.grouping)} `;
  return expr.grouping.length > 0 ? `${expr.op} by ${labelList(expr.grouping)} ` : expr.op;
}

function operatorText(expr: BinaryExpr): string {
  let text = expr.op + (expr.returnBool ? ' bool' : '');
  const matching = effectiveMatching(expr);
  if (!matching) return text;
  const grouped = matching.cardinality === 'many-to-one' || matching.cardinality === 'one-to-many';
  if (matching.labels.length > 0 || matching.on || grouped) text += ` ${matching.on ? 'on' : 'ignoring'} ${labelList(matching.labels)}`;
  if (grouped) text += ` group_${matching.cardinality === 'many-to-one' ? 'left' : 'right'} ${labelList(matching.include)}`;
  const { fillLeft, fillRight } = matching;
  if (fillLeft !== undefined && fillLeft === fillRight) return `${text} fill (${formatGoFloat(fillLeft)})`;
  if (fillLeft !== undefined) text += ` fill_left (${formatGoFloat(fillLeft)})`;
  if (fillRight !== undefined) text += ` fill_right (${formatGoFloat(fillRight)})`;
  return text;
}
