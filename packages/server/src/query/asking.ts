import type { Limits, Meter } from '@pitot/core';
import { abortError, QuerySlots } from './query-slots.ts';

export interface AskOptions {
  readonly signal?: AbortSignal;
}

/** How one question may differ from the limits in force; it can only ask for less time. */
export interface QuestionTime extends AskOptions {
  readonly timeoutMs?: number;
}

/** Answers one question of a kind within the limits. Throws AppError `query_timeout` and `canceled`, and what the answer throws. */
export type Ask = <Answer>(kind: string, options: QuestionTime | undefined, answer: (signal: AbortSignal) => Promise<Answer>) => Promise<Answer>;

/** What questions are about, and what the program's own metrics count them under. */
export interface Subject {
  readonly about: string;
  readonly total: string;
  readonly duration: string;
  readonly running: string;
  readonly waiting: string;
  /** What is said to have taken too long. */
  readonly phase: string;
}

const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Queues questions (`limits.query_concurrency`), ends each at its own time limit or `limits.query_timeout_seconds`, and counts how it went. */
export function createAsk(limits: Limits, meter: Meter, { about, total, duration, running, waiting, phase }: Subject): Ask {
  const mostMs = Math.ceil(limits.query_timeout_seconds * 1000);
  const slots = new QuerySlots(limits.query_concurrency);
  const ended = meter.counter(total, `Questions about ${about}, by kind and how they ended.`, ['kind', 'result']);
  const seconds = meter.histogram(duration, 'Time from question to answer, waiting included.', DURATION_BUCKETS, ['kind']);
  meter.observe(running, `Questions about ${about} being answered.`, () => slots.running);
  meter.observe(waiting, `Questions about ${about} waiting for a slot (limits.query_concurrency).`, () => slots.waiting);

  return async (kind, options, answer) => {
    const startMs = performance.now();
    const deadline = AbortSignal.timeout(Math.min(options?.timeoutMs ?? mostMs, mostMs));
    const signal = options?.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
    let result = 'ok';
    try {
      return await slots.run(signal, () => endAtDeadline(signal, answer(signal), phase));
    } catch (error) {
      result = (error as { code?: string }).code ?? 'internal';
      throw error;
    } finally {
      ended.inc(1, { kind, result });
      seconds.observe((performance.now() - startMs) / 1000, { kind });
    }
  };
}

/** A reader that does not heed the signal cannot keep the caller waiting. */
function endAtDeadline<Answer>(signal: AbortSignal, answer: Promise<Answer>, phase: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const giveUp = () => reject(abortError(signal, phase));
  signal.addEventListener('abort', giveUp, { once: true });
  answer.then(resolve, (error: unknown) => reject(signal.aborted ? abortError(signal, phase) : error));
  return promise.finally(() => signal.removeEventListener('abort', giveUp));
}
