import { expect, it } from 'vitest';
import { sparkPath } from './spark-path.ts';
import { filterRows, sortRows, virtualWindow } from './table-model.ts';

it('sorts numbers as numbers, text by its numbers, and puts what is missing last', () => {
  const rows = [{ v: 10 }, { v: null }, { v: 9 }];
  expect(sortRows(rows, (row) => row.v, false).map((row) => row.v)).toEqual([9, 10, null]);
  expect(sortRows(rows, (row) => row.v, true).map((row) => row.v)).toEqual([10, 9, null]);
  expect(sortRows(['web-10', 'web-9'], (row) => row, false)).toEqual(['web-9', 'web-10']);
});

it('filters by every word', () => {
  expect(filterRows(['alpha beta', 'beta'], 'BETA al', (row) => row)).toEqual(['alpha beta']);
});

it('draws all rows up to 200, and beyond that only what can be seen', () => {
  expect(virtualWindow(200, 32, 0, 320)).toMatchObject({ first: 0, end: 200 });
  const view = virtualWindow(10_000, 32, 32_000, 320);
  expect(view.first).toBe(992);
  expect(view.end).toBe(1018);
  expect(view.padTopPx + (view.end - view.first) * 32 + view.padBottomPx).toBe(320_000);
  expect(virtualWindow(300, 32, 1e9, 320)).toMatchObject({ first: 300, end: 300 });
});

it('draws sparklines from zero and breaks them at gaps', () => {
  expect(sparkPath([], 100, 20)).toEqual({ line: '', area: '' });
  const { line } = sparkPath([1, 2, null, 4], 30, 20);
  expect(line.match(/M/g)).toHaveLength(2);
  expect(sparkPath([5, 5], 10, 20).line).toBe('M0,1L10,1');
});
