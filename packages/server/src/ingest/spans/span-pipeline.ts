import type { BatchSource, Clock, SignalReceipt, SpanSink } from '@pitot/core';
import type { SignalCommits } from '../signals/signal-commits.ts';
import { SpanDecoder, type SpanDecoderOptions } from './span-decoder.ts';

export interface SpanPipelineOptions extends SpanDecoderOptions {
  readonly commits: SignalCommits;
  readonly clock: Clock;
}

/** What the doors for spans write to. */
export class SpanPipeline implements SpanSink {
  readonly #commits: SignalCommits;
  readonly #clock: Clock;
  readonly #decoder: SpanDecoder;

  constructor(options: SpanPipelineOptions) {
    this.#commits = options.commits;
    this.#clock = options.clock;
    this.#decoder = new SpanDecoder(options);
  }

  async take(request: Uint8Array, source: BatchSource): Promise<SignalReceipt> {
    this.#commits.admit(request);
    const decoded = this.#decoder.decode(request, this.#clock.nowMs());
    return this.#commits.commit('spans', decoded, this.#decoder.request.repairs, source, () => {});
  }
}
