import { AppError, type Clock } from '@pitot/core';

/** Counts login attempts of each address in a fixed window, so that passwords cannot be tried in bulk. */
export interface AttemptLimit {
  /** Throws AppError `too_many_requests`. */
  take(address: string): void;
  /** A success clears the count. */
  forget(address: string): void;
}

const MOST_ATTEMPTS = 10;
const WINDOW_MS = 60_000;
const MOST_ADDRESSES = 10_000;

export function createAttemptLimit(clock: Clock): AttemptLimit {
  const windows = new Map<string, { attempts: number; endMs: number }>();

  return {
    take(address) {
      const nowMs = clock.nowMs();
      const window = windows.get(address);
      if (!window || window.endMs <= nowMs) {
        if (windows.size >= MOST_ADDRESSES) windows.delete(windows.keys().next().value!);
        windows.delete(address);
        windows.set(address, { attempts: 1, endMs: nowMs + WINDOW_MS });
        return;
      }
      window.attempts++;
      if (window.attempts <= MOST_ATTEMPTS) return;
      const retryAfterSeconds = Math.ceil((window.endMs - nowMs) / 1000);
      throw new AppError('too_many_requests', `more than ${MOST_ATTEMPTS} login attempts in a minute; try again in ${retryAfterSeconds} seconds`, {
        fields: { limit: MOST_ATTEMPTS, window_seconds: WINDOW_MS / 1000 },
        retryAfterSeconds,
      });
    },
    forget(address) {
      windows.delete(address);
    },
  };
}
