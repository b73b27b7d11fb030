const NANOS_PER_MILLISECOND = 1_000_000n;
const RFC_3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})$/i;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** A time without a zone that is this far ahead was written in another zone. */
const MAX_AHEAD_MS = 300_000;

/** Nanoseconds since 1970; undefined for what is no time. Source: RFC 5424, section 6.2.3. */
export function rfc3339NanosOf(text: string): bigint | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [, seconds, fraction = '', zone] = match;
  const timeMs = Date.parse(`${seconds}${zone!.length === 5 ? `${zone!.slice(0, 3)}:${zone!.slice(3)}` : zone}`.toUpperCase());
  return Number.isNaN(timeMs) || timeMs < 0 ? undefined : nanosOf(timeMs, fraction);
}

/** A time as RFC 3164 writes it. */
export interface LocalTime {
  readonly month: string;
  readonly day: number;
  readonly year: number | undefined;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  /** Digits behind the point. */
  readonly fraction: string;
}

/**
 * Nanoseconds since 1970 of a time that has no zone and mostly no year: this machine's zone, as other syslog servers do, and the year that
 * brings it nearest to now. One that is ahead of the clock comes from another zone and is taken as now, because it would be refused
 * otherwise. Undefined for what is no time.
 */
export function localTimeOf({ month, day, year, hours, minutes, seconds, fraction }: LocalTime, nowMs: number): bigint | undefined {
  const monthIndex = MONTHS.indexOf(month);
  if (monthIndex < 0 || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const thisYear = new Date(nowMs).getFullYear();
  const years = year === undefined ? [thisYear, thisYear - 1, thisYear + 1] : [year];
  let nearestMs: number | undefined;
  for (const candidate of years) {
    const date = new Date(candidate, monthIndex, day, hours, minutes, Math.min(seconds, 59));
    if (date.getDate() !== day) continue;
    const timeMs = date.getTime();
    if (nearestMs === undefined || Math.abs(timeMs - nowMs) < Math.abs(nearestMs - nowMs)) nearestMs = timeMs;
  }
  if (nearestMs === undefined || nearestMs < 0) return undefined;
  return nearestMs > nowMs + MAX_AHEAD_MS ? nanosOf(nowMs, '') : nanosOf(nearestMs, fraction);
}

function nanosOf(timeMs: number, fraction: string): bigint {
  return BigInt(timeMs) * NANOS_PER_MILLISECOND + BigInt(fraction.padEnd(9, '0'));
}
