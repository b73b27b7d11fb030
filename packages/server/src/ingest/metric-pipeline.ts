import {
  AppError,
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
import { RowBuilder } from './batch-rows.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
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
  readonly breaker: CircuitBreaker;
  readonly limits: Limits;
  readonly retentionMs: number;
  readonly clock: Clock;
  readonly samplesTotal: Counter;
}

const SPOOL_FULL_RETRY_SECONDS = 5;
const SHUTDOWN_RETRY_SECONDS = 5;
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
  #draining = false;

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

  /** From now on commits throw `shutting_down`. */
  drain(): void {
    this.#draining = true;
  }

  async commit(batch: ColumnarBatch): Promise<IngestReceipt> {
    if (batch.accepted + batch.exemplars.length + batch.metadata.length > 0) {
      this.#admit();
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

  #admit(): void {
    const { spool, limits, breaker } = this.#options;
    if (this.#draining) {
      throw new AppError('shutting_down', 'the server is shutting down; nothing of this request was taken', { retryAfterSeconds: SHUTDOWN_RETRY_SECONDS });
    }
    if (spool.sizeBytes < limits.spool_bytes) return;
    const fields = { limit: 'limits.spool_bytes', value: limits.spool_bytes, spoolBytes: spool.sizeBytes };
    const full = `the spool holds ${spool.sizeBytes} bytes, limits.spool_bytes allows ${limits.spool_bytes}; nothing of this request was taken`;
    if (breaker.state === 'CLOSED') {
      throw new AppError('spool_full', `the store is behind: ${full}`, { fields, retryAfterSeconds: SPOOL_FULL_RETRY_SECONDS });
    }
    const retryAfterSeconds = Math.max(1, Math.ceil(breaker.waitMs() / 1000));
    throw new AppError('store_unavailable', `the store does not take data: ${full}`, { fields, retryAfterSeconds });
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
