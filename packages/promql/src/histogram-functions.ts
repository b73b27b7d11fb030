import { labelsKey, labelValue, METRIC_NAME, type Labels, type NativeHistogram } from '@pitot/core';
import { ANNOTATION_TEXT } from './annotations.ts';
import type { CallExpr, Expr } from './ast.ts';
import { FLOAT, HISTOGRAM, hasCells, RowBuilder, RowTable, withLabel, withoutLabels, type Frame, type Row } from './grid.ts';
import { bucketFraction, bucketQuantile, type ClassicBucket } from './histogram/classic-buckets.ts';
import { formatFloat } from './histogram/float-format.ts';
import { histogramFraction, histogramQuantile } from './histogram/histogram-quantile.ts';
import { parseFloatText } from './histogram/histogram-text.ts';
import type { QueryContext } from './query-context.ts';
import { sameLabelset } from './vector-matching.ts';

const BUCKET_LABEL = new Set(['le']);

/** All series of one histogram: its classic buckets and its native form, told together by their labels without `le`. */
interface HistogramSeries {
  /** With the metric's name, for annotations; the answer drops it. */
  readonly labels: Labels;
  readonly buckets: { readonly upperBound: number; readonly row: Row }[];
  readonly native: Row[];
}

function collect(context: QueryContext, rows: readonly Row[], arg: Expr): HistogramSeries[] {
  const all = new Map<string, HistogramSeries>();
  const entry = (labels: Labels): HistogramSeries => {
    const key = labelsKey(labels);
    let series = all.get(key);
    if (!series) all.set(key, (series = { labels, buckets: [], native: [] }));
    return series;
  };
  for (const row of rows) {
    context.tick();
    if (row.histograms?.some((histogram) => histogram !== undefined)) entry(row.labels).native.push(row);
    if (!row.present.includes(FLOAT)) continue;
    const le = labelValue(row.labels, 'le');
    const upperBound = parseFloatText(le);
    if (upperBound === undefined || le === '') {
      context.annotations.warn(ANNOTATION_TEXT.badBucketLabel(labelValue(row.labels, METRIC_NAME), le), arg.position);
      continue;
    }
    entry(withoutLabels(row.labels, BUCKET_LABEL)).buckets.push({ upperBound, row });
  }
  return [...all.values()];
}

/** Receives each histogram at each step; one that is both classic and native there is left out with a warning. */
interface HistogramVisitor {
  classic(labels: Labels, step: number, buckets: readonly ClassicBucket[]): void;
  native(labels: Labels, step: number, histogram: NativeHistogram): void;
}

function visit(context: QueryContext, series: readonly HistogramSeries[], steps: number, arg: Expr, visitor: HistogramVisitor): void {
  for (const { labels, buckets, native } of series) {
    context.tick();
    for (let j = 0; j < steps; j++) {
      const counts: ClassicBucket[] = [];
      for (const { upperBound, row } of buckets) if (row.present[j] === FLOAT) counts.push({ upperBound, count: row.values[j]! });
      const histogram = native.find((row) => row.present[j] === HISTOGRAM)?.histograms![j];
      if (histogram && counts.length > 0) {
        context.annotations.warn(ANNOTATION_TEXT.mixedClassicNative(labelValue(labels, METRIC_NAME)), arg.position);
      } else if (histogram) visitor.native(labels, j, histogram);
      else if (counts.length > 0) visitor.classic(labels, j, counts);
    }
  }
}

/** histogram_quantile(q, v) */
export function quantileRows(context: QueryContext, call: CallExpr, q: Float64Array, rows: readonly Row[], frame: Frame): Row[] {
  const [qArg, arg] = call.args as [Expr, Expr];
  warnOfQuantiles(context, q, qArg);
  const table = new RowTable(frame.steps);
  const series = collect(context, rows, arg);
  visit(context, series, frame.steps, arg, quantileVisitor(context, frame, q, arg, (labels) => table.row(labels, true)));
  return table.rows();
}

