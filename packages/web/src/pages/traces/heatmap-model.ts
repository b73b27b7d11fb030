import type { HeatmapAnswer } from '@pitot/core';
import type { HeatmapPick } from '../../api/trace-queries.ts';
import { countOf } from '../../time/phrase.ts';
import { formatValue } from '../../units/format.ts';

/** Steps of colour for counts; the first is for the fewest. */
export const SHADES = 6;

/** Where the cells lie on the canvas, in CSS pixels. */
export interface Plot {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface CellRectangle {
  readonly firstColumn: number;
  /** Inclusive. */
  readonly lastColumn: number;
  readonly firstRow: number;
  /** Inclusive. */
  readonly lastRow: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export const rowsOf = (heatmap: HeatmapAnswer): number => Math.max(0, heatmap.bounds_ms.length - 1);

const countAt = (table: readonly (readonly number[])[], column: number, row: number): number => table[column]?.[row] ?? 0;

/** The largest count of a cell. */
export function largestCount(heatmap: HeatmapAnswer): number {
  let most = 0;
  for (const column of heatmap.counts) for (const count of column) most = Math.max(most, count);
  return most;
}

/** 0 for an empty cell, else 1 to SHADES: logarithmic, because a few cells hold most of the spans. */
export function shadeOf(count: number, most: number): number {
  if (count <= 0) return 0;
  if (most <= 1) return SHADES;
  return Math.min(SHADES, 1 + Math.floor((Math.log(count) / Math.log(most)) * (SHADES - 0.001)));
}

/** The smallest count of each shade, for the legend; shades no whole number falls into are left out. */
export function shadeSteps(most: number): { readonly shade: number; readonly from: number }[] {
  const steps: { shade: number; from: number }[] = [];
  for (let shade = 1; shade <= SHADES; shade++) {
    const from = Math.max(1, Math.ceil(most ** ((shade - 1) / SHADES)));
    if (from > most || shadeOf(from, most) !== shade || steps.some((step) => step.from === from)) continue;
    steps.push({ shade, from });
  }
  return steps;
}

/** The cell under a point; undefined outside the plot. The first row is at the bottom. */
export function cellAt(heatmap: HeatmapAnswer, plot: Plot, { x, y }: Point): { readonly column: number; readonly row: number } | undefined {
  const rows = rowsOf(heatmap);
  const column = Math.floor(((x - plot.left) / plot.width) * heatmap.counts.length);
  const row = rows - 1 - Math.floor(((y - plot.top) / plot.height) * rows);
  return column < 0 || row < 0 || column >= heatmap.counts.length || row >= rows ? undefined : { column, row };
}

/** The cells that a drag from one point to another touches, kept inside the plot. */
export function rectangleOf(heatmap: HeatmapAnswer, plot: Plot, from: Point, to: Point): CellRectangle | undefined {
  if (rowsOf(heatmap) === 0) return undefined;
  const kept = ({ x, y }: Point): Point => ({
    x: Math.min(Math.max(x, plot.left), plot.left + plot.width - 0.01),
    y: Math.min(Math.max(y, plot.top), plot.top + plot.height - 0.01),
  });
  const a = cellAt(heatmap, plot, kept(from));
  const b = cellAt(heatmap, plot, kept(to));
  if (a === undefined || b === undefined) return undefined;
  return {
    firstColumn: Math.min(a.column, b.column),
    lastColumn: Math.max(a.column, b.column),
    firstRow: Math.min(a.row, b.row),
    lastRow: Math.max(a.row, b.row),
  };
}

/** The times and durations that a rectangle of cells stands for. */
export function pickOf(heatmap: HeatmapAnswer, { firstColumn, lastColumn, firstRow, lastRow }: CellRectangle): HeatmapPick {
  return {
    fromMs: heatmap.start_ms + firstColumn * heatmap.step_ms,
    toMs: heatmap.start_ms + (lastColumn + 1) * heatmap.step_ms,
    leastMs: heatmap.bounds_ms[firstRow] ?? 0,
    mostMs: heatmap.bounds_ms[lastRow + 1] ?? 0,
  };
}

/** Where a pick lies in the plot; undefined where the heatmap has moved away from it. */
export function boxOf(heatmap: HeatmapAnswer, plot: Plot, pick: HeatmapPick): { readonly x: number; readonly y: number; readonly width: number; readonly height: number } | undefined {
  const rows = rowsOf(heatmap);
  if (rows === 0) return undefined;
  const xOf = (ms: number): number => plot.left + clamp01((ms - heatmap.start_ms) / (heatmap.step_ms * heatmap.counts.length)) * plot.width;
  const yOf = (ms: number): number => plot.top + (1 - clamp01(levelOf(heatmap.bounds_ms, ms) / rows)) * plot.height;
  const [x, right, top, bottom] = [xOf(pick.fromMs), xOf(pick.toMs), yOf(pick.mostMs), yOf(pick.leastMs)];
  return right - x < 1 || bottom - top < 1 ? undefined : { x, y: top, width: right - x, height: bottom - top };
}

const clamp01 = (value: number): number => Math.min(1, Math.max(0, value));

/** Where a duration lies on the scale of rows; rows are equally high on a logarithmic scale. */
export function levelOf(boundsMs: readonly number[], ms: number): number {
  const above = boundsMs.findIndex((bound) => bound > ms);
  if (above === 0) return 0;
  if (above < 0) return boundsMs.length - 1;
  const [low, high] = [boundsMs[above - 1]!, boundsMs[above]!];
  return above - 1 + (low <= 0 ? (ms - low) / (high - low) : Math.log(ms / low) / Math.log(high / low));
}

const ROUND_MS = [0.001, 0.01, 0.1, 1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000];
const FINE_MS = ROUND_MS.slice(0, 8).flatMap((ms) => [ms, 2 * ms, 5 * ms]);

/** Round durations within the rows for the axis, not more than `most`. */
export function durationTicks(boundsMs: readonly number[], most: number): { readonly ms: number; readonly level: number }[] {
  const [low, high] = [boundsMs[0] ?? 0, boundsMs.at(-1) ?? 0];
  const inside = (list: readonly number[]): number[] => list.filter((ms) => ms >= low && ms <= high);
  const fine = inside(FINE_MS);
  const chosen = fine.length <= most ? fine : inside(ROUND_MS);
  const every = Math.max(1, Math.ceil(chosen.length / most));
  return chosen.filter((_, i) => i % every === 0).map((ms) => ({ ms, level: levelOf(boundsMs, ms) }));
}

const sayMs = (ms: number): string => formatValue(ms / 1000, 'seconds');

/** "120 ms – 160 ms: 42 spans, 3 failed (7 %)". */
export function sayCell(heatmap: HeatmapAnswer, column: number, row: number): string {
  const count = countAt(heatmap.counts, column, row);
  const failed = countAt(heatmap.errors, column, row);
  const range = `${sayMs(heatmap.bounds_ms[row] ?? 0)} – ${sayMs(heatmap.bounds_ms[row + 1] ?? 0)}`;
  if (count === 0) return `${range}: no span`;
  const share = failed === 0 ? '' : `, ${Math.round(failed).toLocaleString('en-US')} failed (${formatValue(failed / count, 'ratio')})`;
  return `${range}: ${countOf(Math.round(count), 'span')}${share}`;
}

/** The duration that `share` of all spans stay below, by interpolation within its row; undefined where there is no span. */
export function quantileMs(heatmap: HeatmapAnswer, share: number): number | undefined {
  const perRow = Array.from({ length: rowsOf(heatmap) }, (_, row) => heatmap.counts.reduce((sum, column) => sum + (column[row] ?? 0), 0));
  const total = perRow.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let below = 0;
  for (const [row, count] of perRow.entries()) {
    if (count > 0 && below + count >= share * total) {
      const [low, high] = [heatmap.bounds_ms[row]!, heatmap.bounds_ms[row + 1]!];
      const part = (share * total - below) / count;
      return low <= 0 ? low + (high - low) * part : low * (high / low) ** part;
    }
    below += count;
  }
  return heatmap.bounds_ms.at(-1);
}

/** Spans and failures within a pick, whole cells counted. */
export function countsIn(heatmap: HeatmapAnswer): { readonly spans: number; readonly errors: number } {
  const sum = (table: readonly (readonly number[])[]): number => table.reduce((all, column) => all + column.reduce((part, count) => part + count, 0), 0);
  return { spans: sum(heatmap.counts), errors: sum(heatmap.errors) };
}
