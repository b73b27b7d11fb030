import type { BatchSource, Clock, Counter, LogSink, Meter, SignalReceipt } from '@pitot/core';
import { Sequence } from '../signals/sequence.ts';
import type { SignalCommits } from '../signals/signal-commits.ts';
import { SourceRates } from '../signals/source-rates.ts';
import { LogDecoder, type LogDecoderOptions } from './log-decoder.ts';

export interface LogPipelineOptions extends Omit<LogDecoderOptions, 'rates' | 'sequence'> {
  readonly commits: SignalCommits;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** What the doors for logs write to. */
export class LogPipeline implements LogSink {
  readonly #options: LogPipelineOptions;
  readonly #decoder: LogDecoder;
  readonly #dropped: Counter;

  constructor(options: LogPipelineOptions) {
    this.#options = options;
    this.#decoder = new LogDecoder({ ...options, rates: new SourceRates(options.limits), sequence: new Sequence() });
    this.#dropped = options.meter.counter('pitot_ingest_log_records_dropped_total', 'Log records taken and then dropped or sampled away by a rule.', ['rule']);
  }

  async take(request: Uint8Array, source: BatchSource): Promise<SignalReceipt> {
    const { commits, clock, miner } = this.#options;
    commits.admit(request);
    const decoded = this.#decoder.decode(request, source, clock.nowMs());
    const { patterns, dropped } = decoded;
    const receipt = await commits.commit('logs', decoded, this.#decoder.request.repairs, source, () => miner?.putBack(patterns));
    for (const [rule, count] of dropped) this.#dropped.inc(count, { rule });
    return receipt;
  }
}
