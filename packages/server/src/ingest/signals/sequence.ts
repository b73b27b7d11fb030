const MICROS_PER_MS = 1000;

/**
 * Numbers that grow strictly, within a process and over its restarts: they follow the clock in microseconds, and run ahead of it only while more than
 * a million a second are given out. Exact below 2^53, which is the year 2255.
 */
export class Sequence {
  #next = 0;

  /** The number that comes next. Take it and those after it, then tell `taken` the first one that was not used. */
  peek(nowMs: number): number {
    return Math.max(this.#next, Math.floor(nowMs) * MICROS_PER_MS);
  }

  taken(next: number): void {
    this.#next = next;
  }
}
