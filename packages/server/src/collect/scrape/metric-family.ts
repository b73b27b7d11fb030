import { isUtf8 } from 'node:buffer';
import { accumulated, AppError, type BucketSpan, type NativeHistogram } from '@pitot/core';
import { malformed, WireReader } from '@pitot/core/protobuf-wire';
import type { ScrapedBody } from './target-series.ts';

/** Whether a content type is that of `MetricFamily` messages, each after its length. */
export function isMetricFamilies(contentType: string): boolean {
  return /^\s*application\/vnd\.google\.protobuf\s*;/i.test(contentType) && /io\.prometheus\.client\.MetricFamily/.test(contentType);
}

const TYPES = ['counter', 'gauge', 'summary', 'unknown', 'histogram', 'gaugehistogram'];
const GAUGE_HISTOGRAM = 5;
const LEGACY_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
/** Far above any histogram: only keeps memory small. */
const MOST_PARTS = 100_000;

/**
 * Turns delimited `MetricFamily` messages into the text that the same target would have written, so that one way leads from there on
 * (known series, limits, relabelling, stale markers), with native histograms beside it. `classic` keeps the classic buckets of a
 * histogram that has native ones. Throws AppError `bad_payload`.
 * Source: prometheus/client_model io/prometheus/client/metrics.proto.
 */
export function readMetricFamilies(body: Buffer, classic: boolean): ScrapedBody {
  const writer = new FamilyWriter(body, classic);
  return { text: writer.text(), dialect: 'protobuf', histograms: writer.histograms };
}

interface Exemplar {
  readonly text: string;
  readonly timestampMs: number;
}

interface Bucket {
  readonly upperBound: number;
  readonly count: number;
  readonly exemplar: Exemplar | undefined;
}

class FamilyWriter {
  readonly histograms = new Map<number, NativeHistogram>();
  readonly #reader = new WireReader();
  readonly #body: Buffer;
  readonly #classic: boolean;
  readonly #lines: string[] = [];
  #samples = 0;
  #name = '';
  #type = 0;
  /** Labels and timestamp of the metric that is being read. */
  #labels: string[] = [];
  #time = '';

  constructor(body: Buffer, classic: boolean) {
    this.#body = body;
    this.#classic = classic;
    this.#reader.reset(body);
  }

  text(): string {
    const reader = this.#reader;
    const end = this.#body.length;
    while (reader.position < end) this.#family(reader.length(end));
    this.#lines.push('# EOF\n');
    return this.#lines.join('\n');
  }

