import type { ServiceHealth } from '@pitot/core';
import { countSlowerThan, durationQuantileMs } from '../../query/topology/durations.ts';
import type { Counted } from '../../query/topology/evidence.ts';
import { errorRatio } from './red.ts';
import { onsetOf } from './onset.ts';
import type { Period } from './periods.ts';
import { addCounted, emptyCounted } from './service-map.ts';
import { shareRiseZ } from './significance.ts';
import { amount, counted, lengthOfTime, milliseconds, percent, timesBetween } from './wording.ts';

/** Requests of one service in one step of time. */
export interface StepCounts extends Counted {
  readonly timeMs: number;
  /** When the last request of it was seen; absent: at its start. */
  readonly lastSeenMs?: number;
}

type FindingKind = 'failing' | 'slow' | 'stopped';

/** What is wrong with a service now, or was. */
export interface Finding {
  readonly kind: FindingKind;
  readonly health: 'warning' | 'critical';
  readonly fromMs: number;
  /** Null while it goes on. */
  readonly toMs: number | null;
  /** Requests of the window that shows it, and those of the usual windows before; null where there is nothing to compare with. */
  readonly counts: Counted;
  readonly usual: Counted | null;
  /** Requests per second in the usual windows. */
  readonly usualRate: number;
}

/** How a service is at the end of a range. */
export interface Judgement {
  readonly health: ServiceHealth;
  /** One sentence with numbers and the time they are of. */
  readonly reason: string;
  readonly now: Finding | null;
  /** Troubles that ended within the asked range, in their order. */
  readonly past: readonly Finding[];
}

/** The rule, as docs/service-map.md tells it. Shares are 0–1. */
const RULE = {
  windowsMs: [120_000, 300_000, 900_000],
  /** Of a window in which something may be found. */
  leastCalls: 20,
  leastTimed: 50,
  /** Judged as one where most windows have so many requests; longer where they have not. */
  usualCalls: 60,
  usualWindowsMs: [300_000, 900_000],
  leastUsual: 50,
  /** About one false alarm a day among 24 services, in calls that come in bursts. */
  leastZ: 5,
  warningRise: 0.01,
  criticalRise: 0.05,
  riseFactor: 1.5,
  steadyFailed: 5,
  steadyWarning: 0.05,
  steadyCritical: 0.2,
  slowFactor: 1.5,
  slowMs: 20,
  verySlowFactor: 3,
  verySlowMs: 100,
  /** A trouble is over where the last moments should show so many bad requests and show less than this part of them. */
  overBad: 4,
  overShare: 0.3,
  silentMs: 60_000,
  silentCalls: 30,
} as const;
const CHECKED_MS = [60_000, 120_000, 300_000, 600_000] as const;
const STEP_MS = 30_000;
const MINUTE_MS = 60_000;

interface Usual {
  readonly counts: Counted;
  readonly ratio: number;
  readonly p95Ms: number | null;
  readonly perSecond: number;
}

/**
 * Judges a service by the last minutes before `endMs` against what it usually does: the windows before, without those that stand out.
 * `steps` ascend in time and reach back beyond the asked range; troubles that ended are told from `asked.startMs` on.
 */
export function judge(steps: readonly StepCounts[], asked: Period, nowMs: number): Judgement {
  const { endMs } = asked;
  const usual = usualOf(steps, endMs - RULE.windowsMs[0]);
  const now = stopped(steps, usual, endMs) ?? presentTrouble(steps, usual, endMs);
  const past = usual === null ? [] : pastTroubles(steps, usual, asked, now);
  return { ...healthAndReason(steps, now, past.at(-1), endMs, nowMs), now, past };
}

function presentTrouble(steps: readonly StepCounts[], usual: Usual | null, endMs: number): Finding | null {
  const found = RULE.windowsMs.flatMap((windowMs) => {
    const counts = between(steps, endMs - windowMs, endMs);
    return (['failing', 'slow'] as const).flatMap((kind) => {
      const health = kind === 'failing' ? failing(counts, usual, windowMs) : slow(counts, usual);
      if (health === undefined || isOver(steps, kind, counts, windowMs, usual, endMs)) return [];
      return [{ kind, health, toMs: null, counts, usual: usual?.counts ?? null, usualRate: usual?.perSecond ?? 0 }];
    });
  });
  // The shortest window shows what is now; failing before slow where both are as bad.
  const worst = found.find(({ health }) => health === 'critical') ?? found[0];
  return worst === undefined ? null : { ...worst, fromMs: beginning(steps, worst.kind, worst.counts, usual, endMs) };
}

