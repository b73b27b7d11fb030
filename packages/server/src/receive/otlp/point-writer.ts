import { labelsFromPairs, type NativeHistogram, type RejectReason } from '@pitot/core';
import type { DecodeTarget } from '../decode-target.ts';
import type { WireReader } from '@pitot/core/protobuf-wire';
import { addAttribute, readBytes, type Attribute } from './attributes.ts';

/** OpenMetrics allows this many characters of labels on an exemplar; filtered attributes that go beyond are left out. */
const MAX_EXEMPLAR_CHARACTERS = 128;
const NS_PER_MS = 1_000_000;
/** 2^32 ns are this many whole milliseconds and this rest in ns. */
const HIGH_MS = 4294;
const HIGH_REST_NS = 967_296;

/** Milliseconds of a fixed64 of nanoseconds given as two words; exact, which one floating-point division would not be. */
export function msOfNanoseconds(low: number, high: number): number {
  return high * HIGH_MS + Math.floor((high * HIGH_REST_NS + low) / NS_PER_MS);
}

type SeriesOfValue = (value: number) => number | RejectReason;

/** Writes the samples of one request's points, or counts why not. */
export class PointWriter {
  #target!: DecodeTarget;
  nowMs = 0;
  points = 0;
  /** Points of which at least one sample was turned away by the decoder. */
  refusedPoints = 0;
  /** Samples that the decoder turned away. */
  refusedSamples = 0;
  #lastRefused = 0;

  begin(target: DecodeTarget, nowMs: number): void {
    this.#target = target;
    this.nowMs = nowMs;
    this.points = 0;
    this.refusedPoints = 0;
    this.refusedSamples = 0;
    this.#lastRefused = 0;
  }

  beginPoint(): void {
    this.points++;
  }

  float(series: number | RejectReason, timeMs: number, value: number, stale: boolean): void {
    const { batch, budget } = this.#target;
    budget.take();
    if (typeof series !== 'number') this.#reject(series);
    else if (stale) batch.addStale(series, timeMs);
    else batch.addFloat(series, timeMs, value);
  }

  histogram(series: number | RejectReason, timeMs: number, histogram: NativeHistogram): void {
    const { batch, budget } = this.#target;
    budget.take();
    if (typeof series !== 'number') this.#reject(series);
    else batch.addHistogram(series, timeMs, histogram);
  }

  /** Turns a whole point away. */
  refuse(reason: RejectReason): void {
    this.#target.budget.take();
    this.#reject(reason);
  }

  /**
   * Reads the exemplar fields of a point's message [start, end) and adds each to the series that `seriesOf` names for its value;
   * one without a time has the point's.
   * Source: opentelemetry-proto metrics/v1/metrics.proto; label rules as Prometheus' OTLP endpoint.
   */
  exemplars(reader: WireReader, start: number, end: number, tag: number, pointMs: number, seriesOf: SeriesOfValue): void {
    reader.position = start;
    while (reader.position < end) {
      const found = reader.tag(end);
      if (found === tag) this.#exemplar(reader, reader.length(end), pointMs, seriesOf);
      else reader.skip(found, end);
    }
  }

  #reject(reason: RejectReason): void {
    this.#target.batch.reject(reason);
    this.refusedSamples++;
    if (this.#lastRefused === this.points) return;
    this.#lastRefused = this.points;
    this.refusedPoints++;
  }

  #exemplar(reader: WireReader, end: number, pointMs: number, seriesOf: SeriesOfValue): void {
    const filtered: Attribute[] = [];
    const ids: Attribute[] = [];
    let value: number | undefined;
    let timestampMs = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x3a) addAttribute(reader, reader.length(end), filtered);
      else if (tag === 0x11) {
        reader.fixedWords(end);
        timestampMs = msOfNanoseconds(reader.low, reader.high);
      } else if (tag === 0x19) value = reader.double(end);
      else if (tag === 0x31) value = reader.signedFixed64(end);
      else if (tag === 0x22) pushId(ids, 'span_id', readBytes(reader, reader.length(end)));
      else if (tag === 0x2a) pushId(ids, 'trace_id', readBytes(reader, reader.length(end)));
      else reader.skip(tag, end);
    }
    if (value === undefined) return;
    if (timestampMs === 0) timestampMs = pointMs;
    const series = seriesOf(value);
    if (typeof series !== 'number') return;
    const all = [...filtered, ...ids];
    const characters = all.reduce((sum, [name, text]) => sum + [...name].length + [...text].length, 0);
    const labels = labelsFromPairs(characters <= MAX_EXEMPLAR_CHARACTERS ? all : ids);
    this.#target.batch.addExemplar(series, { labels, value, timestampMs });
  }
}

function pushId(ids: Attribute[], name: string, bytes: Buffer): void {
  if (bytes.some((byte) => byte !== 0)) ids.push([name, bytes.toString('hex')]);
}
