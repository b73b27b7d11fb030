import { parseSearch } from '@pitot/core/search';
import { describe, expect, it } from 'vitest';
import type { GroupCounts, ValueCount } from '../../store/traces/group-reading.ts';
import { seeded } from './fixtures/made-spans.ts';
import { compareGroupCounts } from './group-comparison.ts';

const SELECTED = 400;
const BASELINE = 4000;

/** Forty fields of different numbers of values, spread over both groups by the same dice. */
function nullCounts(seed: number): GroupCounts {
  const random = seeded(seed);
  const values: ValueCount[] = [];
  for (let field = 0; field < 40; field++) {
    const distinct = 2 + Math.floor(random() * 20);
    const selected = new Int32Array(distinct);
    const baseline = new Int32Array(distinct);
    const place = () => Math.floor(random() ** 2 * distinct);
    for (let i = 0; i < SELECTED; i++) selected[place()]!++;
    for (let i = 0; i < BASELINE; i++) baseline[place()]!++;
    for (let i = 0; i < distinct; i++) values.push({ field: `f${field}`, value: `${i}`, selected: selected[i]!, baseline: baseline[i]!, distinct, present: SELECTED + BASELINE });
  }
  return { selected: SELECTED, baseline: BASELINE, sampledSelected: SELECTED, sampledBaseline: BASELINE, values };
}

const all = parseSearch('duration>500ms');
const planted: ValueCount = { field: 'db.shard', value: '3', selected: 376, baseline: 240, distinct: 8, present: SELECTED + BASELINE };

describe('two groups of spans', () => {
  it('find what was planted, first, with every seed, and nothing where nothing was', () => {
    let falsePositives = 0;
    for (let seed = 0; seed < 200; seed++) {
      const counts = nullCounts(seed);
      if (compareGroupCounts(counts, all, 10).attributes.length > 0) falsePositives++;
      const { attributes, summary } = compareGroupCounts({ ...counts, values: [...counts.values, planted] }, all, 10);
      expect(attributes[0]).toMatchObject({ field: 'db.shard', value: '3', selected_share: 0.94, baseline_share: 0.06 });
      expect(attributes[0]!.lift).toBeGreaterThan(13);
      expect(attributes[0]!.p_value).toBeLessThan(1e-100);
      expect(summary).toBe('94 % of the selected spans have db.shard=3, against 6 % of the others.');
    }
    // At most one comparison in a hundred errs: six of 200 would be a chance of 2 %.
    expect(falsePositives).toBeLessThan(6);
  });

  it('leave out ids, and what the selection was made by', () => {
    const id: ValueCount = { field: 'user.id', value: 'u1', selected: 200, baseline: 1, distinct: 2000, present: 4400 };
    const status: ValueCount = { field: 'status', value: 'error', selected: 400, baseline: 0, distinct: 2, present: 4400 };
    const route: ValueCount = { field: 'http.route', value: '/pay', selected: 300, baseline: 100, distinct: 5, present: 4400 };
    const counts = { ...nullCounts(1), values: [id, status, route, planted] };
    const fields = (selection: string) => compareGroupCounts(counts, parseSearch(selection), 10).attributes.map(({ field }) => field);
    expect(fields('duration>1s')).toEqual(['status', 'db.shard', 'http.route']);
    expect(fields('error:true')).toEqual(['db.shard', 'http.route']);
    expect(fields('status:error route:/pay')).toEqual(['db.shard']);
    expect(fields('(status:error OR -db.shard:2)')).toEqual(['http.route']);
  });

  it('say so where there is nothing to compare', () => {
    const none = { selected: 0, baseline: 5, sampledSelected: 0, sampledBaseline: 5, values: [] };
    expect(compareGroupCounts(none, all, 10)).toEqual({ selected: 0, baseline: 5, attributes: [], summary: 'No span was selected; widen the selection.' });
    expect(compareGroupCounts({ ...none, selected: 5, baseline: 0 }, all, 10).summary).toMatch(/nothing to compare/);
    expect(compareGroupCounts(nullCounts(3), all, 10).summary).toBe('No attribute value is more frequent among the selected spans than chance explains.');
  });
});
