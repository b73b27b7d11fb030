import { describe, expect, it } from 'vitest';
import { fisherGreater, holmCorrected, riskRatioLowerEnd, shareDifferenceLowerEnd } from './index.ts';

/** Sums the hypergeometric distribution with whole numbers only. */
function exact(hits: number, total: number, otherHits: number, otherTotal: number): number {
  const choose = (n: number, k: number): bigint => {
    let result = 1n;
    for (let i = 0; i < k; i++) result = (result * BigInt(n - i)) / BigInt(i + 1);
    return k < 0 || k > n ? 0n : result;
  };
  const allHits = hits + otherHits;
  let sum = 0n;
  for (let k = hits; k <= Math.min(allHits, total); k++) sum += choose(total, k) * choose(otherTotal, allHits - k);
  return Number((sum * 10n ** 30n) / choose(total + otherTotal, allHits)) / 1e30;
}

describe('Fisher’s exact test', () => {
  it('is that of the lady tasting tea', () => {
    expect(fisherGreater({ hits: 3, total: 4, otherHits: 1, otherTotal: 4 })).toBeCloseTo(17 / 70, 14);
    expect(fisherGreater({ hits: 4, total: 4, otherHits: 0, otherTotal: 4 })).toBeCloseTo(1 / 70, 14);
  });

  it('is that of whole numbers for every small table', () => {
    for (const [total, otherTotal] of [[1, 1], [5, 9], [12, 4], [30, 200]] as const) {
      for (let hits = 0; hits <= total; hits++) {
        for (let otherHits = 0; otherHits <= Math.min(otherTotal, 20); otherHits++) {
          expect(fisherGreater({ hits, total, otherHits, otherTotal })).toBeCloseTo(exact(hits, total, otherHits, otherTotal), 10);
        }
      }
    }
  });

  it('is that of whole numbers for large tables', () => {
    for (const [hits, total, otherHits, otherTotal] of [[300, 1000, 200, 1000], [55, 500, 900, 9000], [520, 1000, 1000, 2000], [10, 2000, 1000, 2000]] as const) {
      const expected = exact(hits, total, otherHits, otherTotal);
      expect(Math.abs(fisherGreater({ hits, total, otherHits, otherTotal }) - expected)).toBeLessThanOrEqual(expected * 1e-8 + 1e-12);
    }
  });

  it('has nothing to say of empty groups and of what all have', () => {
    expect(fisherGreater({ hits: 0, total: 0, otherHits: 0, otherTotal: 0 })).toBe(1);
    expect(fisherGreater({ hits: 5, total: 5, otherHits: 7, otherTotal: 7 })).toBe(1);
  });
});

describe('Holm’s correction', () => {
  it('multiplies by what is left, never falls, never passes 1', () => {
    expect(holmCorrected([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holmCorrected([0.9, 0.8])).toEqual([1, 1]);
    expect(holmCorrected([0.001], 50)).toEqual([0.05]);
  });
});

describe('intervals of shares', () => {
  it('are Newcombe’s own examples', () => {
    // Table II, method 10: 56/70 − 48/80 and 10/10 − 0/10.
    expect(shareDifferenceLowerEnd({ hits: 56, total: 70, otherHits: 48, otherTotal: 80 })).toBeCloseTo(0.0524, 4);
    expect(shareDifferenceLowerEnd({ hits: 10, total: 10, otherHits: 0, otherTotal: 10 })).toBeCloseTo(0.6075, 4);
  });

  it('bound the ratio from below', () => {
    const lower = riskRatioLowerEnd({ hits: 90, total: 100, otherHits: 6, otherTotal: 100 });
    expect(lower).toBeGreaterThan(6);
    expect(lower).toBeLessThan(15);
    expect(riskRatioLowerEnd({ hits: 3, total: 100, otherHits: 0, otherTotal: 100 })).toBeLessThan(1);
    expect(riskRatioLowerEnd({ hits: 0, total: 100, otherHits: 10, otherTotal: 100 })).toBe(0);
  });
});
