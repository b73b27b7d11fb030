/** A piece of time: `startMs` inclusive, `endMs` exclusive. */
export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

/** What only its callers know is judged by at most so much: a fault of ten minutes would not show in the mean of a day. */
const JUDGED_MS = 5 * 60_000;
/** Calls between services are known this long after they ended, because both ends' spans are waited for. */
const SETTLED_AFTER_MS = 80_000;
const SHORTEST_MS = 45_000;

/** The end of a range, by which nodes are judged. */
export function judgedPeriod({ startMs, endMs }: Period): Period {
  return { startMs: Math.max(startMs, endMs - JUDGED_MS), endMs };
}

/** The period of the same length before. */
export function previousPeriod({ startMs, endMs }: Period): Period {
  return { startMs: Math.max(0, startMs - (endMs - startMs)), endMs: startMs };
}

/** Without the last moments, of which calls are not known yet, where enough is left. */
export function settledPeriod({ startMs, endMs }: Period, nowMs: number): Period {
  const settledMs = Math.min(endMs, nowMs - SETTLED_AFTER_MS);
  return { startMs, endMs: settledMs - startMs >= SHORTEST_MS ? settledMs : endMs };
}

/** A step that cuts a period into at most so many, of what the tables know: whole tens of seconds, minutes or hours. */
export function stepOf({ startMs, endMs }: Period, most: number): number {
  const least = (endMs - startMs) / most;
  const unit = least <= 50_000 ? 10_000 : least <= 3_000_000 ? 60_000 : 3_600_000;
  return Math.max(unit, Math.ceil(least / unit) * unit);
}
