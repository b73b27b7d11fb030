import { AppError, type HistogramSample, type RawSeries, type TimeWindows } from '@pitot/core';
import type { VectorSelector } from './ast.ts';
import { FLOAT, frameEndMs, hasCells, RowBuilder, type Frame, type Row } from './grid.ts';
import type { QueryContext } from './query-context.ts';
import { histogramsOf, samplesOf, upperBound } from './series-samples.ts';

/** What a selector's evaluation is told by what stands around it. */
export interface SelectorUse {
  /** Only counts and sums of histograms are looked at. */
  readonly statsOnly: boolean;
  /** Cells become the time of the sample, in seconds, as timestamp() and info() need it. */
  readonly sampleTimes?: boolean;
}

/** The frame of the samples a selector looks at: its `@` and offset applied. */
export function shiftedFrame(shift: { offsetMs: number; atMs?: number | undefined }, frame: Frame): Frame {
  if (shift.atMs !== undefined) return { startMs: shift.atMs - shift.offsetMs, stepMs: frame.stepMs, steps: 1 };
  return { ...frame, startMs: frame.startMs - shift.offsetMs };
}

/** Evaluates an instant selector; a selector fixed by `@` gives rows of one step, for the caller to repeat. */
export async function evalSelector(context: QueryContext, selector: VectorSelector, frame: Frame, use: SelectorUse): Promise<Row[]> {
  if (selector.anchored) throw new AppError('query_failed', 'anchored modifier can only be used with range vector selectors');
  const at = shiftedFrame(selector, frame);
  const lookbackMs = context.limits.lookbackMs;
  if (selector.smoothed) return smoothed(context, selector, at);
  if (!use.sampleTimes) {
    const grid = await readGrid(context, selector, at, 'last', lookbackMs);
    if (grid) return grid;
  }
  const selection = { matchers: selector.matchers, fromMs: at.startMs - lookbackMs, toMs: frameEndMs(at), ...(use.statsOnly ? {} : windowsOf(at, lookbackMs)) };
  return context.withSamples(selection, (series) => {
    context.checkCells(series.length, at.steps);
    const rows: Row[] = [];
    for (const one of series) {
      context.tick();
      const row = new RowBuilder(one.labels, at.steps, false, context.cells);
      const histograms = histogramsOf(one, use.statsOnly);
      const found = use.sampleTimes || histograms.length > 0 ? lastSamples(row, one, histograms, at, lookbackMs, use) : lastFloats(row, one, at, lookbackMs);
      if (found) rows.push(row);
    }
    return rows;
  });
}

/** Tells a reader which part of the time a frame's windows look at, where that is the smaller part of it and whole milliseconds. */
export function windowsOf({ startMs, stepMs, steps }: Frame, windowMs: number): { windows?: TimeWindows } {
  if (steps === 1 || windowMs > stepMs / 2 || ![startMs, stepMs, windowMs].every(Number.isInteger)) return {};
  return { windows: { startMs, stepMs, windowMs } };
}

/** Rows computed by the reader's engine; undefined where it leaves that to us. */
export async function readGrid(
  context: QueryContext,
  selector: VectorSelector,
  at: Frame,
  fn: Parameters<QueryContext['selectGrid']>[0]['fn'],
  windowMs: number,
): Promise<Row[] | undefined> {
  const stepMs = Math.max(1, at.stepMs);
  context.checkCells(1, at.steps);
  const grid = await context.selectGrid({ matchers: selector.matchers, fn, startMs: at.startMs, endMs: frameEndMs(at), stepMs, windowMs });
  if (!grid) return undefined;
  const dropName = fn !== 'last' && fn !== 'last_over_time';
  const { steps } = grid;
  return grid.labels
    .map((labels, i) => ({
      labels,
      dropName,
      values: grid.values.subarray(i * steps, (i + 1) * steps),
      present: grid.present.subarray(i * steps, (i + 1) * steps),
    }))
    .filter(hasCells);
}

