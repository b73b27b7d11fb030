import { describe, expect, it } from 'vitest';
import { completingAt, problemOf, queryWithout, writtenValue } from './search-completion.ts';

describe('what is completed at the cursor', () => {
  it.each([
    ['', { kind: 'field', from: 0, text: '' }],
    ['serv', { kind: 'field', from: 0, text: 'serv' }],
    ['a -user.i', { kind: 'field', from: 3, text: 'user.i' }],
    ['service:', { kind: 'value', from: 8, text: '', field: 'service' }],
    ['x -service:ca', { kind: 'value', from: 11, text: 'ca', field: 'service' }],
    ['level>=wa', { kind: 'value', from: 7, text: 'wa', field: 'level' }],
    ['status:>=5', { kind: 'value', from: 9, text: '5', field: 'status' }],
    ['service:"my c', { kind: 'value', from: 8, text: 'my c', field: 'service' }],
    ['"my field":x', { kind: 'value', from: 11, text: 'x', field: 'my field' }],
    ['service:(cart OR p', { kind: 'value', from: 17, text: 'p', field: 'service' }],
    ['(service:cart OR lev', { kind: 'field', from: 17, text: 'lev' }],
    ['service:(a OR b) lev', { kind: 'field', from: 17, text: 'lev' }],
  ])('%s', (query, expected) => expect(completingAt(query, query.length)).toEqual(expected));

  it('is nothing inside a phrase', () => expect(completingAt('"timed o', 8)).toBeUndefined());
});

it('writes values so that they are read as they are', () => {
  expect(['cart', 'my cart', 'a"b', '/api/cart'].map(writtenValue)).toEqual(['cart', '"my cart"', '"a\\"b"', '/api/cart']);
});

it('asks for the values of a field by what stands before it', () => {
  expect(queryWithout('level:error service:ca', 22)).toBe('level:error');
  expect(queryWithout('level:error -service:', 21)).toBe('level:error');
  expect(queryWithout('(a OR service:', 14)).toBe('');
});

it('says what is wrong and where', () => {
  expect(problemOf('service:cart')).toBeUndefined();
  expect(problemOf('a "b c')).toMatchObject({ from: 2, to: 6, message: expect.stringContaining('not closed') });
});
