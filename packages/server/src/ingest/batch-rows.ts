import { labelsKey, type Limits } from '@pitot/core';
import { encodeNativeBlock } from '@pitot/core/native-block';
import type { ColumnarBatch, ExemplarEntry, HistogramEntry } from './metric-batch.ts';
import { encodeSeriesBlock, SampleColumns } from './native-columns.ts';
import {
  DAYS,
  FINGERPRINT_HIGH,
  FINGERPRINT_LOW,
  LAST_SEEN,
  LAST_TIME,
  LAST_VALUE,
  METRIC_HASH,
  ROW_WORDS,
  seenMinute,
  SOURCE_SLOT,
  type SeriesRegistry,
} from './series-registry.ts';
import type { SourceTable } from './source-table.ts';
import type { SpoolBlock } from './spool/spool.ts';

const DAY_MS = 86_400_000;
const WORD = 0x1_0000_0000;
/** More metric families than this and the memory of what was written is emptied: written again, never lost. */
const MOST_METADATA = 100_000;
/** The same for series with exemplars. */
const MOST_EXEMPLARS = 100_000;

/** What a batch becomes. */
export interface BatchRows {
  readonly blocks: readonly SpoolBlock[];
  /** Samples and histograms that are stored now, or were already with the same value. */
  readonly accepted: number;
}

/** Turns batches into blocks of rows, with what the registry knows, and notes in it what was written. */
export class RowBuilder {
  readonly #registry: SeriesRegistry;
  readonly #sources: SourceTable;
  readonly #limits: Limits;
  readonly #samples = new SampleColumns();
  /** Per metric, what was last written of its metadata. */
  readonly #metadata = new Map<string, string>();
  /** Per series, its last exemplar: scrapes show the same one again and again. */
  readonly #exemplars = new Map<number, string>();
  #exemplarEpoch = 0;
  #newSeries: number[] = [];
  #newDays: number[] = [];
  /** Samples of the batch turned away because their timestamp has another value. */
  #conflicts = 0;

  constructor(registry: SeriesRegistry, sources: SourceTable, limits: Limits) {
    this.#registry = registry;
    this.#sources = sources;
    this.#limits = limits;
  }