function failing(counts: Counted, usual: Usual | null, windowMs: number): 'warning' | 'critical' | undefined {
  const ratio = errorRatio(counts);
  if (counts.calls < RULE.leastCalls) return counts.errors >= RULE.steadyFailed && ratio >= 0.5 && (usual === null || usual.ratio < 0.25) ? 'critical' : undefined;
  if (usual !== null) {
    const rise = ratio - usual.ratio;
    const z = shareRiseZ(usual.counts.errors, usual.counts.calls, counts.errors, counts.calls);
    if (z >= RULE.leastZ && rise >= RULE.warningRise && ratio >= usual.ratio * RULE.riseFactor) return rise >= RULE.criticalRise ? 'critical' : 'warning';
  }
  // As before, or with nothing to compare: what nobody may call well. Little is said by few, so only the longest window tells.
  if (counts.errors < RULE.steadyFailed || (usual !== null && windowMs < RULE.windowsMs.at(-1)!)) return undefined;
  if (ratio >= RULE.steadyCritical) return 'critical';
  return ratio >= RULE.steadyWarning || (usual === null && ratio >= RULE.warningRise) ? 'warning' : undefined;
}

function slow(counts: Counted, usual: Usual | null): 'warning' | 'critical' | undefined {
  if (usual === null || usual.p95Ms === null || counts.calls < RULE.leastTimed || usual.counts.calls < RULE.leastUsual) return undefined;
  const p95Ms = durationQuantileMs(counts.durations, 0.95);
  if (p95Ms === null || p95Ms < usual.p95Ms * RULE.slowFactor || p95Ms - usual.p95Ms < RULE.slowMs) return undefined;
  const bad = (of: Counted) => badOf('slow', of, usual);
  if (shareRiseZ(bad(usual.counts), usual.counts.calls, bad(counts), counts.calls) < RULE.leastZ) return undefined;
  return p95Ms >= usual.p95Ms * RULE.verySlowFactor && p95Ms - usual.p95Ms >= RULE.verySlowMs ? 'critical' : 'warning';
}

/** Whether the last moments, where they are enough to tell, are as usual again. */
function isOver(steps: readonly StepCounts[], kind: 'failing' | 'slow', counts: Counted, windowMs: number, usual: Usual | null, endMs: number): boolean {
  if (usual === null) return false;
  const usualShare = badOf(kind, usual.counts, usual) / usual.counts.calls;
  const excessShare = badOf(kind, counts, usual) / counts.calls - usualShare;
  return CHECKED_MS.filter((ms) => ms < windowMs).some((ms) => {
    const last = between(steps, endMs - ms, endMs);
    const expected = excessShare * last.calls;
    return expected >= RULE.overBad && badOf(kind, last, usual) - usualShare * last.calls < RULE.overShare * expected;
  });
}

/** Requests used to come, and none came any more. */
function stopped(steps: readonly StepCounts[], usual: Usual | null, endMs: number): Finding | null {
  const last = steps.findLast(({ calls }) => calls > 0);
  if (last === undefined || usual === null) return null;
  const lastMs = Math.min(endMs, last.lastSeenMs ?? last.timeMs + STEP_MS);
  const silentMs = endMs - lastMs;
  const reachMs = RULE.windowsMs.at(-1)!;
  const rate = Math.min(usual.perSecond, (between(steps, lastMs - reachMs, lastMs).calls * 1000) / reachMs);
  if (silentMs < RULE.silentMs || (rate * silentMs) / 1000 < RULE.silentCalls) return null;
  return { kind: 'stopped', health: 'critical', fromMs: lastMs, toMs: null, counts: emptyCounted(), usual: usual.counts, usualRate: usual.perSecond };
}

/** When what is bad now began: it is followed back to the last time that was as usual. */
function beginning(steps: readonly StepCounts[], kind: 'failing' | 'slow', counts: Counted, usual: Usual | null, endMs: number): number {
  const series = steps.filter(({ timeMs }) => timeMs < endMs).map((step) => ({ timeMs: step.timeMs, all: step.calls, bad: usual === null ? step.errors : badOf(kind, step, usual) }));
  const usualShare = usual === null ? 0 : badOf(kind, usual.counts, usual) / usual.counts.calls;
  const limit = (usualShare + (usual === null ? counts.errors : badOf(kind, counts, usual)) / counts.calls) / 2;
  // Back to a stretch with enough requests that is nearer to what is usual.
  let calls = 0;
  let bad = 0;
  let start = 0;
  for (let i = series.length - 1; i >= 0; i--) {
    calls += series[i]!.all;
    bad += series[i]!.bad;
    if (calls * (limit - usualShare) < RULE.overBad && calls < RULE.leastCalls) continue;
    if (series[i]!.timeMs < endMs - 2 * MINUTE_MS && bad / calls < limit) {
      start = Math.max(0, i - 2);
      break;
    }
    [calls, bad] = [0, 0];
  }
  return onsetOf(series.slice(start))?.timeMs ?? series.slice(start).find((step) => step.all > 0 && step.bad / step.all >= limit)?.timeMs ?? endMs;
}

