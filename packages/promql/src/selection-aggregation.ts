import { AppError } from '@pitot/core';
import { ANNOTATION_TEXT } from './annotations.ts';
import { rangeOf } from './aggregation.ts';
import type { AggregateExpr } from './ast.ts';
import { FLOAT, hasCells, HISTOGRAM, RowBuilder, RowTable, withLabel, type Row } from './grid.ts';
import { groupLabels, groupRows } from './grouping.ts';
import { formatHistogram } from './histogram/histogram-text.ts';
import { sampleRatio } from './label-hash.ts';
import { formatGoFloat, plainDecimal, quote } from './literals.ts';
import type { QueryContext } from './query-context.ts';

const INT64 = 2 ** 63;

/**
 * topk, bottomk, limitk and limit_ratio: some elements of each group at each step, with their own labels. For a single
 * step the answer is in order (topk: largest first).
 */
export function selectElements(context: QueryContext, expr: AggregateExpr, rows: readonly Row[], steps: number, params: Float64Array): Row[] {
  if (!checkParams(context, expr, params)) return [];
  const { groupOf, labels } = groupRows(expr, rows);
  const members: number[][] = labels.map(() => []);
  for (let i = 0; i < rows.length; i++) members[groupOf[i]!]!.push(i);
  const out: (RowBuilder | undefined)[] = [];
  const order: number[] = [];
  const keep = (i: number, j: number): void => {
    let row = out[i];
    if (!row) {
      row = out[i] = new RowBuilder(rows[i]!.labels, steps, rows[i]!.dropName);
      order.push(i);
    }
    row.copyCell(j, rows[i]!);
  };
  for (const group of members) {
    context.tick();
    for (let j = 0; j < steps; j++) pick(context, expr, rows, group, j, params[j]!, keep);
  }
  return order.map((i) => out[i]!);
}

function checkParams(context: QueryContext, expr: AggregateExpr, params: Float64Array): boolean {
  const { min, max, hasNan } = rangeOf(params);
  if (expr.op === 'limit_ratio') {
    if (hasNan) throw new AppError('query_failed', 'Ratio value is NaN');
    if (max > 1) context.annotations.warn(ANNOTATION_TEXT.invalidRatio(max, 1), expr.param!.position);
    if (min < -1) context.annotations.warn(ANNOTATION_TEXT.invalidRatio(min, -1), expr.param!.position);
    return max !== 0 || min !== 0;
  }
  if (hasNan) throw new AppError('query_failed', 'Parameter value is NaN');
  if (max < 1) return false;
  if (min <= -INT64) throw new AppError('query_failed', `Scalar value ${formatGoFloat(min)} underflows int64`);
  if (max >= INT64) throw new AppError('query_failed', `Scalar value ${formatGoFloat(max)} overflows int64`);
  return true;
}

function pick(
  context: QueryContext,
  expr: AggregateExpr,
  rows: readonly Row[],
  group: readonly number[],
  j: number,
  param: number,
  keep: (i: number, j: number) => void,
): void {
  const present = group.filter((i) => rows[i]!.present[j] !== 0);
  if (expr.op === 'limit_ratio') {
    const ratio = Math.max(-1, Math.min(1, param));
    for (const i of present) if (sampleRatio(rows[i]!.labels, ratio)) keep(i, j);
    return;
  }
  const k = Math.trunc(param);
  if (k < 1) return;
  if (expr.op === 'limitk') {
    for (const i of present.slice(0, k)) keep(i, j);
    return;
  }
  const floats = present.filter((i) => rows[i]!.present[j] === FLOAT);
  if (floats.length < present.length) context.annotations.info(ANNOTATION_TEXT.ignoredInAggregation(expr.op), expr.position);
  for (const i of ranked(rows, floats, j, k, expr.op === 'topk')) keep(i, j);
}

/** The k best, best first; NaN is worse than any number. */
function ranked(rows: readonly Row[], candidates: number[], j: number, k: number, largest: boolean): number[] {
  const sign = largest ? -1 : 1;
  const order = (a: number, b: number): number => {
    const x = rows[a]!.values[j]!;
    const y = rows[b]!.values[j]!;
    if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : 1;
    if (Number.isNaN(y)) return -1;
    return x === y ? 0 : x < y ? -sign : sign;
  };
  const best: number[] = [];
  for (const i of candidates) {
    if (best.length >= k && order(best[k - 1]!, i) <= 0) continue;
    let at = best.length;
    while (at > 0 && order(best[at - 1]!, i) > 0) at--;
    best.splice(at, 0, i);
    if (best.length > k) best.pop();
  }
  return best;
}

/** count_values: as many series per group as there are different values, the value as a label. */
export function countValues(context: QueryContext, expr: AggregateExpr, label: string, rows: readonly Row[], steps: number): Row[] {
  if (label === '' || !label.isWellFormed()) throw new AppError('query_failed', `invalid label name ${quote(label)}`);
  const table = new RowTable(steps);
  const grouping = expr.without ? expr.grouping : [...expr.grouping, label];
  const labelsOf = groupLabels({ grouping, without: expr.without });
  for (const row of rows) {
    context.tick();
    for (let j = 0; j < steps; j++) {
      if (row.present[j] === 0) continue;
      const text = row.present[j] === HISTOGRAM ? formatHistogram(row.histograms![j]!) : plainDecimal(row.values[j]!);
      const out = table.row(labelsOf(withLabel(row.labels, label, text)), false);
      out.setFloat(j, out.values[j]! + 1);
    }
  }
  return table.rows().filter(hasCells);
}
