import { labelValue, type BatchSource, type Clock, type Labels, type Limits, type Logger, type RejectReason } from '@pitot/core';
import { hash, hashWords } from './fingerprint.ts';
import { KnownSeries } from './known-series.ts';
import { LabelStore } from './label-store.ts';
import { LabelEncoder } from './series-labels.ts';
import type { SourceTable } from './source-table.ts';

/**
 * What is known of one series, side by side in one row of 48 bytes, so that a sample touches one cache line.
 * Words are int32; LAST_TIME is a float64 over two of them (its index in `floats` is half).
 */
export const ROW_WORDS = 12;
export const FINGERPRINT_LOW = 0;
export const FINGERPRINT_HIGH = 1;
/** The newest timestamp taken, in ms; -Infinity before the first. */
export const LAST_TIME = 2;
/** The newest sample's value, as bits (for histograms: a hash), low word first. */
export const LAST_VALUE = 4;
/** 32-bit hash of the metric name. */
export const METRIC_HASH = 6;
/** Minutes since the epoch by the server's clock, plus 1; 0 where the handle is free, -1 where its series was evicted. */
export const LAST_SEEN = 7;
/** The two UTC days (since the epoch, plus 1, 16 bits each) a metric_series row was written for last; 0 is none. */
export const DAYS = 8;
export const SOURCE_SLOT = 9;
export const LABELS_POSITION = 10;
export const LABELS_SIZE = 11;

/** A series is active when it had a sample within this time. */
const ACTIVE_MINUTES = 60;
/** Handles of evicted series are given out again after the next eviction, long after every batch that knew them. */
const EVICTION_INTERVAL_MINUTES = 10;
const RATE_WINDOW_MS = 60_000;
const FIRST_CAPACITY = 4096;

export interface RegistryOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sources: SourceTable;
  /** Told of every series turned away, to log some of them: `detail` is only worth its cost when it is logged. */
  readonly onReject: (reason: RejectReason, detail: () => string) => void;
}

/**
 * Every series that was written to in the last hour or so: label set → handle, and the state of the series by handle.
 * About 64 bytes per series and the UTF-8 bytes of its labels; no heap object per series.
 */
