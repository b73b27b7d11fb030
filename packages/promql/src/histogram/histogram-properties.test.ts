import { histogramFault, type NativeHistogram } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { exponentialBound, withSides, type Side } from './histogram-buckets.ts';
import { addHistograms, compactHistogram, subHistograms } from './histogram-math.ts';
import { histogramFraction } from './histogram-quantile.ts';
import { detectReset } from './histogram-reset.ts';
import { HistogramSum } from './histogram-sum.ts';
import { parseHistogramText, testExpression } from './histogram-text.ts';
import { trimHistogram } from './histogram-trim.ts';

/** What must hold for any histograms, tried on histograms of known random observations (seeded). */
const CASES = 400;

function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** A histogram of exactly these observations, bucketed one by one. */
function observe(values: readonly number[], schema: number, zeroThreshold: number): NativeHistogram {
  const outside = values.filter((value) => Math.abs(value) > zeroThreshold);
  const total: NativeHistogram = {
    schema,
    zeroThreshold,
    zeroCount: values.length - outside.length,
    count: values.length,
    sum: values.reduce((sum, value) => sum + value, 0),
    positiveSpans: [],
    positiveBuckets: [],
    negativeSpans: [],
    negativeBuckets: [],
    counterResetHint: 'unknown',
  };
  return withSides(
    total,
    bucketed(outside.filter((value) => value > 0), schema),
    bucketed(outside.filter((value) => value < 0).map(Math.abs), schema),
  );
}

function bucketed(magnitudes: readonly number[], schema: number): Side {
  const counts = new Map<number, number>();
  for (const magnitude of magnitudes) {
    let index = Math.ceil(Math.log2(magnitude) * 2 ** schema);
    while (exponentialBound(index, schema) < magnitude) index++;
    while (exponentialBound(index - 1, schema) >= magnitude) index--;
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  const indexes = [...counts.keys()].sort((a, b) => a - b);
  return { indexes, counts: indexes.map((index) => counts.get(index)!) };
}

/** Everything but the sum, which rounds. */
const shape = (histogram: NativeHistogram): string => testExpression({ ...histogram, sum: 0 });

interface Case {
  readonly valuesA: readonly number[];
  readonly valuesB: readonly number[];
  readonly a: NativeHistogram;
  readonly b: NativeHistogram;
  readonly limit: number;
}

function randomCases(): Case[] {
  const random = seededRandom(7);
  const whole = (below: number): number => Math.floor(random() * below);
  const observation = (): number => (random() < 0.1 ? 0 : (random() < 0.4 ? -1 : 1) * 2 ** (random() * 12 - 6));
  const observations = (): number[] => Array.from({ length: 1 + whole(30) }, observation);
  const threshold = (): number => (random() < 0.5 ? 0 : 2 ** (whole(6) - 5));
  return Array.from({ length: CASES }, () => {
    const valuesA = observations();
    const valuesB = observations();
    const a = observe(valuesA, whole(13) - 4, threshold());
    const b = observe(valuesB, whole(13) - 4, threshold());
    return { valuesA, valuesB, a, b, limit: (random() < 0.5 ? -1 : 1) * 2 ** (random() * 10 - 5) };
  });
}

describe(`properties over ${CASES} random pairs`, () => {
  const cases = randomCases();

  it('adding is observing everything in the common layout', () => {
    for (const { a, b, valuesA, valuesB } of cases) {
      const sum = compactHistogram(addHistograms(a, b).histogram);
      expect(histogramFault(sum)).toBeUndefined();
      expect(shape(sum)).toBe(shape(observe([...valuesA, ...valuesB], sum.schema, sum.zeroThreshold)));
      expect(shape(compactHistogram(addHistograms(b, a).histogram))).toBe(shape(sum));
    }
  });

  it('subtracting undoes adding', () => {
    for (const { a, b, valuesA } of cases) {
      const back = compactHistogram(subHistograms(addHistograms(a, b).histogram, b).histogram);
      expect(shape(back)).toBe(shape(observe(valuesA, back.schema, back.zeroThreshold)));
    }
  });

  it('the compensated sum has the plain sum’s layout and counts', () => {
    for (const { a, b } of cases) {
      const sum = new HistogramSum(a);
      sum.add(b);
      expect(shape(sum.result())).toBe(shape(compactHistogram(addHistograms(a, b).histogram)));
    }
  });

  it('growth is no reset, and a lost observation is one', () => {
    for (const { a, b, valuesA } of cases) {
      const grown = addHistograms(a, b).histogram;
      expect(detectReset(grown, a) || detectReset(grown, b)).toBe(false);
      expect(detectReset(observe(valuesA.slice(1), a.schema, a.zeroThreshold), a)).toBe(true);
    }
  });

  it('trimming splits the count where histogram_fraction does', () => {
    for (const { a, limit } of cases) {
      const below = trimHistogram(a, limit, 'upper').count;
      expect(below + trimHistogram(a, limit, 'lower').count).toBeCloseTo(a.count, 9);
      expect(below).toBeCloseTo(histogramFraction(-Infinity, limit, a).value * a.count, 9);
    }
  });

  it('the text form loses nothing', () => {
    for (const { a } of cases) expect(testExpression(parseHistogramText(testExpression(a)).histogram)).toBe(testExpression(a));
  });
});
