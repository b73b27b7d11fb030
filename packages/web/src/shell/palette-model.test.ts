import { expect, it } from 'vitest';
import { passwordProblem, tokenFrom } from '../pages/access/setup-model.ts';
import { limitKey, wordsOfLimit } from '../pages/settings/limit-words.ts';
import { rankEntries, type PaletteEntry } from './palette-model.ts';

const entry = (group: string, label: string, keywords = ''): PaletteEntry => ({ id: label, group, label, keywords });

it('puts the best match first and keeps groups together', () => {
  const found = rankEntries([entry('Metrics', 'node_load1'), entry('Pages', 'Overview', 'load home'), entry('Metrics', 'load_average')], 'load');
  expect(found.map((item) => item.label)).toEqual(['load_average', 'node_load1', 'Overview']);
});

it('shows pages and actions at rest, and not a thousand metrics', () => {
  expect(rankEntries([entry('Metrics', 'a'), entry('Pages', 'b')], ' ').map((item) => item.label)).toEqual(['b']);
  expect(rankEntries(Array.from({ length: 100 }, (_, i) => entry('Metrics', `m${i}`)), 'm')).toHaveLength(7);
});

it('reads the setup token wherever the link carries it', () => {
  expect(tokenFrom('#token=abc')).toBe('abc');
  expect(tokenFrom('#abcdefghij_klmnopqrst')).toBe('abcdefghij_klmnopqrst');
  expect(tokenFrom('')).toBeUndefined();
  expect(passwordProblem('short')).toContain('12');
  expect(passwordProblem('long enough to keep')).toBeUndefined();
});

it('explains limits by key, also ones it does not know', () => {
  expect(wordsOfLimit('limits.body_bytes').unit).toBe('bytes');
  expect(wordsOfLimit('some_new_seconds')).toEqual({ meaning: 'some new seconds', unit: 'seconds' });
  expect([limitKey('a'), limitKey('limits.a')]).toEqual(['limits.a', 'limits.a']);
});
