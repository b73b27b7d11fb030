import type { MatrixSelector, SubqueryExpr } from './ast.ts';
import type { Evaluator } from './evaluator.ts';
import { histogramsNotSupported } from './extended-rate.ts';
import type { Frame } from './grid.ts';
import type { QueryContext } from './query-context.ts';
import { subqueryFrame } from './range-evaluation.ts';
import { frameMatrix, sortByLabels } from './result.ts';
import { shiftedFrame } from './selectors.ts';
import { samplesOf, type SeriesSamples } from './series-samples.ts';
import type { MatrixSeries, MatrixValue } from './value.ts';

/** A bare range selector or subquery as the answer of an instant query: the samples themselves. */
export async function rangeValue(
  context: QueryContext,
  evaluator: Evaluator,
  expr: MatrixSelector | SubqueryExpr,
  frame: Frame,
): Promise<MatrixValue> {
  if (expr.kind === 'matrix') return selectorMatrix(context, expr, frame);
  const inner = subqueryFrame(context, expr, frame);
  if (inner.steps <= 0) return { type: 'matrix', series: [] };
  return frameMatrix(await evaluator.vector(expr.expr, inner), inner);
}

async function selectorMatrix(context: QueryContext, expr: MatrixSelector, frame: Frame): Promise<MatrixValue> {
  const { selector, rangeMs } = expr;
  const endMs = shiftedFrame(selector, frame).startMs;
  const startMs = endMs - rangeMs;
  const { lookbackMs } = context.limits;
  const extended = selector.anchored || selector.smoothed;
  const read = await context.select({
    matchers: selector.matchers,
    fromMs: startMs - (extended ? lookbackMs : 0),
    toMs: endMs + (selector.smoothed ? lookbackMs : 0),
  });
  const series: MatrixSeries[] = [];
  for (const one of read) {
    const samples = samplesOf(one, false);
    if (extended && samples.histograms.length > 0) throw histogramsNotSupported();
    const { timesMs, values } = extended ? withEdges(samples, startMs, endMs, selector.smoothed) : samples;
    const { histograms, labels } = samples;
    if (timesMs.length + histograms.length === 0) continue;
    series.push({ labels, timestampsMs: timesMs, values, ...(histograms.length > 0 && { histograms }) });
  }
  return { type: 'matrix', series: sortByLabels(series) };
}

/** The samples inside an anchored or smoothed range, with one more at each of its edges. */
function withEdges(samples: SeriesSamples, startMs: number, endMs: number, smoothed: boolean): { timesMs: Float64Array; values: Float64Array } {
  const { timesMs, values } = samples;
  const none = { timesMs: new Float64Array(), values: new Float64Array() };
  const end = timesMs.length - 1;
  if (end < 0) return none;
  let first = Math.max(0, indexWhere(timesMs, end, (t) => t > startMs) - 1);
  let last = smoothed ? indexWhere(timesMs, end, (t) => t >= endMs) : end;
  if (timesMs[last]! <= startMs) return none;
  const at = (i: number, timeMs: number): number =>
    values[i]! + ((values[i + 1]! - values[i]!) * (timeMs - timesMs[i]!)) / (timesMs[i + 1]! - timesMs[i]!);
  const left = smoothed && timesMs[first]! < startMs ? at(first, startMs) : values[first]!;
  const right = smoothed && last > 0 && timesMs[last]! > endMs ? at(last - 1, endMs) : values[last]!;
  if (timesMs[first]! <= startMs) first++;
  if (timesMs[last]! >= endMs) last--;
  return {
    timesMs: Float64Array.from([startMs, ...timesMs.subarray(first, last + 1), endMs]),
    values: Float64Array.from([left, ...values.subarray(first, last + 1), right]),
  };
}

function indexWhere(times: Float64Array, end: number, holds: (timeMs: number) => boolean): number {
  const i = times.subarray(0, end).findIndex(holds);
  return i < 0 ? end : i;
}
