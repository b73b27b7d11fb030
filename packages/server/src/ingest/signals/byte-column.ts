import { isAscii } from 'node:buffer';
import { releaseBytes } from '@pitot/core/memory';
import { writeVarint } from '../series-labels.ts';

/** Copies up to this size go word by word in JavaScript; above it, calling the engine's own copy pays. */
const WORDWISE_BYTES = 96;
const FIRST_BYTES = 1024;
const MOST_KEPT_BYTES = 16 * 1024 * 1024;
/** Word-wise copies write up to three bytes too many, and a size takes up to five. */
const SLACK_BYTES = 16;
const NON_ASCII = 0x8080_8080 | 0;
const WORD = 0x1_0000_0000;

/** Bytes with their view, to copy from: a request, or another column. */
export interface ByteSource {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** The growing bytes of one part of a column in ClickHouse's Native layout, little-endian. Kept and reused from request to request. */
export class ByteColumn implements ByteSource {
  bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  view = new DataView(this.bytes.buffer);
  /** Bytes in use. Setting it lower takes back what was added. */
  size = 0;

  reserve(sizeBytes: number): void {
    if (this.size + sizeBytes + SLACK_BYTES > this.bytes.length) this.#grow(sizeBytes + SLACK_BYTES);
  }

  #grow(sizeBytes: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.size + sizeBytes));
    this.bytes.copy(grown, 0, 0, this.size);
    releaseBytes(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /** Forgets all bytes, and gives back memory that only a very large request needed. */
  reset(): void {
    this.size = 0;
    if (this.bytes.length <= MOST_KEPT_BYTES) return;
    releaseBytes(this.bytes);
    this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  uint8(value: number): void {
    this.reserve(1);
    this.bytes[this.size++] = value;
  }

  /** A 64-bit value from its words. */
  words(low: number, high: number): void {
    this.reserve(8);
    this.view.setInt32(this.size, low, true);
    this.view.setInt32(this.size + 4, high, true);
    this.size += 8;
  }

  /** A whole number from 0 to 2^53 as UInt64. */
  uint64(value: number): void {
    this.words(value | 0, value < WORD ? 0 : Math.floor(value / WORD));
  }

  bigUint64(value: bigint): void {
    this.reserve(8);
    this.view.setBigUint64(this.size, value, true);
    this.size += 8;
  }

  float64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.size, value, true);
    this.size += 8;
  }

  /** A String value. */
  text(value: string): void {
    this.buffer(Buffer.from(value));
  }

  /** A String value from bytes. */
  buffer(value: Uint8Array): void {
    this.reserve(value.length);
    const at = writeVarint(this.bytes, this.size, value.length);
    this.bytes.set(value, at);
    this.size = at + value.length;
  }

  /** A String value from a piece of a request. Answers whether all of it is ASCII. */
  sized(from: ByteSource, start: number, end: number): boolean {
    const size = end - start;
    this.reserve(size);
    if (size < 0x80) this.bytes[this.size++] = size;
    else this.size = writeVarint(this.bytes, this.size, size);
    return this.raw(from, start, end);
  }

  /** Bytes as they are. Answers whether all of them are ASCII. */
  raw(from: ByteSource, start: number, end: number): boolean {
    const size = end - start;
    this.reserve(size);
    const at = this.size;
    this.size += size;
    const { view: source } = from;
    if (size > WORDWISE_BYTES || end + 3 > source.byteLength) {
      const piece = from.bytes.subarray(start, end);
      this.bytes.set(piece, at);
      return isAscii(piece);
    }
    const { view: target } = this;
    const rest = size & 3;
    const whole = size - rest;
    let bits = 0;
    for (let i = 0; i < whole; i += 4) {
      const word = source.getInt32(start + i, true);
      target.setInt32(at + i, word, true);
      bits |= word;
    }
    if (rest > 0) {
      const word = source.getInt32(start + whole, true);
      target.setInt32(at + whole, word, true);
      bits |= word & ((1 << (8 * rest)) - 1);
    }
    return (bits & NON_ASCII) === 0;
  }

  /** All bytes of another column. */
  column(from: ByteColumn): void {
    this.raw(from, 0, from.size);
  }

  /** A String value: a whole number from 0 to 999,999,999 in decimal. */
  decimal(value: number): void {
    this.reserve(10);
    const { bytes } = this;
    let digits = 1;
    for (let power = 10; value >= power; power *= 10) digits++;
    bytes[this.size] = digits;
    let rest = value | 0;
    for (let at = this.size + digits; at > this.size; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = 0x30 + rest - 10 * tenth;
      rest = tenth;
    }
    this.size += 1 + digits;
  }

  /** A String value of two lower-case hexadecimal digits a byte. */
  hex(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(2 * (end - start));
    const { view } = this;
    let at = this.size;
    this.bytes[at++] = 2 * (end - start);
    for (let i = start; i < end; i++) {
      view.setUint16(at, HEX[bytes[i]!]!, true);
      at += 2;
    }
    this.size = at;
  }

  /** Repeats what was added since the size was `start`, until it stands there `times` times. */
  repeat(start: number, times: number): void {
    const unit = this.size - start;
    const total = unit * times;
    this.reserve(total);
    const { bytes } = this;
    let filled = unit;
    while (filled < total) {
      const next = Math.min(filled, total - filled);
      bytes.copyWithin(start + filled, start, start + next);
      filled += next;
    }
    this.size = start + total;
  }
}

/** A column of one String value, to be copied from. */
export function textColumn(text: string): ByteColumn {
  const column = new ByteColumn();
  column.text(text);
  return column;
}

/** The two digits of each byte as a little-endian 16-bit value. */
const HEX = Uint16Array.from({ length: 256 }, (_, byte) => {
  const digits = byte.toString(16).padStart(2, '0');
  return digits.charCodeAt(0) | (digits.charCodeAt(1) << 8);
});
