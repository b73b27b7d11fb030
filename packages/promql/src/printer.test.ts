import { describe, expect, it } from 'vitest';
import { exprText, exprToJson, formatExpr, parse } from './parser.ts';

describe('exprText', () => {
  it.each([
    ['sum(rate(x[5m]))by(a,"b.c")', 'sum by (a, "b.c") (rate(x[5m]))'],
    ['sum without() (x)', 'sum without () (x)'],
    ['topk(5,x)', 'topk(5, x)'],
    ['x{b="2",a=~"1"}', 'x{a=~"1",b="2"}'],
    ['{"a.b"}', '{__name__="a.b"}'],
    ['a/on(x)group_left(y)b', 'a / on (x) group_left (y) b'],
    ['a+ignoring(x)group_right()fill_left(1)fill_right(2)b', 'a + ignoring (x) group_right () fill_left (1) fill_right (2) b'],
    ['a>bool fill(0.5) b', 'a > bool fill (0.5) b'],
    ['a[90s]@1.5 offset 1h', 'a[1m30s] @ 1.500 offset 1h'],
    ['a[5m:]@start()', 'a[5m:] @ start()'],
    ['rate(a[5m] anchored)', 'rate(a[5m] anchored)'],
    ['a smoothed offset -5m', 'a smoothed offset -5m'],
    ['1e6', '1000000'],
    ['"a\nb"'.replace('\n', '\\n'), '"a\\nb"'],
    ['-(1)', '-(1)'],
    ['5m', '5m'],
  ])('%s', (query, text) => {
    expect(exprText(parse(query))).toBe(text);
    expect(exprText(parse(text))).toBe(text);
  });
});

describe('formatExpr', () => {
  it('keeps what fits on one line', () => {
    expect(formatExpr(parse('sum(rate(x[5m]))'))).toBe('sum(rate(x[5m]))');
  });

  it('splits what is longer than a line', () => {
    const metric = 'a_metric_with_a_name_that_is_rather_long_total{label="value"}';
    expect(formatExpr(parse(`sum by (x) (rate(${metric}[5m])) / on(x) group_left sum by (x) (rate(${metric}[5m] offset 1d))`))).toBe(
      [
        `  sum by (x) (rate(${metric}[5m]))`,
        '/ on (x) group_left ()',
        `  sum by (x) (rate(${metric}[5m] offset 1d))`,
      ].join('\n'),
    );
  });

  it('indents arguments, parameters and parentheses', () => {
    const name = 'm'.repeat(90);
    expect(formatExpr(parse(`topk(3, (label_replace(${name}, "a", "b", "c", "d")))`))).toBe(
      ['topk(', '  3,', '  (', '    label_replace(', `      ${name},`, '      "a",', '      "b",', '      "c",', '      "d"', '    )', '  )', ')'].join('\n'),
    );
  });
});

describe('formatExpr of subqueries', () => {
  it('leaves one that fits where it is, as Prometheus does', () => {
    const name = 'm'.repeat(75);
    expect(formatExpr(parse(`absent_over_time(rate(${name}[5m])[1h:1m])`))).toBe(`absent_over_time(\n${`rate(${name}[5m])[1h:1m]`}\n)`);
  });
});

describe('exprToJson', () => {
  it('has the shape of /api/v1/parse_query', () => {
    expect(exprToJson(parse('sum by (x) (a{b="c"} offset 1m) > 5'))).toEqual({
      type: 'binaryExpr',
      op: '>',
      bool: false,
      matching: null,
      rhs: { type: 'numberLiteral', val: '5' },
      lhs: {
        type: 'aggregation',
        op: 'sum',
        param: null,
        grouping: ['x'],
        without: false,
        expr: {
          type: 'vectorSelector',
          name: 'a',
          offset: 60_000,
          timestamp: null,
          startOrEnd: null,
          anchored: false,
          smoothed: false,
          matchers: [
            { name: 'b', type: '=', value: 'c' },
            { name: '__name__', type: '=', value: 'a' },
          ],
        },
      },
    });
  });

  it('says how vectors are matched', () => {
    expect(exprToJson(parse('a * on(x) group_left(y) fill_right(0) b'))).toMatchObject({
      matching: { card: 'many-to-one', labels: ['x'], on: true, include: ['y'], fillValues: { lhs: null, rhs: 0 } },
    });
  });

  it('covers calls, subqueries and ranges', () => {
    expect(exprToJson(parse('max_over_time(rate(a[5m])[1h:1m] @ end())'))).toMatchObject({
      type: 'call',
      func: { name: 'max_over_time', argTypes: ['matrix'], variadic: 0, returnType: 'vector' },
      args: [{ type: 'subquery', range: 3_600_000, step: 60_000, startOrEnd: 'end', expr: { args: [{ type: 'matrixSelector', range: 300_000 }] } }],
    });
  });
});
