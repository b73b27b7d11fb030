import { AppError, type Limits } from '@pitot/core';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Spool } from './spool/spool.ts';

const SPOOL_FULL_RETRY_SECONDS = 5;
const SHUTDOWN_RETRY_SECONDS = 5;

/** Whether anything may come in now: one rule for metrics, logs and spans. */
export class Admission {
  readonly #spool: Spool;
  readonly #breaker: CircuitBreaker;
  readonly #limits: Limits;
  #draining = false;

  constructor({ spool, breaker, limits }: { readonly spool: Spool; readonly breaker: CircuitBreaker; readonly limits: Limits }) {
    this.#spool = spool;
    this.#breaker = breaker;
    this.#limits = limits;
  }

  /** From now on `check` throws `shutting_down`. */
  drain(): void {
    this.#draining = true;
  }

  /** Throws AppError `shutting_down`, `spool_full` or `store_unavailable`. */
  check(): void {
    if (this.#draining) {
      throw new AppError('shutting_down', 'the server is shutting down; nothing of this request was taken', { retryAfterSeconds: SHUTDOWN_RETRY_SECONDS });
    }
    const limitBytes = this.#limits.spool_bytes;
    const { sizeBytes } = this.#spool;
    if (sizeBytes < limitBytes) return;
    const fields = { limit: 'limits.spool_bytes', value: limitBytes, spoolBytes: sizeBytes };
    const full = `the spool holds ${sizeBytes} bytes, limits.spool_bytes allows ${limitBytes}; nothing of this request was taken`;
    if (this.#breaker.state === 'CLOSED') {
      throw new AppError('spool_full', `the store is behind: ${full}`, { fields, retryAfterSeconds: SPOOL_FULL_RETRY_SECONDS });
    }
    const retryAfterSeconds = Math.max(1, Math.ceil(this.#breaker.waitMs() / 1000));
    throw new AppError('store_unavailable', `the store does not take data: ${full}`, { fields, retryAfterSeconds });
  }
}
