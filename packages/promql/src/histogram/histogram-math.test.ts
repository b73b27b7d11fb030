import type { NativeHistogram } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { allBuckets, exponentialBound } from './histogram-buckets.ts';
import {
  addHistograms,
  compactHistogram,
  divHistogram,
  histogramsEqual,
  IncompatibleHistogramsError,
  reduceResolution,
  scaleHistogram,
  subHistograms,
} from './histogram-math.ts';
import { parseHistogramText, testExpression } from './histogram-text.ts';

const h = (body: string): NativeHistogram => parseHistogramText(`{{${body}}}`).histogram;
const text = (histogram: NativeHistogram): string => testExpression(histogram);

describe('exponentialBound', () => {
  it('puts every octave at a power of two, whatever the schema', () => {
    // A bucket's bound is (2^(2^-schema))^index: index 2^schema is 2, index -2^schema is one half.
    for (let schema = 0; schema <= 8; schema++) {
      expect(exponentialBound(2 ** schema, schema)).toBe(2);
      expect(exponentialBound(0, schema)).toBe(1);
      expect(exponentialBound(-(2 ** schema), schema)).toBe(0.5);
    }
    expect(exponentialBound(1, -4)).toBe(65536);
    expect(exponentialBound(3, -1)).toBe(64);
  });

  it('agrees exactly between schemas where bounds coincide', () => {
    for (let index = -300; index <= 300; index++) {
      expect(exponentialBound(index * 32, 8)).toBe(exponentialBound(index, 3));
    }
    expect(exponentialBound(4, 3)).toBe(Math.SQRT2);
  });

  it('ends at the largest finite number instead of infinity', () => {
    expect(exponentialBound(1024, 0)).toBe(Number.MAX_VALUE);
    expect(exponentialBound(64, -4)).toBe(Number.MAX_VALUE);
    expect(exponentialBound(1024 * 256, 8)).toBe(Number.MAX_VALUE);
  });
});

describe('addHistograms', () => {
  it('adds counts bucket by bucket and inserts missing buckets', () => {
    const sum = addHistograms(h('sum:5 count:4 buckets:[1 2 1]'), h('sum:2 count:3 offset:-2 buckets:[1 0 0 2]'));
    // Indexes 0,1,2 hold 1,2,1; indexes -2…1 hold 1,0,0,2.
    expect(text(sum.histogram)).toBe('{{count:7 sum:7 offset:-2 buckets:[1 0 1 4 1]}}');
    expect(sum).toMatchObject({ counterResetCollision: false, nhcbBoundsReconciled: false });
  });

  it('brings both to the lower resolution', () => {
    // Schema 0 buckets (1,2] and (2,4] both lie in schema -1's (1,4], which has index 1.
    const sum = addHistograms(h('schema:-1 sum:4 count:1 offset:1 buckets:[1]'), h('sum:4 count:4 offset:1 buckets:[2 2]'));
    expect(text(sum.histogram)).toBe('{{schema:-1 count:5 sum:8 offset:1 buckets:[5]}}');
  });

  it('widens the zero bucket to the larger one and takes in what lies within', () => {
    // (0.5,1] (index 0) lies within the other's zero bucket [-1,1].
    const sum = addHistograms(h('count:7 z_bucket:1 z_bucket_w:0.001 buckets:[2 4]'), h('count:3 z_bucket:3 z_bucket_w:1'));
    expect(text(sum.histogram)).toBe('{{count:10 z_bucket:6 z_bucket_w:1 offset:1 buckets:[4]}}');
  });

  it('moves the zero threshold out of a populated bucket it would cut', () => {
    // 0.7 lies inside (0.5,1]: the threshold becomes 1 on both sides, and the other's -0.6 bucket [-1,-0.5) goes in, too.
    const sum = addHistograms(h('count:3 buckets:[2] n_buckets:[1]'), h('count:5 z_bucket:5 z_bucket_w:0.7'));
    expect(text(sum.histogram)).toBe('{{count:8 z_bucket:8 z_bucket_w:1}}');
  });

  it('reduces custom buckets to the bounds both have', () => {
    // Bounds 2,4,6 and 3,4: only 4 is common; below 4 lie 1+2 and 5+7, above it 3+4 and 9.
    const sum = addHistograms(
      h('schema:-53 count:10 custom_values:[2 4 6] buckets:[1 2 3 4]'),
      h('schema:-53 count:21 custom_values:[3 4] buckets:[5 7 9]'),
    );
    expect(text(sum.histogram)).toBe('{{schema:-53 count:31 custom_values:[4] buckets:[15 16]}}');
    expect(sum.nhcbBoundsReconciled).toBe(true);
  });

  it('refuses a mix of exponential and custom buckets', () => {
    expect(() => addHistograms(h('count:1'), h('schema:-53 custom_values:[1]'))).toThrow(IncompatibleHistogramsError);
  });

  it.each([
    ['gauge', 'not_reset', 'gauge', false],
    ['unknown', 'not_reset', 'unknown', false],
    ['not_reset', 'not_reset', 'not_reset', false],
    ['reset', 'not_reset', 'unknown', true],
  ])('combines the hints %s and %s to %s', (a, b, hint, collision) => {
    const sum = addHistograms(h(`counter_reset_hint:${a}`), h(`counter_reset_hint:${b}`));
    expect(sum.histogram.counterResetHint).toBe(hint);
    expect(sum.counterResetCollision).toBe(collision);
  });

  it('leaves its inputs alone', () => {
    const a = Object.freeze(h('count:3 buckets:[1 2]'));
    Object.freeze(a.positiveBuckets);
    addHistograms(a, h('count:1 z_bucket_w:4 z_bucket:1'));
    expect(text(a)).toBe('{{count:3 buckets:[1 2]}}');
  });
});

