import type { Limits, Meter } from '@pitot/core';
import { abortError, QuerySlots } from '../query-slots.ts';
import type { AskOptions } from './log-queries.ts';

type Ask = <Answer>(kind: string, options: AskOptions | undefined, answer: (signal: AbortSignal) => Promise<Answer>) => Promise<Answer>;

const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Queues questions about logs (`limits.query_concurrency`), ends each at `limits.query_timeout_seconds`, and counts how it went. */
export function createAsk(limits: Limits, meter: Meter): Ask {
  const slots = new QuerySlots(limits.query_concurrency);
  const total = meter.counter('pitot_log_queries_total', 'Questions about logs, by kind and how they ended.', ['kind', 'result']);
  const seconds = meter.histogram('pitot_log_query_duration_seconds', 'Time from question to answer, waiting included.', DURATION_BUCKETS, ['kind']);

  return async (kind, options, answer) => {
    const startMs = performance.now();
    const deadline = AbortSignal.timeout(Math.ceil(limits.query_timeout_seconds * 1000));
    const signal = options?.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
    let result = 'ok';
    try {
      return await slots.run(signal, () => answer(signal));
    } catch (error) {
      const shown = signal.aborted ? abortError(signal, 'while it was answered') : error;
      result = (shown as { code?: string }).code ?? 'internal';
      throw shown;
    } finally {
      total.inc(1, { kind, result });
      seconds.observe((performance.now() - startMs) / 1000, { kind });
    }
  };
}
