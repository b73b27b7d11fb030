import { labelValue, METRIC_NAME, type NativeHistogram } from '@pitot/core';
import { ANNOTATION_TEXT } from './annotations.ts';
import type { AggregateExpr } from './ast.ts';
import { FLOAT, hasCells, HISTOGRAM, RowBuilder, type Row } from './grid.ts';
import { groupRows, type Grouping } from './grouping.ts';
import { compactHistogram, IncompatibleHistogramsError } from './histogram/histogram-math.ts';
import { HistogramMean, HistogramSum } from './histogram/histogram-sum.ts';
import { CompensatedMean } from './kahan.ts';
import { quantile } from './quantile.ts';
import type { QueryContext } from './query-context.ts';

/** Aggregates all series of a group at each step into one; `params` is q per step for quantile. */
export function aggregate(context: QueryContext, expr: AggregateExpr, rows: readonly Row[], steps: number, params?: Float64Array): Row[] {
  const grouping = groupRows(expr, rows);
  const out = grouping.labels.map((labels, g) => new RowBuilder(labels, steps, grouping.dropName[g]!));
  const input: AggregateInput = { context, expr, rows, steps, grouping, out };
  switch (expr.op) {
    case 'sum':
      sum(input);
      break;
    case 'avg':
      average(input);
      break;
    case 'count':
      fold(input, (row, j, present) => (present ? row.values[j]! + 1 : 1), true);
      break;
    case 'group':
      fold(input, () => 1, true);
      break;
    case 'min':
      fold(input, (row, j, present, x) => (!present || row.values[j]! > x || Number.isNaN(row.values[j]) ? x : row.values[j]!), false);
      break;
    case 'max':
      fold(input, (row, j, present, x) => (!present || row.values[j]! < x || Number.isNaN(row.values[j]) ? x : row.values[j]!), false);
      break;
    case 'stddev':
    case 'stdvar':
      variance(input);
      break;
    default:
      quantiles(input, params!);
  }
  return out.filter(hasCells);
}

interface AggregateInput {
  readonly context: QueryContext;
  readonly expr: AggregateExpr;
  readonly rows: readonly Row[];
  readonly steps: number;
  readonly grouping: Grouping;
  readonly out: readonly RowBuilder[];
}

/** Folds floats into the group's row; histograms count as anything else, or are ignored with an info. */
function fold(
  input: AggregateInput,
  next: (row: RowBuilder, step: number, present: boolean, x: number) => number,
  takesHistograms: boolean,
): void {
  const { rows, steps, grouping, out } = input;
  for (let i = 0; i < rows.length; i++) {
    input.context.tick();
    const { values, present, histograms } = rows[i]!;
    const group = out[grouping.groupOf[i]!]!;
    for (let j = 0; j < steps; j++) {
      if (present[j] === 0) continue;
      if (histograms && present[j] === HISTOGRAM && !takesHistograms) {
        noteIgnored(input);
        continue;
      }
      group.values[j] = next(group, j, group.present[j] !== 0, values[j]!);
      group.present[j] = FLOAT;
    }
  }
}

function noteIgnored({ context, expr }: AggregateInput): void {
  context.annotations.info(ANNOTATION_TEXT.ignoredInAggregation(expr.op), expr.expr.position);
}

/** Compensated sums: `values` of a group's row hold the sum, `lost` what rounding took from it. */
function sum(input: AggregateInput): void {
  const { rows, steps, grouping, out } = input;
  const lost = out.map(() => new Float64Array(steps));
  for (let i = 0; i < rows.length; i++) {
    input.context.tick();
    const { values, present } = rows[i]!;
    const g = grouping.groupOf[i]!;
    const sums = out[g]!.values;
    const seen = out[g]!.present;
    const c = lost[g]!;
    for (let j = 0; j < steps; j++) {
      if (present[j] !== FLOAT) continue;
      const x = values[j]!;
      if (seen[j] === 0) {
        seen[j] = FLOAT;
        sums[j] = x;
        continue;
      }
      const s = sums[j]!;
      const t = s + x;
      if (t - t !== 0) c[j] = t === t ? 0 : NaN;
      else if (Math.abs(s) >= Math.abs(x)) c[j]! += s - t + x;
      else c[j]! += x - t + s;
      sums[j] = t;
    }
  }
  for (let g = 0; g < out.length; g++) {
    const sums = out[g]!.values;
    for (let j = 0; j < steps; j++) sums[j]! += lost[g]![j]!;
  }
  mergeHistograms(input, (first) => new HistogramSum(first));
}

function average(input: AggregateInput): void {
  const { rows, steps, grouping, out } = input;
  const means: (CompensatedMean | undefined)[][] = out.map(() => []);
  for (let i = 0; i < rows.length; i++) {
    input.context.tick();
    const { values, present } = rows[i]!;
    const group = means[grouping.groupOf[i]!]!;
    for (let j = 0; j < steps; j++) {
      if (present[j] !== FLOAT) continue;
      const mean = group[j];
      if (mean) mean.add(values[j]!);
      else group[j] = new CompensatedMean(values[j]!);
    }
  }
  means.forEach((group, g) => {
    for (let j = 0; j < steps; j++) if (group[j]) out[g]!.setFloat(j, group[j]!.mean);
  });
  mergeHistograms(input, (first) => new HistogramMean(first));
}

interface HistogramFold {
  add(histogram: NativeHistogram): { nhcbBoundsReconciled: boolean };
  result(): NativeHistogram;
}

