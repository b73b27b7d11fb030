import type { Counter } from '@pitot/core';

/** What is changed so that a record or span can be taken all the same; label values of `pitot_ingest_repairs_total`. */
export type Repair =
  /** A text longer than its limit was cut, and says so at its end. */
  | 'cut'
  /** Bytes that are not UTF-8 became U+FFFD. */
  | 'invalid_utf8'
  /** Attributes above limits.attributes_per_record were left out. */
  | 'too_many_attributes'
  /** A log's trace or span id, or a span's parent or link, of the wrong size or all zeros was left out. */
  | 'invalid_id'
  /** A span that ends before it starts got the duration 0. */
  | 'negative_duration';

/** Counts the repairs of one request at a time. */
export class Repairs {
  readonly #counts = new Map<Repair, number>();

  add(repair: Repair): void {
    this.#counts.set(repair, (this.#counts.get(repair) ?? 0) + 1);
  }

  /** Moves the counts to the counter. */
  flush(counter: Counter, receiver: string): void {
    for (const [repair, count] of this.#counts) counter.inc(count, { receiver, repair });
    this.#counts.clear();
  }
}
