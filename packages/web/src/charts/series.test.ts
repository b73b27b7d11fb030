import { describe, expect, it } from 'vitest';
import { axisRange } from './axis-range.ts';
import { csvField, toCsv } from './export.ts';
import { alignSeries, alonePoints, fillTemplate, gridTimes, seriesName, toChartSeries } from './series.ts';
import { timeLabels } from './time-labels.ts';

const GRID = { startMs: 10_000, endMs: 40_000, stepMs: 10_000 };

describe('alignSeries', () => {
  it('leaves gaps where nothing was answered, and drops what lies outside', () => {
    const values = alignSeries({ metric: {}, values: [[10, '1'], [30, '3'], [50, '9']] }, GRID);
    expect(values).toEqual([1, null, 3, null]);
    expect(gridTimes(GRID)).toEqual([10, 20, 30, 40]);
  });
  it('draws neither NaN nor infinity', () => {
    expect(alignSeries({ metric: {}, values: [[10, 'NaN'], [20, '+Inf'], [30, '-Inf'], [40, '0']] }, GRID)).toEqual([null, null, null, 0]);
  });
});

describe('names', () => {
  it('are written as PromQL', () => {
    expect(seriesName({ __name__: 'up', job: 'a' }, 'x')).toBe('up{job="a"}');
    expect(seriesName({ job: 'a' }, 'x')).toBe('{job="a"}');
    expect(seriesName({}, 'sum(up)')).toBe('sum(up)');
  });
  it('come from templates where there is one', () => {
    expect(fillTemplate('{{ host }} in {{zone}}', { host: 'web-1' })).toBe('web-1 in');
    expect(toChartSeries([{ metric: { host: 'web-1' } }], GRID, 'A', 'f', '{{host}}')[0]?.name).toBe('web-1');
  });
});

describe('axes', () => {
  it('start at zero for amounts, whatever their size', () => {
    expect(axisRange(900, 1000, 'count')[0]).toBe(0);
    expect(axisRange(2, 3, 'usd')[0]).toBe(0);
    expect(axisRange(0, 0, 'bytes')).toEqual([0, 1]);
  });
  it('make room below for negative values, and float for instants', () => {
    expect(axisRange(-5, 5, 'none')[0]).toBeLessThan(-5);
    expect(axisRange(1000, 1001, 'timestamp')[0]).toBeGreaterThan(900);
  });
  it('end where they are told, unless the data is beyond', () => {
    expect(axisRange(0, 40, 'percent', 100)).toEqual([0, 100]);
    expect(axisRange(0, 140, 'percent', 100)[1]).toBeGreaterThan(140);
    expect(axisRange(null, null, 'percent', 100)).toEqual([0, 100]);
  });
  it('write clock times, and the date at midnight', () => {
    const midnight = new Date(2026, 10, 21).getTime() / 1000;
    expect(timeLabels([midnight, midnight + 3600], 3600)).toEqual(['21 Nov', '01:00']);
    expect(timeLabels([midnight + 5], 5)).toEqual(['00:00:05']);
    expect(timeLabels([midnight], 86_400)).toEqual(['21 Nov']);
  });
});

it('exports CSV that a spreadsheet reads and does not run', () => {
  expect(['a,b', 'say "x"', '=1+1', '-3.5'].map(csvField)).toEqual(['"a,b"', '"say ""x"""', "'=1+1", '-3.5']);
  const csv = toCsv([10, 20], [{ key: 'k', name: 'up', labels: {}, values: [1, null] }]);
  expect(csv).toBe('time,up\r\n1970-01-01T00:00:10.000Z,1\r\n1970-01-01T00:00:20.000Z,\r\n');
});

describe('alonePoints', () => {
  it('finds values between gaps and at the edges, and leaves lines alone', () => {
    expect(alonePoints([1, null, 2, null, 3, 4, null])).toEqual([0, 2]);
    expect(alonePoints([null, null, 5])).toEqual([2]);
    expect(alonePoints([0])).toEqual([0]);
    expect(alonePoints([])).toEqual([]);
  });
});
