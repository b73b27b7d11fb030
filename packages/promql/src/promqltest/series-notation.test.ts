import { AppError, labelsFromObject } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { testExpression } from '../histogram/histogram-text.ts';
import { parseSequence, parseSeriesLine, unquote } from './series-notation.ts';

const words = (text: string): (string | number)[] =>
  parseSequence(text).map((value) => {
    if (value.kind === 'float') return value.value;
    return value.kind === 'histogram' ? testExpression(value.histogram) : value.kind;
  });

describe('parseSequence', () => {
  it.each([
    ['5', [5]],
    ['1+2x3', [1, 3, 5, 7]],
    ['1-2x2', [1, -1, -3]],
    ['-2+4x1', [-2, 2]],
    ['7x2', [7, 7, 7]],
    ['_', ['gap']],
    ['_x3', ['gap', 'gap', 'gap']],
    ['stale', ['stale']],
    ['1e3 .5 +Inf -inf NaN', [1000, 0.5, Infinity, -Infinity, NaN]],
    ['1.5e-3+1x1', [0.0015, 1.0015]],
    ['', []],
  ])('expands "%s"', (text, values) => {
    expect(words(text)).toEqual(values);
  });

  it('expands histograms', () => {
    expect(words('{{count:1 buckets:[1]}}+{{count:2 buckets:[1 1]}}x2 _ {{}}')).toEqual([
      '{{count:1 buckets:[1]}}',
      '{{count:3 buckets:[2 1]}}',
      '{{count:5 buckets:[3 2]}}',
      'gap',
      '{{}}',
    ]);
    expect(words('{{count:3 buckets:[3]}}-{{count:1 buckets:[1]}}x1 {{sum:1}}x1')).toEqual([
      '{{count:3 buckets:[3]}}',
      '{{count:2 buckets:[2]}}',
      '{{sum:1}}',
      '{{sum:1}}',
    ]);
  });

  it.each(['1+2', '1+x3', 'x3', '1x', 'abc', '{{count:1', '{{count:1}}x', '0x1f', '1x99999999999'])('refuses "%s"', (text) => {
    expect(() => parseSequence(text)).toThrow(AppError);
  });
});

describe('parseSeriesLine', () => {
  it.each([
    ['metric 1', { __name__: 'metric' }],
    ['{} 1', {}],
    ['metric{} 1', { __name__: 'metric' }],
    [`m:n{a="b", c='d' ,e=\`f\`,} 1`, { __name__: 'm:n', a: 'b', c: 'd', e: 'f' }],
    ['{"metric.name", "label.name"="x"} 1', { __name__: 'metric.name', 'label.name': 'x' }],
    [String.raw`{a="say \"hi\"\n, } \\"} 1`, { a: 'say "hi"\n, } \\' }],
    ['metric{a=""} 1', { __name__: 'metric' }],
  ])('reads the series of %s', (line, labels) => {
    expect(parseSeriesLine(line)).toEqual({ labels: labelsFromObject(labels), values: [{ kind: 'float', value: 1 }] });
  });

  it('takes a histogram right behind a name', () => {
    expect(parseSeriesLine('metric {{count:1}}').values).toHaveLength(1);
  });

  it.each(['metric{a=b} 1', 'metric{a} 1', 'metric{a="b" 1', '7up 1'])('refuses %s', (line) => {
    expect(() => parseSeriesLine(line)).toThrow(AppError);
  });
});

describe('unquote', () => {
  it('decodes escapes, but not within backquotes', () => {
    expect(unquote(String.raw`"\x41\u00e9\101\t"`)).toBe('AéA\t');
    expect(unquote('`a\\n`')).toBe('a\\n');
    expect(() => unquote('bare')).toThrow('not a quoted string');
  });
});
