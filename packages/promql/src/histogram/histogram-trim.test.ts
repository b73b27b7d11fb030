import type { NativeHistogram } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { histogramFraction } from './histogram-quantile.ts';
import { parseHistogramText, testExpression } from './histogram-text.ts';
import { trimHistogram } from './histogram-trim.ts';

const h = (body: string): NativeHistogram => parseHistogramText(`{{${body}}}`).histogram;

describe('trimHistogram', () => {
  const exponential = h('sum:123.75 count:34 z_bucket:1 z_bucket_w:0.001 buckets:[2 4 8 16] n_buckets:[1 2]');

  it('keeps a histogram that loses nothing, sum included', () => {
    expect(trimHistogram(exponential, Infinity, 'upper')).toBe(exponential);
    expect(trimHistogram(exponential, 8, 'upper')).toBe(exponential);
    expect(trimHistogram(exponential, -5, 'lower')).toBe(exponential);
  });

  it('estimates the sum anew from the middles of what stays', () => {
    const trimmed = trimHistogram(exponential, 2, 'lower');
    expect(trimmed).toMatchObject({ count: 24, zeroCount: 0, positiveBuckets: [8, 16], negativeBuckets: [] });
    // (2,4] stands for sqrt 8, (4,8] for sqrt 32.
    expect(trimmed.sum).toBeCloseTo(8 * Math.sqrt(8) + 16 * Math.sqrt(32), 12);
  });

  it('cuts a bucket on the logarithmic scale', () => {
    const trimmed = trimHistogram(h('count:4 sum:6 offset:1 buckets:[4]'), Math.SQRT2, 'upper');
    expect(trimmed.count).toBeCloseTo(2, 12);
    expect(trimmed.sum).toBeCloseTo(2 * 2 ** 0.25, 12);
  });

  it('cuts the zero bucket linearly, on the side that has buckets', () => {
    const zero = h('count:5 z_bucket:5 z_bucket_w:0.1');
    expect(trimHistogram(zero, 0.05, 'lower')).toMatchObject({
      count: expect.closeTo(1.25, 12) as number,
      zeroCount: expect.closeTo(1.25, 12) as number,
      sum: expect.closeTo(0.09375, 12) as number,
    });
    const biased = trimHistogram(h('sum:8 count:12 z_bucket:2 z_bucket_w:0.5 buckets:[10]'), 0.1, 'upper');
    expect(biased).toMatchObject({ count: 0.4, zeroCount: 0.4, positiveBuckets: [] });
  });

  it('gives zeros of a zero bucket without width to the upper side', () => {
    const zeros = h('count:3 sum:6 z_bucket:2 offset:3 buckets:[1]');
    expect(trimHistogram(zeros, 0, 'lower')).toBe(zeros);
    expect(trimHistogram(zeros, 1, 'upper')).toMatchObject({ count: 2, zeroCount: 2, sum: 0 });
    expect(trimHistogram(zeros, 0, 'upper')).toMatchObject({ count: 0, zeroCount: 0, positiveBuckets: [] });
  });

  it('keeps what histogram_fraction counts, also beside a zero bucket that cuts a bucket', () => {
    // The zero bucket ends within (0.25,1].
    const cut = h('schema:-1 count:9 z_bucket:3 z_bucket_w:0.5 buckets:[6]');
    for (const limit of [0.3, 0.5, 0.6, 0.99, 1]) {
      const below = histogramFraction(-Infinity, limit, cut).value * cut.count;
      expect(trimHistogram(cut, limit, 'upper').count).toBeCloseTo(below, 12);
      expect(trimHistogram(cut, limit, 'lower').count).toBeCloseTo(cut.count - below, 12);
    }
  });

  it.each([
    ['upper', 13, '{{schema:-53 count:9.4 sum:75.1 custom_values:[5 10 15 20] buckets:[1 6 2.4]}}'],
    ['upper', 50, '{{schema:-53 count:14 sum:150 custom_values:[5 10 15 20] buckets:[1 6 4 3]}}'],
    ['upper', -1, '{{schema:-53 custom_values:[5 10 15 20]}}'],
    // Beyond the last bound its observations stand for the limit.
    ['lower', 50, '{{schema:-53 count:1 sum:50 custom_values:[5 10 15 20] offset:4 buckets:[1]}}'],
    ['lower', 15, '{{schema:-53 count:4 sum:72.5 custom_values:[5 10 15 20] offset:3 buckets:[3 1]}}'],
  ] as const)('cuts custom buckets linearly: %s %d', (side, limit, expected) => {
    const custom = h('schema:-53 sum:172.5 count:15 custom_values:[5 10 15 20] buckets:[1 6 4 3 1]');
    expect(testExpression(trimHistogram(custom, limit, side))).toBe(expected);
  });
});
