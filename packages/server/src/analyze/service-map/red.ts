import type { Red } from '@pitot/core';
import { durationQuantileMs } from '../../query/topology/durations.ts';
import type { Counted } from '../../query/topology/evidence.ts';

/** Rate, errors and durations of what was counted over a length of time. */
export function redOf({ calls, errors, durations }: Counted, lengthMs: number): Red {
  return {
    calls: rounded(calls),
    calls_per_second: lengthMs > 0 ? rounded((calls * 1000) / lengthMs) : 0,
    errors: rounded(errors),
    error_ratio: errorRatio({ calls, errors }),
    p50_ms: quantile(durations, 0.5),
    p95_ms: quantile(durations, 0.95),
    p99_ms: quantile(durations, 0.99),
  };
}

/** Errors of calls, 0–1; 0 where there were none. */
export function errorRatio({ calls, errors }: Pick<Counted, 'calls' | 'errors'>): number {
  return calls > 0 ? Math.min(1, errors / calls) : 0;
}

function quantile(durations: Counted['durations'], share: number): number | null {
  const ms = durationQuantileMs(durations, share);
  return ms === null ? null : rounded(ms);
}

/** Six digits are more than the counts know; the rest is noise of sums. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
