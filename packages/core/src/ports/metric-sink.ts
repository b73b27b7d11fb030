import type { NativeHistogram } from '../histogram.ts';
import type { Labels } from '../labels.ts';
import type { Exemplar, MetricMetadata } from '../samples.ts';

/**
 * What receivers and collectors write to. They never know the store.
 *
 * A series is interned once and then named by a small integer, so that a decoder can keep its own map from raw
 * label bytes to handles and skip decoding labels it has seen. Handles are void when `epoch` changes.
 */
export interface MetricSink {
  /** Grows when handles given before must no longer be used (series were evicted). Read it once per request. */
  readonly epoch: number;
  /**
   * Interns a label set (flat, sorted, non-empty values, with `__name__`).
   * Answers a handle ≥ 0, or a RejectReason where a limit or a rule forbids the series.
   */
  intern(labels: Labels, source: BatchSource): number | RejectReason;
  begin(source: BatchSource): MetricBatch;
}

/** Who sends: decides which counters move and which limits apply. */
export interface BatchSource {
  /** The receiver's or collector's name, e.g. `remote-write`, `otlp`, `scrape`, `host`. */
  readonly receiver: string;
  /** The API key's id, where the request carried one. */
  readonly keyId?: string;
  /** Pitot's own metrics and its host's: few, and wanted most when somebody floods it, so the limits on series do not count for them. */
  readonly isOwn?: boolean;
}

/**
 * Collects one request's samples in columns. Nothing is visible before `commit` resolves; then all of it is durable.
 * Not for use after commit or after an await that lets another request change `epoch`.
 */
export interface MetricBatch {
  /** Samples taken so far (floats, stale markers and histograms). */
  readonly accepted: number;
  addFloat(series: number, timestampMs: number, value: number): void;
  /** Adds Prometheus' stale marker: the series ends here. */
  addStale(series: number, timestampMs: number): void;
  addHistogram(series: number, timestampMs: number, histogram: NativeHistogram): void;
  addExemplar(series: number, exemplar: Exemplar): void;
  addMetadata(metadata: MetricMetadata): void;
  /** Counts samples that the decoder itself had to turn away. */
  reject(reason: RejectReason, count?: number): void;
  /** Counts exemplars that the decoder itself had to turn away. */
  rejectExemplars(reason: RejectReason, count?: number): void;
  /**
   * Resolves when everything added is durable. Throws AppError `spool_full`, `store_unavailable`, `disk_full` or `shutting_down`
   * when nothing was taken: the sender must retry.
   */
  commit(): Promise<IngestReceipt>;
}

/** Why a sample, series or exemplar was turned away. Each is a label value of `pitot_ingest_rejected_total`. */
export const REJECT_REASONS = {
  active_series_limit: 'More active series than limits.active_series allows.',
  key_series_limit: 'More active series of one API key than limits.active_series_per_key allows.',
  new_series_rate: 'More new series in a minute than limits.new_series_per_minute allows.',
  too_many_labels: 'More labels on a series than limits.labels_per_series allows.',
  label_name_too_long: 'A label name longer than limits.label_name_length (UTF-8 bytes).',
  label_value_too_long: 'A label value longer than limits.label_value_length (UTF-8 bytes).',
  invalid_label: 'A label name is empty, repeated, or not UTF-8, or the labels are not sorted where the protocol demands it.',
  missing_metric_name: 'The series has no metric name.',
  too_far_in_future: 'A timestamp further ahead of the server clock than limits.future_tolerance.',
  too_old: 'A timestamp older than limits.out_of_order_window before now, or than the retention.',
  duplicate_timestamp: 'A second value for a timestamp of a series that differs from the first.',
  invalid_histogram: 'A histogram whose counts, spans or bounds contradict each other.',
  invalid_value: 'A value that is not a number where the protocol demands one.',
  invalid_id: 'A trace or span id of the wrong size, or all zeros.',
  source_rate: 'More log bytes per second of one source than limits.log_bytes_per_second_per_source allows.',
  unsupported: 'A kind of data that this door does not take.',
} as const;

export type RejectReason = keyof typeof REJECT_REASONS;

/** Partial success is data, not an exception. */
export interface IngestReceipt {
  /** Samples: floats, stale markers and histograms. */
  readonly accepted: number;
  readonly rejected: number;
  /** Exemplars are counted apart: a sender that lost only exemplars has lost no sample. */
  readonly exemplars: { readonly accepted: number; readonly rejected: number };
  /** Why samples and exemplars were turned away. */
  readonly reasons: Readonly<Partial<Record<RejectReason, number>>>;
}
