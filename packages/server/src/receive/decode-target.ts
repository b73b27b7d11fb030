import type { BatchSource, Limits, MetricBatch, MetricSink } from '@pitot/core';
import { tooManySamples } from './body.ts';
import { KeySeeds, type Seed } from './series-table.ts';

/** What a decoder writes one request into. */
export interface DecodeTarget {
  readonly sink: MetricSink;
  readonly batch: MetricBatch;
  readonly source: BatchSource;
  /** Where the hashes of this sender's series start. */
  readonly seed: Seed;
  readonly budget: SampleBudget;
}

/**
 * Counts a request's samples and stops at `limits.samples_per_request`. Series and metrics have as many places of their own, so that a
 * body of millions of empty ones does not keep the process busy.
 */
class SampleBudget {
  readonly #limits: Limits;
  #left: number;
  #holders: number;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#left = limits.samples_per_request;
    this.#holders = limits.samples_per_request;
  }

  /** A series, metric, scope or resource, whatever is in it. */
  takeHolder(): void {
    if (--this.#holders < 0) throw tooManySamples(this.#limits);
  }

  take(count = 1): void {
    this.#left -= count;
    if (this.#left < 0) throw tooManySamples(this.#limits);
  }
}

const seeds = new KeySeeds();

/** Begins one request's batch. */
export function openTarget(sink: MetricSink, limits: Limits, receiver: string, keyId: string | undefined): DecodeTarget {
  const source: BatchSource = keyId === undefined ? { receiver } : { receiver, keyId };
  return { sink, batch: sink.begin(source), source, seed: seeds.of(keyId), budget: new SampleBudget(limits) };
}
