import { isUtf8 } from 'node:buffer';
import {
  labelValue,
  METRIC_NAME,
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
  type Labels,
  type MetricType,
  type RejectReason,
} from '@pitot/core';
import type { DecodeTarget } from '../decode-target.ts';
import { PendingMetadata } from '../pending-metadata.ts';
import { malformed, WireReader } from '@pitot/core/protobuf-wire';
import { ROOT_SEED, SeriesTable } from '../series-table.ts';
import { readHistogram } from './histogram.ts';
import { labelsOfPairs } from './labels.ts';
import { refuseSeries } from './refused-series.ts';

const SYMBOL = 0x22;
const TIMESERIES = 0x2a;
const LABEL_REFS = 0x0a;
const LABEL_REF = 0x08;
const SAMPLE = 0x12;
const HISTOGRAM = 0x1a;
const EXEMPLAR = 0x22;
const TAGS = { sample: SAMPLE, histogram: HISTOGRAM, exemplar: EXEMPLAR };
const METADATA = 0x2a;

/** Far above what a request within the other limits carries; keeps tables of references small. */
const MAX_SYMBOLS = 4_000_000;
const MAX_REFS_PER_SERIES = 100_000;
/** Tables that one large request made are not kept beyond this many numbers. */
const KEPT_NUMBERS = 1 << 18;

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

/** What the batch took of a 2.0 request's samples, for its response headers. */
export interface Written {
  samples: number;
  histograms: number;
}

/**
 * Decodes `io.prometheus.write.v2.Request` straight into a batch. References differ from request to request, so each symbol is
 * hashed once and a series is the hash of its symbols' hashes (labels and metadata), looked up as in 1.0.
 * Source: prometheus/prompb/io/prometheus/write/v2/types.proto (2.0-rc.4: start timestamps are read over, as Prometheus does by default).
 */
export class RequestV2Decoder {
  readonly #reader = new WireReader();
  readonly #table: SeriesTable;
  #text: Buffer = Buffer.alloc(0);
  /** Per symbol: first byte, end, hash lanes. */
  #symbols = new Int32Array(4 * 1024);
  #symbolCount = 0;
  #refs = new Int32Array(256);
  #refCount = 0;
  #target!: DecodeTarget;
  /** The last sample's time: that of an exemplar that has none. */
  #lastTimeMs = 0;
  #written!: Written;
  /** Metadata said in this request, once per metric. */
  #said = new Set<string>();
  readonly #metadata = new PendingMetadata();

  constructor(maxSeries: number) {
    this.#table = new SeriesTable(maxSeries);
  }

  /** Everything in the body goes to the target's batch, or it throws and the batch must be dropped. */
  decode(bytes: Uint8Array, target: DecodeTarget, nowMs: number): Written {
    const reader = this.#reader;
    reader.reset(bytes);
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#target = target;
    this.#written = { samples: 0, histograms: 0 };
    this.#said.clear();
    this.#metadata.begin(target.batch);
    this.#table.refresh(target.sink.epoch, nowMs);
    this.#readSymbols(bytes.length);
    this.#readSeries(bytes.length);
    return this.#written;
  }

  /** Ends the request, also one that threw; call the answer where its batch was not committed. */
  takeUndo(): () => void {
    return this.#metadata.takeUndo();
  }

