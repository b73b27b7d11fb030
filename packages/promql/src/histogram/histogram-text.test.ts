import { describe, expect, it } from 'vitest';
import { formatFloat, formatFloatG } from './float-format.ts';
import { histogramToJson } from './histogram-json.ts';
import { formatHistogram, parseHistogramText, testExpression } from './histogram-text.ts';

describe('parseHistogramText', () => {
  it('reads every entry', () => {
    const { histogram, hintGiven } = parseHistogramText(
      '{{schema:1 sum:-0.3 count:7.1 z_bucket:7 z_bucket_w:0.05 buckets:[5 10 7] offset:-3 n_buckets:[4 .5] n_offset:2 counter_reset_hint:gauge}}',
    );
    expect(hintGiven).toBe(true);
    expect(histogram).toEqual({
      schema: 1,
      sum: -0.3,
      count: 7.1,
      zeroCount: 7,
      zeroThreshold: 0.05,
      positiveSpans: [{ offset: -3, length: 3 }],
      positiveBuckets: [5, 10, 7],
      negativeSpans: [{ offset: 2, length: 2 }],
      negativeBuckets: [4, 0.5],
      counterResetHint: 'gauge',
    });
  });

  it('takes an empty histogram, infinities and spaces', () => {
    expect(parseHistogramText('{{}}')).toMatchObject({ hintGiven: false, histogram: { schema: 0, count: 0, positiveBuckets: [] } });
    expect(parseHistogramText('{{ count:Inf  buckets:[ 1 2 ] }}').histogram).toMatchObject({ count: Infinity, positiveBuckets: [1, 2] });
  });

  it.each([
    ['{{count:1 count:2}}', 'twice'],
    ['{{colour:1}}', 'no entry "colour"'],
    ['{{count:x}}', 'not a number'],
    ['{{counter_reset_hint:maybe}}', 'not a counter reset hint'],
    ['{{count}}', 'not a histogram entry'],
    ['{count:1}', 'not a native histogram'],
  ])('refuses %s', (text, message) => {
    expect(() => parseHistogramText(text)).toThrow(message);
  });

  it('reads back what testExpression prints', () => {
    const printed = '{{schema:-53 count:15 sum:172.5 custom_values:[5 10 15] counter_reset_hint:not_reset offset:1 buckets:[6 0 3]}}';
    expect(testExpression(parseHistogramText(printed).histogram)).toBe(printed);
  });
});

describe('forms of a histogram', () => {
  const { histogram } = parseHistogramText('{{sum:-2.5 count:9 z_bucket:1 z_bucket_w:0.001 buckets:[1 0 3] n_buckets:[4]}}');

  it('prints as Prometheus does', () => {
    expect(formatHistogram(histogram)).toBe('{count:9, sum:-2.5, [-1,-0.5):4, [-0.001,0.001]:1, (0.5,1]:1, (2,4]:3}');
  });

  it('has boundary rules in the HTTP form', () => {
    expect(histogramToJson(histogram)).toEqual({
      count: '9',
      sum: '-2.5',
      buckets: [
        [1, '-1', '-0.5', '4'],
        [3, '-0.001', '0.001', '1'],
        [0, '0.5', '1', '1'],
        [0, '2', '4', '3'],
      ],
    });
    expect(histogramToJson(parseHistogramText('{{schema:-53 count:2 custom_values:[5] buckets:[1 1]}}').histogram).buckets).toEqual([
      [3, '-Inf', '5', '1'],
      [0, '5', '+Inf', '1'],
    ]);
    expect(histogramToJson(parseHistogramText('{{}}').histogram)).toEqual({ count: '0', sum: '0' });
  });
});

describe('numbers as Go prints them', () => {
  it.each([
    [1e-7, '1e-07', '1e-07'],
    [1e21, '1e+21', '1e+21'],
    [1234567, '1234567', '1.234567e+06'],
    [0.00012, '0.00012', '0.00012'],
    [0.00001, '0.00001', '1e-05'],
    [-0, '-0', '-0'],
    [Infinity, '+Inf', '+Inf'],
    [NaN, 'NaN', 'NaN'],
  ])('%d is %s in the API and %s as %%g', (value, api, g) => {
    expect(formatFloat(value)).toBe(api);
    expect(formatFloatG(value)).toBe(g);
  });
});
