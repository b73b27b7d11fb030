import { AppError, labelValue, METRIC_NAME, type GridFunction, type Labels } from '@pitot/core';
import { ANNOTATION_TEXT } from './annotations.ts';
import type { CallExpr, MatrixSelector, SubqueryExpr } from './ast.ts';
import { FLOAT, frameEndMs, RowBuilder, type Frame, type Row } from './grid.ts';
import * as overTime from './over-time-functions.ts';
import type { QueryContext, Selection } from './query-context.ts';
import { FLOAT_RATES, floatRateRow, type StepWindows } from './float-rates.ts';
import { RangeWindow, type RangeKernel } from './range-window.ts';
import * as rates from './rate-functions.ts';
import { readGrid, shiftedFrame, windowsOf } from './selectors.ts';
import { samplesOf, samplesOfRow, type SeriesSamples } from './series-samples.ts';
import { absentLabels } from './absent.ts';

interface RangeFunction {
  readonly kernel: RangeKernel;
  /** The name under which a reader's engine may compute it. */
  readonly grid?: GridFunction;
  /** last_over_time and first_over_time only move a sample in time, so they keep its name. */
  readonly keepsName?: boolean;
}

const RANGE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  rate: { kernel: rates.rate, grid: 'rate' },
  increase: { kernel: rates.increase, grid: 'increase' },
  delta: { kernel: rates.delta, grid: 'delta' },
  irate: { kernel: rates.irate, grid: 'irate' },
  idelta: { kernel: rates.idelta, grid: 'idelta' },
  sum_over_time: { kernel: overTime.sumOverTime, grid: 'sum_over_time' },
  avg_over_time: { kernel: overTime.avgOverTime, grid: 'avg_over_time' },
  min_over_time: { kernel: overTime.minOverTime, grid: 'min_over_time' },
  max_over_time: { kernel: overTime.maxOverTime, grid: 'max_over_time' },
  count_over_time: { kernel: overTime.countOverTime, grid: 'count_over_time' },
  last_over_time: { kernel: overTime.lastOverTime, grid: 'last_over_time', keepsName: true },
  first_over_time: { kernel: overTime.firstOverTime, keepsName: true },
  present_over_time: { kernel: overTime.presentOverTime, grid: 'present_over_time' },
  absent_over_time: { kernel: overTime.presentOverTime, grid: 'present_over_time' },
  changes: { kernel: overTime.changes, grid: 'changes' },
  resets: { kernel: overTime.resets, grid: 'resets' },
  deriv: { kernel: overTime.deriv, grid: 'deriv' },
  predict_linear: { kernel: overTime.predictLinear },
  double_exponential_smoothing: { kernel: overTime.doubleExponentialSmoothing },
  quantile_over_time: { kernel: overTime.quantileOverTime },
  mad_over_time: { kernel: overTime.madOverTime },
  stddev_over_time: { kernel: overTime.stddevOverTime },
  stdvar_over_time: { kernel: overTime.stdvarOverTime },
  ts_of_first_over_time: { kernel: overTime.tsOfFirstOverTime },
  ts_of_last_over_time: { kernel: overTime.tsOfLastOverTime },
  ts_of_max_over_time: { kernel: overTime.tsOfMaxOverTime },
  ts_of_min_over_time: { kernel: overTime.tsOfMinOverTime },
};

export function isRangeFunction(name: string): boolean {
  return Object.hasOwn(RANGE_FUNCTIONS, name);
}

/** What evaluating a range function needs from the evaluator. */
export interface RangeInputs {
  /** The scalar arguments, in order, one value per step. */
  readonly scalars: readonly Float64Array[];
  readonly statsOnly: boolean;
  /** Evaluates a subquery's inner expression. */
  readonly evalInner: (expr: SubqueryExpr['expr'], frame: Frame) => Promise<readonly Row[]>;
}

