import type { HeatmapAnswer } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { boxOf, cellAt, countsIn, durationTicks, largestCount, levelOf, pickOf, quantileMs, rectangleOf, sayCell, SHADES, shadeOf, shadeSteps } from './heatmap-model.ts';

/** Three columns of ten seconds; rows 1–10, 10–100 and 100–1000 ms. */
const heatmap: HeatmapAnswer = {
  start_ms: 50_000,
  step_ms: 10_000,
  bounds_ms: [1, 10, 100, 1000],
  counts: [
    [80, 0, 0],
    [10, 6, 0],
    [0, 0, 4],
  ],
  errors: [
    [0, 0, 0],
    [0, 3, 0],
    [0, 0, 4],
  ],
};
const plot = { left: 50, top: 10, width: 300, height: 90 };

describe('cells', () => {
  it('lie with the short ones at the bottom', () => {
    expect(cellAt(heatmap, plot, { x: 51, y: 99 })).toEqual({ column: 0, row: 0 });
    expect(cellAt(heatmap, plot, { x: 349, y: 11 })).toEqual({ column: 2, row: 2 });
    expect(cellAt(heatmap, plot, { x: 40, y: 50 })).toBeUndefined();
    expect(cellAt(heatmap, plot, { x: 60, y: 101 })).toBeUndefined();
  });
  it('say what they hold', () => {
    expect(sayCell(heatmap, 1, 1)).toMatch(/^10.ms – 100.ms: 6 spans, 3 failed \(50.%\)$/);
    expect(sayCell(heatmap, 0, 0)).toMatch(/: 80 spans$/);
    expect(sayCell(heatmap, 0, 2)).toMatch(/: no span$/);
  });
});

describe('a piece', () => {
  it('is made of whole cells, from any corner, also from outside', () => {
    const cells = rectangleOf(heatmap, plot, { x: 500, y: 0 }, { x: 160, y: 60 });
    expect(cells).toEqual({ firstColumn: 1, lastColumn: 2, firstRow: 1, lastRow: 2 });
    expect(pickOf(heatmap, cells!)).toEqual({ fromMs: 60_000, toMs: 80_000, leastMs: 10, mostMs: 1000 });
  });
  it('is drawn where it was chosen, and not at all when the heatmap has moved past it', () => {
    const box = boxOf(heatmap, plot, { fromMs: 60_000, toMs: 80_000, leastMs: 10, mostMs: 1000 })!;
    expect([box.x, box.y, box.width, box.height].map(Math.round)).toEqual([150, 10, 200, 60]);
    expect(boxOf(heatmap, plot, { fromMs: 0, toMs: 40_000, leastMs: 10, mostMs: 1000 })).toBeUndefined();
  });
  it('cannot be made of nothing', () => {
    expect(rectangleOf({ ...heatmap, bounds_ms: [], counts: [[]], errors: [[]] }, plot, { x: 60, y: 20 }, { x: 90, y: 40 })).toBeUndefined();
  });
});

describe('shades', () => {
  it('run from few to many', () => {
    expect([shadeOf(0, 80), shadeOf(1, 80), shadeOf(80, 80)]).toEqual([0, 1, SHADES]);
    expect(shadeOf(1, 1)).toBe(SHADES);
    const shades = Array.from({ length: 80 }, (_, i) => shadeOf(i + 1, 80));
    expect(shades).toEqual([...shades].sort((a, b) => a - b));
  });
  it('say in the legend what they begin with', () => {
    for (const { shade, from } of shadeSteps(80)) expect([shadeOf(from, 80), from === 1 || shadeOf(from - 1, 80) < shade]).toEqual([shade, true]);
    expect(shadeSteps(80)[0]).toEqual({ shade: 1, from: 1 });
  });
});

it('counts, and reads a quantile off the rows', () => {
  expect([largestCount(heatmap), countsIn(heatmap)]).toEqual([80, { spans: 100, errors: 7 }]);
  expect(quantileMs(heatmap, 0.96)).toBeCloseTo(100);
  expect(quantileMs(heatmap, 0.9)).toBeCloseTo(10);
  expect(quantileMs({ ...heatmap, counts: [[0, 0, 0]] }, 0.5)).toBeUndefined();
});

it('has round durations on its axis', () => {
  expect(durationTicks(heatmap.bounds_ms, 4)).toEqual([1, 10, 100, 1000].map((ms, level) => ({ ms, level })));
  expect(levelOf([0, 1, 10], 0.5)).toBe(0.5);
});
