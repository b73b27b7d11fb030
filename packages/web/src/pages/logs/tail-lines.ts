import type { LogRecord } from '@pitot/core';

/** `shown` is newest first, and so is what is put on top of it; a record that is there already is not shown twice. */
export function mergeTail(shown: readonly LogRecord[], arrived: readonly LogRecord[], most: number): readonly LogRecord[] {
  const known = new Set(shown.map(({ id }) => id));
  // Ids begin with the time in nanoseconds.
  const fresh = arrived.filter(({ id }) => !known.has(id)).sort((a, b) => (a.id < b.id ? 1 : -1));
  return fresh.length === 0 ? shown : [...fresh, ...shown].slice(0, most);
}

const RATE_OVER_MS = 10_000;

/** Lines a second over the last ten seconds, of arrivals (time in milliseconds, how many) of which the old are forgotten. */
export class ArrivalRate {
  #arrivals: { readonly atMs: number; readonly count: number }[] = [];
  readonly #sinceMs: number;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  add(atMs: number, count: number): void {
    this.#arrivals.push({ atMs, count });
  }

  perSecond(nowMs: number): number {
    this.#arrivals = this.#arrivals.filter(({ atMs }) => nowMs - atMs <= RATE_OVER_MS);
    const overMs = Math.min(RATE_OVER_MS, Math.max(1000, nowMs - this.#sinceMs));
    return (this.#arrivals.reduce((sum, { count }) => sum + count, 0) / overMs) * 1000;
  }
}