  #family(end: number): void {
    const reader = this.#reader;
    const metrics: [start: number, end: number][] = [];
    let help = '';
    let unit = '';
    this.#name = '';
    this.#type = 0;
    this.#fields(end, (tag) => {
      if (tag === 0x0a) this.#name = this.#string(end);
      else if (tag === 0x12) help = this.#string(end);
      else if (tag === 0x18) this.#type = reader.varint(end);
      else if (tag === 0x2a) unit = this.#string(end);
      else if (tag === 0x22) {
        const metricEnd = reader.length(end);
        metrics.push([reader.position, metricEnd]);
        reader.position = metricEnd;
      } else return false;
      return true;
    });
    if (this.#name === '') throw new AppError('bad_payload', 'a metric family of the protobuf answer has no name');
    const name = LEGACY_NAME.test(this.#name) ? this.#name : quoted(this.#name);
    this.#lines.push(`# TYPE ${name} ${TYPES[this.#type] ?? 'unknown'}`);
    if (help !== '') this.#lines.push(`# HELP ${name} ${escaped(help)}`);
    if (unit !== '') this.#lines.push(`# UNIT ${name} ${escaped(unit)}`);
    for (const [start, metricEnd] of metrics) this.#metric(start, metricEnd);
    reader.position = end;
  }

  #metric(start: number, end: number): void {
    const reader = this.#reader;
    this.#labels = [];
    this.#time = '';
    // Labels and time may stand behind the value.
    reader.position = start;
    this.#fields(end, (tag) => {
      if (tag === 0x0a) this.#labels.push(this.#label(reader.length(end)));
      else if (tag === 0x30) this.#time = ` ${reader.signedVarint(end) / 1000}`;
      else return false;
      return true;
    });
    reader.position = start;
    this.#fields(end, (tag) => {
      if (tag === 0x12 || tag === 0x1a || tag === 0x2a) this.#single(reader.length(end));
      else if (tag === 0x22) this.#summary(reader.length(end));
      else if (tag === 0x3a) this.#histogram(reader.length(end));
      else return false;
      return true;
    });
  }

  /** Gauge, counter and untyped: the value is their first field, an exemplar the second of counters. */
  #single(end: number): void {
    const reader = this.#reader;
    let value = 0;
    let exemplar: Exemplar | undefined;
    this.#fields(end, (tag) => {
      if (tag === 0x09) value = reader.double(end);
      else if (tag === 0x12) exemplar = this.#exemplar(reader.length(end));
      else return false;
      return true;
    });
    this.#sample('', [], value, exemplar);
  }

  #summary(end: number): void {
    const reader = this.#reader;
    let count = 0;
    let sum = 0;
    const quantiles: [quantile: number, value: number][] = [];
    this.#fields(end, (tag) => {
      if (tag === 0x08) count = reader.varint(end);
      else if (tag === 0x11) sum = reader.double(end);
      else if (tag === 0x1a) quantiles.push(this.#pair(reader.length(end)));
      else return false;
      return true;
    });
    for (const [quantile, value] of quantiles) this.#sample('', [`quantile="${numberText(quantile)}"`], value);
    this.#sample('_sum', [], sum);
    this.#sample('_count', [], count);
  }

  #pair(end: number): [number, number] {
    const pair: [number, number] = [0, 0];
    this.#fields(end, (tag) => {
      if (tag !== 0x09 && tag !== 0x11) return false;
      pair[tag === 0x09 ? 0 : 1] = this.#reader.double(end);
      return true;
    });
    return pair;
  }

  #histogram(end: number): void {
    const reader = this.#reader;
    let schema = 0;
    let zeroThreshold = 0;
    let zeroCount = 0;
    let count = 0;
    let sum = 0;
    const buckets: Bucket[] = [];
    const [positiveSpans, negativeSpans]: [BucketSpan[], BucketSpan[]] = [[], []];
    const [positiveDeltas, negativeDeltas, positiveCounts, negativeCounts]: [number[], number[], number[], number[]] = [[], [], [], []];
    let exemplar: Exemplar | undefined;
    this.#fields(end, (tag) => {
      if (tag === 0x08) count = reader.varint(end);
      else if (tag === 0x21) count = reader.double(end);
      else if (tag === 0x11) sum = reader.double(end);
      else if (tag === 0x1a) this.#bounded(buckets, this.#bucket(reader.length(end)));
      else if (tag === 0x28) schema = reader.zigzag(end);
      else if (tag === 0x31) zeroThreshold = reader.double(end);
      else if (tag === 0x38) zeroCount = reader.varint(end);
      else if (tag === 0x41) zeroCount = reader.double(end);
      else if (tag === 0x4a) this.#bounded(negativeSpans, this.#span(reader.length(end)));
      else if (tag === 0x52 || tag === 0x50) this.#numbers(tag, end, negativeDeltas, (to) => reader.zigzag(to));
      else if (tag === 0x5a || tag === 0x59) this.#numbers(tag, end, negativeCounts, (to) => reader.double(to));
      else if (tag === 0x62) this.#bounded(positiveSpans, this.#span(reader.length(end)));
      else if (tag === 0x6a || tag === 0x68) this.#numbers(tag, end, positiveDeltas, (to) => reader.zigzag(to));
      else if (tag === 0x72 || tag === 0x71) this.#numbers(tag, end, positiveCounts, (to) => reader.double(to));
      else if (tag === 0x82) exemplar = newer(exemplar, this.#exemplar(reader.length(end)));
      else return false;
      return true;
    });
    const isNative = positiveSpans.length > 0 || negativeSpans.length > 0 || zeroThreshold > 0 || zeroCount > 0;
    if (isNative) {
      this.histograms.set(this.#samples, {
        schema,
        zeroThreshold,
        zeroCount,
        count,
        sum,
        positiveSpans,
        positiveBuckets: positiveCounts.length > 0 ? positiveCounts : accumulated(positiveDeltas),
        negativeSpans,
        negativeBuckets: negativeCounts.length > 0 ? negativeCounts : accumulated(negativeDeltas),
        counterResetHint: this.#type === GAUGE_HISTOGRAM ? 'gauge' : 'unknown',
      });
      this.#sample('', [], count, exemplar ?? buckets.reduce<Exemplar | undefined>((latest, bucket) => newer(latest, bucket.exemplar), undefined));
      if (!this.#classic || buckets.length === 0) return;
    }
    this.#classicBuckets(buckets, count, sum);
  }

  #classicBuckets(buckets: readonly Bucket[], count: number, sum: number): void {
    for (const { upperBound, count: cumulative, exemplar } of buckets) {
      this.#sample('_bucket', [`le="${numberText(upperBound)}"`], cumulative, exemplar);
    }
    // The last one is implied in protobuf.
    if (buckets.at(-1)?.upperBound !== Infinity) this.#sample('_bucket', ['le="+Inf"'], count);
    this.#sample('_sum', [], sum);
    this.#sample('_count', [], count);
  }

  #bucket(end: number): Bucket {
    const reader = this.#reader;
    let upperBound = 0;
    let count = 0;
    let exemplar: Exemplar | undefined;
    this.#fields(end, (tag) => {
      if (tag === 0x08) count = reader.varint(end);
      else if (tag === 0x21) count = reader.double(end);
      else if (tag === 0x11) upperBound = reader.double(end);
      else if (tag === 0x1a) exemplar = this.#exemplar(reader.length(end));
      else return false;
      return true;
    });
    return { upperBound, count, exemplar };
  }

  #span(end: number): BucketSpan {
    let offset = 0;
    let length = 0;
    this.#fields(end, (tag) => {
      if (tag === 0x08) offset = this.#reader.zigzag(end);
      else if (tag === 0x10) length = this.#reader.varint(end);
      else return false;
      return true;
    });
    return { offset, length };
  }

  #exemplar(end: number): Exemplar {
    const reader = this.#reader;
    const labels: string[] = [];
    let value = 0;
    let timestampMs = Number.NaN;
    this.#fields(end, (tag) => {
      if (tag === 0x0a) labels.push(this.#label(reader.length(end)));
      else if (tag === 0x11) value = reader.double(end);
      else if (tag === 0x1a) timestampMs = this.#timestampMs(reader.length(end));
      else return false;
      return true;
    });
    const time = Number.isNaN(timestampMs) ? '' : ` ${timestampMs / 1000}`;
    return { text: ` # {${labels.join(',')}} ${value}${time}`, timestampMs };
  }

  #timestampMs(end: number): number {
    let seconds = 0;
    let nanoseconds = 0;
    this.#fields(end, (tag) => {
      if (tag === 0x08) seconds = this.#reader.signedVarint(end);
      else if (tag === 0x10) nanoseconds = this.#reader.signedVarint(end);
      else return false;
      return true;
    });
    return seconds * 1000 + Math.floor(nanoseconds / 1e6);
  }

  #label(end: number): string {
    let name = '';
    let value = '';
    this.#fields(end, (tag) => {
      if (tag === 0x0a) name = this.#string(end);
      else if (tag === 0x12) value = this.#string(end);
      else return false;
      return true;
    });
    return `${LEGACY_NAME.test(name) && !name.includes(':') ? name : quoted(name)}=${quoted(value)}`;
  }

  #sample(suffix: string, more: readonly string[], value: number, exemplar?: Exemplar): void {
    const name = this.#name + suffix;
    const isLegacy = LEGACY_NAME.test(name);
    const labels = [...(isLegacy ? [] : [quoted(name)]), ...this.#labels, ...more].join(',');
    this.#lines.push(`${isLegacy ? name : ''}${labels === '' ? '' : `{${labels}}`} ${value}${this.#time}${exemplar?.text ?? ''}`);
    this.#samples++;
  }

  /** Hands each field up to `end` to `read`, which answers whether it took it. */
  #fields(end: number, read: (tag: number) => boolean): void {
    const reader = this.#reader;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (!read(tag)) reader.skip(tag, end);
    }
  }

  #string(end: number): string {
    const reader = this.#reader;
    const stringEnd = reader.length(end);
    const bytes = this.#body.subarray(reader.position, stringEnd);
    if (!isUtf8(bytes)) throw malformed(reader.position, 'a text is not UTF-8');
    reader.position = stringEnd;
    return bytes.toString('utf8');
  }

  /** A repeated number, packed or not. */
  #numbers(tag: number, end: number, into: number[], read: (end: number) => number): void {
    if ((tag & 7) !== 2) return this.#bounded(into, read(end));
    const packedEnd = this.#reader.length(end);
    while (this.#reader.position < packedEnd) this.#bounded(into, read(packedEnd));
  }

  #bounded<Part>(into: Part[], part: Part): void {
    if (into.push(part) > MOST_PARTS) throw malformed(this.#reader.position, `a histogram has more than ${MOST_PARTS} buckets or spans`);
  }
}

function newer(a: Exemplar | undefined, b: Exemplar | undefined): Exemplar | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.timestampMs >= b.timestampMs ? a : b;
}

/** As client libraries write bounds into text (Go's `%g`), so that a series is the same in both forms. */
function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  const text = exponent < -4 || exponent >= 6 ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function quoted(text: string): string {
  return `"${escaped(text)}"`;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