  #readSymbols(end: number): void {
    const reader = this.#reader;
    const table = this.#table;
    if (this.#symbols.length > KEPT_NUMBERS) this.#symbols = new Int32Array(4 * 1024);
    this.#symbolCount = 0;
    reader.position = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag !== SYMBOL) {
        reader.skip(tag, end);
        continue;
      }
      const symbolEnd = reader.length(end);
      const start = reader.position;
      table.seed(ROOT_SEED);
      table.mixWords(symbolEnd - start, 0);
      table.mixBytes(reader.view, start, symbolEnd);
      this.#addSymbol(start, symbolEnd, table.a, table.b);
      reader.position = symbolEnd;
    }
  }

  #addSymbol(start: number, end: number, a: number, b: number): void {
    if (this.#symbolCount === MAX_SYMBOLS) throw malformed(start, `there are more than ${MAX_SYMBOLS} symbols`);
    const at = this.#symbolCount++ * 4;
    if (at === this.#symbols.length) {
      const grown = new Int32Array(at * 2);
      grown.set(this.#symbols);
      this.#symbols = grown;
    }
    this.#symbols[at] = start;
    this.#symbols[at + 1] = end;
    this.#symbols[at + 2] = a;
    this.#symbols[at + 3] = b;
  }

  #readSeries(end: number): void {
    const reader = this.#reader;
    reader.position = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === TIMESERIES) this.#series(reader.length(end));
      else reader.skip(tag, end);
    }
  }

  #series(end: number): void {
    const reader = this.#reader;
    this.#target.budget.takeHolder();
    const start = reader.position;
    let metadataStart = -1;
    let metadataEnd = -1;
    this.#refCount = 0;
    // Labels and metadata name the series; they may stand anywhere, so they are looked for first.
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === LABEL_REFS || tag === LABEL_REF) this.#readRefs(tag, end);
      else if (tag === METADATA) {
        metadataEnd = reader.length(end);
        metadataStart = reader.position;
        reader.position = metadataEnd;
      } else reader.skip(tag, end);
    }
    if (this.#refCount % 2 !== 0) throw malformed(start, 'a series has a label name without a value');
    const series = this.#resolve(metadataStart, metadataEnd);
    reader.position = start;
    if (typeof series === 'number') this.#values(series, end);
    else refuseSeries(this.#reader, end, this.#target, series, TAGS);
  }

  #readRefs(tag: number, end: number): void {
    const reader = this.#reader;
    if (tag === LABEL_REF) {
      this.#reserveRefs(1);
      this.#refs[this.#refCount++] = this.#checkedRef(reader.varint(end));
      return;
    }
    const refsEnd = reader.length(end);
    // Every reference takes at least a byte.
    this.#reserveRefs(refsEnd - reader.position);
    const { bytes } = reader;
    const refs = this.#refs;
    let count = this.#refCount;
    while (reader.position < refsEnd) {
      const at = reader.position;
      const first = bytes[at]!;
      const second = at + 1 < refsEnd ? bytes[at + 1]! : 0x80;
      let ref = first;
      if (first < 0x80) reader.position = at + 1;
      else if (second < 0x80) {
        ref = (first & 0x7f) | (second << 7);
        reader.position = at + 2;
      } else ref = reader.varint(refsEnd);
      refs[count++] = this.#checkedRef(ref);
    }
    this.#refCount = count;
  }

  #checkedRef(ref: number): number {
    if (ref < this.#symbolCount) return ref;
    throw malformed(this.#reader.position, `symbol ${ref} is referenced, but there are only ${this.#symbolCount}`);
  }

  #reserveRefs(count: number): void {
    if (this.#refCount + count <= this.#refs.length) return;
    if (this.#refCount + count > MAX_REFS_PER_SERIES) {
      throw malformed(this.#reader.position, `a series references more than ${MAX_REFS_PER_SERIES} symbols`);
    }
    const grown = new Int32Array(Math.max(this.#refs.length * 2, this.#refCount + count));
    grown.set(this.#refs);
    this.#refs = grown;
  }

  #resolve(metadataStart: number, metadataEnd: number): number | RejectReason {
    const table = this.#table;
    const refs = this.#refs;
    const count = this.#refCount;
    const symbols = this.#symbols;
    table.seed(this.#target.seed);
    for (let i = 0; i < count; i++) {
      const at = refs[i]! * 4;
      table.mixHashes(symbols[at + 2]!, symbols[at + 3]!);
    }
    let type = 0;
    let help = 0;
    let unit = 0;
    if (metadataStart >= 0) {
      const reader = this.#reader;
      reader.position = metadataStart;
      while (reader.position < metadataEnd) {
        const tag = reader.tag(metadataEnd);
        if (tag === 0x08) type = reader.varint(metadataEnd);
        else if (tag === 0x18) help = reader.varint(metadataEnd);
        else if (tag === 0x20) unit = reader.varint(metadataEnd);
        else reader.skip(tag, metadataEnd);
      }
      if (help >= this.#symbolCount || unit >= this.#symbolCount) {
        throw malformed(metadataStart, `the metadata references a symbol beyond the ${this.#symbolCount} there are`);
      }
      table.mixWords(type, symbols[help * 4 + 2]!);
      table.mixWords(symbols[unit * 4 + 2]!, symbols[unit * 4 + 3]!);
    }
    table.mixWords(count, 0);
    const { a, b } = table;
    const known = table.find(count);
    if (known >= 0) return known;
    const labels = this.#labels(0, count, refs);
    if (typeof labels === 'string') return labels;
    const set = labelsOfPairs(labels);
    if (typeof set === 'string') return set;
    const series = this.#target.sink.intern(set, this.#target.source);
    if (typeof series !== 'number') return series;
    table.put(a, b, count, series);
    if (metadataStart >= 0) this.#sayMetadata(set, METRIC_TYPES[type] ?? 'unknown', help, unit);
    return series;
  }

  #sayMetadata(labels: Labels, type: MetricType, helpRef: number, unitRef: number): void {
    const metric = labelValue(labels, METRIC_NAME);
    const help = this.#symbol(helpRef) ?? '';
    const unit = this.#symbol(unitRef) ?? '';
    if ((type === 'unknown' && help === '' && unit === '') || this.#said.has(metric)) return;
    this.#said.add(metric);
    this.#metadata.say(this.#target.batch, { metric, type, help, unit });
  }

  #labels(from: number, to: number, refs: Int32Array): string[] | 'invalid_label' {
    const pairs: string[] = [];
    for (let i = from; i < to; i++) {
      const symbol = this.#symbol(refs[i]!);
      if (symbol === undefined) return 'invalid_label';
      pairs.push(symbol);
    }
    return pairs;
  }

  /** A symbol's text; undefined where it is not UTF-8. */
  #symbol(ref: number): string | undefined {
    const start = this.#symbols[ref * 4]!;
    const end = this.#symbols[ref * 4 + 1]!;
    return isUtf8(this.#text.subarray(start, end)) ? this.#text.toString('utf8', start, end) : undefined;
  }

  #values(series: number, end: number): void {
    const reader = this.#reader;
    const { batch, budget } = this.#target;
    const before = batch.accepted;
    let histograms = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === SAMPLE) {
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
      } else if (tag === HISTOGRAM) histograms += this.#histogram(series, reader.length(end));
      else if (tag === EXEMPLAR) this.#exemplar(series, reader.length(end));
      else reader.skip(tag, end);
    }
    this.#written.histograms += histograms;
    this.#written.samples += batch.accepted - before - histograms;
  }

  /** Answers how many histograms the batch took: 1 or 0. */
  #histogram(series: number, end: number): number {
    const { batch, budget } = this.#target;
    const { histogram, timestampMs, stale, isConsistent } = readHistogram(this.#reader, end);
    this.#lastTimeMs = timestampMs;
    const before = batch.accepted;
    budget.take();
    if (stale) batch.addStale(series, timestampMs);
    else if (isConsistent) batch.addHistogram(series, timestampMs, histogram);
    else batch.reject('invalid_histogram');
    return batch.accepted - before;
  }

  #exemplar(series: number, end: number): void {
    const reader = this.#reader;
    const start = reader.position;
    const refsBefore = this.#refCount;
    let value = 0;
    let timestampMs = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === LABEL_REFS || tag === LABEL_REF) this.#readRefs(tag, end);
      else if (tag === 0x11) value = reader.double(end);
      else if (tag === 0x18) timestampMs = reader.signedVarint(end);
      else reader.skip(tag, end);
    }
    const refsAfter = this.#refCount;
    this.#refCount = refsBefore;
    if ((refsAfter - refsBefore) % 2 !== 0) throw malformed(start, 'an exemplar has a label name without a value');
    const labels = this.#labels(refsBefore, refsAfter, this.#refs);
    if (labels === 'invalid_label') {
      this.#target.batch.rejectExemplars(labels);
      return;
    }
    this.#target.batch.addExemplar(series, { labels, value, timestampMs: timestampMs === 0 ? this.#lastTimeMs : timestampMs });
  }
}
