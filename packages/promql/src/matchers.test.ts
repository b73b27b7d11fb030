import { describe, expect, it } from 'vitest';
import { compileMatcher, compileMatchers, compileRegex } from './matchers.ts';

describe('compileRegex', () => {
  it.each([
    ['abc', ['abc'], ['abcd', 'xabc', '']],
    ['a|b', ['a', 'b'], ['ab', 'c']],
    ['(?:a|b\\.c)', ['a', 'b.c'], ['bxc']],
    ['', [''], ['a']],
    ['a|', ['a', ''], ['b']],
    ['.*', ['', 'a\nb'], []],
    ['.+', ['x', '\n'], ['']],
    ['pre.*', ['pre', 'prefix', 'pre\nx'], ['xpre']],
    ['pre.+', ['prex'], ['pre']],
    ['.*fix', ['fix', 'suffix'], ['fixx']],
    ['.+fix', ['afix'], ['fix']],
    ['.*mid.*', ['mid', 'amidb'], ['md']],
    ['.+mid.+', ['amidb', 'midmida'], ['mid', 'mida', 'amid']],
    ['.*a.*b', ['ab', 'xaxb'], ['ba']],
    ['[a-c]+\\d{2}', ['abc12'], ['abc1']],
    ['(?i)AbC', ['abc', 'ABC'], ['abd']],
    ['\\d\\w', ['1a'], ['aa']],
    ['a\\-b', ['a-b'], ['a\\-b']],
  ])('%s', (pattern, yes, no) => {
    const test = compileRegex(pattern);
    for (const value of yes) expect(test(value), `${pattern} on ${value}`).toBe(true);
    for (const value of no) expect(test(value), `${pattern} on ${value}`).toBe(false);
  });

  it('stays linear where backtracking engines hang', () => {
    expect(compileRegex('(a+)+$')(`${'a'.repeat(5000)}!`)).toBe(false);
  });

  it('throws on a pattern that is not RE2', () => {
    expect(() => compileRegex('(')).toThrow('missing closing )');
    expect(() => compileRegex('(?=a)')).toThrow('error parsing regexp');
  });
});

describe('matchers', () => {
  it('sees a missing label as empty', () => {
    expect(compileMatcher({ name: 'x', type: '=', value: '' })('')).toBe(true);
    const matches = compileMatchers([
      { name: '__name__', type: '=', value: 'up' },
      { name: 'job', type: '!=', value: 'a' },
      { name: 'zone', type: '!~', value: 'b|c' },
    ]);
    expect(matches(['__name__', 'up'])).toBe(true);
    expect(matches(['__name__', 'up', 'job', 'a'])).toBe(false);
    expect(matches(['__name__', 'up', 'job', 'b', 'zone', 'c'])).toBe(false);
  });
});