const ANCHORED_FUNCTIONS = ['changes', 'delta', 'increase', 'rate', 'resets'];
const SMOOTHED_FUNCTIONS = ['delta', 'increase', 'rate'];

/** Evaluates a function over a range selector or subquery. */
export async function evalRangeCall(context: QueryContext, call: CallExpr, frame: Frame, inputs: RangeInputs): Promise<Row[]> {
  const range = call.args.find((arg) => arg.kind === 'matrix' || arg.kind === 'subquery');
  if (range?.kind !== 'matrix' && range?.kind !== 'subquery') {
    throw new AppError('internal', `${call.func.name}() has no range argument`);
  }
  const rows = await rangeRows(context, call, range, frame, inputs);
  if (call.func.name === 'rate' || call.func.name === 'increase') noteNonCounters(context, call, rows);
  return call.func.name === 'absent_over_time' ? absentRows(rows, absentLabels(range), frame) : rows;
}

async function rangeRows(
  context: QueryContext,
  call: CallExpr,
  range: MatrixSelector | SubqueryExpr,
  frame: Frame,
  inputs: RangeInputs,
): Promise<Row[]> {
  const { grid } = RANGE_FUNCTIONS[call.func.name]!;
  const mode = range.kind === 'matrix' ? selectorMode(range, call.func.name) : 'plain';
  if (range.kind === 'matrix' && mode === 'plain' && grid !== undefined) {
    const at = shiftedFrame(range.selector, frame);
    const rows = at.steps === frame.steps ? await readGrid(context, range.selector, at, grid, range.rangeMs) : undefined;
    if (rows) return rows;
  }
  const { scalars, statsOnly } = inputs;
  if (range.kind === 'subquery') {
    return slideOver(context, call, range, frame, { mode, series: await subquerySamples(context, range, frame, inputs), scalars });
  }
  return context.withSamples(rangeSelection(context, range, frame, { mode, statsOnly }), (read) => {
    const series = read.map((one) => samplesOf(one, statsOnly));
    return slideOver(context, call, range, frame, { mode, series, scalars });
  });
}

function selectorMode({ selector }: MatrixSelector, name: string): RangeWindow['mode'] {
  const mode = selector.anchored ? 'anchored' : selector.smoothed ? 'smoothed' : 'plain';
  const allowed = mode === 'anchored' ? ANCHORED_FUNCTIONS : SMOOTHED_FUNCTIONS;
  if (mode === 'plain' || allowed.includes(name)) return mode;
  throw new AppError('query_failed', `${mode} modifier can only be used with: ${allowed.join(', ')} - not with ${name}`);
}

function rangeSelection(
  context: QueryContext,
  range: MatrixSelector,
  frame: Frame,
  { mode, statsOnly }: { mode: RangeWindow['mode']; statsOnly: boolean },
): Selection {
  const at = shiftedFrame(range.selector, frame);
  const { before, after } = margins(context, mode);
  const { matchers } = range.selector;
  // With statistics only, a histogram's reset is read from the one before it, wherever that lies.
  const windows = mode === 'plain' && !statsOnly ? windowsOf(at, range.rangeMs) : {};
  return { matchers, fromMs: at.startMs - range.rangeMs - before, toMs: frameEndMs(at) + after, ...windows };
}

/** Anchored and smoothed ranges look one lookback beyond the range's edges. */
function margins(context: QueryContext, mode: RangeWindow['mode']): { before: number; after: number } {
  const { lookbackMs } = context.limits;
  return { before: mode === 'plain' ? 0 : lookbackMs, after: mode === 'smoothed' ? lookbackMs : 0 };
}

async function subquerySamples(context: QueryContext, range: SubqueryExpr, frame: Frame, inputs: RangeInputs): Promise<SeriesSamples[]> {
  const inner = subqueryFrame(context, range, frame);
  if (inner.steps <= 0) return [];
  context.checkCells(1, inner.steps);
  const rows = await inputs.evalInner(range.expr, inner);
  return rows.map((row) => samplesOfRow(row, inner));
}

