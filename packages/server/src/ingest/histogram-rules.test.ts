import type { NativeHistogram } from '@pitot/core';
import { expect, it } from 'vitest';
import { isValidHistogram } from './histogram-rules.ts';

const GOOD: NativeHistogram = {
  schema: 0,
  zeroThreshold: 0.01,
  zeroCount: 1,
  count: 6,
  sum: 10,
  positiveSpans: [{ offset: -3, length: 2 }, { offset: 0, length: 0 }, { offset: 1, length: 1 }],
  positiveBuckets: [1, 2, 0],
  negativeSpans: [{ offset: 0, length: 1 }],
  negativeBuckets: [2],
  counterResetHint: 'unknown',
};
const CUSTOM: NativeHistogram = {
  ...GOOD,
  schema: -53,
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [{ offset: 0, length: 3 }],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [0.1, 1],
};

it.each([
  ['exponential', GOOD],
  ['sum that is not a number', { ...GOOD, sum: NaN }],
  ['empty', { ...GOOD, count: 0, zeroCount: 0, positiveSpans: [], positiveBuckets: [], negativeSpans: [], negativeBuckets: [] }],
  ['custom buckets', CUSTOM],
  ['custom buckets, gap', { ...CUSTOM, positiveSpans: [{ offset: 1, length: 1 }], positiveBuckets: [1] }],
])('takes a good histogram: %s', (_, histogram) => expect(isValidHistogram(histogram)).toBe(true));

it.each([
  ['schema', { ...GOOD, schema: 9 }],
  ['schema that is no integer', { ...GOOD, schema: 0.5 }],
  ['negative count', { ...GOOD, count: -1 }],
  ['negative zero count', { ...GOOD, zeroCount: -1 }],
  ['count that is not a number', { ...GOOD, count: NaN }],
  ['negative bucket', { ...GOOD, positiveBuckets: [1, -2, 0] }],
  ['bucket that is not a number', { ...GOOD, negativeBuckets: [NaN] }],
  ['more buckets than spans', { ...GOOD, negativeBuckets: [1, 2] }],
  ['fewer buckets than spans', { ...GOOD, positiveBuckets: [1] }],
  ['spans that overlap', { ...GOOD, positiveSpans: [{ offset: 0, length: 2 }, { offset: -1, length: 1 }] }],
  ['offset beyond 32 bits', { ...GOOD, negativeSpans: [{ offset: 2 ** 31, length: 1 }] }],
  ['negative length', { ...GOOD, negativeSpans: [{ offset: 0, length: 2 }, { offset: 0, length: -1 }] }],
  ['custom values without custom schema', { ...GOOD, customValues: [1] }],
  ['custom values not ascending', { ...CUSTOM, customValues: [1, 1] }],
  ['custom values with infinity', { ...CUSTOM, customValues: [1, Infinity] }],
  ['custom buckets beyond the last bound', { ...CUSTOM, customValues: [1] }],
  ['custom buckets with a zero bucket', { ...CUSTOM, zeroCount: 1 }],
  ['custom buckets below zero', { ...CUSTOM, negativeSpans: GOOD.negativeSpans, negativeBuckets: GOOD.negativeBuckets }],
])('turns away a bad one: %s', (_, histogram) => expect(isValidHistogram(histogram)).toBe(false));
