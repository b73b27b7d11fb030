import { expect, it } from 'vitest';
import { alignGrid, chooseStepMs, durationText, MOST_POINTS } from './step.ts';

const HOUR = 3_600_000;

it.each([5 * 60_000, HOUR, 6 * HOUR, 24 * HOUR, 90 * 24 * HOUR, 3650 * 24 * HOUR])('never asks for more than 1,500 points in %d ms', (length) => {
  const grid = alignGrid(0, length, chooseStepMs(length, 100_000));
  expect((grid.endMs - grid.startMs) / grid.stepMs + 1).toBeLessThanOrEqual(MOST_POINTS);
});

it('takes steps that people read, not below the least', () => {
  expect(chooseStepMs(HOUR, 750, 10_000)).toBe(10_000);
  expect(chooseStepMs(24 * HOUR, 750, 10_000)).toBe(120_000);
});

it('aligns to the step, inside the range', () => {
  expect(alignGrid(1001, 9999, 1000)).toEqual({ startMs: 2000, endMs: 9000, stepMs: 1000 });
});

it('writes durations as PromQL does', () => {
  expect([1000, 90_000, 60_000, HOUR, 24 * HOUR, 1500].map(durationText)).toEqual(['1s', '90s', '1m', '1h', '1d', '1500ms']);
});
