import { describe, expect, it } from 'vitest';
import { Annotations } from './annotations.ts';
import { FLOAT_RATES, floatRateRow } from './float-rates.ts';
import { RowBuilder, type Frame } from './grid.ts';
import { RangeWindow, type RangeKernel } from './range-window.ts';
import * as rates from './rate-functions.ts';

const KERNELS: Readonly<Record<string, RangeKernel>> = { rate: rates.rate, increase: rates.increase, delta: rates.delta };
const FRAME: Frame = { startMs: 1_000_000, stepMs: 17_000, steps: 60 };

/** A seeded generator of numbers in [0, 1). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Scrapes with gaps, jitter, resets, small starts and numbers that are none. */
function samples(seed: number): { times: Float64Array; values: Float64Array } {
  const next = random(seed);
  const times: number[] = [];
  const values: number[] = [];
  let value = seed % 3 === 0 ? 0 : next() * 1000;
  for (let timeMs = 900_000 + Math.floor(next() * 300_000); timeMs < 2_100_000; timeMs += 15_000) {
    if (next() < 0.1) timeMs += Math.floor(next() * 200_000);
    if (seed % 2 === 0) timeMs += Math.floor(next() * 40);
    value = next() < 0.05 ? 0 : value + next() * 50;
    times.push(timeMs);
    values.push(next() < 0.01 ? NaN : next() < 0.01 ? Infinity : next() < 0.02 ? -value : value);
  }
  return { times: Float64Array.from(times), values: Float64Array.from(values) };
}

function windowByWindow(kernel: RangeKernel, { times, values }: ReturnType<typeof samples>, rangeMs: number, offsetMs: number): (number | undefined)[] {
  const window = new RangeWindow({ annotations: new Annotations(), position: { start: 0, end: 0 }, params: [], mode: 'plain', rangeMs });
  window.enter({ labels: [], dropName: false, timesMs: times, values, histograms: [] });
  return Array.from({ length: FRAME.steps }, (_, j) => {
    window.endMs = FRAME.startMs + j * FRAME.stepMs - offsetMs;
    window.startMs = window.endMs - rangeMs;
    window.slide(window.startMs, window.endMs);
    return kernel(window) ? window.value : undefined;
  });
}

describe.each(Object.keys(KERNELS))('%s of floats in one loop', (name) => {
  it.each([20_000, 60_000, 300_000])('gives to the bit what it gives window by window, over %i ms', (rangeMs) => {
    let cells = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const series = samples(seed);
      const offsetMs = (seed % 4) * 5000;
      const row = new RowBuilder([], FRAME.steps);
      const any = floatRateRow(row, series.times, series.values, { frame: FRAME, rangeMs, offsetMs, atMs: undefined }, FLOAT_RATES[name]!);
      const found = Array.from(row.values, (value, j) => (row.present[j] === 1 ? value : undefined));
      const expected = windowByWindow(KERNELS[name]!, series, rangeMs, offsetMs);
      expect(found, `seed ${seed}`).toEqual(expected);
      expect(any).toBe(expected.some((value) => value !== undefined));
      cells += expected.filter((value) => value !== undefined).length;
    }
    expect(cells).toBeGreaterThan(100);
  });

  it('repeats the window that @ fixes', () => {
    const { times, values } = samples(5);
    const row = new RowBuilder([], 3);
    floatRateRow(row, times, values, { frame: { startMs: 0, stepMs: 1000, steps: 3 }, rangeMs: 300_000, offsetMs: 0, atMs: 1_600_000 }, FLOAT_RATES[name]!);
    expect([...row.present]).toEqual([1, 1, 1]);
    expect(new Set(row.values).size).toBe(1);
  });
});
