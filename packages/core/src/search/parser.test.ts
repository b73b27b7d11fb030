import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import type { SearchNode } from './ast.ts';
import { parseSearch, printSearch, tokenizeSearch } from './search.ts';

/** A node without positions, which differ between two ways of writing the same. */
function bare(node: SearchNode): unknown {
  return JSON.parse(JSON.stringify(node, (key, value: unknown) => (key === 'from' && typeof value === 'number') || (key === 'to' && typeof value === 'number') ? undefined : value));
}

const word = (text: string) => ({ kind: 'text', form: 'word', text });
const field = (name: string, condition: object) => ({ kind: 'field', field: name, condition });
const is = (name: string, value: string) => field(name, { op: 'is', value });
const and = (...nodes: object[]) => ({ kind: 'and', nodes });
const or = (...nodes: object[]) => ({ kind: 'or', nodes });
const not = (node: object) => ({ kind: 'not', node });

describe('the search language', () => {
  it.each([
    ['', { kind: 'all' }],
    ['  ', { kind: 'all' }],
    ['*', { kind: 'all' }],
    ['timed out', and(word('timed'), word('out'))],
    ['timed AND out', and(word('timed'), word('out'))],
    ['"timed out"', { kind: 'text', form: 'phrase', text: 'timed out' }],
    ['a OR b c', or(word('a'), and(word('b'), word('c')))],
    ['(a OR b) c', and(or(word('a'), word('b')), word('c'))],
    ['a (b (c d))', and(word('a'), word('b'), word('c'), word('d'))],
    ['-a NOT b -(c d)', and(not(word('a')), not(word('b')), not(and(word('c'), word('d'))))],
    ['or and not', and(word('or'), word('and'), word('not'))],
    ['service:cart', is('service', 'cart')],
    ['service:"my cart"', is('service', 'my cart')],
    ['"my field":x', is('my field', 'x')],
    ['service=cart level!=info', and(is('service', 'cart'), not(is('level', 'info')))],
    ['level>=warn', field('level', { op: '>=', value: 'warn' })],
    ['status:>=500', field('status', { op: '>=', value: '500' })],
    ['duration>250ms', field('duration', { op: '>', value: '250ms' })],
    ['status:[500 TO 599]', field('status', { op: 'range', from: '500', to: '599', fromInclusive: true, toInclusive: true })],
    ['status:{500 TO *}', field('status', { op: 'range', from: '500', fromInclusive: false, toInclusive: false })],
    ['status:[500 TO 600}', field('status', { op: 'range', from: '500', to: '600', fromInclusive: true, toInclusive: false })],
    ['status:500..599', field('status', { op: 'range', from: '500', to: '599', fromInclusive: true, toInclusive: true })],
    ['status:500..*', field('status', { op: 'range', from: '500', fromInclusive: true, toInclusive: true })],
    ['t:[-5 TO -1]', field('t', { op: 'range', from: '-5', to: '-1', fromInclusive: true, toInclusive: true })],
    ['service:(a OR b OR "c d")', field('service', { op: 'in', values: ['a', 'b', 'c d'] })],
    ['service:(a* OR -b)', or(field('service', { op: 'like', pattern: 'a*' }), not(is('service', 'b')))],
    ['n:(>5 AND <10)', and(field('n', { op: '>', value: '5' }), field('n', { op: '<', value: '10' }))],
    ['n:(-5 OR 7)', field('n', { op: 'in', values: ['-5', '7'] })],
    ['user.id:*', field('user.id', { op: 'exists' })],
    ['-user.id:*', not(field('user.id', { op: 'exists' }))],
    ['path:/health', is('path', '/health')],
    ['path:/api/cart', is('path', '/api/cart')],
    ['path:/^\\/api\\/\\d+$/', field('path', { op: 'matches', pattern: '^/api/\\d+$' })],
    ['path:/api/*', field('path', { op: 'like', pattern: '/api/*' })],
    ['time*out', { kind: 'text', form: 'like', text: 'time*out' }],
    ['a**b', { kind: 'text', form: 'like', text: 'a*b' }],
    ['100\\*', word('100*')],
    ['a\\*b*', { kind: 'text', form: 'like', text: 'a\\*b*' }],
    ['http://x.de/a?b=c std::string 12:30:45 10.0.0.1:80', and(word('http://x.de/a?b=c'), word('std::string'), word('12:30:45'), word('10.0.0.1:80'))],
    ['a==b key= -> --flag', and(word('a==b'), word('key='), word('->'), word('--flag'))],
    ['op:f(x) (op:g(y))', and(is('op', 'f(x)'), is('op', 'g(y)'))],
    ['"C:\\temp \\"x\\""', { kind: 'text', form: 'phrase', text: 'C:\\temp "x"' }],
    ['@user:x app.kubernetes.io/name:y', and(is('@user', 'x'), is('app.kubernetes.io/name', 'y'))],
    ['\\AND', word('AND')],
  ])('reads %s', (text, expected) => {
    expect(bare(parseSearch(text))).toEqual(expected);
  });

  it.each([
    ['service: cart', 0, 8, 'nothing follows service:', 'without a space'],
    ['level >= warn', 6, 8, 'directly before >=', 'like level>=warn'],
    ['x level:', 2, 8, 'nothing follows level:', 'level:*'],
    ['a "b c', 2, 6, 'not closed', 'at its end'],
    ['a (b', 2, 3, 'opened and not closed', ''],
    ['a) b', 1, 2, 'closed that was not opened', 'quote it'],
    ['a ()', 2, 4, 'between the parentheses', ''],
    ['a OR', 2, 4, 'nothing follows OR', 'quote it'],
    ['a AND', 2, 5, 'nothing follows AND', 'quote it'],
    ['OR a', 0, 2, 'nothing stands before OR', 'quote it'],
    ['AND a', 0, 3, 'nothing stands before AND', 'quote it'],
    ['a NOT', 2, 5, 'nothing follows NOT', 'quote it'],
    ['s:[5 6]', 2, 5, 'not a range', '[500 TO 599]'],
    ['s:[5 TO 6', 2, 9, 'not a range', '[500 TO 599]'],
    ['s:[a* TO b]', 3, 5, 'cannot end in a wildcard', 'open end'],
    ['n>5*', 2, 4, 'cannot be used with *', 'quote it'],
    ['m:/timed out/', 8, 9, 'a space in a regular expression', '\\s'],
    ['a\\', 1, 2, 'escapes nothing', '\\\\'],
    ['"":x', 0, 2, 'empty name', ''],
  ])('says what is wrong with %s, and where', (text, from, to, message, hint) => {
    const caught = failure(text);
    expect(caught?.code).toBe('bad_query');
    expect(caught?.message).toContain(message);
    expect(caught?.fields).toMatchObject({ from, to });
    expect(caught?.fields['hint'] ?? '').toContain(hint);
  });

  it('does not read what is too long, too deep or too much', () => {
    expect(failure('x'.repeat(9000))?.message).toContain('at most 8192');
    expect(failure(`${'('.repeat(4000)}a`)?.message).toContain('nested deeper');
    expect(failure('-'.repeat(1) + 'NOT '.repeat(500) + 'a')?.message).toContain('nested deeper');
    expect(failure('a '.repeat(300))?.message).toContain('more than 256 terms');
  });

  it('says where each term stands', () => {
    const text = 'a -service:cart ("x y" OR z>=5)';
    const spans: string[] = [];
    const collect = (node: SearchNode): void => {
      if (node.kind === 'and' || node.kind === 'or') node.nodes.forEach(collect);
      else if (node.kind === 'not') collect(node.node);
      else if (node.kind === 'text' || node.kind === 'field') spans.push(text.slice(node.from, node.to));
    };
    collect(parseSearch(text));
    expect(spans).toEqual(['a', 'service:cart', '"x y"', 'z>=5']);
  });

  it('never fails but with bad_query, and prints what it read so that it is read again', () => {
    const pieces = ['a', 'B*', '"c d"', 'service', ':', ':', '(', ')', '-', ' ', ' ', 'OR', 'AND', 'NOT', ' TO ', '[', ']', '{', '}', '*', '\\', '/', '"', '>', '<', '=', '!', '5', '..', 'é', '🙂', '@', '.', '\t', '&&', '||', 'x:y', 'x:/r/', 'x:[1 TO 2]'];
    let state = 42;
    const random = (below: number): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
    const problems: string[] = [];
    let read = 0;
    for (let i = 0; i < 4000; i++) {
      const text = Array.from({ length: random(12) }, () => pieces[(random(1 << 20) >> 4) % pieces.length]!).join('');
      const problem = problemWith(text);
      if (problem === undefined) read++;
      else if (problem !== '') problems.push(`${text}: ${problem}`);
    }
    expect(problems).toEqual([]);
    expect(read).toBeGreaterThan(1000);
  });
});