export class SeriesRegistry {
  /** Rows by handle; see ROW_WORDS. Replaced when it grows: do not hold on to it. */
  words = new Int32Array(FIRST_CAPACITY * ROW_WORDS);
  floats = new Float64Array(this.words.buffer);
  readonly labels = new LabelStore();
  /** What an earlier process knew. */
  readonly known = new KnownSeries();
  epoch = 0;
  activeSeries = 0;
  /** Handles given out so far are below this. */
  end = 0;
  readonly #options: RegistryOptions;
  readonly #encoder: LabelEncoder;
  /** Open addressing, linear probing; holds handle + 1, 0 is empty. Its size is a power of two. */
  #table = new Int32Array(FIRST_CAPACITY * 2);
  #tableUsed = 0;
  #free: number[] = [];
  #retired: number[] = [];
  #lastEviction = 0;
  #windowStartMs = 0;
  #newInWindow = 0;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#encoder = new LabelEncoder(options.limits);
    this.#lastEviction = seenMinute(options.clock.nowMs());
  }

  get sizeBytes(): number {
    return this.words.byteLength + this.#table.byteLength + this.labels.sizeBytes;
  }

  intern(labels: Labels, source: BatchSource): number | RejectReason {
    const encoder = this.#encoder;
    const broken = encoder.encode(labels);
    if (broken !== undefined) return this.#reject(broken, () => `label "${encoder.offender}" of ${labelValue(labels, '__name__').slice(0, 100)}`);
    hash(encoder.bytes, encoder.view, 0, encoder.size);
    const low = hashWords[0]!;
    const high = hashWords[1]!;
    const nowMs = this.#options.clock.nowMs();
    const known = this.#find(low, high);
    if (known < 0) return this.#add(labels, source, low, high, nowMs);
    const row = known * ROW_WORDS;
    if (!this.labels.equals(this.words[row + LABELS_POSITION]!, this.words[row + LABELS_SIZE]!, encoder.bytes, encoder.size)) {
      return this.#reject('unsupported', () => `a series whose 64-bit fingerprint collides with another: ${labels.join(' ').slice(0, 500)}`);
    }
    this.words[row + LAST_SEEN] = seenMinute(nowMs);
    return known;
  }

  /**
   * Recounts active series and, at most every ten minutes and when it is worth it, evicts idle ones, which bumps `epoch`.
   * To be called about once a minute.
   */
  sweep(): void {
    const now = seenMinute(this.#options.clock.nowMs());
    const idle = this.#recount(now - ACTIVE_MINUTES);
    if (now - this.#lastEviction < EVICTION_INTERVAL_MINUTES) return;
    this.#lastEviction = now;
    this.#releaseRetired();
    if (idle > Math.max(1000, this.#tableUsed / 20)) this.#evict(now - ACTIVE_MINUTES);
  }

  /** Two words for each series, low first: those here, and those an earlier process knew that have not come yet. */
  fingerprints(): Int32Array {
    const missing: number[] = [];
    this.known.forEach((low, high) => {
      if (this.#find(low, high) < 0) missing.push(low, high);
    });
    const fingerprints = new Int32Array(2 * this.#tableUsed + missing.length);
    fingerprints.set(missing, 2 * this.#tableUsed);
    let at = 0;
    for (let row = 0; row < this.end * ROW_WORDS; row += ROW_WORDS) {
      if (this.words[row + LAST_SEEN]! <= 0) continue;
      fingerprints[at++] = this.words[row + FINGERPRINT_LOW]!;
      fingerprints[at++] = this.words[row + FINGERPRINT_HIGH]!;
    }
    return fingerprints;
  }

  /** Forgets what was taken for a series in a commit that failed, so that the repetition is not mistaken for a duplicate. */
  forget(series: number): void {
    this.floats[(series * ROW_WORDS + LAST_TIME) >> 1] = -Infinity;
    this.words[series * ROW_WORDS + DAYS] = 0;
  }

  #reject(reason: RejectReason, detail: () => string): RejectReason {
    this.#options.onReject(reason, detail);
    return reason;
  }

  #find(low: number, high: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    const words = this.words;
    for (let at = low & mask; ; at = (at + 1) & mask) {
      const handle = table[at]! - 1;
      if (handle < 0) return -1;
      const row = handle * ROW_WORDS;
      if (words[row + FINGERPRINT_LOW] === low && words[row + FINGERPRINT_HIGH] === high) return handle;
    }
  }

  #add(labels: Labels, source: BatchSource, low: number, high: number, nowMs: number): number | RejectReason {
    const { sources } = this.#options;
    const exceeded = source.isOwn ? undefined : this.#exceededLimit(sources.keyOf(source), nowMs, this.known.has(low, high));
    if (exceeded !== undefined) return this.#reject(exceeded, () => labels.join(' ').slice(0, 500));
    const encoder = this.#encoder;
    const position = this.labels.add(encoder.bytes, encoder.size);
    if (position === undefined) return this.#reject('active_series_limit', () => 'the labels of all series together exceed 4 GiB');
    const handle = this.#newHandle();
    const slot = sources.slotOf(source, labelValue(labels, 'job'), nowMs);
    const row = handle * ROW_WORDS;
    const words = this.words;
    hash(encoder.bytes, encoder.view, encoder.nameStart, encoder.nameEnd);
    words[row + METRIC_HASH] = hashWords[0]!;
    words[row + FINGERPRINT_LOW] = low;
    words[row + FINGERPRINT_HIGH] = high;
    words[row + LAST_SEEN] = seenMinute(nowMs);
    words[row + SOURCE_SLOT] = slot;
    words[row + LABELS_POSITION] = position;
    words[row + LABELS_SIZE] = encoder.size;
    this.forget(handle);
    this.#insert(handle);
    this.activeSeries++;
    sources.activeSeries[slot]!++;
    sources.activeByKey[sources.keyOfSlot(slot)]!++;
    return handle;
  }

  #exceededLimit(key: number, nowMs: number, known: boolean): RejectReason | undefined {
    const { limits, sources } = this.#options;
    if (this.activeSeries >= limits.active_series) return 'active_series_limit';
    if (key > 0 && sources.activeByKey[key]! >= limits.active_series_per_key) return 'key_series_limit';
    if (known) return undefined;
    if (nowMs >= this.#windowStartMs + RATE_WINDOW_MS || nowMs < this.#windowStartMs) {
      this.#windowStartMs = nowMs;
      this.#newInWindow = 0;
    }
    if (this.#newInWindow >= limits.new_series_per_minute) return 'new_series_rate';
    this.#newInWindow++;
    return undefined;
  }

  #newHandle(): number {
    const reused = this.#free.pop();
    if (reused !== undefined) return reused;
    if ((this.end + 1) * ROW_WORDS > this.words.length) {
      const words = new Int32Array(Math.ceil(this.words.length / ROW_WORDS / 4) * 6 * ROW_WORDS);
      words.set(this.words);
      this.words = words;
      this.floats = new Float64Array(words.buffer);
    }
    return this.end++;
  }

  #insert(handle: number): void {
    if (2 * ++this.#tableUsed > this.#table.length) this.#rebuildTable(this.#table.length * 2);
    else this.#place(handle);
  }

  #place(handle: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let at = this.words[handle * ROW_WORDS + FINGERPRINT_LOW]! & mask;
    while (table[at] !== 0) at = (at + 1) & mask;
    table[at] = handle + 1;
  }

  /** LAST_SEEN is 0 for a free handle and -1 for a retired one; both are in no table. */
  #rebuildTable(size: number): void {
    this.#table = new Int32Array(size);
    for (let handle = 0; handle < this.end; handle++) {
      if (this.words[handle * ROW_WORDS + LAST_SEEN]! > 0) this.#place(handle);
    }
  }

  /** Answers how many series are idle. */
  #recount(activeSince: number): number {
    const { sources } = this.#options;
    sources.activeSeries.fill(0);
    sources.activeByKey.fill(0);
    const since = Math.max(1, activeSince);
    let active = 0;
    for (let row = 0; row < this.end * ROW_WORDS; row += ROW_WORDS) {
      if (this.words[row + LAST_SEEN]! < since) continue;
      active++;
      const slot = this.words[row + SOURCE_SLOT]!;
      sources.activeSeries[slot]!++;
      sources.activeByKey[sources.keyOfSlot(slot)]!++;
    }
    this.activeSeries = active;
    return this.#tableUsed - active;
  }

  #evict(idleBefore: number): void {
    for (let handle = 0; handle < this.end; handle++) {
      const lastSeen = this.words[handle * ROW_WORDS + LAST_SEEN]!;
      if (lastSeen <= 0 || lastSeen >= idleBefore) continue;
      this.words[handle * ROW_WORDS + LAST_SEEN] = -1;
      this.#retired.push(handle);
    }
    this.#tableUsed -= this.#retired.length;
    this.#rebuildTable(this.#table.length);
    this.epoch++;
    this.#options.log.info({ evicted: this.#retired.length, left: this.#tableUsed }, 'forgot series without a sample in the last hour');
  }

  #releaseRetired(): void {
    if (this.#retired.length === 0) return;
    for (const handle of this.#retired) {
      const row = handle * ROW_WORDS;
      this.labels.remove(this.words[row + LABELS_POSITION]!, this.words[row + LABELS_SIZE]!);
      this.words[row + LAST_SEEN] = 0;
      this.#free.push(handle);
    }
    this.#retired = [];
    this.#compactLabels();
  }

  #compactLabels(): void {
    for (let row = 0; row < this.end * ROW_WORDS; row += ROW_WORDS) {
      if (this.words[row + LAST_SEEN]! <= 0) continue;
      const position = this.words[row + LABELS_POSITION]!;
      if (this.labels.isSparse(position)) this.words[row + LABELS_POSITION] = this.labels.move(position, this.words[row + LABELS_SIZE]!);
    }
  }
}

/** LAST_SEEN for a time; never 0. */
export function seenMinute(nowMs: number): number {
  return Math.floor(nowMs / 60_000) + 1;
}
