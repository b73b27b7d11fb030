import type { ServiceHealth } from '@pitot/core';
import { durationQuantileMs } from '../../query/topology/durations.ts';
import type { Counted } from '../../query/topology/evidence.ts';
import { errorRatio } from './red.ts';
import { proportionZ } from './significance.ts';
import { amount, counted, milliseconds, percent } from './wording.ts';

export interface Health {
  readonly health: ServiceHealth;
  /** One sentence with numbers. */
  readonly reason: string;
}

/** The rule, as docs/service-map.md tells it. Shares are 0–1. */
const HEALTH_RULE = {
  /** Fewer requests say nothing, unless half of at least five fail. */
  leastCalls: 20,
  leastFailed: 5,
  /** A rise counts from this many standard errors on, and from this many points on. */
  leastZ: 3,
  warningRise: 0.01,
  criticalRise: 0.05,
  /** Without a rise, or with nothing to compare: what nobody may call well. */
  warningErrors: 0.05,
  criticalErrors: 0.2,
  /** The 95th percentile, against the previous period: factor and milliseconds, both needed. */
  slowFactor: 1.5,
  slowMs: 20,
  verySlowFactor: 3,
  verySlowMs: 100,
  /** On each side, before a percentile is compared. */
  leastTimed: 50,
} as const;

/** How a node is, from its requests now against those of the period before. Never by colour alone: the reason has the numbers. */
export function healthOf(now: Counted | null, before: Counted | null): Health {
  if (now === null || now.calls === 0) return { health: 'unknown', reason: before && before.calls > 0 ? `No requests now; ${counted(before.calls, 'request')} in the period before.` : 'No requests were seen.' };
  const ratio = errorRatio(now);
  const failing = failingHealth(now, before, ratio);
  if (now.calls < HEALTH_RULE.leastCalls) {
    return failing ?? { health: 'unknown', reason: `Only ${counted(now.calls, 'request')}, of which ${amount(now.errors)} failed: too few to judge.` };
  }
  const slow = slowHealth(now, before);
  if (failing && (failing.health === 'critical' || slow?.health !== 'critical')) return failing;
  if (slow) return slow;
  const p95 = durationQuantileMs(now.durations, 0.95);
  return { health: 'healthy', reason: `${percent(ratio)} of ${counted(now.calls, 'request')} failed${p95 === null ? '' : `; 95 % took less than ${milliseconds(p95)}`}.` };
}

function failingHealth(now: Counted, before: Counted | null, ratio: number): Health | undefined {
  const rule = HEALTH_RULE;
  const sentence = `Failing ${percent(ratio)} of ${counted(now.calls, 'request')}`;
  if (now.calls < rule.leastCalls) return now.errors >= rule.leastFailed && ratio >= 0.5 ? { health: 'critical', reason: `${sentence}.` } : undefined;
  const known = before !== null && before.calls >= rule.leastCalls ? before : null;
  const ratioBefore = known ? errorRatio(known) : 0;
  const rise = ratio - ratioBefore;
  const risen = known ? proportionZ(known.errors, known.calls, now.errors, now.calls) >= rule.leastZ : now.errors >= rule.leastFailed;
  const compared = known ? `, ${percent(ratioBefore)} in the period before` : '';
  if (ratio >= rule.criticalErrors || (risen && known && rise >= rule.criticalRise)) return { health: 'critical', reason: `${sentence}${compared}.` };
  if ((risen && rise >= rule.warningRise) || ratio >= rule.warningErrors) return { health: 'warning', reason: `${sentence}${compared}.` };
  return undefined;
}

function slowHealth(now: Counted, before: Counted | null): Health | undefined {
  const rule = HEALTH_RULE;
  if (before === null || now.calls < rule.leastTimed || before.calls < rule.leastTimed) return undefined;
  const p95 = durationQuantileMs(now.durations, 0.95);
  const p95Before = durationQuantileMs(before.durations, 0.95);
  if (p95 === null || p95Before === null || p95 < p95Before * rule.slowFactor || p95 - p95Before < rule.slowMs) return undefined;
  const isVery = p95 >= p95Before * rule.verySlowFactor && p95 - p95Before >= rule.verySlowMs;
  return { health: isVery ? 'critical' : 'warning', reason: `Slow: the slowest 5 % take ${milliseconds(p95)} and more, ${milliseconds(p95Before)} in the period before (${counted(now.calls, 'request')}).` };
}