function pastTroubles(steps: readonly StepCounts[], usual: Usual, asked: Period, now: Finding | null): Finding[] {
  const windowMs = RULE.usualWindowsMs[0];
  return (['failing', 'slow'] as const)
    .flatMap((kind) => {
      const flagged: Period[] = [];
      for (let endMs = Math.min(asked.endMs - MINUTE_MS, now?.fromMs ?? Infinity); endMs - windowMs >= asked.startMs - windowMs; endMs -= windowMs / 2) {
        const counts = between(steps, endMs - windowMs, endMs);
        if (counts.calls < RULE.leastCalls || (kind === 'failing' ? failing(counts, usual, windowMs) : slow(counts, usual)) === undefined) continue;
        const later = flagged.at(-1);
        if (later && endMs >= later.startMs) flagged[flagged.length - 1] = { startMs: endMs - windowMs, endMs: later.endMs };
        else flagged.push({ startMs: endMs - windowMs, endMs });
      }
      return flagged.toReversed().flatMap((period) => pastTrouble(steps, kind, usual, period));
    })
    .filter(({ fromMs, toMs }) => toMs! > asked.startMs && toMs! <= asked.endMs - MINUTE_MS && (now === null || (fromMs < now.fromMs - 2 * MINUTE_MS && toMs! <= now.fromMs)))
    .sort((a, b) => a.fromMs - b.fromMs);
}

/** Where a trouble began and ended, to the step: what is nearer to the trouble than to what is usual. */
function pastTrouble(steps: readonly StepCounts[], kind: 'failing' | 'slow', usual: Usual, { startMs, endMs }: Period): Finding[] {
  const shareOf = (of: Counted) => badOf(kind, of, usual) / Math.max(of.calls, 1e-9);
  const near = steps.filter(({ timeMs, calls }) => calls > 0 && timeMs >= startMs - 2 * MINUTE_MS && timeMs < endMs + 2 * MINUTE_MS);
  const worst = Math.max(...near.map((step) => (step.calls >= 5 ? shareOf(step) : 0)), shareOf(between(steps, startMs, endMs)));
  const limit = (shareOf(usual.counts) + worst) / 2;
  const bad = near.filter((step) => shareOf(step) >= limit);
  if (bad.length === 0) return [];
  const fromMs = bad[0]!.timeMs;
  const last = bad.at(-1)!;
  const next = steps.find(({ timeMs }) => timeMs > last.timeMs)?.timeMs ?? last.timeMs + MINUTE_MS;
  const toMs = Math.min(next, last.timeMs + MINUTE_MS);
  const counts = between(steps, fromMs, toMs);
  const health = kind === 'failing' ? failing(counts, usual, toMs - fromMs) : slow(counts, usual);
  return health === undefined ? [] : [{ kind, health, fromMs, toMs, counts, usual: usual.counts, usualRate: usual.perSecond }];
}

/** What is usual before a moment: windows of the same length without those that fail or last clearly more than the median one. */
function usualOf(steps: readonly StepCounts[], untilMs: number): Usual | null {
  const firstMs = steps.find(({ calls }) => calls > 0)?.timeMs ?? untilMs;
  const windowsOf = (windowMs: number) => {
    const windows: Counted[] = [];
    for (let endMs = untilMs; endMs - windowMs >= firstMs - MINUTE_MS; endMs -= windowMs) windows.push(between(steps, endMs - windowMs, endMs));
    return windows;
  };
  const [short, long] = RULE.usualWindowsMs;
  const windowMs = (median(windowsOf(short).map(({ calls }) => calls)) ?? 0) >= RULE.usualCalls ? short : long;
  const windows = windowsOf(windowMs);
  const perSecond = ((median(windows.map(({ calls }) => calls)) ?? 0) * 1000) / windowMs;
  const seen = windows.filter(({ calls }) => calls > 0);
  const ratio = median(seen.map(errorRatio));
  if (ratio === undefined) return null;
  const p95Ms = median(seen.flatMap(({ durations }) => durationQuantileMs(durations, 0.95) ?? []));
  const quiet = seen.filter(({ calls, errors, durations }) => {
    const expected = ratio * calls;
    const isSlow = p95Ms !== undefined && (durationQuantileMs(durations, 0.95) ?? 0) > p95Ms * 1.4 + 5;
    return errors - expected <= 3 * Math.sqrt(Math.max(1, expected)) && (!isSlow || calls < RULE.leastTimed);
  });
  const counts = emptyCounted();
  for (const window of quiet.length > 0 ? quiet : seen) addCounted(counts, window);
  if (counts.calls < RULE.leastCalls) return null;
  return { counts, ratio: errorRatio(counts), p95Ms: durationQuantileMs(counts.durations, 0.95), perSecond };
}

