import type { BatchSource, Clock, Counter, Meter, RejectReason, SignalReceipt } from '@pitot/core';
import type { Admission } from '../admission.ts';
import type { Rejections } from '../rejections.ts';
import type { SourceTable } from '../source-table.ts';
import type { Spool } from '../spool/spool.ts';
import type { DecodedSignals } from './decoded-signals.ts';
import type { Repairs } from './repairs.ts';

export interface CommitOptions {
  readonly admission: Admission;
  readonly rejections: Rejections;
  readonly sources: SourceTable;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** Brings decoded logs and spans into the spool, and counts them once they are durable. */
export class SignalCommits {
  readonly #options: CommitOptions;
  readonly #taken: Readonly<Record<'logs' | 'spans', Counter>>;
  readonly #repairs: Counter;

  constructor(options: CommitOptions) {
    this.#options = options;
    const { meter } = options;
    this.#taken = {
      logs: meter.counter('pitot_ingest_log_records_total', 'Log records taken.', ['receiver']),
      spans: meter.counter('pitot_ingest_spans_total', 'Spans taken.', ['receiver']),
    };
    this.#repairs = meter.counter(
      'pitot_ingest_repairs_total',
      'What was cut, replaced or left out so that a log record or span could be taken.',
      ['receiver', 'repair'],
    );
  }

  /** Throws where nothing may come in now; asked before the work of decoding. */
  admit(request: Uint8Array): void {
    if (request.length > 0) this.#options.admission.check();
  }

  /** Resolves when everything accepted is durable. `onFailed` is called when nothing is, before this throws. */
  async commit(signal: 'logs' | 'spans', decoded: DecodedSignals, repairs: Repairs, source: BatchSource, onFailed: () => void): Promise<SignalReceipt> {
    const { spool, sources, clock } = this.#options;
    const { receiver } = source;
    repairs.flush(this.#repairs, receiver);
    if (decoded.blocks.length > 0) await spool.append(decoded.blocks, onFailed);
    const nowMs = clock.nowMs();
    for (const [service, count] of decoded.services) sources.count(signal, source, service, count, nowMs);
    if (decoded.accepted > 0) this.#taken[signal].inc(decoded.accepted, { receiver });
    return { accepted: decoded.accepted, rejected: this.#countRejected(decoded.rejected, receiver, signal), reasons: Object.fromEntries(decoded.rejected) };
  }

  #countRejected(reasons: ReadonlyMap<RejectReason, number>, receiver: string, signal: string): number {
    const { rejections } = this.#options;
    let rejected = 0;
    for (const [reason, count] of reasons) {
      rejected += count;
      rejections.count(receiver, reason, count);
      rejections.log(reason, () => `${count} ${signal} in one request to ${receiver}`);
    }
    return rejected;
  }
}