describe('the tokens of a query', () => {
  const tokens = (text: string) => tokenizeSearch(text).map(({ kind, from, to }) => [kind, text.slice(from, to)]);

  it('are its pieces, in order', () => {
    expect(tokens('a -service:(x OR "y z") "b c" n:[1 TO 5]')).toEqual([
      ['text', 'a'],
      ['operator', '-'],
      ['field', 'service'],
      ['operator', ':'],
      ['parenthesis', '('],
      ['value', 'x'],
      ['operator', 'OR'],
      ['value', '"y z"'],
      ['parenthesis', ')'],
      ['phrase', '"b c"'],
      ['field', 'n'],
      ['operator', ':'],
      ['operator', '['],
      ['value', '1'],
      ['operator', 'TO'],
      ['value', '5'],
      ['operator', ']'],
    ]);
  });

  it('end with what cannot be read', () => {
    expect(tokens('a level: b')).toEqual([['text', 'a'], ['error', 'level: b']]);
    expect(tokens('a "b')).toEqual([['text', 'a'], ['error', '"b']]);
  });
});

/** What is wrong with how a text is read or refused; nothing ('') where it is refused well, undefined where it is read and printed well. */
function problemWith(text: string): string | undefined {
  const error = failure(text);
  if (error) {
    const { from, to } = error.fields as { from: number; to: number };
    if (!(error instanceof AppError) || error.code !== 'bad_query') return String(error);
    return from >= 0 && from <= to && to <= text.length ? '' : `position ${from}–${to}`;
  }
  const node = parseSearch(text);
  const printed = printSearch(node);
  const again = parseSearch(printed);
  if (JSON.stringify(bare(again)) !== JSON.stringify(bare(node))) return `is printed as ${printed}`;
  return printSearch(again) === printed ? undefined : 'is printed in two ways';
}

function failure(text: string): AppError | undefined {
  try {
    parseSearch(text);
    return undefined;
  } catch (error) {
    return error as AppError;
  }
}
