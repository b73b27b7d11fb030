import type { NativeHistogram } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { IncompatibleHistogramsError } from './histogram-math.ts';
import { HistogramMean, HistogramSum } from './histogram-sum.ts';
import { parseHistogramText, testExpression } from './histogram-text.ts';

const h = (body: string): NativeHistogram => parseHistogramText(`{{${body}}}`).histogram;

function sumOf(...bodies: string[]): HistogramSum {
  const sum = new HistogramSum(h(bodies[0]!));
  for (const body of bodies.slice(1)) sum.add(h(body));
  return sum;
}

function meanOf(...bodies: string[]): HistogramMean {
  const mean = new HistogramMean(h(bodies[0]!));
  for (const body of bodies.slice(1)) mean.add(h(body));
  return mean;
}

describe('HistogramSum', () => {
  it('keeps what plain addition would lose', () => {
    // 1 + 1e100 + 1 - 1e100 is 0 in doubles and 2 in truth; the same in a bucket.
    const sum = sumOf('sum:1 count:1 buckets:[1]', 'sum:1e100 buckets:[1e100]', 'sum:1 buckets:[1]', 'sum:-1e100 buckets:[-1e100]');
    expect(testExpression(sum.result())).toBe('{{count:1 sum:2 buckets:[2]}}');
  });

  it('keeps the compensation through a change of resolution', () => {
    const sum = sumOf('schema:1 sum:1 offset:1 buckets:[1]', 'schema:1 sum:1e100 offset:2 buckets:[3]', 'sum:-1e100 offset:1 buckets:[2]');
    expect(testExpression(sum.result())).toBe('{{sum:1 offset:1 buckets:[6]}}');
  });

  it('reports a reset beside a not-reset, even with another hint between them', () => {
    const sum = sumOf('counter_reset_hint:reset', '', 'counter_reset_hint:not_reset');
    expect(sum.flags.counterResetCollision).toBe(true);
    expect(sum.result().counterResetHint).toBe('unknown');
    expect(sumOf('counter_reset_hint:not_reset', 'counter_reset_hint:not_reset').flags.counterResetCollision).toBe(false);
  });

  it('reports reconciled custom bounds and refuses a mix', () => {
    const custom = 'schema:-53 count:1 custom_values:[5 10] buckets:[1]';
    const sum = sumOf(custom, 'schema:-53 count:2 custom_values:[10] buckets:[2]', 'schema:-53 count:1 custom_values:[10] buckets:[1]');
    expect(sum.flags.nhcbBoundsReconciled).toBe(true);
    expect(testExpression(sum.result())).toBe('{{schema:-53 count:4 custom_values:[10] buckets:[4]}}');
    expect(() => sum.add(h('count:1'))).toThrow(IncompatibleHistogramsError);
  });
});

describe('HistogramMean', () => {
  it('divides the compensated sum', () => {
    const mean = meanOf('sum:1 count:4 buckets:[4]', 'sum:1e100 count:2', 'sum:1 count:0', 'sum:-1e100 count:2');
    expect(testExpression(mean.result())).toBe('{{count:2 sum:0.5 buckets:[1]}}');
  });

  it('answers a single histogram unchanged', () => {
    expect(testExpression(meanOf('schema:3 sum:5 count:4 buckets:[1 2 1]').result())).toBe('{{schema:3 count:4 sum:5 buckets:[1 2 1]}}');
  });

  it('goes on as a running mean when the sum would overflow', () => {
    // (1.5e308 + 1.5e308 + 3e307) / 3 = 1.1e308, while the sum is beyond the largest double.
    const mean = meanOf('count:1.5e308', 'count:1.5e308', 'count:3e307').result();
    expect(mean.count / 1.1e308).toBeCloseTo(1, 12);
  });
});