/** A subquery's steps are multiples of its step, from right after the start of the first window to the end of the last. */
export function subqueryFrame(context: QueryContext, range: SubqueryExpr, frame: Frame): Frame {
  const stepMs = range.stepMs === 0 ? context.limits.defaultSubqueryStepMs : range.stepMs;
  const at = shiftedFrame(range, frame);
  const startMs = (Math.floor((at.startMs - range.rangeMs) / stepMs) + 1) * stepMs;
  return { startMs, stepMs, steps: Math.floor((frameEndMs(at) - startMs) / stepMs) + 1 };
}

function slideOver(
  context: QueryContext,
  call: CallExpr,
  range: MatrixSelector | SubqueryExpr,
  frame: Frame,
  input: { mode: RangeWindow['mode']; series: readonly SeriesSamples[]; scalars: readonly Float64Array[] },
): Row[] {
  const { kernel, keepsName } = RANGE_FUNCTIONS[call.func.name]!;
  const { mode, series, scalars } = input;
  const shift = range.kind === 'matrix' ? range.selector : range;
  const { before, after } = margins(context, mode);
  const params = scalars.map((values) => values[0]!);
  const position = call.args[0]!.position;
  const window = new RangeWindow({ annotations: context.annotations, position, params, mode, rangeMs: range.rangeMs });
  context.checkCells(series.length, frame.steps);
  const rows: Row[] = [];
  const floatKernel = mode === 'plain' ? FLOAT_RATES[call.func.name] : undefined;
  const windows: StepWindows = { frame, rangeMs: range.rangeMs, offsetMs: shift.offsetMs, atMs: shift.atMs };
  for (const one of series) {
    context.tick();
    const row = new RowBuilder(one.labels, frame.steps, keepsName ? one.dropName : true, context.cells);
    if (floatKernel && one.histograms.length === 0) {
      if (floatRateRow(row, one.timesMs, one.values, windows, floatKernel)) rows.push(row);
      continue;
    }
    window.enter(one);
    let any = false;
    for (let j = 0; j < frame.steps; j++) {
      window.evalMs = frame.startMs + j * frame.stepMs;
      window.endMs = (shift.atMs ?? window.evalMs) - shift.offsetMs;
      window.startMs = window.endMs - range.rangeMs;
      window.slide(window.startMs - before, window.endMs + after);
      if (window.isEmpty) continue;
      for (let p = 0; p < scalars.length; p++) params[p] = scalars[p]![j]!;
      if (!kernel(window)) continue;
      any = true;
      if (window.histogram === undefined) {
        row.values[j] = window.value;
        row.present[j] = FLOAT;
      } else {
        row.setHistogram(j, window.histogram);
        window.histogram = undefined;
      }
    }
    if (any) rows.push(row);
  }
  return rows;
}

const COUNTER_SUFFIX = /_(?:total|sum|count|bucket)$/;

function noteNonCounters(context: QueryContext, call: CallExpr, rows: readonly Row[]): void {
  const seen = new Set<string>();
  for (const row of rows) {
    const name = labelValue(row.labels, METRIC_NAME);
    if (name === '' || seen.has(name) || !row.present.includes(FLOAT)) continue;
    seen.add(name);
    if (!COUNTER_SUFFIX.test(name)) context.annotations.info(ANNOTATION_TEXT.possibleNonCounter(name), call.args[0]!.position);
  }
}

/** One row with 1 at every step at which no input row has anything. */
export function absentRows(rows: readonly Row[], labels: Labels, frame: Frame): Row[] {
  const row = new RowBuilder(labels, frame.steps);
  row.values.fill(1);
  row.present.fill(FLOAT);
  for (const { present } of rows) {
    for (let j = 0; j < frame.steps; j++) if (present[j] !== 0) row.present[j] = 0;
  }
  return row.present.includes(FLOAT) ? [row] : [];
}
