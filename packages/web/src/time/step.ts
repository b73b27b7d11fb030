/** Steps that divide minutes, hours and days, so that points fall on times people read; in milliseconds. */
const STEPS_MS: readonly number[] = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
].map((seconds) => seconds * 1000);

/** No series on screen has more points than this. */
export const MOST_POINTS = 1500;

export interface Grid {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/**
 * The smallest step not below `leastStepMs` that keeps a range within `points` points. Beyond a week per step, whole weeks.
 */
export function chooseStepMs(lengthMs: number, points: number = MOST_POINTS, leastStepMs = 1000): number {
  const wanted = Math.max(lengthMs / Math.max(1, Math.min(points, MOST_POINTS) - 1), leastStepMs);
  const step = STEPS_MS.find((candidate) => candidate >= wanted);
  return step ?? Math.ceil(wanted / 604_800_000) * 604_800_000;
}

/** Start and end on multiples of the step, so that a refresh asks for the same points again and lines do not shimmer. */
export function alignGrid(startMs: number, endMs: number, stepMs: number): Grid {
  return { startMs: Math.ceil(startMs / stepMs) * stepMs, endMs: Math.floor(endMs / stepMs) * stepMs, stepMs };
}

/** Prometheus' duration text for a number of milliseconds, in the largest unit that divides it. */
export function durationText(ms: number): string {
  for (const [unit, size] of [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1000]] as const) {
    if (ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}
