import { expect, it } from 'vitest';
import { choicesOf, markedPieces, narrowed, needlesOf, within, withoutChoice, withoutEach } from './query-terms.ts';

it('reads what is chosen of each field', () => {
  const choices = choicesOf('service:(cart OR pay) -level:debug -level:info x status:500');
  expect(choices.get('service')).toEqual({ included: ['cart', 'pay'], excluded: [] });
  expect(choices.get('level')).toEqual({ included: [], excluded: ['debug', 'info'] });
  expect(choices.get('status')).toEqual({ included: ['500'], excluded: [] });
  expect(choicesOf('a "b').size).toBe(0);
});

it('counts a field as if nothing of it was chosen', () => {
  expect(withoutChoice('service:(cart OR pay) -service:x timeout', 'service')).toBe('-service:x timeout');
  expect(withoutChoice('timeout', 'service')).toBe('timeout');
});

it('narrows by a value, and leaves alone what it cannot read', () => {
  expect(narrowed('x', 'include', 'service', 'cart')).toBe('x service:cart');
  expect(narrowed('x service:cart', 'exclude', 'service', 'cart')).toBe('x -service:cart');
  expect(narrowed('x -service:cart', 'clear', 'service', 'cart')).toBe('x');
  expect(narrowed('a "b', 'include', 'service', 'cart')).toBe('a "b');
});

it('says what is left without each term', () => {
  expect(withoutEach('service:cart (a OR b) x')).toEqual([
    { term: 'service:cart', rest: '(a OR b) x' },
    { term: 'a OR b', rest: 'service:cart x' },
    { term: 'x', rest: 'service:cart (a OR b)' },
  ]);
  expect(withoutEach('x')).toEqual([]);
});

it('limits a query further', () => {
  expect(within('', 'level>=error')).toBe('level>=error');
  expect(within('a OR b', 'level>=error')).toBe('(a OR b) level>=error');
});

it('marks what was searched for, and nothing that was excluded', () => {
  const line = 'Timed out: cart-7 timed out after 5.0 s';
  const marked = (query: string) => markedPieces(line, needlesOf(query)).filter((piece) => piece.marked).map((piece) => piece.text);
  expect(marked('"timed out" -cart')).toEqual(['Timed out', 'timed out']);
  expect(marked('cart-* body:5.0')).toEqual(['cart-7', '5.0']);
  expect(marked('service:cart')).toEqual([]);
  expect(markedPieces(line, needlesOf('out')).map((piece) => piece.text).join('')).toBe(line);
});
