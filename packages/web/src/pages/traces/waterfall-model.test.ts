import { describe, expect, it } from 'vitest';
import { bigTrace, spanAt } from './fixtures/spans.ts';
import { ancestorsOf, matchSpans, moveInTree, nextError, NO_FILTER, revealed, startingCollapsed, treeOf, visibleRows } from './waterfall-model.ts';

const spans = [
  spanAt('a', 0, 0, 100),
  spanAt('b', 1, 10, 40, { parent_id: 'a', service: 'cart' }),
  spanAt('c', 2, 20, 20, { parent_id: 'b', service: 'cart', status: 'error', operation: 'GET stock' }),
  spanAt('d', 1, 60, 30, { parent_id: 'gone', service: 'pay' }),
];
const tree = treeOf(spans);
const idsOf = (rows: Int32Array): string[] => [...rows].map((i) => spans[i]!.span_id);

describe('the tree of a trace', () => {
  it('knows parents, subtrees and failures beneath', () => {
    expect([...tree.parents]).toEqual([-1, 0, 1, 0]);
    expect([...tree.ends]).toEqual([4, 3, 3, 4]);
    expect([...tree.childCounts]).toEqual([2, 1, 0, 0]);
    expect([...tree.errorsBelow]).toEqual([1, 1, 0, 0]);
  });
  it('takes the time of children away, once where they ran side by side, and none beyond its own end', () => {
    expect([...tree.selfUs]).toEqual([30, 20, 20, 30]);
    expect(treeOf([spanAt('a', 0, 0, 100), spanAt('b', 1, 0, 60), spanAt('c', 1, 40, 40), spanAt('d', 1, 90, 50)]).selfUs[0]).toBe(10);
  });
  it('marks what stands elsewhere than under its parent', () => {
    expect([...tree.orphans]).toEqual([0, 0, 0, 1]);
  });
  it('counts attempts at one call, not calls side by side', () => {
    const call = (id: string, start: number, status: 'error' | 'unset') => spanAt(id, 1, start, 10, { operation: 'charge', kind: 'client', status });
    expect([...treeOf([spanAt('a', 0, 0, 100), call('b', 0, 'error'), call('c', 20, 'error'), call('d', 40, 'unset')]).attempts]).toEqual([0, 1, 2, 3]);
    expect([...treeOf([spanAt('a', 0, 0, 100), call('b', 0, 'error'), call('c', 5, 'unset')]).attempts]).toEqual([0, 0, 0]);
    expect([...treeOf([spanAt('a', 0, 0, 100), call('b', 0, 'unset'), call('c', 20, 'unset')]).attempts]).toEqual([0, 0, 0]);
  });
});

describe('rows', () => {
  it('leave out what is collapsed', () => {
    expect(idsOf(visibleRows(tree, new Set(), undefined))).toEqual(['a', 'b', 'c', 'd']);
    expect(idsOf(visibleRows(tree, new Set(['b']), undefined))).toEqual(['a', 'b', 'd']);
    expect(idsOf(visibleRows(tree, new Set(['a', 'b']), undefined))).toEqual(['a']);
  });
  it('show matches and what is above them, collapsed or not', () => {
    const matches = matchSpans(tree, { ...NO_FILTER, text: 'STOCK get' });
    expect([...matches!]).toEqual([2, 2, 1, 0]);
    expect(idsOf(visibleRows(tree, new Set(['a']), matches))).toEqual(['a', 'b', 'c']);
    expect([...matchSpans(tree, { ...NO_FILTER, service: 'pay' })!]).toEqual([2, 0, 0, 1]);
    expect([...matchSpans(tree, { text: '', service: 'cart', errorsOnly: true })!]).toEqual([2, 2, 1, 0]);
    expect(matchSpans(tree, NO_FILTER)).toBeUndefined();
  });
  it('of a small trace are all open; of a large one few enough, with the way to what matters', () => {
    expect(startingCollapsed(tree).size).toBe(0);
    const large = treeOf(bigTrace(10_000, 9));
    const keep = large.spans[9000]!.span_id;
    const plain = visibleRows(large, startingCollapsed(large), undefined);
    const kept = visibleRows(large, startingCollapsed(large, [keep]), undefined);
    expect(plain.length).toBeLessThanOrEqual(1000);
    expect(plain).not.toContain(9000);
    expect(kept).toContain(9000);
  });
});

it('opens the way to a span, and leaves the set alone where it is open', () => {
  expect(ancestorsOf(tree, 'c')).toEqual(['b', 'a']);
  expect(revealed(tree, new Set(['a', 'b', 'd']), 'c')).toEqual(new Set(['d']));
  const collapsed = new Set(['b']);
  expect(revealed(tree, collapsed, 'b')).toBe(collapsed);
});

it('goes from error to error, around the end', () => {
  const failing = treeOf([spanAt('a', 0, 0, 9, { status: 'error' }), spanAt('b', 1, 0, 9), spanAt('c', 1, 0, 9, { status: 'error' })]);
  expect([nextError(failing, -1), nextError(failing, 0), nextError(failing, 2), nextError(failing, 0, -1)]).toEqual([0, 2, 0, 2]);
  expect(nextError(treeOf([spanAt('a', 0, 0, 9)]), -1)).toBeUndefined();
});

describe('keys', () => {
  const rows = visibleRows(tree, new Set(['b']), undefined);
  it('move, and stop at the ends', () => {
    expect(moveInTree(tree, rows, 0, new Set(['b']), 'ArrowDown')).toEqual({ kind: 'select', row: 1 });
    expect(moveInTree(tree, rows, 2, new Set(['b']), 'ArrowDown')).toEqual({ kind: 'select', row: 2 });
    expect(moveInTree(tree, rows, -1, new Set(['b']), 'ArrowDown')).toEqual({ kind: 'select', row: 0 });
    expect(moveInTree(tree, rows, 0, new Set(), 'x')).toBeUndefined();
  });
  it('open, close, go in and go out', () => {
    expect(moveInTree(tree, rows, 1, new Set(['b']), 'ArrowRight')).toEqual({ kind: 'toggle', spanId: 'b' });
    expect(moveInTree(tree, rows, 1, new Set(['b']), 'ArrowLeft')).toEqual({ kind: 'select', row: 0 });
    expect(moveInTree(tree, rows, 0, new Set(['b']), 'ArrowLeft')).toEqual({ kind: 'toggle', spanId: 'a' });
    expect(moveInTree(tree, rows, 0, new Set(['b']), 'ArrowRight')).toEqual({ kind: 'select', row: 1 });
    expect(moveInTree(tree, rows, 2, new Set(['b']), 'ArrowRight')).toBeUndefined();
  });
});
