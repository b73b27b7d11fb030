/**
 * Counters made of counts per bucket. A counter counts since the UTC day began: its reset at midnight is one as Prometheus knows them. It has
 * a sample at the end of every bucket from the start of the first one with traffic until two hours after the start of the last
 * hour with traffic, so that rates fall to zero and old series go away.
 */

const HOUR_S = 3600;
const DAY_S = 86_400;
const ALIVE_S = 2 * HOUR_S;

export interface GridTimes {
  /** Hour-aligned second at which slots begin. */
  readonly startS: number;
  readonly stepS: number;
  /** Slots that have ended. */
  readonly slots: number;
  /** Ascending times of samples. One may be a bucket's middle: the zero after a midnight. */
  readonly timesMs: Float64Array;
  /** Slots that have ended by each time; in a midnight's zero those of the day that has ended. */
  readonly ended: Int32Array;
  readonly isReset: Uint8Array;
}

/** Times within [minMs, maxMs] of samples of slots that begin at an hour and have ended by `closedMs`. */
export function gridTimes(minMs: number, maxMs: number, closedMs: number, stepS: number): GridTimes {
  const startS = Math.floor(minMs / 1000 / HOUR_S) * HOUR_S;
  const lastMs = Math.min(maxMs, closedMs);
  const slots = Math.max(0, Math.floor((lastMs / 1000 - startS) / stepS));
  const times: number[] = [];
  const ended: number[] = [];
  const resets: number[] = [];
  const add = (timeMs: number, slot: number, isReset: number): void => {
    if (timeMs < minMs || timeMs > lastMs) return;
    times.push(timeMs);
    ended.push(slot);
    resets.push(isReset);
  };
  for (let slot = 0; slot <= slots; slot++) {
    const timeS = startS + slot * stepS;
    add(timeS * 1000, slot, 0);
    if (timeS % DAY_S === 0) add(timeS * 1000 + (stepS * 1000) / 2, slot, 1);
  }
  return { startS, stepS, slots, timesMs: Float64Array.from(times), ended: Int32Array.from(ended), isReset: Uint8Array.from(resets) };
}

export interface CounterSamples {
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

/**
 * The samples of one series. `counts` by slot; slots below 0 are hours before the start, of which those of the same day count.
 * `traffic` says when the series is shown, and may be another series' counts (all buckets of a histogram are shown together).
 */
export function counterSamples(grid: GridTimes, counts: ReadonlyMap<number, number>, traffic: ReadonlyMap<number, number>): CounterSamples {
  const { startS, stepS, timesMs, ended, isReset } = grid;
  const shown = shownTimes(grid, traffic);
  const values = new Float64Array(timesMs.length);
  const hoursOfDay = (startS % DAY_S) / HOUR_S;
  let value = 0;
  for (const [slot, count] of counts) if (slot < 0 && -slot <= hoursOfDay) value += count;
  let slot = 0;
  let kept = 0;
  for (let i = 0; i < timesMs.length; i++) {
    for (; slot < ended[i]!; slot++) {
      // What ended at midnight was counted by the day before.
      if (slot > 0 && (startS + slot * stepS) % DAY_S === 0) value = 0;
      value += counts.get(slot) ?? 0;
    }
    if (shown[i] === 1) values[kept++] = isReset[i] === 1 ? 0 : value;
  }
  return { timestampsMs: kept === timesMs.length ? timesMs.slice() : timesMs.filter((_, i) => shown[i] === 1), values: values.slice(0, kept) };
}

function shownTimes({ startS, stepS, timesMs, ended }: GridTimes, traffic: ReadonlyMap<number, number>): Uint8Array {
  let aliveUntilS = -Infinity;
  for (const slot of traffic.keys()) if (slot < 0) aliveUntilS = Math.max(aliveUntilS, startS + slot * HOUR_S + ALIVE_S);
  const shown = new Uint8Array(timesMs.length);
  let slot = 0;
  for (let i = 0; i < timesMs.length; i++) {
    for (; slot <= ended[i]!; slot++) {
      if (traffic.has(slot)) aliveUntilS = Math.max(aliveUntilS, Math.floor((startS + slot * stepS) / HOUR_S) * HOUR_S + ALIVE_S);
    }
    if (timesMs[i]! / 1000 <= aliveUntilS) shown[i] = 1;
  }
  return shown;
}
