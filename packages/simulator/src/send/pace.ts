import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@pitot/core';
import { LIVE, type Detail, type Simulation, type Telemetry } from '../run/simulation.ts';
import type { OtlpSender } from './otlp-sender.ts';

/** Spans in each of the two parts of the history; about what a laptop takes in ten seconds. */
const HISTORY_SPANS = 220_000;
/** The last stretch before now is shown by default on most pages, so it is thinned less. */
const RECENT_MS = 20 * 60_000;
/** Spans that one root request makes in the shop, on average. */
const SPANS_PER_REQUEST = 24;
const HISTORY_METRICS_SECONDS = 60;
/** Further back than the spans. */
const OLD_METRICS_SECONDS = 120;
/** While only metrics are made, few requests stand for all. */
const METRICS_ONLY_ROOTS_PER_SECOND = 0.25;
const CHUNK_MS = 60_000;
const STEP_MS = 1000;

export interface HistoryPlan {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly detail: Detail;
}

/** The stretches of the history, oldest first: metrics only, thin, less thin. */
export function planHistory(nowMs: number, historyMs: number, metricsHistoryMs: number, rate: number): HistoryPlan[] {
  const recordsFromMs = nowMs - historyMs;
  const recentFromMs = nowMs - Math.min(historyMs, RECENT_MS);
  const thin = (wanted: number) => Math.min(20, Math.max(0, Math.ceil(Math.log2(wanted))));
  const halvings = (spanMs: number) => thin((rate * (spanMs / 1000) * SPANS_PER_REQUEST) / HISTORY_SPANS);
  const part = (fromMs: number, untilMs: number, halvings: number, records: boolean): HistoryPlan => ({ fromMs, untilMs, detail: { halvings, metricsEverySeconds: records ? HISTORY_METRICS_SECONDS : OLD_METRICS_SECONDS, records } });
  return [
    part(nowMs - metricsHistoryMs, recordsFromMs, thin(rate / METRICS_ONLY_ROOTS_PER_SECOND), false),
    part(recordsFromMs, recentFromMs, halvings(recentFromMs - recordsFromMs), true),
    part(recentFromMs, nowMs, halvings(nowMs - recentFromMs), true),
  ].filter(({ fromMs, untilMs }) => untilMs > fromMs);
}

/** Sends the history as fast as the server takes it; the next minute is simulated while one is sent. */
export async function sendHistory(simulation: Simulation, sender: OtlpSender, plan: readonly HistoryPlan[], signal: AbortSignal): Promise<void> {
  let sending: Promise<void> = Promise.resolve();
  for (const { untilMs, detail } of plan) {
    simulation.setDetail(detail);
    while (simulation.nowMs + STEP_MS <= untilMs) {
      signal.throwIfAborted();
      const telemetry: Telemetry = simulation.advance(Math.min(untilMs, simulation.nowMs + CHUNK_MS));
      await sending;
      sending = sender.send(telemetry);
      // Awaited a turn later; a failure must not count as unhandled until then.
      sending.catch(() => {});
    }
  }
  await sending;
  simulation.setDetail(LIVE);
}

/** Sends each second once it is over, until aborted or `untilMs`. What came while the server was away follows when it is back. */
export async function sendLive(simulation: Simulation, sender: OtlpSender, clock: Clock, signal: AbortSignal, untilMs = Number.POSITIVE_INFINITY): Promise<void> {
  while (!signal.aborted && simulation.nowMs < untilMs) {
    // At most a minute at once, so that catching up does not build one huge request.
    await sender.send(simulation.advance(Math.min(clock.nowMs(), simulation.nowMs + CHUNK_MS)));
    const behindMs = clock.nowMs() - simulation.nowMs;
    if (behindMs < STEP_MS) await sleep(STEP_MS - behindMs, undefined, { signal });
  }
}
