import { AppError } from './errors.ts';

/** Protocol Buffers wire types. Source: protobuf.dev, "Encoding". */
const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_LENGTH = 2;
const WIRE_GROUP_START = 3;
const WIRE_GROUP_END = 4;
const WIRE_FIXED32 = 5;

/** Groups nested deeper than this are an attack, not data: no message read here has any. */
const MAX_GROUP_DEPTH = 16;
const TWO_32 = 0x1_0000_0000;

/** A malformed message: says the byte of the decompressed body and what was expected there. */
export function malformed(offset: number, problem: string): AppError {
  return new AppError('bad_payload', `the protobuf body is malformed at byte ${offset}: ${problem}`, { fields: { offset } });
}

/**
 * Reads protobuf fields in place. Every read is bounded by `end`, the first byte after the enclosing message, and throws
 * AppError `bad_payload` with the offset. One reader is reused between requests, so that nothing is allocated per field.
 */
export class WireReader {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  /** The next byte to read. */
  position = 0;
  /** The low and high words of the last 64-bit value that was read as words. */
  low = 0;
  high = 0;

  reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = 0;
  }

  /** A field's tag: field number times 8 plus wire type. */
  tag(end: number): number {
    const at = this.position;
    const tag = this.varint(end);
    if (tag > 0xffff_ffff || tag < 8) throw malformed(at, `${tag} is not a field tag`);
    return tag;
  }

  /** An unsigned varint as a number: exact below 2^53. */
  varint(end: number): number {
    const bytes = this.bytes;
    if (this.position < end) {
      const first = bytes[this.position]!;
      if (first < 0x80) {
        this.position++;
        return first;
      }
    }
    this.varintWords(end);
    return this.high * TWO_32 + this.low;
  }

  /** A 64-bit two's complement varint (int64, int32, enum) as a number. */
  signedVarint(end: number): number {
    this.varintWords(end);
    return (this.high | 0) * TWO_32 + this.low;
  }

  /** A zigzag varint (sint32, sint64) as a number. */
  zigzag(end: number): number {
    const value = this.varint(end);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A varint into `low` and `high`, both unsigned. */
  varintWords(end: number): void {
    const { bytes } = this;
    const start = this.position;
    let at = start;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw malformed(start, 'the number is cut off');
      const byte = bytes[at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= (bits & 1) << 31;
      if (byte < 0x80) {
        this.position = at;
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw malformed(start, 'the number is longer than 10 bytes');
  }

  /** A fixed64 into `low` and `high`, both unsigned. */
  fixedWords(end: number): void {
    const at = this.#fixed(8, end);
    this.low = this.view.getUint32(at, true);
    this.high = this.view.getUint32(at + 4, true);
  }

  /** An unsigned fixed64 as a number: exact below 2^53. */
  fixed64(end: number): number {
    this.fixedWords(end);
    return this.high * TWO_32 + this.low;
  }

  /** A signed fixed64 as a number: exact within ±2^53. */
  signedFixed64(end: number): number {
    this.fixedWords(end);
    return (this.high | 0) * TWO_32 + this.low;
  }

  /** A double; `low` and `high` hold its bits, which a signalling NaN may lose in the number. */
  double(end: number): number {
    const at = this.#fixed(8, end);
    this.low = this.view.getUint32(at, true);
    this.high = this.view.getUint32(at + 4, true);
    return this.view.getFloat64(at, true);
  }

  /** An unsigned fixed32. */
  fixed32(end: number): number {
    return this.view.getUint32(this.#fixed(4, end), true);
  }

  /** Reads a length and answers where that field ends; `position` is then its first byte. */
  length(end: number): number {
    const at = this.position;
    const length = this.varint(end);
    if (length > end - this.position) {
      throw malformed(at, `a field of ${length} bytes does not fit into the ${end - this.position} that follow`);
    }
    return this.position + length;
  }

  /** Skips the value of a field, known or not. */
  skip(tag: number, end: number): void {
    this.#skip(tag, end, 0);
  }

  #skip(tag: number, end: number, depth: number): void {
    switch (tag & 7) {
      case WIRE_VARINT:
        this.varintWords(end);
        return;
      case WIRE_FIXED64:
        this.#fixed(8, end);
        return;
      case WIRE_LENGTH:
        this.position = this.length(end);
        return;
      case WIRE_FIXED32:
        this.#fixed(4, end);
        return;
      case WIRE_GROUP_START:
        this.#skipGroup(tag, end, depth);
        return;
      default:
        throw malformed(this.position, `wire type ${tag & 7} does not belong here`);
    }
  }

  #skipGroup(startTag: number, end: number, depth: number): void {
    if (depth >= MAX_GROUP_DEPTH) throw malformed(this.position, `groups are nested deeper than ${MAX_GROUP_DEPTH}`);
    const endTag = startTag - WIRE_GROUP_START + WIRE_GROUP_END;
    for (;;) {
      const tag = this.tag(end);
      if (tag === endTag) return;
      this.#skip(tag, end, depth + 1);
    }
  }

  #fixed(size: number, end: number): number {
    const at = this.position;
    if (end - at < size) throw malformed(at, `${size} bytes were expected where ${Math.max(0, end - at)} are left`);
    this.position = at + size;
    return at;
  }
}