interface HistogramCell {
  readonly fold: HistogramFold;
  readonly hints: Set<string>;
}

/** Adds histograms to groups whose floats are done; a group with both at one step has no answer there. */
function mergeHistograms(input: AggregateInput, start: (first: NativeHistogram) => HistogramFold): void {
  const { rows, steps, grouping, out, context, expr } = input;
  if (!rows.some((row) => row.histograms)) return;
  const { annotations } = context;
  const position = expr.expr.position;
  /** 'failed' where layouts did not fit. */
  const cells: (HistogramCell | 'failed' | undefined)[][] = out.map(() => []);
  for (let i = 0; i < rows.length; i++) {
    context.tick();
    const row = rows[i]!;
    const group = cells[grouping.groupOf[i]!]!;
    for (let j = 0; j < steps; j++) {
      if (row.present[j] !== HISTOGRAM || group[j] === 'failed') continue;
      const histogram = row.histograms![j]!;
      const cell = group[j] as HistogramCell | undefined;
      if (!cell) {
        group[j] = { fold: start(histogram), hints: new Set([histogram.counterResetHint]) };
        continue;
      }
      cell.hints.add(histogram.counterResetHint);
      try {
        if (cell.fold.add(histogram).nhcbBoundsReconciled) annotations.info(ANNOTATION_TEXT.reconciledBuckets('aggregation'), position);
      } catch (error) {
        if (!(error instanceof IncompatibleHistogramsError)) throw error;
        annotations.warn(ANNOTATION_TEXT.mixedSchemas(labelValue(row.labels, METRIC_NAME)), position);
        group[j] = 'failed';
      }
    }
  }
  cells.forEach((group, g) => {
    for (let j = 0; j < steps; j++) placeHistogram(input, out[g]!, j, group[j]);
  });
}

function placeHistogram({ context, expr }: AggregateInput, row: RowBuilder, j: number, cell: HistogramCell | 'failed' | undefined): void {
  if (!cell) return;
  const { annotations } = context;
  if (row.present[j] === FLOAT) {
    annotations.warn(ANNOTATION_TEXT.mixedInAggregation, expr.expr.position);
    row.present[j] = 0;
    return;
  }
  if (cell === 'failed') return;
  if (cell.hints.has('reset') && cell.hints.has('not_reset')) {
    annotations.warn(ANNOTATION_TEXT.counterResetCollision('aggregation'), expr.expr.position);
  }
  row.setHistogram(j, compactHistogram(cell.fold.result()));
}

/** Welford's running variance. */
function variance(input: AggregateInput): void {
  const { rows, steps, grouping, out, expr } = input;
  const counts = out.map(() => new Float64Array(steps));
  const means = out.map(() => new Float64Array(steps));
  for (let i = 0; i < rows.length; i++) {
    input.context.tick();
    const { values, present } = rows[i]!;
    const g = grouping.groupOf[i]!;
    const squares = out[g]!.values;
    const seen = out[g]!.present;
    const count = counts[g]!;
    const mean = means[g]!;
    for (let j = 0; j < steps; j++) {
      if (present[j] === HISTOGRAM) noteIgnored(input);
      if (present[j] !== FLOAT) continue;
      const x = values[j]!;
      const n = count[j]! + 1;
      const delta = x - mean[j]!;
      const moved = mean[j]! + delta / n;
      count[j] = n;
      mean[j] = moved;
      if (n > 1) squares[j]! += delta * (x - moved);
      else squares[j] = x - x === 0 ? 0 : NaN;
      seen[j] = FLOAT;
    }
  }
  out.forEach((row, g) => {
    for (let j = 0; j < steps; j++) {
      if (row.present[j] === 0) continue;
      const value = row.values[j]! / counts[g]![j]!;
      row.values[j] = expr.op === 'stddev' ? Math.sqrt(value) : value;
    }
  });
}

function quantiles(input: AggregateInput, params: Float64Array): void {
  const { rows, steps, grouping, out, context, expr } = input;
  checkQuantiles(context, expr, params);
  const members: Row[][] = out.map(() => []);
  rows.forEach((row, i) => members[grouping.groupOf[i]!]!.push(row));
  const values = new Float64Array(rows.length);
  members.forEach((group, g) => {
    context.tick();
    for (let j = 0; j < steps; j++) {
      let n = 0;
      for (const row of group) {
        if (row.present[j] === FLOAT) values[n++] = row.values[j]!;
        else if (row.present[j] === HISTOGRAM) noteIgnored(input);
      }
      if (n > 0) out[g]!.setFloat(j, quantile(params[j]!, values.subarray(0, n)));
    }
  });
}

function checkQuantiles(context: QueryContext, expr: AggregateExpr, params: Float64Array): void {
  const position = expr.param!.position;
  const { min, max, hasNan } = rangeOf(params);
  if (hasNan) context.annotations.warn(ANNOTATION_TEXT.invalidQuantile(NaN), position);
  if (max > 1) context.annotations.warn(ANNOTATION_TEXT.invalidQuantile(max), position);
  if (min < 0) context.annotations.warn(ANNOTATION_TEXT.invalidQuantile(min), position);
}

/** Bounds of a parameter over all steps, NaN aside. */
export function rangeOf(params: Float64Array): { min: number; max: number; hasNan: boolean } {
  let min = Infinity;
  let max = -Infinity;
  let hasNan = false;
  for (const value of params) {
    if (Number.isNaN(value)) hasNan = true;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max, hasNan };
}
