import { REJECT_REASONS, type Clock, type Counter, type Limits, type Logger, type Meter, type RejectReason } from '@pitot/core';

/** One log line per reason in this time; the next one says how many there were in between. */
const LOG_INTERVAL_MS = 10_000;

/** Which configuration key raises what turned the data away. */
const LIMIT_KEYS: Readonly<Partial<Record<RejectReason, keyof Limits>>> = {
  active_series_limit: 'active_series',
  key_series_limit: 'active_series_per_key',
  new_series_rate: 'new_series_per_minute',
  too_many_labels: 'labels_per_series',
  label_name_too_long: 'label_name_length',
  label_value_too_long: 'label_value_length',
  too_far_in_future: 'future_tolerance_seconds',
  too_old: 'out_of_order_window_seconds',
  source_rate: 'log_bytes_per_second_per_source',
};

/** Counts and, not too often, logs what is turned away: which limit, its value, and the key that raises it. */
export class Rejections {
  readonly #counter: Counter;
  readonly #exemplarCounter: Counter;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #lines = new Map<RejectReason, { atMs: number; since: number }>();

  constructor(options: { readonly meter: Meter; readonly log: Logger; readonly clock: Clock; readonly limits: Limits }) {
    this.#counter = options.meter.counter(
      'pitot_ingest_rejected_total',
      'Samples, histograms, metadata, log records and spans that were turned away.',
      ['receiver', 'reason'],
    );
    this.#exemplarCounter = options.meter.counter('pitot_ingest_exemplars_rejected_total', 'Exemplars that were turned away.', ['receiver', 'reason']);
    this.#log = options.log;
    this.#clock = options.clock;
    this.#limits = options.limits;
  }

  count(receiver: string, reason: RejectReason, count: number): void {
    this.#counter.inc(count, { receiver, reason });
  }

  countExemplars(receiver: string, reason: RejectReason, count: number): void {
    this.#exemplarCounter.inc(count, { receiver, reason });
  }

  /** `detail` says which series or sample; it is logged for one of many. */
  log(reason: RejectReason, detail: () => string): void {
    const nowMs = this.#clock.nowMs();
    const line = this.#lines.get(reason);
    if (line !== undefined && nowMs - line.atMs < LOG_INTERVAL_MS && nowMs >= line.atMs) {
      line.since++;
      return;
    }
    this.#lines.set(reason, { atMs: nowMs, since: 0 });
    const key = LIMIT_KEYS[reason];
    const limit = key === undefined ? {} : { limit: `limits.${key}`, value: this.#limits[key] ?? 'the retention' };
    const advice = key === undefined ? '' : ` Raise limits.${key} if this is wanted.`;
    this.#log.warn({ reason, ...limit, example: detail(), sinceLastLine: line?.since ?? 0 }, `turned away: ${REJECT_REASONS[reason]}${advice}`);
  }
}
