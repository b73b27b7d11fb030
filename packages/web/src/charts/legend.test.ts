import { describe, expect, it } from 'vitest';
import { contrastOf } from '../styles/fixtures/contrast.ts';
import { assignColours, COLOUR_COUNT, colourSlot, PALETTE } from './colours.ts';
import { buildChart, pickSeries, statsOf } from './legend.ts';
import type { ChartSeries } from './series.ts';

const series = (name: string, ...values: (number | null)[]): ChartSeries => ({ key: name, name, labels: {}, values });
const many = (count: number): ChartSeries[] => Array.from({ length: count }, (_, i) => series(`s${i}`, i, i + 2));

describe('statsOf', () => {
  it('counts only what is there', () => {
    expect(statsOf([null, 2, null, 4, null])).toEqual({ min: 2, avg: 3, max: 4, last: 4 });
    expect(statsOf([null])).toEqual({ min: null, avg: null, max: null, last: null });
  });
});

describe('buildChart', () => {
  it('names eight, and beyond that the seven largest', () => {
    expect(buildChart(many(8)).named).toHaveLength(8);
    expect(buildChart(many(8)).others).toBeUndefined();
    const model = buildChart(many(20));
    expect(model.named.map((row) => row.series.name)).toEqual(['s19', 's18', 's17', 's16', 's15', 's14', 's13']);
    expect(model.others).toMatchObject({ count: 13, low: [0, 2], high: [12, 14], mean: [6, 8] });
    expect(model.rows).toHaveLength(20);
  });
  it('shows only what was picked, and lists all', () => {
    const model = buildChart(many(20), new Set(['s3']));
    expect(model.named.map((row) => row.series.name)).toEqual(['s3']);
    expect(model.rows).toHaveLength(20);
    expect(model.others).toBeUndefined();
  });
  it('keeps gaps among the others', () => {
    const model = buildChart([...many(8).map((entry) => ({ ...entry, values: [1e6, 1e6] })), series('x', null, 1), series('y', null, 3)]);
    expect(model.others?.mean[0]).toBeGreaterThan(0);
    expect(model.others?.low[1]).toBe(1);
  });
  it('gives two series of one name two colours', () => {
    const model = buildChart([{ ...series('up', 1), key: 'A0' }, { ...series('up', 2), key: 'B0' }]);
    expect(new Set(model.named.map((row) => row.slot)).size).toBe(2);
  });
});

describe('colours', () => {
  it('are the same for a name wherever it stands', () => {
    expect(assignColours(['checkout']).get('checkout')).toBe(colourSlot('checkout'));
    expect(assignColours(['b', 'a'])).toEqual(assignColours(['a', 'b']));
  });
  it('never repeat within a chart', () => {
    const slots = assignColours(many(COLOUR_COUNT).map((entry) => entry.name));
    expect(new Set(slots.values()).size).toBe(COLOUR_COUNT);
  });
  it.each([
    ['light', '#ffffff'],
    ['dark', '#15181e'],
  ] as const)('stand out from the %s background, at least 3:1', (scheme, background) => {
    for (const colour of PALETTE[scheme]) expect(contrastOf(colour, background)).toBeGreaterThanOrEqual(3);
  });
});

it('picks by click', () => {
  const one = pickSeries(new Set(), 'a', false);
  expect([...one]).toEqual(['a']);
  expect([...pickSeries(one, 'b', true)]).toEqual(['a', 'b']);
  expect([...pickSeries(one, 'a', false)]).toEqual([]);
});
