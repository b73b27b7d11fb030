import { expect, it } from 'vitest';
import { countOf, listOf, sayAge, sayDuration } from './phrase.ts';

it('says durations as people do', () => {
  expect([250, 40_000, 180_000, 7_500_000, 12.4 * 86_400_000].map(sayDuration)).toEqual(['250 ms', '40 s', '3 min', '2 h 5 min', '12 days']);
  expect(sayAge(0, 1000)).toBe('just now');
  expect(sayAge(0, 60_000)).toBe('60 s ago');
});

it('counts and lists', () => {
  expect([countOf(1, 'host'), countOf(1204, 'series', 'series')]).toEqual(['1 host', '1,204 series']);
  expect([listOf([]), listOf(['a']), listOf(['a', 'b']), listOf(['a', 'b', 'c', 'd', 'e'])]).toEqual(['', 'a', 'a and b', 'a, b and 3 more']);
});
