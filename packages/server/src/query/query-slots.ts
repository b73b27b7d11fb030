import { AppError } from '@pitot/core';

/** How many queries run at once; the others wait in order of arrival, each no longer than its own time limit. */
export class QuerySlots {
  readonly #size: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs the task in a slot. Throws AppError `query_timeout` or `canceled` when the signal ends before there is one. */
  async run<Result>(signal: AbortSignal, task: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#size) this.#running++;
    else await this.#wait(signal);
    try {
      return await task();
    } finally {
      // A slot is handed on, not freed and taken again, so that nobody overtakes the queue.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const admit = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        const place = this.#waiting.indexOf(admit);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(abortError(signal, 'in query queue'));
      };
      if (signal.aborted) {
        reject(abortError(signal, 'in query queue'));
        return;
      }
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(admit);
    });
  }
}

/** What an ended signal means: its time was up, or the caller went away. */
export function abortError(signal: AbortSignal, where: string): AppError {
  const timedOut = signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
  if (timedOut) {
    return new AppError('query_timeout', `query timed out ${where}; ask for less, or raise limits.query_timeout_seconds`, {
      fields: { limit: 'limits.query_timeout_seconds' },
    });
  }
  return new AppError('canceled', `query was canceled ${where}`);
}