describe('subHistograms', () => {
  it('subtracts, also what only the other has', () => {
    const difference = subHistograms(h('sum:9 count:9 buckets:[4 5]'), h('sum:1 count:3 buckets:[1] n_buckets:[2]'));
    expect(text(difference.histogram)).toBe('{{count:6 sum:8 buckets:[3 5] n_buckets:[-2]}}');
  });
});

describe('scaling and layout', () => {
  it('scales everything and makes a gauge of a negative', () => {
    const scaled = scaleHistogram(h('sum:3 count:6 z_bucket:1 buckets:[2] n_buckets:[3]'), -2);
    expect(text(scaled)).toBe('{{count:-12 sum:-6 z_bucket:-2 counter_reset_hint:gauge buckets:[-4] n_buckets:[-6]}}');
  });

  it('drops the buckets when dividing by zero', () => {
    expect(text(divHistogram(h('sum:3 count:6 z_bucket:1 buckets:[2 3]'), 0))).toBe('{{count:+Inf sum:+Inf z_bucket:+Inf}}');
  });

  it('compacts empty buckets away and merges touching spans', () => {
    const loose: NativeHistogram = {
      ...h('count:3'),
      positiveSpans: [{ offset: 0, length: 2 }, { offset: 0, length: 1 }, { offset: 3, length: 2 }],
      positiveBuckets: [0, 1, 1, 1, 0],
    };
    const compact = compactHistogram(loose);
    expect(compact.positiveSpans).toEqual([{ offset: 1, length: 2 }, { offset: 3, length: 1 }]);
    expect(compact.positiveBuckets).toEqual([1, 1, 1]);
  });

  it('reduces the resolution by merging neighbours', () => {
    // Schema 1 indexes 1,2 make schema 0 index 1; indexes 3,4 make 2; index 0 and -1 make 0.
    const reduced = reduceResolution(h('schema:1 count:21 offset:-1 buckets:[1 2 3 4 5 6]'), 0);
    expect(text(reduced)).toBe('{{count:21 buckets:[3 7 11]}}');
    expect(() => reduceResolution(h('schema:1'), 2)).toThrow(RangeError);
  });

  it('compares layout, counts and NaN by identity, not the hint', () => {
    expect(histogramsEqual(h('sum:NaN count:1 buckets:[1]'), h('sum:NaN count:1 buckets:[1] counter_reset_hint:gauge'))).toBe(true);
    expect(histogramsEqual(h('count:1 buckets:[1]'), h('count:1 buckets:[1 0]'))).toBe(false);
  });
});

describe('allBuckets', () => {
  it('goes from the lowest to the highest and cuts at the zero threshold', () => {
    const buckets = allBuckets(h('z_bucket:1 z_bucket_w:0.75 buckets:[2 3] n_buckets:[4]'));
    expect(buckets.map(({ lower, upper, count }) => [lower, upper, count])).toEqual([
      [-1, -0.75, 4],
      [-0.75, 0.75, 1],
      [0.75, 1, 2],
      [1, 2, 3],
    ]);
  });

  it('survives a hostile span offset without allocating the gap', () => {
    const far: NativeHistogram = {
      ...h('count:2'),
      schema: 8,
      positiveSpans: [{ offset: -2_000_000_000, length: 1 }, { offset: 2_000_000_000, length: 1 }],
      positiveBuckets: [1, 1],
    };
    expect(allBuckets(far)).toHaveLength(2);
    expect(addHistograms(far, far).histogram.positiveBuckets).toEqual([2, 2]);
  });
});
