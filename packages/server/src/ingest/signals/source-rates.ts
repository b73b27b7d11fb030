import type { BatchSource, Limits } from '@pitot/core';

/** A source may send this long at the full rate at once, when it was quiet before. */
const BURST_SECONDS = 10;
/** Beyond this many sources, those that were quiet for a whole burst are forgotten: their bucket is full again anyway. */
const MOST_SOURCES = 10_000;

/** A token bucket of bytes. */
export interface SourceBucket {
  bytes: number;
  atMs: number;
}

/** Log bytes per source (receiver, API key and service), so that a flood from one does not take the place of the others. */
export class SourceRates {
  readonly #bytesPerMs: number;
  readonly #mostBytes: number;
  readonly #buckets = new Map<string, SourceBucket>();

  constructor(limits: Limits) {
    this.#bytesPerMs = limits.log_bytes_per_second_per_source / 1000;
    this.#mostBytes = limits.log_bytes_per_second_per_source * BURST_SECONDS;
  }

  /** The bucket of a source, filled up to now. */
  bucketOf({ receiver, keyId = '' }: BatchSource, service: string, nowMs: number): SourceBucket {
    const name = `${receiver}\n${keyId}\n${service}`;
    const known = this.#buckets.get(name);
    if (known !== undefined) {
      this.#fill(known, nowMs);
      return known;
    }
    if (this.#buckets.size >= MOST_SOURCES) this.#forgetQuiet(nowMs);
    const bucket = { bytes: this.#mostBytes, atMs: nowMs };
    this.#buckets.set(name, bucket);
    return bucket;
  }

  #fill(bucket: SourceBucket, nowMs: number): void {
    bucket.bytes = Math.min(this.#mostBytes, bucket.bytes + Math.max(0, nowMs - bucket.atMs) * this.#bytesPerMs);
    bucket.atMs = nowMs;
  }

  #forgetQuiet(nowMs: number): void {
    for (const [name, bucket] of this.#buckets) {
      if (nowMs - bucket.atMs >= BURST_SECONDS * 1000) this.#buckets.delete(name);
    }
    // All are busy: the oldest starts anew, with a full bucket.
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size >= MOST_SOURCES && oldest !== undefined) this.#buckets.delete(oldest);
  }
}
