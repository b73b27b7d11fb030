/** Lengths are written into this many bytes after the fact; protobuf allows numbers that are longer than need be. */
const LENGTH_BYTES = 5;

/** Writes protobuf into one growing buffer. */
export class WireWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(sizeHintBytes: number) {
    this.#buffer = Buffer.allocUnsafe(Math.max(256, sizeHintBytes));
  }

  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  /** Negative values as their 64-bit two's complement. */
  varint64(value: bigint): void {
    if (value >= 0n && value < 0x1_0000_0000n) {
      this.varint(Number(value));
      return;
    }
    this.#reserve(10);
    let rest = BigInt.asUintN(64, value);
    for (; rest >= 0x80n; rest >>= 7n) this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
    this.#buffer[this.#length++] = Number(rest);
  }

  fixed32(value: number): void {
    this.#reserve(4);
    this.#buffer.writeUInt32LE(value >>> 0, this.#length);
    this.#length += 4;
  }

  fixed64(value: bigint): void {
    this.#reserve(8);
    this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.#length);
    this.#length += 8;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#buffer.writeDoubleLE(value, this.#length);
    this.#length += 8;
  }

  text(value: string): void {
    const start = this.open();
    // A UTF-16 unit takes at most three bytes of UTF-8.
    this.#reserve(value.length * 3);
    this.#length += this.#buffer.write(value, this.#length);
    this.close(start);
  }

  bytes(value: Uint8Array): void {
    const start = this.open();
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
    this.close(start);
  }

  /** Begins something with a length before it; give the answer to `close`. */
  open(): number {
    this.#reserve(LENGTH_BYTES);
    this.#length += LENGTH_BYTES;
    return this.#length;
  }

  close(start: number): void {
    let rest = this.#length - start;
    for (let at = start - LENGTH_BYTES; at < start - 1; at++) {
      this.#buffer[at] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[start - 1] = rest;
  }

  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + size));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
