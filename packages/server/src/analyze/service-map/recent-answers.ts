import type { Clock } from '@pitot/core';

const MOST_ANSWERS = 64;

/** Keeps answers for a few seconds, so that pages that are open side by side ask the stores once. Failures are not kept. */
export class RecentAnswers<Answer> {
  readonly #clock: Clock;
  readonly #keptMs: number;
  readonly #answers = new Map<string, { readonly untilMs: number; readonly answer: Promise<Answer> }>();

  constructor(clock: Clock, keptMs: number) {
    this.#clock = clock;
    this.#keptMs = keptMs;
  }

  /**
   * The answer of the same question, if it is recent or being made; else `make`s it. It is made for all who wait: one who goes away only
   * stops waiting.
   */
  async get(key: string, make: () => Promise<Answer>, signal?: AbortSignal): Promise<Answer> {
    signal?.throwIfAborted();
    const nowMs = this.#clock.nowMs();
    for (const [known, { untilMs }] of this.#answers) if (untilMs <= nowMs || this.#answers.size > MOST_ANSWERS) this.#answers.delete(known);
    const kept = this.#answers.get(key);
    if (kept) return awaited(kept.answer, signal);
    const answer = make();
    this.#answers.set(key, { untilMs: nowMs + this.#keptMs, answer });
    answer.catch(() => this.#answers.delete(key));
    return awaited(answer, signal);
  }
}

function awaited<Answer>(answer: Promise<Answer>, signal: AbortSignal | undefined): Promise<Answer> {
  if (signal === undefined) return answer;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const giveUp = () => reject(signal.reason as Error);
  signal.addEventListener('abort', giveUp, { once: true });
  answer.then(resolve, reject);
  return promise.finally(() => signal.removeEventListener('abort', giveUp));
}
