import type { HeatmapAnswer } from '@pitot/core';
import { CLASSES_PER_DOUBLING, SHORTEST_NS, type HeatmapCell } from '../../store/traces/span-heatmap.ts';

interface HeatmapShape {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** Most rows. */
  readonly rows: number;
}

/** Rows of equal height on a logarithmic scale, from the shortest to the longest duration that was found. */
export function heatmapOf(cells: readonly HeatmapCell[], { startMs, endMs, stepMs, rows }: HeatmapShape): HeatmapAnswer {
  const columns = Math.max(1, Math.ceil((endMs - startMs) / stepMs));
  const least = cells.reduce((low, { level }) => Math.min(low, level), Infinity);
  const most = cells.reduce((high, { level }) => Math.max(high, level), -Infinity);
  const levels = cells.length === 0 ? 0 : most - least + 1;
  const perRow = Math.max(1, Math.ceil(levels / rows));
  const height = Math.ceil(levels / perRow);
  const grid = () => Array.from({ length: columns }, () => Array.from({ length: height }, () => 0));
  const counts = grid();
  const errors = grid();
  for (const { column, level, count, errors: failed } of cells) {
    const row = Math.floor((level - least) / perRow);
    if (column < 0 || column >= columns) continue;
    counts[column]![row]! += count;
    errors[column]![row]! += failed;
  }
  const bound = (level: number) => (level <= 0 ? 0 : (SHORTEST_NS / 1e6) * 2 ** (level / CLASSES_PER_DOUBLING));
  const bounds = cells.length === 0 ? [] : Array.from({ length: height + 1 }, (_, i) => bound(least + i * perRow));
  return { start_ms: startMs, step_ms: stepMs, bounds_ms: bounds, counts, errors };
}
