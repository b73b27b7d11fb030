import { describe, expect, it } from 'vitest';
import { environmentMatcher, quote, selector } from './environment-matcher.ts';
import { parseSearch, rangeOf, refreshMsOf, stringifySearch, validateExploreSearch, validateShellSearch } from './search.ts';

describe('the address', () => {
  it('keeps lists and odd characters through a round trip', () => {
    const search = { q: ['rate(a{b="c d",e=~"f+|g&h"}[5m])', 'up'], from: '2026-11-21T07:00:00Z', env: 'prod/eu' };
    expect(parseSearch(stringifySearch(search))).toEqual(search);
  });
  it('stays readable', () => {
    expect(stringifySearch({ q: ['sum by (job) (up)'], from: 'now-6h', view: undefined })).toBe('?q=sum+by+(job)+(up)&from=now-6h');
    expect(stringifySearch({})).toBe('');
  });
});

describe('shell state', () => {
  it('drops defaults and what cannot be read', () => {
    expect(validateShellSearch({ from: 'now-1h', to: 'now', refresh: '15s', env: '' })).toEqual({});
    expect(validateShellSearch({ from: 'rubbish', refresh: '3s', env: 'prod', other: 'x' })).toEqual({ env: 'prod' });
  });
  it('answers range and refresh', () => {
    expect(rangeOf({ from: 'now-6h' })).toEqual({ from: 'now-6h', to: 'now' });
    expect([refreshMsOf({}), refreshMsOf({ refresh: 'off' }), refreshMsOf({ refresh: '5m' })]).toEqual([15_000, 0, 300_000]);
  });
});

it('reads what Explore shows', () => {
  expect(validateExploreSearch({ q: 'up', view: 'table', step: '30s', unit: 'bytes' })).toEqual({ q: ['up'], view: 'table', step: '30s', unit: 'bytes' });
  expect(validateExploreSearch({ view: 'pie', step: 'fast', q: ['a', 3] })).toEqual({ q: ['a'] });
});

it('writes selectors that a label value cannot break out of', () => {
  expect(quote('a"b\\c\n')).toBe('"a\\"b\\\\c\\n"');
  expect(selector('up', environmentMatcher(undefined))).toBe('up');
  expect(selector('up', 'job="a"', environmentMatcher('x"} or up{a="'))).toBe('up{job="a",deployment_environment_name="x\\"} or up{a=\\""}');
});
