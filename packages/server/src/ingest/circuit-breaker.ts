import type { CircuitBreakerState, Clock } from '@pitot/core';

export interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onChange: (state: CircuitBreakerState) => void;
}

/** Failures in a row that open the circuit. */
const FAILURE_THRESHOLD = 3;
const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;

/**
 * Keeps from hammering a store that is down: after three failures in a row the circuit is OPEN and nothing is tried until
 * a backoff has passed; then one attempt is let through (HALF_OPEN), which closes the circuit or opens it for twice as
 * long. The backoff is between half and the whole of 0.5 s · 2ⁿ, at most 30 s.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #state: CircuitBreakerState = 'CLOSED';
  #failures = 0;
  #retryAtMs = 0;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  get state(): CircuitBreakerState {
    return this.#state;
  }

  /** Milliseconds until the next attempt may be made; 0 where it may be made now. */
  waitMs(): number {
    return Math.max(0, this.#retryAtMs - this.#options.clock.nowMs());
  }

  /** To be called when an attempt is made. */
  attempt(): void {
    if (this.#state === 'OPEN') this.#become('HALF_OPEN');
  }

  succeeded(): void {
    this.#failures = 0;
    this.#retryAtMs = 0;
    this.#become('CLOSED');
  }

  failed(): void {
    this.#failures++;
    const longestMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures - 1, 10));
    this.#retryAtMs = this.#options.clock.nowMs() + longestMs * (0.5 + this.#options.random() / 2);
    if (this.#failures >= FAILURE_THRESHOLD) this.#become('OPEN');
  }

  #become(state: CircuitBreakerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onChange(state);
  }
}
