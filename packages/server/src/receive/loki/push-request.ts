import { malformed, WireReader } from '@pitot/core/protobuf-wire';
import type { LokiLabels } from './labels.ts';
import type { RecordBudget } from './streams.ts';

const NANOS_PER_SECOND = 1_000_000_000n;
const EMPTY: LokiLabels = [];

/** What a push holds, told one stream after the other, in whatever format it came. */
export interface PushListener {
  /** Labels as promtail writes them, or as pairs where the format has them so. */
  stream(labels: string | LokiLabels): void;
  /** A line of the stream before. */
  line(timeUnixNano: bigint, line: string, metadata: LokiLabels): void;
}

/** Decodes Loki's `PushRequest`. Source: grafana/loki pkg/push/push.proto. Throws `bad_payload` with the byte. */
export function readPushRequest(bytes: Uint8Array, budget: RecordBudget, listener: PushListener): void {
  new PushRequestReader(bytes, budget, listener).read();
}

class PushRequestReader {
  readonly #reader = new WireReader();
  readonly #text: Buffer;
  readonly #budget: RecordBudget;
  readonly #listener: PushListener;

  constructor(bytes: Uint8Array, budget: RecordBudget, listener: PushListener) {
    this.#reader.reset(bytes);
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budget = budget;
    this.#listener = listener;
  }

  read(): void {
    const reader = this.#reader;
    const end = reader.bytes.length;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) this.#stream(reader.length(end));
      else reader.skip(tag, end);
    }
  }

  /** Labels may stand behind the entries, so a stream is read twice. */
  #stream(end: number): void {
    const reader = this.#reader;
    this.#budget.takeHolder();
    const start = reader.position;
    let labels = '';
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) labels = this.#string(end);
      else reader.skip(tag, end);
    }
    this.#listener.stream(labels);
    reader.position = start;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x12) this.#entry(reader.length(end));
      else reader.skip(tag, end);
    }
  }

  #entry(end: number): void {
    const reader = this.#reader;
    this.#budget.take();
    let timeUnixNano = 0n;
    let line = '';
    let metadata: [string, string][] | undefined;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) timeUnixNano = this.#timestamp(reader.length(end));
      else if (tag === 0x12) line = this.#string(end);
      else if (tag === 0x1a) (metadata ??= []).push(this.#pair(reader.length(end)));
      else reader.skip(tag, end);
    }
    this.#listener.line(timeUnixNano, line, metadata ?? EMPTY);
  }

  #timestamp(end: number): bigint {
    const reader = this.#reader;
    const start = reader.position;
    let seconds = 0n;
    let nanos = 0n;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x08) seconds = this.#int64(end);
      else if (tag === 0x10) nanos = this.#int64(end);
      else reader.skip(tag, end);
    }
    const timeUnixNano = seconds * NANOS_PER_SECOND + nanos;
    if (timeUnixNano < 0n || BigInt.asUintN(64, timeUnixNano) !== timeUnixNano) throw malformed(start, 'the timestamp is before 1970 or after 2554');
    return timeUnixNano;
  }

  #int64(end: number): bigint {
    this.#reader.varintWords(end);
    return BigInt.asIntN(64, (BigInt(this.#reader.high) << 32n) | BigInt(this.#reader.low));
  }

  #pair(end: number): [string, string] {
    const reader = this.#reader;
    let name = '';
    let value = '';
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) name = this.#string(end);
      else if (tag === 0x12) value = this.#string(end);
      else reader.skip(tag, end);
    }
    return [name, value];
  }

  /** Bytes that are not UTF-8 become U+FFFD: lines come out of files that anybody writes. */
  #string(end: number): string {
    const stringEnd = this.#reader.length(end);
    const start = this.#reader.position;
    this.#reader.position = stringEnd;
    return this.#text.toString('utf8', start, stringEnd);
  }
}
