import type { MetricBatch, MetricMetadata } from '@pitot/core';

/** Metadata waiting for a batch that commits; beyond this the oldest waits for its series to be new again. */
const MAX_WAITING = 20_000;

/**
 * Metadata is only said with series that a decoder has not seen before. Where that request then fails, it is said with the next
 * one instead.
 */
export class PendingMetadata {
  #waiting: MetricMetadata[] = [];
  #said: MetricMetadata[] = [];

  begin(batch: MetricBatch): void {
    this.#said = [];
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const metadata of waiting) this.say(batch, metadata);
  }

  say(batch: MetricBatch, metadata: MetricMetadata): void {
    batch.addMetadata(metadata);
    this.#said.push(metadata);
  }

  /** Ends the request; call the answer where its batch was not committed. */
  takeUndo(): () => void {
    const said = this.#said;
    this.#said = [];
    return () => {
      this.#waiting = [...this.#waiting, ...said].slice(-MAX_WAITING);
    };
  }
}
