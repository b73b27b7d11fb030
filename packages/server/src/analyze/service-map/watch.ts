import type { RequestStep } from '../../query/services/request-steps.ts';
import { judge, type Judgement } from './judgement.ts';
import type { MapPeriod } from './map-source.ts';
import { listAt } from './service-map.ts';

/** A service in an environment, with its requests by step and how it is. */
export interface Watched {
  readonly service: string;
  readonly environment: string;
  /** Ascending in time; steps without requests are left out. */
  readonly steps: readonly RequestStep[];
  readonly judgement: Judgement;
}

/** Every service at the end of a range. */
export interface Watch {
  /** The moment that is judged: the end of the range, or the last one of which requests are known. */
  readonly endMs: number;
  /** Since when steps were read. */
  readonly startMs: number;
  readonly services: readonly Watched[];
}

/** Spans are sent and stored in batches. */
const COMPLETE_AFTER_MS = 10_000;
const FINE_MS = 15 * 60_000;
const LEAST_REACH_MS = 3_600_000;
const MOST_REACH_MS = 2 * 3_600_000;
const MINUTE_MS = 60_000;

/** What must be read to judge the end of a range: twice its length, within one and two hours. */
export function watchedPeriod({ startMs, endMs }: MapPeriod, nowMs: number): { readonly startMs: number; readonly endMs: number; readonly fineFromMs: number } {
  const judgedMs = Math.max(Math.min(endMs, nowMs - COMPLETE_AFTER_MS), startMs + 1);
  const reachMs = Math.min(MOST_REACH_MS, Math.max(LEAST_REACH_MS, 2 * (endMs - startMs)));
  const minute = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  return { startMs: Math.max(0, minute(endMs - reachMs)), endMs: judgedMs, fineFromMs: Math.max(0, minute(judgedMs - FINE_MS)) };
}

/** Judges every service that received requests. */
export function watchOf(rows: readonly RequestStep[], asked: MapPeriod, { startMs, endMs }: { readonly startMs: number; readonly endMs: number }, nowMs: number): Watch {
  const series = new Map<string, RequestStep[]>();
  for (const row of rows) listAt(series, `${row.service}\u{0}${row.environment}`).push(row);
  const services = [...series.values()].map((steps): Watched => {
    steps.sort((a, b) => a.timeMs - b.timeMs);
    const { service, environment } = steps[0]!;
    return { service, environment, steps, judgement: judge(steps, { startMs: Math.max(asked.startMs, startMs), endMs }, nowMs) };
  });
  return { startMs, endMs, services };
}

/** The moment since which nothing at all comes any more, though it came; undefined where something still comes. */
export function silentSince({ services }: Watch): number | undefined {
  if (!services.some(({ judgement }) => judgement.now?.kind === 'stopped')) return undefined;
  const isSilent = services.every(({ judgement: { now, health } }) => now?.kind === 'stopped' || health === 'unknown');
  const ended = services.flatMap(({ judgement: { now } }) => (now?.kind === 'stopped' ? [now.fromMs] : []));
  const last = Math.max(...services.map(({ steps }) => steps.at(-1)!.timeMs));
  return isSilent && last <= Math.max(...ended) ? Math.max(...ended) : undefined;
}

/** A time before the trouble in which no service was in any, newest first choice: what calls are compared with. At most `mostMs` long. */
export function quietPeriod({ services, startMs, endMs }: Watch, beforeMs: number, mostMs: number): { readonly startMs: number; readonly endMs: number } {
  const troubles = services.flatMap(({ judgement: { past } }) => past.map((one) => ({ fromMs: one.fromMs - MINUTE_MS, toMs: one.toMs! + MINUTE_MS })));
  let best = { startMs: 0, endMs: 0 };
  const borders = [Math.min(beforeMs, endMs), ...troubles.map(({ fromMs }) => fromMs)].filter((ms) => ms <= beforeMs).sort((a, b) => b - a);
  for (const to of borders) {
    if (troubles.some(({ fromMs, toMs }) => to > fromMs && to <= toMs)) continue;
    const from = Math.max(startMs, to - mostMs, ...troubles.filter(({ toMs }) => toMs <= to).map(({ toMs }) => toMs));
    if (to - from > best.endMs - best.startMs + MINUTE_MS) best = { startMs: from, endMs: to };
    if (best.endMs - best.startMs >= mostMs / 2) break;
  }
  return best.endMs > best.startMs ? best : { startMs: Math.max(startMs, beforeMs - mostMs), endMs: beforeMs };
}
