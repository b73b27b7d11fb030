import { describe, expect, it } from 'vitest';
import { histogramFault } from './histogram-validate.ts';
import type { NativeHistogram } from './histogram.ts';

const exponential: NativeHistogram = {
  schema: 3,
  zeroThreshold: 0.001,
  zeroCount: 1,
  count: 6,
  sum: 12,
  positiveSpans: [{ offset: -4, length: 2 }, { offset: 1, length: 1 }],
  positiveBuckets: [1, 2, 1],
  negativeSpans: [{ offset: 0, length: 1 }],
  negativeBuckets: [1],
  counterResetHint: 'unknown',
};

const custom: NativeHistogram = {
  ...exponential,
  schema: -53,
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [{ offset: 0, length: 3 }],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [1, 2],
};

describe('histogramFault', () => {
  it('finds nothing in sound histograms', () => {
    expect(histogramFault(exponential)).toBeUndefined();
    expect(histogramFault(custom)).toBeUndefined();
    expect(histogramFault({ ...exponential, sum: NaN, count: 100 })).toBeUndefined();
    const nothing = { positiveSpans: [], positiveBuckets: [], negativeSpans: [], negativeBuckets: [] };
    expect(histogramFault({ ...exponential, ...nothing, count: 0, zeroCount: 0 })).toBeUndefined();
    expect(histogramFault({ ...custom, positiveSpans: [{ offset: 1, length: 1 }], positiveBuckets: [1] })).toBeUndefined();
  });

  it.each<[Partial<NativeHistogram>, string]>([
    [{ schema: 9 }, 'schema 9'],
    [{ schema: 0.5 }, 'schema 0.5'],
    [{ count: -1 }, 'count of observations'],
    [{ count: NaN }, 'count of observations'],
    [{ zeroCount: -1 }, 'zero bucket'],
    [{ zeroThreshold: NaN }, 'zero threshold'],
    [{ positiveBuckets: [1, 2] }, 'spans cover 3 buckets, but there are 2'],
    [{ negativeBuckets: [-1] }, 'negative bucket 1 counts -1'],
    [{ positiveSpans: [{ offset: 0, length: 2 }, { offset: -1, length: 1 }] }, 'overlaps'],
    [{ positiveSpans: [{ offset: 2 ** 31, length: 3 }] }, 'beyond the possible'],
    [{ positiveSpans: [{ offset: -(2 ** 31) - 2, length: 3 }] }, 'beyond the possible'],
    [{ positiveSpans: [{ offset: 0.5, length: 3 }] }, 'span 1 has offset 0.5'],
    [{ negativeSpans: [{ offset: 0, length: 2 }, { offset: 0, length: -1 }] }, 'span 2 has length -1'],
    [{ negativeBuckets: [NaN] }, 'negative bucket 1 counts NaN'],
    [{ positiveBuckets: [1, 2, 1, 1] }, 'spans cover 3 buckets, but there are 4'],
    [{ customValues: [1] }, 'has custom bounds'],
  ])('names the fault in an exponential histogram with %o', (change, fault) => {
    expect(histogramFault({ ...exponential, ...change })).toContain(fault);
  });

  it.each<[Partial<NativeHistogram>, string]>([
    [{ customValues: [2, 1] }, 'bound 1'],
    [{ customValues: [1, 1] }, 'bound 1'],
    [{ customValues: [1, Infinity] }, '+Inf'],
    [{ customValues: [1] }, 'buckets reach to number 3'],
    [{ zeroCount: 1 }, 'zero bucket'],
    [{ negativeSpans: [{ offset: 0, length: 1 }], negativeBuckets: [1] }, 'negative'],
    [{ positiveSpans: [{ offset: -1, length: 3 }] }, 'before the first bound'],
  ])('names the fault in a histogram with custom buckets and %o', (change, fault) => {
    expect(histogramFault({ ...custom, ...change })).toContain(fault);
  });
});