/** Fills a row with the last value at each step; answers whether there is any. */
function lastFloats(row: RowBuilder, series: RawSeries, frame: Frame, lookbackMs: number): boolean {
  const { timestampsMs, values, stale } = series;
  const { startMs, stepMs, steps } = frame;
  const length = timestampsMs.length;
  let any = false;
  let next = 0;
  for (let j = 0; j < steps; j++) {
    const refMs = startMs + j * stepMs;
    while (next < length && timestampsMs[next]! <= refMs) next++;
    const last = next - 1;
    if (last < 0 || timestampsMs[last]! <= refMs - lookbackMs || (stale !== undefined && stale[last] === 1)) continue;
    any = true;
    row.values[j] = values[last]!;
    row.present[j] = FLOAT;
  }
  return any;
}

/** The same where histograms are among the samples, or their times are what is asked for. */
function lastSamples(
  row: RowBuilder,
  series: RawSeries,
  histograms: readonly HistogramSample[],
  frame: Frame,
  lookbackMs: number,
  { sampleTimes = false }: SelectorUse,
): boolean {
  const { timestampsMs, values, stale } = series;
  let any = false;
  let f = -1;
  let h = -1;
  for (let j = 0; j < frame.steps; j++) {
    const refMs = frame.startMs + j * frame.stepMs;
    while (f + 1 < timestampsMs.length && timestampsMs[f + 1]! <= refMs) f++;
    while (h + 1 < histograms.length && histograms[h + 1]!.timestampMs <= refMs) h++;
    const floatMs = f < 0 ? -Infinity : timestampsMs[f]!;
    const histogramMs = h < 0 ? -Infinity : histograms[h]!.timestampMs;
    const latestMs = Math.max(floatMs, histogramMs);
    if (latestMs <= refMs - lookbackMs) continue;
    if (floatMs >= histogramMs && stale?.[f] === 1) continue;
    any = true;
    if (sampleTimes) row.setFloat(j, latestMs / 1000);
    else if (floatMs >= histogramMs) row.setFloat(j, values[f]!);
    else row.setHistogram(j, histograms[h]!.histogram);
  }
  return any;
}

/** A smoothed instant selector interpolates between the samples around each step, within the lookback on both sides. */
async function smoothed(context: QueryContext, selector: VectorSelector, at: Frame): Promise<Row[]> {
  const lookbackMs = context.limits.lookbackMs;
  const selection = { matchers: selector.matchers, fromMs: at.startMs - lookbackMs, toMs: frameEndMs(at) + lookbackMs };
  return context.withSamples(selection, (series) => smoothedRows(context, series, at));
}

function smoothedRows(context: QueryContext, series: readonly RawSeries[], at: Frame): Row[] {
  const { lookbackMs } = context.limits;
  context.checkCells(series.length, at.steps);
  const rows: Row[] = [];
  for (const one of series) {
    context.tick();
    const { timesMs, values, histograms } = samplesOf(one, false);
    if (histograms.length > 0) throw new AppError('query_failed', 'smoothed and anchored modifiers do not work with native histograms');
    const row = new RowBuilder(one.labels, at.steps);
    for (let j = 0; j < at.steps; j++) {
      const refMs = at.startMs + j * at.stepMs;
      const before = upperBound(timesMs, refMs) - 1;
      if (before < 0 || timesMs[before]! <= refMs - lookbackMs) continue;
      const next = before + 1;
      const hasNext = next < timesMs.length && timesMs[next]! <= refMs + lookbackMs;
      if (timesMs[before] === refMs || !hasNext) {
        row.setFloat(j, values[before]!);
        continue;
      }
      const share = (refMs - timesMs[before]!) / (timesMs[next]! - timesMs[before]!);
      row.setFloat(j, values[before]! + (values[next]! - values[before]!) * share);
    }
    if (hasCells(row)) rows.push(row);
  }
  return rows;
}

