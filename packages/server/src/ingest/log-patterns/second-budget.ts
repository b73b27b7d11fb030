/** So many of something in a second, and no more until the next. */
export class SecondBudget {
  readonly #most: number;
  #spent = 0;
  #sinceMs = 0;

  constructor(most: number) {
    this.#most = most;
  }

  isSpent(nowMs: number): boolean {
    if (nowMs - this.#sinceMs >= 1000 || nowMs < this.#sinceMs) {
      this.#sinceMs = nowMs;
      this.#spent = 0;
    }
    return this.#spent >= this.#most;
  }

  spend(): void {
    this.#spent++;
  }
}
