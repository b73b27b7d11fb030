/**
 * Reads ClickHouse's `Native` format: per block the number of columns and rows (varints), then each column's name, type and
 * values. Numbers are copied out as typed arrays, whole columns at a time; no objects per row.
 */
export class NativeReader {
  readonly bytes: Uint8Array;
  at = 0;
  readonly #view: DataView;
  readonly #text: Buffer;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Starts the next block. */
  block(): { readonly columns: number; readonly rows: number } {
    const columns = this.varint();
    return { columns, rows: this.varint() };
  }

  /** Starts the next column. */
  column(): { readonly name: string; readonly type: string } {
    const name = this.text();
    return { name, type: this.text() };
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * factor;
      if (!(byte >= 0x80)) return value;
    }
  }

  text(): string {
    const size = this.varint();
    const start = this.at;
    this.at = start + size;
    return this.#text.toString('utf8', start, this.at);
  }

  skipText(): void {
    const size = this.varint();
    this.at += size;
  }

  uint8(rows: number): Uint8Array {
    return new Uint8Array(this.#take(rows));
  }

  int8(rows: number): Int8Array {
    return new Int8Array(this.#take(rows));
  }

  /** Not a copy: good for as long as the bytes are. */
  int8View(rows: number): Int8Array {
    if (this.at + rows > this.bytes.length) throw new Error('a Native block ends too early');
    const start = this.bytes.byteOffset + this.at;
    this.at += rows;
    return new Int8Array(this.bytes.buffer, start, rows);
  }

  uint16(rows: number): Uint16Array {
    return new Uint16Array(this.#take(rows * 2));
  }

  uint32(rows: number): Uint32Array {
    return new Uint32Array(this.#take(rows * 4));
  }

  int32(rows: number): Int32Array {
    return new Int32Array(this.#take(rows * 4));
  }

  uint64(rows: number): BigUint64Array {
    return new BigUint64Array(this.#take(rows * 8));
  }

  float64(rows: number): Float64Array {
    return new Float64Array(this.#take(rows * 8));
  }

  /** 64-bit integers below 2^53 (times, counts, offsets) as numbers. */
  safeInt64(rows: number): Float64Array {
    const numbers = new Float64Array(rows);
    for (let i = 0; i < rows; i++, this.at += 8) {
      numbers[i] = this.#view.getInt32(this.at + 4, true) * 4_294_967_296 + this.#view.getUint32(this.at, true);
    }
    return numbers;
  }

  /** 64-bit values as (low, high) words. */
  words(rows: number): Int32Array {
    return new Int32Array(this.#take(rows * 8));
  }

  strings(rows: number): string[] {
    const texts: string[] = [];
    for (let i = 0; i < rows; i++) texts.push(this.text());
    return texts;
  }

  #take(sizeBytes: number): ArrayBuffer {
    const start = this.bytes.byteOffset + this.at;
    if (this.at + sizeBytes > this.bytes.length) throw new Error('a Native block ends too early');
    this.at += sizeBytes;
    return this.bytes.buffer.slice(start, start + sizeBytes) as ArrayBuffer;
  }
}