/** histogram_quantiles(v, label, q…): several quantiles at once, told apart by a label. */
export function quantilesRows(
  context: QueryContext,
  call: CallExpr,
  label: string,
  qs: readonly Float64Array[],
  rows: readonly Row[],
  frame: Frame,
): Row[] {
  const arg = call.args[0]!;
  const table = new RowTable(frame.steps);
  const series = collect(context, rows, arg);
  qs.forEach((q, i) => {
    warnOfQuantiles(context, q, call.args[i + 2]!);
    const rowAt = (labels: Labels, j: number): RowBuilder => table.row(withLabel(labels, label, openMetricsFloat(q[j]!)), true);
    visit(context, series, frame.steps, arg, quantileVisitor(context, frame, q, arg, rowAt));
  });
  return table.rows();
}

/** OpenMetrics writes a point into every float. */
function openMetricsFloat(value: number): string {
  const text = formatFloat(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function warnOfQuantiles(context: QueryContext, q: Float64Array, arg: Expr): void {
  const seen = new Set<number>();
  for (const value of q) {
    if ((value >= 0 && value <= 1) || seen.has(value)) continue;
    seen.add(value);
    context.annotations.warn(ANNOTATION_TEXT.invalidQuantile(value), arg.position);
  }
}

function quantileVisitor(
  context: QueryContext,
  frame: Frame,
  q: Float64Array,
  arg: Expr,
  rowAt: (labels: Labels, step: number) => RowBuilder,
): HistogramVisitor {
  const { annotations } = context;
  return {
    native(labels, j, histogram) {
      const { value, info } = histogramQuantile(q[j]!, histogram);
      const metric = labelValue(labels, METRIC_NAME);
      if (info === 'nan_result') annotations.info(ANNOTATION_TEXT.quantileNanResult(metric), arg.position);
      if (info === 'nan_skew') annotations.info(ANNOTATION_TEXT.quantileNanSkew(metric), arg.position);
      place(rowAt(labels, j), j, value);
    },
    classic(labels, j, buckets) {
      const { value, forcedMonotonic, minBucket, maxBucket, maxDiff } = bucketQuantile(q[j]!, buckets);
      if (forcedMonotonic) {
        const timeMs = frame.startMs + j * frame.stepMs;
        const fixed = { minTimeMs: timeMs, maxTimeMs: timeMs, minBucket, maxBucket, maxDiff, samples: 1 };
        annotations.forcedMonotonicity(labelValue(labels, METRIC_NAME), arg.position, fixed);
      }
      place(rowAt(labels, j), j, value);
    },
  };
}

/** Two histograms that differ only in the label that tells quantiles apart cannot both be answered. */
function place(row: RowBuilder, step: number, value: number): void {
  if (row.present[step] !== 0) throw sameLabelset();
  row.setFloat(step, value);
}

/** histogram_fraction(lower, upper, v) */
export function fractionRows(
  context: QueryContext,
  call: CallExpr,
  bounds: { lower: Float64Array; upper: Float64Array },
  rows: readonly Row[],
  frame: Frame,
): Row[] {
  const arg = call.args[2]!;
  const table = new RowTable(frame.steps);
  visit(context, collect(context, rows, arg), frame.steps, arg, {
    native(labels, j, histogram) {
      const { value, info } = histogramFraction(bounds.lower[j]!, bounds.upper[j]!, histogram);
      if (info) context.annotations.info(ANNOTATION_TEXT.fractionNans(labelValue(labels, METRIC_NAME)), arg.position);
      table.row(labels, true).setFloat(j, value);
    },
    classic(labels, j, buckets) {
      table.row(labels, true).setFloat(j, bucketFraction(bounds.lower[j]!, bounds.upper[j]!, buckets));
    },
  });
  return table.rows().filter(hasCells);
}
