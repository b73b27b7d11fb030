import { AppError } from '@pitot/core';

/** A fixed set of things that each serve one task at a time; tasks wait in order. */
export class Pool<Item> {
  readonly #free: Item[];
  readonly #waiting: Waiter<Item>[] = [];
  readonly #size: number;
  #closed: (() => void) | undefined;

  constructor(items: readonly Item[]) {
    this.#free = [...items];
    this.#size = items.length;
  }

  /** Resolves with a free item; rejects `canceled` when the signal aborts first. */
  async take(signal: AbortSignal | undefined): Promise<Item> {
    if (this.#closed) throw new AppError('store_unavailable', 'the store is closed');
    if (signal?.aborted) throw new AppError('canceled', 'the query was cancelled before it ran');
    const item = this.#free.pop();
    if (item !== undefined) return item;
    return new Promise((resolve, reject) => {
      const waiter: Waiter<Item> = { resolve, reject };
      this.#waiting.push(waiter);
      signal?.addEventListener('abort', () => this.#leave(waiter), { once: true });
    });
  }

  give(item: Item): void {
    const next = this.#waiting.shift();
    if (next) return next.resolve(item);
    this.#free.push(item);
    if (this.#free.length === this.#size) this.#closed?.();
  }

  /** Turns waiting tasks away and resolves when every item is free. */
  async close(): Promise<void> {
    for (const { reject } of this.#waiting.splice(0)) reject(new AppError('store_unavailable', 'the store is closing'));
    await new Promise<void>((resolve) => {
      this.#closed = resolve;
      if (this.#free.length === this.#size) resolve();
    });
  }

  #leave(waiter: Waiter<Item>): void {
    const at = this.#waiting.indexOf(waiter);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    waiter.reject(new AppError('canceled', 'the query was cancelled while it waited'));
  }
}

interface Waiter<Item> {
  readonly resolve: (item: Item) => void;
  readonly reject: (error: AppError) => void;
}
