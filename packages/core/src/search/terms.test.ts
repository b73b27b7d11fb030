import { describe, expect, it } from 'vitest';
import { addTerm, excludeTerm, removeTerm } from './search.ts';

describe('a query changed by clicks', () => {
  it.each([
    ['', 'service', 'cart', 'service:cart'],
    ['timed', 'service', 'my cart', 'timed service:"my cart"'],
    ['service:cart', 'service', 'cart', 'service:cart'],
    ['service:cart x', 'service', 'pay', 'service:(cart OR pay) x'],
    ['-service:cart', 'service', 'cart', 'service:cart'],
    ['a OR b', 'level', 'error', '(a OR b) level:error'],
    ['', 'k y', '5', '"k y":5'],
  ])('%s with %s = %s is %s', (query, field, value, expected) => {
    expect(addTerm(query, field, value)).toBe(expected);
  });

  it.each([
    ['service:cart x', 'service', 'cart', 'x'],
    ['service:(cart OR pay)', 'service', 'cart', 'service:pay'],
    ['-service:cart', 'service', 'cart', ''],
    ['a OR service:cart', 'service', 'cart', 'a OR service:cart'],
  ])('%s without %s = %s is %s', (query, field, value, expected) => {
    expect(removeTerm(query, field, value)).toBe(expected);
  });

  it.each([
    ['service:cart x', 'service', 'cart', 'x -service:cart'],
    ['', 'path', '/health', '-path:/health'],
    ['a OR b', 'path', '-x', '(a OR b) -path:"-x"'],
  ])('%s but not %s = %s is %s', (query, field, value, expected) => {
    expect(excludeTerm(query, field, value)).toBe(expected);
  });

  it('says where a query is wrong instead of losing it', () => {
    expect(() => addTerm('(a', 'service', 'cart')).toThrow(expect.objectContaining({ code: 'bad_query' }));
  });
});
