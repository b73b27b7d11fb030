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
  const ranks = expr.op === 'topk' || expr.op === 'bottomk';
  for (const group of members) {
    context.tick();
    if (ranks) rankGroup(context, expr, rows, group, params, keep);
    else for (let j = 0; j < steps; j++) pick(expr, rows, group, j, params[j]!, keep);
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

/** limitk and limit_ratio at one step. */
function pick(
  expr: AggregateExpr,
  rows: readonly Row[],
  group: readonly number[],
  j: number,
  param: number,
  keep: (i: number, j: number) => void,
): void {
  if (expr.op === 'limit_ratio') {
    const ratio = Math.max(-1, Math.min(1, param));
    for (const i of group) if (rows[i]!.present[j] !== 0 && sampleRatio(rows[i]!.labels, ratio)) keep(i, j);
    return;
  }
  let left = Math.trunc(param);
  for (const i of group) {
    if (left < 1) return;
    if (rows[i]!.present[j] === 0) continue;
    keep(i, j);
    left--;
  }
}

/** Up to this k, the best are kept in order while the series go by; above it, each step is sorted. */
const SMALL_K = 64;

/** topk and bottomk of one group, best first; NaN is worse than any number, histograms are ignored with an info. */
function rankGroup(
  context: QueryContext,
  expr: AggregateExpr,
  rows: readonly Row[],
  group: readonly number[],
  params: Float64Array,
  keep: (i: number, j: number) => void,
): void {
  const ks = params.map((param) => Math.max(0, Math.min(Math.trunc(param), group.length)));
  const { max } = rangeOf(ks);
  if (group.some((i) => rows[i]!.present.includes(HISTOGRAM))) {
    context.annotations.info(ANNOTATION_TEXT.ignoredInAggregation(expr.op), expr.position);
  }
  const sign = expr.op === 'topk' ? 1 : -1;
  const best = max <= SMALL_K ? insertBest(rows, group, ks, max, sign) : undefined;
  for (let j = 0; j < ks.length; j++) {
    const ranked = best ? best.subarray(j * max, j * max + ks[j]!) : sortBest(rows, group, j, ks[j]!, sign);
    for (const i of ranked) if (i >= 0) keep(i, j);
  }
}

/** Series by series: best[j * width + n] is the row that is n-th at step j, -1 where there is none. */
function insertBest(rows: readonly Row[], group: readonly number[], ks: Float64Array, width: number, sign: number): Int32Array {
  const steps = ks.length;
  const best = new Int32Array(steps * width).fill(-1);
  const scores = new Float64Array(steps * width);
  for (const i of group) {
    const { values, present } = rows[i]!;
    for (let j = 0; j < steps; j++) {
      const k = ks[j]!;
      if (k === 0 || present[j] !== FLOAT) continue;
      const score = sign * values[j]!;
      const first = j * width;
      let at = first + k - 1;
      if (best[at]! >= 0 && !isBetter(score, scores[at]!)) continue;
      while (at > first && (best[at - 1]! < 0 || isBetter(score, scores[at - 1]!))) {
        best[at] = best[at - 1]!;
        scores[at] = scores[at - 1]!;
        at--;
      }
      best[at] = i;
      scores[at] = score;
    }
  }
  return best;
}

function sortBest(rows: readonly Row[], group: readonly number[], j: number, k: number, sign: number): number[] {
  const floats = group.filter((i) => rows[i]!.present[j] === FLOAT);
  const score = (i: number): number => sign * rows[i]!.values[j]!;
  floats.sort((a, b) => (isBetter(score(a), score(b)) ? -1 : isBetter(score(b), score(a)) ? 1 : 0));
  return floats.slice(0, k);
}

function isBetter(score: number, than: number): boolean {
  return score > than || (Number.isNaN(than) && !Number.isNaN(score));
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
