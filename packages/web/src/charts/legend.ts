import { COLOUR_COUNT, NAMED_COUNT, assignColours } from './colours.ts';
import type { ChartSeries } from './series.ts';

export interface SeriesStats {
  readonly min: number | null;
  readonly avg: number | null;
  readonly max: number | null;
  readonly last: number | null;
}

/** Over the points that exist; all null when none does. `last` is the newest point that exists. */
export function statsOf(values: readonly (number | null)[]): SeriesStats {
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let count = 0;
  let last: number | null = null;
  for (const value of values) {
    if (value === null) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count++;
    last = value;
  }
  return count === 0 ? { min: null, avg: null, max: null, last: null } : { min, avg: sum / count, max, last };
}

export interface LegendRow {
  readonly series: ChartSeries;
  readonly stats: SeriesStats;
  /** Palette slot, or null when the series is drawn among the others. */
  readonly slot: number | null;
}

export interface ChartModel {
  /** Every series, largest first. */
  readonly rows: readonly LegendRow[];
  /** Drawn as a line of their own, at most eight. */
  readonly named: readonly LegendRow[];
  readonly others: OthersBand | undefined;
}

/** The series beyond the top seven: their range and mean at each point. */
interface OthersBand {
  readonly count: number;
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  readonly mean: readonly (number | null)[];
}

/** Largest by mean magnitude first, so that what matters keeps a line of its own; names break ties, so the order is stable. */
export function buildChart(series: readonly ChartSeries[], picked: ReadonlySet<string> = new Set()): ChartModel {
  const ranked = series
    .map((entry) => ({ series: entry, stats: statsOf(entry.values) }))
    .sort((a, b) => weight(b.stats) - weight(a.stats) || compareText(a.series.name, b.series.name));
  const candidates = picked.size === 0 ? ranked : ranked.filter((row) => picked.has(row.series.key));
  const named = candidates.slice(0, candidates.length > COLOUR_COUNT ? NAMED_COUNT : COLOUR_COUNT);
  const rest = candidates.slice(named.length);
  const slots = assignColours(named.map((row) => row.series.name));
  const coloured = distinctSlots(named, slots);
  const rows = ranked.map((row) => ({ ...row, slot: coloured.get(row.series.key) ?? null }));
  return {
    rows,
    named: rows.filter((row) => row.slot !== null),
    others: rest.length === 0 ? undefined : othersOf(rest.map((row) => row.series)),
  };
}

const weight = (stats: SeriesStats): number => (stats.avg === null ? -1 : Math.abs(stats.avg));
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Two series of one name (from two queries) still get two colours while there are free ones. */
function distinctSlots(rows: readonly { series: ChartSeries }[], slots: Map<string, number>): Map<string, number> {
  const used = new Set<number>();
  const byKey = new Map<string, number>();
  for (const { series } of rows) {
    let slot = slots.get(series.name) ?? 0;
    for (let i = 0; i < COLOUR_COUNT && used.has(slot); i++) slot = (slot + 1) % COLOUR_COUNT;
    used.add(slot);
    byKey.set(series.key, slot);
  }
  return byKey;
}

function othersOf(series: readonly ChartSeries[]): OthersBand {
  const length = Math.max(0, ...series.map((entry) => entry.values.length));
  const low = new Float64Array(length).fill(Infinity);
  const high = new Float64Array(length).fill(-Infinity);
  const sum = new Float64Array(length);
  const count = new Uint32Array(length);
  // Series by series, not point by point: thousands of series are read in the order they lie in memory.
  for (const { values } of series) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? null;
      if (value === null) continue;
      if (value < low[i]!) low[i] = value;
      if (value > high[i]!) high[i] = value;
      sum[i]! += value;
      count[i]!++;
    }
  }
  const known = (at: (index: number) => number): (number | null)[] => Array.from(count, (points, i) => (points === 0 ? null : at(i)));
  return { count: series.length, low: known((i) => low[i]!), high: known((i) => high[i]!), mean: known((i) => sum[i]! / count[i]!) };
}

/** Click picks a series alone, or lets go of it; with Ctrl or Shift it joins or leaves those picked. */
export function pickSeries(picked: ReadonlySet<string>, key: string, add: boolean): ReadonlySet<string> {
  if (!add) return picked.size === 1 && picked.has(key) ? new Set() : new Set([key]);
  const next = new Set(picked);
  if (!next.delete(key)) next.add(key);
  return next;
}