function healthAndReason(steps: readonly StepCounts[], now: Finding | null, past: Finding | undefined, endMs: number, nowMs: number): Pick<Judgement, 'health' | 'reason'> {
  if (now !== null) return { health: now.health, reason: presentReason(now, steps, endMs) };
  const [, medium, long] = RULE.windowsMs;
  const short = between(steps, endMs - medium, endMs);
  const windowMs = short.calls >= RULE.leastCalls ? medium : long;
  const counts = windowMs === medium ? short : between(steps, endMs - long, endMs);
  const during = `in the last ${lengthOfTime(windowMs)}`;
  if (counts.calls === 0) {
    const before = steps.reduce((sum, { calls }) => sum + calls, 0);
    return { health: 'unknown', reason: before > 0 ? `No requests ${during}; ${counted(before, 'request')} before.` : 'No requests were seen.' };
  }
  if (counts.calls < RULE.leastCalls) return { health: 'unknown', reason: `Only ${counted(counts.calls, 'request')} ${during}, of which ${amount(counts.errors)} failed: too few to judge.` };
  const p95Ms = durationQuantileMs(counts.durations, 0.95);
  const was = past === undefined ? '' : ` ${past.kind === 'failing' ? `It failed ${percent(errorRatio(past.counts))} of its requests` : `Its slowest 5 % took ${p95Of(past.counts)} and more`} from ${timesBetween(past.fromMs, past.toMs!, nowMs)}.`;
  return { health: 'healthy', reason: `${percent(errorRatio(counts))} of ${counted(counts.calls, 'request')} failed ${during}${p95Ms === null ? '' : `; 95 % took less than ${milliseconds(p95Ms)}`}.${was}` };
}

function presentReason({ kind, counts, usual, usualRate, fromMs }: Finding, steps: readonly StepCounts[], endMs: number): string {
  if (kind === 'stopped') return `No requests for ${lengthOfTime(endMs - fromMs)}; ${amount(usualRate)} a second before.`;
  const windowMs = RULE.windowsMs.find((ms) => between(steps, endMs - ms, endMs).calls >= counts.calls) ?? RULE.windowsMs.at(-1)!;
  const during = `in the last ${lengthOfTime(windowMs)}`;
  if (kind === 'failing') return `Failing ${percent(errorRatio(counts))} of ${counted(counts.calls, 'request')} ${during}${usual === null ? '' : `, ${percent(errorRatio(usual))} before`}.`;
  return `Slow: the slowest 5 % take ${p95Of(counts)} and more ${during}, ${usual === null ? 'less' : p95Of(usual)} before (${counted(counts.calls, 'request')}).`;
}

/** `3.2 s`: what the slowest 5 % take at least. */
export function p95Of({ durations }: Counted): string {
  const ms = durationQuantileMs(durations, 0.95);
  return ms === null ? 'longer' : milliseconds(ms);
}

function badOf(kind: 'failing' | 'slow', { errors, calls, durations }: Counted, usual: Usual): number {
  return kind === 'failing' ? Math.min(calls, errors) : Math.min(calls, countSlowerThan(durations, usual.p95Ms ?? Infinity));
}

function between(steps: readonly StepCounts[], startMs: number, endMs: number): Counted {
  const sum = emptyCounted();
  const from = Math.floor(startMs / STEP_MS) * STEP_MS;
  for (let i = steps.length - 1; i >= 0 && steps[i]!.timeMs >= from; i--) if (steps[i]!.timeMs < endMs) addCounted(sum, steps[i]!);
  return sum;
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length === 0 ? undefined : sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
