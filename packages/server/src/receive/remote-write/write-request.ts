import { isUtf8 } from 'node:buffer';
import { STALE_NAN_HIGH, STALE_NAN_LOW, type Labels, type MetricType, type RejectReason } from '@pitot/core';
import type { DecodeTarget } from '../decode-target.ts';
import { malformed, WireReader } from '@pitot/core/protobuf-wire';
import { SeriesTable } from '../series-table.ts';
import { readHistogram } from './histogram.ts';
import { labelsOfPairs } from './labels.ts';
import { refuseSeries } from './refused-series.ts';

const TIMESERIES = 0x0a;
const METADATA = 0x1a;
const LABEL = 0x0a;
const SAMPLE = 0x12;
const EXEMPLAR = 0x1a;
const HISTOGRAM = 0x22;
const TAGS = { sample: SAMPLE, histogram: HISTOGRAM, exemplar: EXEMPLAR };

/** Far above any limit of labels: only keeps memory small. */
const MAX_PAIRS = 200_000;

const METRIC_TYPES: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

/**
 * Decodes `prometheus.WriteRequest` (remote write 1.0) straight into a batch. The bytes of a series' label section are hashed
 * and looked up; only label sections that were not seen before become strings.
 * Source: prometheus/prompb/remote.proto and types.proto.
 */
export class WriteRequestDecoder {
  readonly #reader = new WireReader();
  readonly #table: SeriesTable;
  #text: Buffer = Buffer.alloc(0);
  #target!: DecodeTarget;
  /** The last sample's time: that of an exemplar that has none. */
  #lastTimeMs = 0;
  /** False once a string was not UTF-8. */
  #wellFormed = true;

  constructor(maxSeries: number) {
    this.#table = new SeriesTable(maxSeries);
  }

