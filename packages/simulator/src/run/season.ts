const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** 1 January 1970 was a Thursday; days are counted from Monday. */
const FIRST_DAY = 3;
const DAY_OF_WEEK = [1.06, 1.04, 1.03, 1.05, 1.08, 0.9, 0.84];

/** Load by hour and weekday in UTC as a factor of the weekly mean: a small hours' low, a noon hump and a higher evening one. */
export function season(timeMs: number): number {
  const hour = (timeMs % DAY_MS) / HOUR_MS;
  const day = DAY_OF_WEEK[(Math.floor(timeMs / DAY_MS) + FIRST_DAY) % 7]!;
  const daily = 0.98 - 0.38 * Math.cos(((hour - 3.2) * Math.PI) / 12) + 0.14 * Math.cos(((hour - 12.5) * Math.PI) / 5) * hump(hour, 12.5) + 0.3 * hump(hour, 19.5);
  return daily * day * 0.965;
}

/** A bell of four hours' width around an hour of the day. */
function hump(hour: number, around: number): number {
  const distance = Math.abs(((hour - around + 36) % 24) - 12);
  return Math.exp(-((distance / 2.5) ** 2));
}
