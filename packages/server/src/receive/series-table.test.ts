import { describe, expect, it } from 'vitest';
import { KeySeeds, ROOT_SEED, SeriesTable } from './series-table.ts';

function look(table: SeriesTable, text: string): number {
  const bytes = new TextEncoder().encode(text);
  table.seed(ROOT_SEED);
  table.mixBytes(new DataView(bytes.buffer), 0, bytes.length);
  return table.find(bytes.length);
}

function put(table: SeriesTable, text: string, value: number): void {
  expect(look(table, text)).toBe(-1);
  table.put(table.a, table.b, new TextEncoder().encode(text).length, value);
}

describe('SeriesTable', () => {
  it('finds what was put, among many', () => {
    const table = new SeriesTable(1_000_000);
    for (let i = 0; i < 100_000; i++) put(table, `series ${i}`, i);
    for (let i = 0; i < 100_000; i++) expect(look(table, `series ${i}`)).toBe(i);
    expect(look(table, 'series 100000')).toBe(-1);
  });

  it('tells inputs apart that differ in one bit, in order, or in zeros at the end', () => {
    const table = new SeriesTable(10_000);
    const texts = ['abcdefgh', 'efghabcd', 'abcd', 'abcd\0', 'abcd\0\0', 'abcde', 'abcdf', '', '\0'];
    texts.forEach((text, i) => put(table, text, i));
    texts.forEach((text, i) => expect(look(table, text)).toBe(i));
  });

  it('spreads both lanes: chance collisions only, in each', () => {
    const table = new SeriesTable(1);
    const a = new Set<number>();
    const b = new Set<number>();
    const count = 200_000;
    for (let i = 0; i < count; i++) {
      look(table, `{pod="p-${i}",ns="n"}`);
      a.add(table.a);
      b.add(table.b);
    }
    // By chance about five of 200,000 share 32 bits.
    expect(count - a.size).toBeLessThan(50);
    expect(count - b.size).toBeLessThan(50);
  });

  it('starts over when it is full, when handles are void, and after six hours', () => {
    const table = new SeriesTable(3);
    ['a', 'b', 'c', 'd'].forEach((text, i) => put(table, text, i));
    expect([look(table, 'a'), look(table, 'd')]).toEqual([-1, 3]);
    expect(table.refresh(1, 1000)).toBe(true);
    put(table, 'a', 5);
    expect(table.refresh(1, 2000)).toBe(false);
    expect(look(table, 'a')).toBe(5);
    expect(table.refresh(2, 2000)).toBe(true);
    expect(look(table, 'a')).toBe(-1);
    expect(table.refresh(2, 2000 + 6 * 3_600_000)).toBe(true);
  });

  it('gives every key a seed of its own, always the same', () => {
    const seeds = new KeySeeds();
    expect(seeds.of(undefined)).toBe(ROOT_SEED);
    expect(seeds.of('a')).toBe(seeds.of('a'));
    expect(seeds.of('a')).not.toEqual(seeds.of('b'));
  });
});