  /** Everything in the body goes to the target's batch, or it throws and the batch must be dropped. */
  decode(bytes: Uint8Array, target: DecodeTarget, nowMs: number): void {
    const reader = this.#reader;
    reader.reset(bytes);
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#target = target;
    this.#table.refresh(target.sink.epoch, nowMs);
    const end = bytes.length;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === TIMESERIES) this.#series(reader.length(end));
      else if (tag === METADATA) this.#metadata(reader.length(end));
      else reader.skip(tag, end);
    }
  }

  #series(end: number): void {
    const reader = this.#reader;
    this.#target.budget.takeHolder();
    const start = reader.position;
    const labelsEnd = this.#labelRun(end);
    // Every known sender writes the labels first and together; anything else is legal, rare, and takes the long way.
    if (labelsEnd === start || this.#hasLabels(labelsEnd, end)) {
      this.#scattered(start, end);
      return;
    }
    const table = this.#table;
    table.seed(this.#target.seed);
    table.mixBytes(reader.view, start, labelsEnd);
    const { a, b } = table;
    let series: number | RejectReason = table.find(labelsEnd - start);
    if (series < 0) {
      series = this.#intern(this.#labels(start, labelsEnd));
      if (typeof series === 'number') table.put(a, b, labelsEnd - start, series);
    }
    reader.position = labelsEnd;
    this.#values(series, end);
  }

  /** Skips label fields from the reader's position; answers the first byte after them. */
  #labelRun(end: number): number {
    const reader = this.#reader;
    const { bytes } = reader;
    let at = reader.position;
    while (at < end && bytes[at] === LABEL) {
      const length = at + 1 < end ? bytes[at + 1]! : 0x80;
      if (length < 0x80 && at + 2 + length <= end) {
        at += 2 + length;
        continue;
      }
      // Long labels, and those that do not fit: the reader says where.
      reader.position = at + 1;
      at = reader.length(end);
    }
    reader.position = at;
    return at;
  }

  #hasLabels(from: number, end: number): boolean {
    const reader = this.#reader;
    const { bytes } = reader;
    // The usual series: its labels, then one sample that fills the rest.
    if (bytes[from] === SAMPLE && end === from + 2 + bytes[from + 1]!) return false;
    reader.position = from;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === LABEL) return true;
      reader.skip(tag, end);
    }
    return false;
  }

  #scattered(start: number, end: number): void {
    const reader = this.#reader;
    const pairs: string[] = [];
    let valid = true;
    reader.position = start;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === LABEL) valid = this.#label(reader.length(end), pairs) && valid;
      else reader.skip(tag, end);
    }
    const series = this.#intern(valid ? labelsOfPairs(pairs) : 'invalid_label');
    reader.position = start;
    this.#values(series, end);
  }

  #intern(labels: Labels | RejectReason): number | RejectReason {
    return typeof labels === 'string' ? labels : this.#target.sink.intern(labels, this.#target.source);
  }

  #labels(start: number, end: number): Labels | RejectReason {
    const reader = this.#reader;
    const pairs: string[] = [];
    let valid = true;
    reader.position = start;
    while (reader.position < end) {
      reader.tag(end);
      valid = this.#label(reader.length(end), pairs) && valid;
    }
    return valid ? labelsOfPairs(pairs) : 'invalid_label';
  }

  /** Reads one Label message into `pairs`; answers false where it is not UTF-8. */
  #label(end: number, pairs: string[]): boolean {
    const reader = this.#reader;
    let name = '';
    let value = '';
    this.#wellFormed = true;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) name = this.#string(reader.length(end));
      else if (tag === 0x12) value = this.#string(reader.length(end));
      else reader.skip(tag, end);
    }
    if (pairs.push(name, value) > MAX_PAIRS) throw malformed(reader.position, `a series has more than ${MAX_PAIRS / 2} labels`);
    return this.#wellFormed;
  }

  #string(end: number): string {
    const reader = this.#reader;
    const start = reader.position;
    reader.position = end;
    if (!isUtf8(this.#text.subarray(start, end))) this.#wellFormed = false;
    return this.#text.toString('utf8', start, end);
  }

  #values(series: number | RejectReason, end: number): void {
    if (typeof series !== 'number') {
      refuseSeries(this.#reader, end, this.#target, series, TAGS);
      return;
    }
    const reader = this.#reader;
    const { batch, budget } = this.#target;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag !== SAMPLE) {
        this.#otherValue(tag, series, end);
        continue;
      }
      const sampleEnd = reader.length(end);
      let value = 0;
      let timestampMs = 0;
      let stale = false;
      while (reader.position < sampleEnd) {
        const field = reader.tag(sampleEnd);
        if (field === 0x09) {
          value = reader.double(sampleEnd);
          stale = reader.low === STALE_NAN_LOW && reader.high === STALE_NAN_HIGH;
        } else if (field === 0x10) timestampMs = reader.signedVarint(sampleEnd);
        else reader.skip(field, sampleEnd);
      }
      budget.take();
      this.#lastTimeMs = timestampMs;
      if (stale) batch.addStale(series, timestampMs);
      else batch.addFloat(series, timestampMs, value);
    }
  }

  #otherValue(tag: number, series: number, end: number): void {
    const reader = this.#reader;
    if (tag === HISTOGRAM) this.#histogram(series, reader.length(end));
    else if (tag === EXEMPLAR) this.#exemplar(series, reader.length(end));
    else reader.skip(tag, end);
  }

  #histogram(series: number, end: number): void {
    const { batch, budget } = this.#target;
    const { histogram, timestampMs, stale, isConsistent } = readHistogram(this.#reader, end);
    this.#lastTimeMs = timestampMs;
    budget.take();
    if (stale) batch.addStale(series, timestampMs);
    else if (isConsistent) batch.addHistogram(series, timestampMs, histogram);
    else batch.reject('invalid_histogram');
  }

  #exemplar(series: number, end: number): void {
    const reader = this.#reader;
    const labels: string[] = [];
    let valid = true;
    let value = 0;
    let timestampMs = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) valid = this.#label(reader.length(end), labels) && valid;
      else if (tag === 0x11) value = reader.double(end);
      else if (tag === 0x18) timestampMs = reader.signedVarint(end);
      else reader.skip(tag, end);
    }
    if (!valid) {
      this.#target.batch.rejectExemplars('invalid_label');
      return;
    }
    this.#target.batch.addExemplar(series, { labels, value, timestampMs: timestampMs === 0 ? this.#lastTimeMs : timestampMs });
  }

  #metadata(end: number): void {
    const reader = this.#reader;
    let type = 0;
    let metric = '';
    let help = '';
    let unit = '';
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x08) type = reader.varint(end);
      else if (tag === 0x12) metric = this.#string(reader.length(end));
      else if (tag === 0x22) help = this.#string(reader.length(end));
      else if (tag === 0x2a) unit = this.#string(reader.length(end));
      else reader.skip(tag, end);
    }
    const { batch } = this.#target;
    if (metric === '') batch.reject('missing_metric_name');
    else batch.addMetadata({ metric, type: METRIC_TYPES[type] ?? 'unknown', help, unit });
  }
}
