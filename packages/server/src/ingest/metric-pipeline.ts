import {
  type BatchSource,
  type Clock,
  type Counter,
  type IngestReceipt,
  type Labels,
  type Limits,
  type MetricBatch,
  type MetricSink,
  type RejectReason,
} from '@pitot/core';
import type { Admission } from './admission.ts';
import { RowBuilder } from './batch-rows.ts';
import { ColumnarBatch, FloatColumns, type BatchPipeline } from './metric-batch.ts';
import type { Rejections } from './rejections.ts';
import type { SeriesRegistry } from './series-registry.ts';
import type { SourceTable } from './source-table.ts';
import type { Spool } from './spool/spool.ts';

export interface PipelineOptions {
  readonly registry: SeriesRegistry;
  readonly sources: SourceTable;
  readonly rejections: Rejections;
  readonly spool: Spool;
  readonly admission: Admission;
  readonly limits: Limits;
  readonly retentionMs: number;
  readonly clock: Clock;
  readonly samplesTotal: Counter;
}

/** Columns kept for reuse, and the largest that are. */
const MOST_SPARE_COLUMNS = 32;
const MOST_SPARE_ROWS = 64 * 1024;

/** What the doors write to: interns series, makes batches, and brings them into the spool. */
export class MetricPipeline implements MetricSink, BatchPipeline {
  readonly #options: PipelineOptions;
  readonly #rows: RowBuilder;
  readonly #windowMs: number;
  #spare: FloatColumns[] = [];
  #inFlight = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#rows = new RowBuilder(options.registry, options.sources, options.limits);
    const { out_of_order_window_seconds: windowSeconds } = options.limits;
    this.#windowMs = Math.min(options.retentionMs, windowSeconds === undefined ? Infinity : windowSeconds * 1000);
  }

  get epoch(): number {
    return this.#options.registry.epoch;
  }

  get seriesEnd(): number {
    return this.#options.registry.end;
  }

  intern(labels: Labels, source: BatchSource): number | RejectReason {
    return this.#options.registry.intern(labels, source);
  }

  begin(source: BatchSource): MetricBatch {
    const { clock, limits } = this.#options;
    const nowMs = clock.nowMs();
    return new ColumnarBatch(this, source, nowMs - this.#windowMs, nowMs + limits.future_tolerance_seconds * 1000);
  }

  takeColumns(): FloatColumns {
    return this.#spare.pop() ?? new FloatColumns();
  }

  async commit(batch: ColumnarBatch): Promise<IngestReceipt> {
    if (batch.accepted + batch.exemplars.length + batch.metadata.length > 0) {
      this.#options.admission.check();
      const accepted = await this.#makeDurable(batch);
      this.#options.samplesTotal.inc(accepted, { receiver: batch.source.receiver });
      this.#recycle(batch.columns);
      return this.#receipt(batch, accepted);
    }
    this.#recycle(batch.columns);
    return this.#receipt(batch, 0);
  }

  async #makeDurable(batch: ColumnarBatch): Promise<number> {
    const rows = this.#rows.build(batch, this.#options.clock.nowMs());
    // Without rows everything was there already, perhaps in a batch that is still on its way to the disk: then wait for it.
    if (rows.blocks.length === 0 && this.#inFlight === 0) return rows.accepted;
    this.#inFlight++;
    try {
      await this.#options.spool.append(rows.blocks, () => this.#rows.forget(batch));
    } finally {
      this.#inFlight--;
    }
    return rows.accepted;
  }

  #receipt(batch: ColumnarBatch, accepted: number): IngestReceipt {
    const { rejections } = this.#options;
    const { receiver } = batch.source;
    const reasons = new Map(batch.reasons);
    let rejected = 0;
    for (const [reason, count] of batch.reasons) {
      rejected += count;
      rejections.count(receiver, reason, count);
      rejections.log(reason, () => `${count} in one request to ${receiver}`);
    }
    let rejectedExemplars = 0;
    for (const [reason, count] of batch.exemplarReasons) {
      rejectedExemplars += count;
      reasons.set(reason, (reasons.get(reason) ?? 0) + count);
      rejections.countExemplars(receiver, reason, count);
      rejections.log(reason, () => `${count} exemplars in one request to ${receiver}`);
    }
    const exemplars = { accepted: batch.exemplars.length, rejected: rejectedExemplars };
    return { accepted, rejected, exemplars, reasons: Object.fromEntries(reasons) };
  }

  #recycle(columns: FloatColumns): void {
    if (this.#spare.length < MOST_SPARE_COLUMNS && columns.series.length <= MOST_SPARE_ROWS) this.#spare.push(columns);
  }
}