  build(batch: ColumnarBatch, nowMs: number): BatchRows {
    this.#newSeries = [];
    this.#newDays = [];
    this.#conflicts = 0;
    const blocks: SpoolBlock[] = [];
    const samples = this.#addFloats(batch, nowMs);
    const histograms = batch.histograms.filter((entry) => this.#takeHistogram(batch, entry, nowMs));
    const exemplars = batch.exemplars.filter((entry) => this.#isNewExemplar(entry, batch));
    if (this.#newSeries.length > 0) {
      blocks.push({ table: 'metric_series', bytes: encodeSeriesBlock(this.#registry, this.#newSeries, this.#newDays) });
    }
    if (samples > 0) blocks.push({ table: 'metric_samples', bytes: this.#samples.encode(samples) });
    if (histograms.length > 0) blocks.push({ table: 'metric_histograms', bytes: this.#histogramBlock(histograms) });
    if (exemplars.length > 0) blocks.push({ table: 'metric_exemplars', bytes: this.#exemplarBlock(exemplars) });
    const metadata = this.#metadataBlock(batch, nowMs);
    if (metadata !== undefined) blocks.push({ table: 'metric_metadata', bytes: metadata });
    return { blocks, accepted: batch.accepted - this.#conflicts };
  }

  /** The blocks of this batch were not made durable: its repetition must be written again. */
  forget(batch: ColumnarBatch): void {
    const { series } = batch.columns;
    for (let row = 0; row < batch.floats; row++) this.#registry.forget(series[row]!);
    for (const entry of batch.histograms) this.#registry.forget(entry.series);
    for (const entry of batch.exemplars) this.#exemplars.delete(entry.series);
    for (const { metric } of batch.metadata) this.#metadata.delete(metric);
  }

  /** Fills the sample columns and answers how many rows. This loop runs once per sample: no calls but for rare cases. */
  #addFloats(batch: ColumnarBatch, nowMs: number): number {
    const { series, times, valueWords } = batch.columns;
    const { words, floats } = this.#registry;
    const { samples: sampleCounts, lastReceivedMs } = this.#sources;
    this.#samples.reserve(batch.floats);
    const { metric, series: fingerprint, time, value } = this.#samples;
    const seen = seenMinute(nowMs);
    let rows = 0;
    for (let i = 0; i < batch.floats; i++) {
      const handle = series[i]!;
      const row = handle * ROW_WORDS;
      const timeMs = times[i]!;
      const low = valueWords[2 * i]!;
      const high = valueWords[2 * i + 1]!;
      const lastMs = floats[(row + LAST_TIME) >> 1]!;
      const slot = words[row + SOURCE_SLOT]!;
      if (timeMs === lastMs) {
        if (words[row + LAST_VALUE] === low && words[row + LAST_VALUE + 1] === high) sampleCounts[slot]!++;
        else this.#rejectConflict(batch);
        continue;
      }
      if (timeMs > lastMs) {
        floats[(row + LAST_TIME) >> 1] = timeMs;
        words[row + LAST_VALUE] = low;
        words[row + LAST_VALUE + 1] = high;
      }
      // Positive for a live handle. A batch may hold handles evicted since it began; those are written, not revived.
      if (words[row + LAST_SEEN]! > 0) words[row + LAST_SEEN] = seen;
      const day = Math.floor(timeMs / DAY_MS) + 1;
      const days = words[row + DAYS]!;
      if ((days & 0xffff) !== day && days >>> 16 !== day) this.#addDay(handle, day);
      sampleCounts[slot]!++;
      lastReceivedMs[slot] = nowMs;
      const timeHigh = Math.floor(timeMs / WORD);
      metric[rows] = words[row + METRIC_HASH]!;
      fingerprint[2 * rows] = words[row + FINGERPRINT_LOW]!;
      fingerprint[2 * rows + 1] = words[row + FINGERPRINT_HIGH]!;
      time[2 * rows] = timeMs - timeHigh * WORD;
      time[2 * rows + 1] = timeHigh;
      value[2 * rows] = low;
      value[2 * rows + 1] = high;
      rows++;
    }
    return rows;
  }

  #rejectConflict(batch: ColumnarBatch): void {
    this.#conflicts++;
    batch.reject('duplicate_timestamp');
  }

  #addDay(handle: number, day: number): void {
    const { words } = this.#registry;
    words[handle * ROW_WORDS + DAYS] = (words[handle * ROW_WORDS + DAYS]! << 16) | (day & 0xffff);
    this.#newSeries.push(handle);
    this.#newDays.push(day - 1);
  }

  /** The same checks and notes as for a float, with a hash in place of the value. */
  #takeHistogram(batch: ColumnarBatch, entry: HistogramEntry, nowMs: number): boolean {
    const { words, floats } = this.#registry;
    const { series, timestampMs, histogram } = entry;
    const row = series * ROW_WORDS;
    const lastMs = floats[(row + LAST_TIME) >> 1]!;
    const slot = words[row + SOURCE_SLOT]!;
    const [low, high] = histogramBits(histogram);
    if (timestampMs === lastMs) {
      if (words[row + LAST_VALUE] === low && words[row + LAST_VALUE + 1] === high) this.#sources.samples[slot]!++;
      else this.#rejectConflict(batch);
      return false;
    }
    if (timestampMs > lastMs) {
      floats[(row + LAST_TIME) >> 1] = timestampMs;
      words[row + LAST_VALUE] = low;
      words[row + LAST_VALUE + 1] = high;
    }
    if (words[row + LAST_SEEN]! > 0) words[row + LAST_SEEN] = seenMinute(nowMs);
    const day = Math.floor(timestampMs / DAY_MS) + 1;
    const days = words[row + DAYS]!;
    if ((days & 0xffff) !== day && days >>> 16 !== day) this.#addDay(series, day);
    this.#sources.samples[slot]!++;
    this.#sources.lastReceivedMs[slot] = nowMs;
    return true;
  }

  #isNewExemplar({ series, exemplar }: ExemplarEntry, batch: ColumnarBatch): boolean {
    if (this.#exemplarEpoch !== this.#registry.epoch || this.#exemplars.size > MOST_EXEMPLARS) {
      this.#exemplarEpoch = this.#registry.epoch;
      this.#exemplars.clear();
    }
    const sizeLimit = this.#limits.label_value_length;
    if (exemplar.labels.some((text) => text.length > sizeLimit)) {
      batch.reject('label_value_too_long');
      return false;
    }
    if (exemplar.labels.length > 2 * this.#limits.labels_per_series) {
      batch.reject('too_many_labels');
      return false;
    }
    const content = `${exemplar.timestampMs} ${exemplar.value} ${labelsKey(exemplar.labels)}`;
    if (this.#exemplars.get(series) === content) return false;
    this.#exemplars.set(series, content);
    return true;
  }

  #histogramBlock(entries: readonly HistogramEntry[]): Uint8Array {
    const of = <T>(read: (entry: HistogramEntry) => T): T[] => entries.map(read);
    return encodeNativeBlock('metric_histograms', entries.length, {
      ...this.#keyColumns(of((entry) => entry.series)),
      timestamp: BigInt64Array.from(of((entry) => BigInt(Math.floor(entry.timestampMs)))),
      schema: Int8Array.from(of(({ histogram }) => histogram.schema)),
      zero_threshold: Float64Array.from(of(({ histogram }) => histogram.zeroThreshold)),
      zero_count: Float64Array.from(of(({ histogram }) => histogram.zeroCount)),
      count: Float64Array.from(of(({ histogram }) => histogram.count)),
      sum: Float64Array.from(of(({ histogram }) => histogram.sum)),
      positive_offsets: of(({ histogram }) => histogram.positiveSpans.map((span) => span.offset)),
      positive_lengths: of(({ histogram }) => histogram.positiveSpans.map((span) => span.length)),
      positive_buckets: of(({ histogram }) => histogram.positiveBuckets),
      negative_offsets: of(({ histogram }) => histogram.negativeSpans.map((span) => span.offset)),
      negative_lengths: of(({ histogram }) => histogram.negativeSpans.map((span) => span.length)),
      negative_buckets: of(({ histogram }) => histogram.negativeBuckets),
      custom_values: of(({ histogram }) => histogram.customValues ?? []),
      reset_hint: Uint8Array.from(of(({ histogram }) => RESET_HINTS.indexOf(histogram.counterResetHint))),
    });
  }

  #exemplarBlock(entries: readonly ExemplarEntry[]): Uint8Array {
    return encodeNativeBlock('metric_exemplars', entries.length, {
      ...this.#keyColumns(entries.map((entry) => entry.series)),
      timestamp: BigInt64Array.from(entries.map(({ exemplar }) => BigInt(Math.floor(exemplar.timestampMs)))),
      value: Float64Array.from(entries.map(({ exemplar }) => exemplar.value)),
      label_names: entries.map(({ exemplar }) => exemplar.labels.filter((_, i) => i % 2 === 0)),
      label_values: entries.map(({ exemplar }) => exemplar.labels.filter((_, i) => i % 2 === 1)),
    });
  }

  #keyColumns(handles: readonly number[]): { metric: Uint32Array; series: Uint8Array } {
    const { words } = this.#registry;
    const metric = Uint32Array.from(handles, (handle) => words[handle * ROW_WORDS + METRIC_HASH]!);
    const series = new Int32Array(2 * handles.length);
    handles.forEach((handle, i) => {
      series[2 * i] = words[handle * ROW_WORDS + FINGERPRINT_LOW]!;
      series[2 * i + 1] = words[handle * ROW_WORDS + FINGERPRINT_HIGH]!;
    });
    return { metric, series: new Uint8Array(series.buffer) };
  }

  /** Written when changed, and once a day so that it outlives the retention. */
  #metadataBlock(batch: ColumnarBatch, nowMs: number): Uint8Array | undefined {
    const longest = this.#limits.label_value_length;
    if (this.#metadata.size > MOST_METADATA) this.#metadata.clear();
    const today = Math.floor(nowMs / DAY_MS);
    const changed = batch.metadata.filter(({ metric, type, help, unit }) => {
      if (metric === '' || metric.length > longest || unit.length > longest) {
        batch.reject(metric === '' ? 'missing_metric_name' : 'label_value_too_long');
        return false;
      }
      const content = `${today} ${type} ${unit} ${help.slice(0, longest)}`;
      if (this.#metadata.get(metric) === content) return false;
      this.#metadata.set(metric, content);
      return true;
    });
    if (changed.length === 0) return undefined;
    return encodeNativeBlock('metric_metadata', changed.length, {
      name: changed.map((entry) => entry.metric),
      type: changed.map((entry) => entry.type),
      help: changed.map((entry) => entry.help.slice(0, longest)),
      unit: changed.map((entry) => entry.unit),
      updated: new BigInt64Array(changed.length).fill(BigInt(Math.floor(nowMs))),
    });
  }
}

const RESET_HINTS = ['unknown', 'reset', 'not_reset', 'gauge'] as const;
const scratch = new Float64Array(1);
const scratchWords = new Int32Array(scratch.buffer);

/** 64 bits that tell histograms of one timestamp apart (FNV-1a over the words, in two lanes). */
function histogramBits({ schema, count, sum, zeroCount, positiveBuckets, negativeBuckets }: HistogramEntry['histogram']): [number, number] {
  let low = 0x811c9dc5 | 0;
  let high = schema;
  const add = (value: number): void => {
    scratch[0] = value;
    low = Math.imul(low ^ scratchWords[0]!, 0x01000193) ^ scratchWords[1]!;
    high = Math.imul(high ^ scratchWords[1]!, 0x01000193) ^ Math.imul(scratchWords[0]!, 0x85ebca6b);
  };
  for (const value of [count, sum, zeroCount]) add(value);
  for (const value of positiveBuckets) add(value);
  for (const value of negativeBuckets) add(value);
  return [low, high];
}
