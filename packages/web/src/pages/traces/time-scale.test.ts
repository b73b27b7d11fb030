import { describe, expect, it } from 'vitest';
import { bigTrace, spanAt } from './fixtures/spans.ts';
import { barOf, minimapOf, timeTicks, viewAround, viewOf } from './time-scale.ts';

describe('the window of time', () => {
  it('lies between two shares, whichever comes first, and is never empty', () => {
    expect(viewOf(1000, 0.75, 0.25)).toEqual({ startUs: 250, endUs: 750 });
    expect(viewOf(1000, -0.5, 2)).toEqual({ startUs: 0, endUs: 1000 });
    expect(viewOf(1000, 0.5, 0.5)).toEqual({ startUs: 500, endUs: 501 });
  });
  it('around a span has room on both sides, within the trace', () => {
    expect(viewAround(spanAt('a', 0, 400, 100), 1000)).toEqual({ startUs: 350, endUs: 550 });
    expect(viewAround(spanAt('a', 0, 0, 1000), 1000)).toEqual({ startUs: 0, endUs: 1000 });
  });
  it('cuts bars at its edges', () => {
    const view = { startUs: 100, endUs: 300 };
    expect(barOf(view, 150, 200)).toEqual({ left: 0.25, width: 0.25 });
    expect(barOf(view, 0, 1000)).toEqual({ left: 0, width: 1 });
    expect(barOf(view, 0, 99)).toBeUndefined();
    expect(barOf(view, 301, 400)).toBeUndefined();
  });
  it('has round ticks', () => {
    expect(timeTicks({ startUs: 0, endUs: 1000 }, 5)).toEqual([0, 200, 400, 600, 800, 1000]);
    expect(timeTicks({ startUs: 130, endUs: 260 }, 5)).toEqual([150, 200, 250]);
  });
});

describe('the minimap', () => {
  it('joins neighbours of a service and keeps failures', () => {
    const spans = [spanAt('a', 0, 0, 100), spanAt('b', 1, 0, 30), spanAt('c', 1, 30, 30), spanAt('d', 1, 60, 10, { status: 'error' }), spanAt('e', 5, 0, 100)];
    expect(minimapOf(spans, 100, 10, 3)).toEqual([
      { lane: 0, from: 0, to: 10, service: 'shop', isError: false },
      { lane: 1, from: 0, to: 6, service: 'shop', isError: false },
      { lane: 1, from: 6, to: 7, service: 'shop', isError: true },
      { lane: 2, from: 0, to: 10, service: 'shop', isError: false },
    ]);
  });
  it('does not let a later span hide a failed one', () => {
    expect(minimapOf([spanAt('a', 0, 0, 10, { status: 'error' }), spanAt('b', 0, 0, 10)], 10, 1, 1)[0]!.isError).toBe(true);
  });
  it('has not more pieces than columns in its lanes, for any number of spans', () => {
    expect(minimapOf(bigTrace(10_000, 9), 10_000_000, 300, 12).length).toBeLessThanOrEqual(300 * 12);
  });
});
