import { describe, expect, it } from 'vitest';
import { bucketFraction, bucketQuantile, nhcbFromClassic, type ClassicBucket } from './classic-buckets.ts';
import { testExpression } from './histogram-text.ts';

const buckets = (counts: Record<string, number>): ClassicBucket[] =>
  Object.entries(counts).map(([bound, count]) => ({ upperBound: Number(bound), count }));

describe('bucketQuantile', () => {
  it('interpolates linearly between bounds', () => {
    // Rank 5 of 10 is 3 of the 4 observations in (1,2].
    expect(bucketQuantile(0.5, buckets({ Infinity: 10, 1: 2, 2: 6 }))).toMatchObject({ value: 1.75, forcedMonotonic: false });
    // In the first bucket from 0: rank 1 of 2.
    expect(bucketQuantile(0.1, buckets({ 1: 2, 2: 6, Infinity: 10 })).value).toBe(0.5);
  });

  it('answers the highest finite bound for what lies beyond it', () => {
    expect(bucketQuantile(0.99, buckets({ 1: 2, 2: 6, Infinity: 10 })).value).toBe(2);
  });

  it('answers a first bound at or below zero as it is', () => {
    expect(bucketQuantile(0.1, buckets({ [-3]: 5, 2: 6, Infinity: 10 })).value).toBe(-3);
  });

  it('needs a +Inf bucket, another bucket and observations', () => {
    expect(bucketQuantile(0.5, buckets({ 1: 2, 2: 6 })).value).toBeNaN();
    expect(bucketQuantile(0.5, buckets({ Infinity: 6 })).value).toBeNaN();
    expect(bucketQuantile(0.5, buckets({ 1: 0, Infinity: 0 })).value).toBeNaN();
    expect(bucketQuantile(0.5, []).value).toBeNaN();
  });

  it('lifts counts that fall and tells where and how far', () => {
    const broken = buckets({ 0.1: 2, 1: 1, 10: 5, 100: 4, 1000: 9, Infinity: 8 });
    const fixed = bucketQuantile(0.5, broken);
    // Counts 2,2,5,5,9,9: rank 4.5 is 2.5 of 3 in (1,10].
    expect(fixed).toEqual({ value: 8.5, forcedMonotonic: true, fixedPrecision: false, minBucket: 1, maxBucket: Infinity, maxDiff: 1 });
  });

  it('takes differences within rounding as none', () => {
    const fixed = bucketQuantile(0.5, buckets({ 1: 10, 2: 10 - 1e-13, Infinity: 20 }));
    expect(fixed).toMatchObject({ value: 1, forcedMonotonic: false, fixedPrecision: true });
  });
});

describe('bucketFraction', () => {
  const some = buckets({ 1: 2, 2: 6, Infinity: 10 });

  it('interpolates linearly', () => {
    expect(bucketFraction(0, 1.5, some)).toBe(0.4);
    expect(bucketFraction(0.5, 2, some)).toBe(0.5);
    expect(bucketFraction(-Infinity, Infinity, some)).toBe(1);
    expect(bucketFraction(3, 2, some)).toBe(0);
  });

  it('is NaN without +Inf bucket or observations', () => {
    expect(bucketFraction(0, 1, buckets({ 1: 2 }))).toBeNaN();
    expect(bucketFraction(0, 1, buckets({ 1: 0, Infinity: 0 }))).toBeNaN();
  });
});

describe('nhcbFromClassic', () => {
  it('turns cumulative counts into buckets', () => {
    const nhcb = nhcbFromClassic({ buckets: buckets({ 2: 6, 1: 2, Infinity: 10 }), count: 10, sum: 17 });
    expect(testExpression(nhcb)).toBe('{{schema:-53 count:10 sum:17 custom_values:[1 2] buckets:[2 4 4]}}');
  });

  it('completes a missing +Inf bucket or count', () => {
    expect(testExpression(nhcbFromClassic({ buckets: buckets({ 1: 2 }), count: 5 }))).toBe('{{schema:-53 count:5 custom_values:[1] buckets:[2 3]}}');
    expect(nhcbFromClassic({ buckets: buckets({ 1: 2, Infinity: 6 }) }).count).toBe(6);
  });

  it('refuses counts that fall', () => {
    expect(() => nhcbFromClassic({ buckets: buckets({ 1: 5, 2: 4, Infinity: 6 }) })).toThrow(RangeError);
    expect(() => nhcbFromClassic({ buckets: buckets({ Infinity: 6 }), count: 5 })).toThrow(RangeError);
  });
});
