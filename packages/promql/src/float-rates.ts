import { FLOAT, type Frame, type RowBuilder } from './grid.ts';

/** The window of step j is (end - rangeMs, end] with end = (atMs, or else the step's time) - offsetMs. */
export interface StepWindows {
  readonly frame: Frame;
  readonly rangeMs: number;
  readonly offsetMs: number;
  readonly atMs: number | undefined;
}

interface FloatRate {
  readonly isCounter: boolean;
  readonly perSecond: boolean;
}

/** Functions that `floatRateRow` computes. */
export const FLOAT_RATES: Readonly<Record<string, FloatRate>> = {
  rate: { isCounter: true, perSecond: true },
  increase: { isCounter: true, perSecond: false },
  delta: { isCounter: false, perSecond: false },
};

/**
 * rate, increase and delta of a series of floats, written as one loop because nearly all queries spend their time here; it gives to the
 * bit what `rate-functions.ts` gives, which has the comments on extrapolation. Answers whether any step has a value.
 */
export function floatRateRow(row: RowBuilder, times: Float64Array, values: Float64Array, windows: StepWindows, kind: FloatRate): boolean {
  const { frame, rangeMs, offsetMs, atMs } = windows;
  const { startMs, stepMs, steps } = frame;
  const { isCounter, perSecond } = kind;
  const { values: out, present } = row;
  const length = times.length;
  const rangeSeconds = rangeMs / 1000;
  const falls = isCounter && resets.find(values);
  const { counts, fallen } = resets;
  // What follows from the samples' times alone is kept from step to step: scrapes are regular, and divisions are slow.
  let startGapMs = NaN;
  let endGapMs = NaN;
  let sampledMs = NaN;
  let count = 0;
  let sampled = 0;
  let toStart = 0;
  let toEnd = 0;
  let plainFactor = 0;
  let any = false;
  let low = 0;
  let high = 0;
  for (let j = 0; j < steps; j++) {
    const windowEndMs = (atMs ?? startMs + j * stepMs) - offsetMs;
    const windowStartMs = windowEndMs - rangeMs;
    while (low < length && times[low]! <= windowStartMs) low++;
    if (high < low) high = low;
    while (high < length && times[high]! <= windowEndMs) high++;
    if (high - low < 2) continue;
    const firstMs = times[low]!;
    const lastMs = times[high - 1]!;
    const firstValue = values[low]!;
    let rise = values[high - 1]! - firstValue;
    if (falls) {
      const last = counts[high - 1]!;
      for (let k = counts[low]!; k < last; k++) rise += fallen[k]!;
    }
    if (firstMs - windowStartMs !== startGapMs || windowEndMs - lastMs !== endGapMs || high - low !== count || lastMs - firstMs !== sampledMs) {
      startGapMs = firstMs - windowStartMs;
      endGapMs = windowEndMs - lastMs;
      count = high - low;
      sampledMs = lastMs - firstMs;
      sampled = sampledMs / 1000;
      const spacing = sampled / (count - 1);
      const threshold = spacing * 1.1;
      toStart = startGapMs / 1000;
      if (toStart >= threshold) toStart = spacing / 2;
      toEnd = endGapMs / 1000;
      if (toEnd >= threshold) toEnd = spacing / 2;
      plainFactor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
      if (perSecond) plainFactor /= rangeSeconds;
    }
    let factor = plainFactor;
    // A counter that would have been zero inside the window; the first comparison only saves the division where it is far from that.
    if (isCounter && rise > 0 && firstValue >= 0 && !(firstValue * sampled > 1.001 * toStart * rise)) {
      const toZero = sampled * (firstValue / rise);
      if (toZero < toStart) factor = sampled === 0 ? 1 : (sampled + toZero + toEnd) / sampled;
      if (toZero < toStart && perSecond) factor /= rangeSeconds;
    }
    out[j] = rise * factor;
    present[j] = FLOAT;
    any = true;
  }
  return any;
}

/**
 * Where values fall: counts[i] of values[1..i] are below the value before them, and fallen[k] is what the k-th of these fell from.
 * Shared by all series, one after the other: good until the next `find`.
 */
class Resets {
  counts = new Int32Array(256);
  fallen = new Float64Array(256);

  /** Answers whether there is any. */
  find(values: Float64Array): boolean {
    const { length } = values;
    let first = 1;
    while (first < length && !(values[first]! < values[first - 1]!)) first++;
    if (first >= length) return false;
    if (this.counts.length < length) {
      this.counts = new Int32Array(2 * length);
      this.fallen = new Float64Array(2 * length);
    }
    const { counts, fallen } = this;
    counts.fill(0, 0, first);
    let count = 0;
    for (let i = first; i < length; i++) {
      // Written always and kept only where it counts: gauges fall at every other sample, and no branch can be foretold there.
      fallen[count] = values[i - 1]!;
      count += values[i]! < values[i - 1]! ? 1 : 0;
      counts[i] = count;
    }
    return true;
  }
}

const resets = new Resets();
