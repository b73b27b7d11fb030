import { readFileSync } from 'node:fs';
import { AppError } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { exprText, parse, type Expr } from './parser.ts';

function messageOf(query: string): string {
  try {
    parse(query);
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
  return 'parsed';
}

/** Fully parenthesised, so that the tree's shape can be compared. */
function shape(expr: Expr): string {
  switch (expr.kind) {
    case 'binary':
      return `(${shape(expr.lhs)} ${expr.op} ${shape(expr.rhs)})`;
    case 'unary':
      return `${expr.op}[${shape(expr.expr)}]`;
    default:
      return exprText(expr);
  }
}

describe('literals', () => {
  it.each([
    ['0x1F', 31],
    ['0X1f', 31],
    ['1_000', 1000],
    ['2.', 2],
    ['2.e3', 2000],
    ['.5', 0.5],
    ['1m30s', 90],
    ['250ms', 0.25],
    ['-5', -5],
    ['+Inf', Infinity],
    ['-iNf', -Infinity],
    ['017', 15],
  ])('reads %s', (text, value) => {
    expect(parse(text)).toMatchObject({ kind: 'number', value });
  });

  it.each([
    [String.raw`"a\tb\u00e4\x41\101"`, 'a\tbäAA'],
    [String.raw`'it\'s'`, "it's"],
    ['`raw\\n`', 'raw\\n'],
    [String.raw`"\xc3\xa4"`, 'ä'],
  ])('unquotes %s', (text, value) => {
    expect(parse(text)).toMatchObject({ kind: 'string', value });
  });

  it('keeps bytes that are not UTF-8 apart from every valid text', () => {
    const expr = parse(String.raw`"a\xffb"`);
    expect(expr.kind === 'string' && expr.value.isWellFormed()).toBe(false);
  });
});

describe('precedence', () => {
  it.each([
    ['-1 ^ 2', '-[(1 ^ 2)]'],
    ['-2 ^ -2 ^ 2', '-[(2 ^ -[(2 ^ 2)])]'],
    ['2 ^ 3 ^ 2', '(2 ^ (3 ^ 2))'],
    ['-a * b', '(-[a] * b)'],
    ['a + b offset 5m * c', '(a + (b offset 5m * c))'],
    ['a ^ b @ 5 ^ c', '(a ^ (b @ 5.000 ^ c))'],
    ['a - b offset 1m - c', '((a - b offset 1m) - c)'],
    ['a or b @ 5 and c', '(a or (b @ 5.000 and c))'],
    ['-a offset 5m ^ 2', '-[(a offset 5m ^ 2)]'],
    ['a == bool 1 + 2', '(a == (1 + 2))'],
  ])('%s is %s', (query, expected) => {
    expect(shape(parse(query))).toBe(expected);
  });
});

describe('selectors', () => {
  it('reads a quoted metric name and quoted label names', () => {
    expect(parse('{"my.metric", "my.label"!="x"}')).toMatchObject({
      matchers: [
        { name: '__name__', type: '=', value: 'my.metric' },
        { name: 'my.label', type: '!=', value: 'x' },
      ],
    });
  });

  it('takes @ and offset in either order, and before a subquery range', () => {
    for (const query of ['a[5m] @ 10 offset 1m', 'a[5m] offset 1m @ 10']) {
      expect(parse(query)).toMatchObject({ kind: 'matrix', selector: { atMs: 10_000, offsetMs: 60_000 } });
    }
    expect(parse('a[5m:30s] @ end() offset -1m')).toMatchObject({ kind: 'subquery', atEdge: 'end', offsetMs: -60_000, stepMs: 30_000 });
  });

  it('keeps computed durations as expressions, and plain ones as numbers', () => {
    expect(parse('a[5m]')).toMatchObject({ rangeMs: 300_000, rangeExpr: undefined });
    expect(parse('a[300]')).toMatchObject({ rangeMs: 300_000, rangeExpr: undefined });
    expect(exprText(parse('a[5m*2] offset -(step() + 1)'))).toBe('a[5m * 2] offset -(step() + 1)');
    expect(exprText(parse('a[max_of(1m, min_of(2m, range()))]'))).toBe('a[max_of(1m, min_of(2m, range()))]');
  });

  it('reads max_of and min_of of numbers as functions', () => {
    expect(parse('max_of(1, min_of(2, 3))')).toMatchObject({ kind: 'call', func: { name: 'max_of' }, args: [{ value: 1 }, { kind: 'call' }] });
  });

  it('positions every node in the query itself', () => {
    const query = 'sum by (x) (  rate(a[5m]) )';
    expect(parse(query)).toMatchObject({ position: { start: 0, end: query.length }, expr: { position: { start: 14, end: 25 } } });
  });
});

describe('errors', () => {
  it.each([
    ['', '1:1: parse error: no expression found in input'],
    ['a b', '1:3: parse error: unexpected identifier "b"'],
    ['foo)', "1:4: parse error: unexpected right parenthesis ')'"],
    ['foo{', '1:5: parse error: unexpected end of input inside braces'],
    ['foo{a="b"', '1:10: parse error: unexpected end of input inside braces'],
    ['foo{a="b",,}', '1:11: parse error: unexpected "," in label matching, expected identifier or "}"'],
    ['sum(', '1:5: parse error: unclosed left parenthesis'],
    ['(a + b', '1:7: parse error: unclosed left parenthesis'],
    ['sum by (x', '1:10: parse error: unclosed left parenthesis'],
    ['sum by (x) ', '1:12: parse error: unexpected end of input in aggregation'],
    ['sum by', '1:7: parse error: unexpected end of input in grouping opts, expected "("'],
    ['a + on', '1:7: parse error: unexpected end of input in grouping opts, expected "("'],
    ['x[5m', '1:5: parse error: unclosed left bracket'],
    ['x[5m:', '1:6: parse error: unclosed left bracket'],
    ['1 +', '1:4: parse error: unexpected end of input'],
    ['a[5m] offset', '1:13: parse error: unexpected end of input in offset, expected duration'],
    ['a @ x', '1:5: parse error: unexpected identifier "x" in @, expected timestamp'],
    ['a @ start', '1:10: parse error: unexpected end of input in @, expected timestamp'],
    ['rate(a[5m]) by (x)', '1:13: parse error: unexpected <by>'],
    ['rate(a[5m],)', '1:11: parse error: trailing commas not allowed in function call args'],
    ['sum(a) sum(b)', '1:8: parse error: unexpected <aggr:sum>'],
    ['foo{a}', '1:6: parse error: unexpected "}" in label matching, expected label matching operator'],
    ['foo{a=b}', '1:7: parse error: unexpected identifier "b" in label matching, expected string'],
    ['foo{a="b" c="d"}', '1:11: parse error: unexpected identifier "c" in label matching, expected "," or "}"'],
    ['sum by a (b)', '1:8: parse error: unexpected identifier "a" in grouping opts, expected "("'],
    ['rate(a[5m]', '1:11: parse error: unclosed left parenthesis'],
    ['unknown(x)', '1:1: parse error: unknown function with name "unknown"'],
    ['"abc', '1:1: parse error: unterminated quoted string'],
    ['`abc', '1:1: parse error: unterminated raw string'],
    ['1 +\n & 2', "2:2: parse error: unexpected character: '&'"],
    ['5mfoo', '1:1: parse error: bad number or duration syntax: "5mfoo"'],
    ['rate(a)', '1:6: parse error: expected type range vector in call to function "rate", got instant vector'],
    ['sum(a[5m])', '1:5: parse error: expected type instant vector in aggregation expression, got range vector'],
    ['sum()', '1:1: parse error: no arguments for aggregate expression provided'],
    ['topk(a)', '1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1'],
    ['round()', '1:1: parse error: expected at least 1 argument(s) in call to "round", got 0'],
    ['pi(1)', '1:1: parse error: expected 0 argument(s) in call to "pi", got 1'],
    ['a and 1', '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
    ['1 > 2', '1:3: parse error: comparisons between scalars must use BOOL modifier'],
    ['a + bool b', '1:3: parse error: bool modifier can only be used on comparison operators'],
    ['a and on(x) group_left() b', '1:1: parse error: no grouping allowed for "and" operation'],
    ['a + on(x) group_left(x) b', '1:3: parse error: label "x" must not occur in ON and GROUP clause at once'],
    ['a + on(x) 1', '1:1: parse error: vector matching only allowed between instant vectors'],
    ['a + fill(0) 1', '1:1: parse error: filling in missing series only allowed between instant vectors'],
    ['a or fill(0) b', '1:1: parse error: filling in missing series not allowed for set operators'],
    ['{x=""}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['a{__name__="b"}', '1:1: parse error: metric name must not be set twice: "a" or "b"'],
    ['sum(a)[5m]', '1:1: parse error: ranges only allowed for vector selectors'],
    ['a offset 1m[5m]', '1:1: parse error: no offset modifiers allowed before range'],
    ['a @ 1 @ 2', '1:1: parse error: @ <timestamp> may not be set multiple times'],
    ['a[0]', '1:3: parse error: duration must be greater than 0'],
    ['a[5m:1m] smoothed', '1:1: parse error: smoothed modifier is not supported for subqueries'],
    ['-a[5m]', '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "range vector"'],
    ['"ä" ä', "1:6: parse error: unexpected character: 'ä'"],
  ])('%s', (query, message) => {
    expect(messageOf(query)).toBe(message);
  });

  it('gives line and column as fields', () => {
    expect(() => parse('sum(\n  rate(a))')).toThrow(expect.objectContaining({ code: 'bad_query', fields: expect.objectContaining({ line: 2, column: 8 }) }));
  });

  it('names a bad regular expression', () => {
    expect(messageOf('a{b=~"("}')).toContain('error parsing regexp: missing closing )');
  });

  it('refuses nesting that would exhaust the stack', () => {
    expect(messageOf(`${'('.repeat(50_000)}1${')'.repeat(50_000)}`)).toBe('1:501: parse error: the query is nested too deeply: more than 500 levels of brackets');
    for (const term of ['a+', 'a{b="long enough"} + ', 'a or ', '1 ^ ', '- ']) {
      expect(messageOf(`${term.repeat(1000)}a`)).toBe('parsed');
      expect(messageOf(`${term.repeat(3000)}a`)).toMatch(/^1:\d+: parse error: the query is nested too deeply: operators and brackets make more than 1200 levels$/);
    }
    expect(messageOf(`${'('.repeat(400)}1${')'.repeat(400)}`)).toBe('parsed');
  });

  it('refuses experimental parts where they are switched off', () => {
    expect(() => parse('1 + sum(limitk(2, a))', { experimental: false })).toThrow('limitk() is experimental');
    expect(parse('sum(rate(a[5m]))', { experimental: false }).kind).toBe('aggregate');
  });
});

/** All files of the package that a file imports, itself included. */
function importGraph(file: URL, seen = new Set<string>()): Set<string> {
  if (seen.has(file.href)) return seen;
  seen.add(file.href);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)(?! type)[^;]*? from '(\.[^']+)';$/gm)) {
    importGraph(new URL(path!, file), seen);
  }
  return seen;
}

describe('@pitot/promql/parser', () => {
  it('does not pull in the evaluator', () => {
    const files = [...importGraph(new URL('parser.ts', import.meta.url))].map((href) => href.slice(href.lastIndexOf('/') + 1));
    expect(files).toContain('tree-conversion.ts');
    expect(files).not.toContain('evaluator.ts');
    expect(files).not.toContain('grid.ts');
  });
});
