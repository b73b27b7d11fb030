import type { NativeHistogram } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { histogramAvg, histogramFraction, histogramQuantile, histogramStdVar } from './histogram-quantile.ts';
import { parseHistogramText } from './histogram-text.ts';

const h = (body: string): NativeHistogram => parseHistogramText(`{{${body}}}`).histogram;

describe('histogramQuantile', () => {
  it('interpolates exponentially: the middle of (1,2] is the square root of 2', () => {
    expect(histogramQuantile(0.5, h('sum:5 count:4 buckets:[1 2 1]')).value).toBeCloseTo(Math.SQRT2, 14);
    expect(histogramQuantile(0.5, h('sum:-5 count:4 n_buckets:[1 2 1]')).value).toBeCloseTo(-Math.SQRT2, 14);
    // A quarter into schema -1's (4,16], whose bounds are a factor of 4 apart.
    expect(histogramQuantile(0.25, h('schema:-1 sum:30 count:4 offset:2 buckets:[4]')).value).toBeCloseTo(4 * 4 ** 0.25, 12);
  });

  it('interpolates linearly in the zero bucket, without a negative half where no bucket is negative', () => {
    // Rank 1.2 of the 2 in [0,0.001].
    expect(histogramQuantile(0.1, h('sum:100 count:12 z_bucket:2 z_bucket_w:0.001 buckets:[2 3 0 1 4]')).value).toBeCloseTo(0.0006, 12);
    // With both sides rank 2 of 4 is the middle of [-0.001,0.001].
    expect(histogramQuantile(0.5, h('sum:0 count:4 z_bucket:4 z_bucket_w:0.001')).value).toBe(0);
  });

  it('interpolates custom buckets linearly and never into infinity', () => {
    const custom = h('schema:-53 sum:5 count:4 custom_values:[5 10] buckets:[1 2 1]');
    expect(histogramQuantile(0.5, custom).value).toBe(7.5);
    expect(histogramQuantile(0.125, custom).value).toBe(2.5);
    expect(histogramQuantile(1, custom).value).toBe(10);
    expect(histogramQuantile(0.1, h('schema:-53 sum:-9 count:2 custom_values:[-5] buckets:[2]')).value).toBe(-5);
  });

  it('answers the special cases', () => {
    const some = h('sum:5 count:4 buckets:[1 2 1]');
    expect(histogramQuantile(-0.1, some).value).toBe(-Infinity);
    expect(histogramQuantile(1.1, some).value).toBe(Infinity);
    expect(histogramQuantile(NaN, some).value).toBeNaN();
    expect(histogramQuantile(0.5, h('')).value).toBeNaN();
  });

  it('tells of NaN observations, which lie in no bucket', () => {
    const nan = h('count:15 sum:NaN buckets:[12]');
    expect(histogramQuantile(0.81, nan)).toEqual({ value: NaN, info: 'nan_result' });
    // Rank 6 of 12 in (0.5,1].
    expect(histogramQuantile(0.4, nan)).toEqual({ value: expect.closeTo(Math.SQRT1_2, 14) as number, info: 'nan_skew' });
    // Infinities of both signs make the sum NaN, too, but nothing is missing.
    expect(histogramQuantile(0.4, h('count:12 sum:NaN buckets:[12]'))).not.toHaveProperty('info');
  });
});

describe('histogramFraction', () => {
  const both = h('sum:100 count:24 z_bucket:4 z_bucket_w:0.001 buckets:[2 3 0 1 4] n_buckets:[2 3 0 1 4]');

  it.each([
    [-Infinity, Infinity, 1],
    [0, Infinity, 0.5],
    [1, 2, 3 / 24],
    // Half of (8,16] on a logarithmic scale ends at 8·sqrt 2.
    [8, 8 * Math.SQRT2, 2 / 24],
    [-0.0005, 0.0005, 2 / 24],
    [-2, -1, 3 / 24],
    [42, 3, 0],
  ])('of %d to %d is %d', (lower, upper, fraction) => {
    expect(histogramFraction(lower, upper, both).value).toBeCloseTo(fraction, 12);
  });

  it('undoes histogramQuantile', () => {
    for (const q of [0.05, 0.3, 0.5, 0.72, 0.99]) {
      expect(histogramFraction(-Infinity, histogramQuantile(q, both).value, both).value).toBeCloseTo(q, 12);
    }
  });

  it('leaves NaN observations out of every fraction', () => {
    expect(histogramFraction(-Infinity, Infinity, h('count:15 sum:NaN buckets:[12]'))).toEqual({ value: 0.8, info: 'nan_excluded' });
  });
});

describe('mean and variance', () => {
  it('takes every bucket at its geometric middle', () => {
    // Two observations in (0.5,1], at sqrt 0.5; mean 0.75.
    expect(histogramStdVar(h('count:2 sum:1.5 buckets:[2]'))).toBeCloseTo((Math.SQRT1_2 - 0.75) ** 2, 15);
    // One custom bucket (5,10] at 7.5, mean 7: a quarter.
    expect(histogramStdVar(h('schema:-53 count:2 sum:14 custom_values:[5 10] buckets:[0 2]'))).toBe(0.25);
    expect(histogramAvg(h('count:4 sum:5'))).toBe(1.25);
  });
});
