import { describe, expect, it } from 'vitest';
import { madeSpan, type MadeSpan } from './fixtures/made-spans.ts';
import { buildSpanTree } from './span-tree.ts';
import { compareTraces } from './trace-comparison.ts';

function arranged(spans: readonly MadeSpan[]) {
  const made = spans.map(madeSpan);
  return { tree: buildSpanTree(made), startNs: 0n, durationUs: Math.max(0, ...made.map(({ startUs, durationUs }) => startUs + durationUs)) };
}
const compared = (left: readonly MadeSpan[], right: readonly MadeSpan[]) => compareTraces('l', arranged(left), 'r', arranged(right));

const root = { spanId: 'root', operation: 'GET /', kind: 'server', from: 0, to: 100 } as const;
const query = (spanId: string, from: number, to: number): MadeSpan => ({ spanId, operation: 'SELECT', service: 'db', kind: 'client', parentId: 'root', from, to });

describe('two traces side by side', () => {
  it('takes calls with the same path for the same, and says where the difference was made', () => {
    const many = Array.from({ length: 40 }, (_, i) => query(`q${i}`, 10 + i * 10, 19 + i * 10));
    const { rows, summary } = compared([root, query('q', 10, 20)], [{ ...root, to: 450 }, ...many]);
    expect(rows.map(({ path, depth, left, right }) => [path, depth, left?.count ?? 0, right?.count ?? 0])).toEqual([
      ['shop: GET / (server)', 0, 1, 1],
      ['shop: GET / (server) › db: SELECT (client)', 1, 1, 40],
    ]);
    expect(rows[1]).toMatchObject({ left: { total_us: 10_000, self_us: 10_000, span_id: 'q' }, right: { total_us: 360_000, self_us: 360_000 }, self_change_us: 350_000 });
    expect(summary).toBe('The right trace took 350 ms longer; 100 % of it in “SELECT” of db itself (10 ms → 360 ms, 1 → 40 calls).');
  });

  it('shows what is on one side only, and errors', () => {
    const { rows, summary, right } = compared([root], [root, { ...query('q', 10, 20), status: 'error' }]);
    expect(rows.map(({ left, right: side }) => [left === null, side === null])).toEqual([[false, false], [true, false]]);
    expect(right).toEqual({ trace_id: 'r', duration_us: 100_000, spans: 2, errors: 1 });
    expect(summary).toBe('Both took about the same time, 100 ms and 100 ms. “SELECT” in db failed on the right only.');
  });

  it('has paths that name each row once, whatever names hold, and ends recursion', () => {
    const chain = Array.from({ length: 500 }, (_, i): MadeSpan => ({ spanId: `s${i}`, operation: 'a › b', parentId: i === 0 ? '' : `s${i - 1}`, from: i, to: 1000 - i }));
    const { rows } = compared(chain, []);
    expect(new Set(rows.map(({ path }) => path)).size).toBe(rows.length);
    expect(rows.every(({ path, depth }) => path.split(' › ').length === depth + 1)).toBe(true);
    expect(rows).toHaveLength(60);
    expect(rows.reduce((sum, { left }) => sum + left!.count, 0)).toBe(500);
  });
});
