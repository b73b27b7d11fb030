import {
  AppError,
  histogramFault,
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
  type BatchSource,
  type Exemplar,
  type IngestReceipt,
  type MetricBatch,
  type MetricMetadata,
  type NativeHistogram,
  type RejectReason,
} from '@pitot/core';

/** Floats and stale markers in the order they came. Reused from batch to batch. */
export class FloatColumns {
  series = new Int32Array(1024);
  times = new Float64Array(1024);
  values = new Float64Array(1024);
  /** The same values as 32-bit words, low first: the only safe way to touch a stale marker. */
  valueWords = new Int32Array(this.values.buffer);

  grow(): void {
    const capacity = 2 * this.series.length;
    const { series, times, valueWords } = this;
    this.series = new Int32Array(capacity);
    this.series.set(series);
    this.times = new Float64Array(capacity);
    this.times.set(times);
    this.values = new Float64Array(capacity);
    this.valueWords = new Int32Array(this.values.buffer);
    this.valueWords.set(valueWords);
  }
}

export interface HistogramEntry {
  readonly series: number;
  readonly timestampMs: number;
  readonly histogram: NativeHistogram;
}

export interface ExemplarEntry {
  readonly series: number;
  readonly exemplar: Exemplar;
}

/** What a batch needs of the pipeline behind it. */
export interface BatchPipeline {
  /** Handles at or above this were never given out. */
  readonly seriesEnd: number;
  takeColumns(): FloatColumns;
  commit(batch: ColumnarBatch): Promise<IngestReceipt>;
}

// What Prometheus writes for an ordinary NaN; never the stale marker, whatever the bits were before.
const NAN_HIGH = 0x7ff80000;
const NAN_LOW = 0x00000001;

export class ColumnarBatch implements MetricBatch {
  readonly source: BatchSource;
  readonly columns: FloatColumns;
  /** Rows of `columns` in use. */
  floats = 0;
  readonly histograms: HistogramEntry[] = [];
  readonly exemplars: ExemplarEntry[] = [];
  readonly metadata: MetricMetadata[] = [];
  readonly reasons = new Map<RejectReason, number>();
  readonly exemplarReasons = new Map<RejectReason, number>();
  readonly #pipeline: BatchPipeline;
  readonly #earliestMs: number;
  readonly #latestMs: number;
  #committed = false;

  constructor(pipeline: BatchPipeline, source: BatchSource, earliestMs: number, latestMs: number) {
    this.#pipeline = pipeline;
    this.source = source;
    this.columns = pipeline.takeColumns();
    this.#earliestMs = earliestMs;
    this.#latestMs = latestMs;
  }

  get accepted(): number {
    return this.floats + this.histograms.length;
  }

  addFloat(series: number, timestampMs: number, value: number): void {
    if (!(timestampMs >= this.#earliestMs && timestampMs <= this.#latestMs)) return this.#rejectTime(timestampMs);
    if (value !== value) return this.#addWords(series, timestampMs, NAN_LOW, NAN_HIGH);
    const columns = this.columns;
    const row = this.floats;
    if (row === columns.series.length) columns.grow();
    columns.series[row] = series;
    columns.times[row] = timestampMs;
    columns.values[row] = value;
    this.floats = row + 1;
  }

  addStale(series: number, timestampMs: number): void {
    if (!(timestampMs >= this.#earliestMs && timestampMs <= this.#latestMs)) return this.#rejectTime(timestampMs);
    this.#addWords(series, timestampMs, STALE_NAN_LOW, STALE_NAN_HIGH);
  }

  addHistogram(series: number, timestampMs: number, histogram: NativeHistogram): void {
    if (!(timestampMs >= this.#earliestMs && timestampMs <= this.#latestMs)) return this.#rejectTime(timestampMs);
    if (histogramFault(histogram) === undefined) this.histograms.push({ series, timestampMs, histogram });
    else this.reject('invalid_histogram');
  }

  addExemplar(series: number, exemplar: Exemplar): void {
    const { timestampMs } = exemplar;
    if (!(timestampMs >= this.#earliestMs && timestampMs <= this.#latestMs)) return this.rejectExemplars(this.#timeFault(timestampMs));
    this.exemplars.push({ series, exemplar });
  }

  addMetadata(metadata: MetricMetadata): void {
    this.metadata.push(metadata);
  }

  reject(reason: RejectReason, count = 1): void {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + count);
  }

  rejectExemplars(reason: RejectReason, count = 1): void {
    this.exemplarReasons.set(reason, (this.exemplarReasons.get(reason) ?? 0) + count);
  }

  async commit(): Promise<IngestReceipt> {
    if (this.#committed) throw new AppError('internal', 'a batch was committed twice');
    this.#committed = true;
    this.#checkHandles();
    return this.#pipeline.commit(this);
  }

  #addWords(series: number, timestampMs: number, low: number, high: number): void {
    const columns = this.columns;
    const row = this.floats;
    if (row === columns.series.length) columns.grow();
    columns.series[row] = series;
    columns.times[row] = timestampMs;
    columns.valueWords[2 * row] = low;
    columns.valueWords[2 * row + 1] = high;
    this.floats = row + 1;
  }

  #rejectTime(timestampMs: number): void {
    this.reject(this.#timeFault(timestampMs));
  }

  #timeFault(timestampMs: number): RejectReason {
    return timestampMs > this.#latestMs ? 'too_far_in_future' : 'too_old';
  }

  /** A handle that was never given out would read past the registry and write nonsense. */
  #checkHandles(): void {
    const end = this.#pipeline.seriesEnd;
    const { series } = this.columns;
    for (let row = 0; row < this.floats; row++) if (series[row]! >>> 0 >= end) throw unknownHandle(series[row]!);
    for (const entry of this.histograms) if (entry.series >>> 0 >= end) throw unknownHandle(entry.series);
    for (const entry of this.exemplars) if (entry.series >>> 0 >= end) throw unknownHandle(entry.series);
  }
}

function unknownHandle(series: number): AppError {
  return new AppError('internal', `series handle ${series} was never given out by the sink`);
}
