import { TABLES, type ColumnType, type TableName } from './tables.ts';

/**
 * ClickHouse's `Native` format: blocks of columns, little-endian, without any text parsing on either side.
 * A block is: columns (varint), rows (varint), then per column its name, its type and its values. An array column
 * is all end offsets as UInt64, then all elements. Blocks can be concatenated.
 * Source: ClickHouse docs, "Native" format.
 */
export type Column =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Uint32Array
  /** 64-bit columns: UInt64 and DateTime64 as BigUint64Array/BigInt64Array or as (low, high) Uint32 pairs in a Uint8Array view. */
  | BigUint64Array
  | BigInt64Array
  | Float64Array
  | readonly string[]
  | readonly (readonly string[])[]
  | readonly (readonly number[])[];

/** Encodes one block of a table. Typed arrays may be longer than `rows`; the rest is not written. */
export function encodeNativeBlock(table: TableName, rows: number, columns: Readonly<Record<string, Column>>): Uint8Array {
  const out = new ByteWriter();
  const schema: readonly (readonly [string, ColumnType])[] = TABLES[table];
  out.varint(schema.length);
  out.varint(rows);
  for (const [name, type] of schema) {
    const column = columns[name];
    if (column === undefined) throw new Error(`column ${table}.${name} is missing from the block`);
    out.text(name);
    out.text(type);
    writeColumn(out, type, column, rows);
  }
  return out.finish();
}

/** Bytes of one value of a column of fixed width; strings and arrays have none. */
export const VALUE_WIDTH: Readonly<Partial<Record<ColumnType, number>>> = {
  Int8: 1,
  UInt8: 1,
  Date: 2,
  UInt32: 4,
  UInt64: 8,
  Float64: 8,
  'DateTime64(3)': 8,
};

function writeColumn(out: ByteWriter, type: ColumnType, column: Column, rows: number): void {
  const width = VALUE_WIDTH[type];
  if (width !== undefined) {
    const view = column as Uint8Array;
    out.bytes(new Uint8Array(view.buffer, view.byteOffset, rows * width));
    return;
  }
  if (type === 'String') {
    for (let i = 0; i < rows; i++) out.text((column as readonly string[])[i]!);
    return;
  }
  const arrays = column as readonly (readonly (string | number)[])[];
  let end = 0;
  for (let i = 0; i < rows; i++) out.uint64((end += arrays[i]!.length));
  for (let i = 0; i < rows; i++) writeElements(out, type, arrays[i]!);
}

function writeElements(out: ByteWriter, type: ColumnType, elements: readonly (string | number)[]): void {
  switch (type) {
    case 'Array(String)':
      for (const element of elements) out.text(element as string);
      return;
    case 'Array(Int32)':
      for (const element of elements) out.int32(element as number);
      return;
    case 'Array(UInt32)':
      for (const element of elements) out.int32((element as number) | 0);
      return;
    case 'Array(Float64)':
      for (const element of elements) out.float64(element as number);
      return;
    default:
      throw new Error(`no encoder for column type ${type}`);
  }
}

/** A growing byte buffer; little-endian, as ClickHouse is. */
class ByteWriter {
  #buffer = Buffer.allocUnsafe(4096);
  #length = 0;

  varint(value: number): void {
    this.#reserve(10);
    while (value >= 0x80) {
      this.#buffer[this.#length++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#buffer[this.#length++] = value;
  }

  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.varint(size);
    this.#reserve(size);
    this.#buffer.write(value, this.#length);
    this.#length += size;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#buffer.writeInt32LE(value, this.#length);
    this.#length += 4;
  }

  uint64(value: number): void {
    this.#reserve(8);
    this.#buffer.writeUInt32LE(value >>> 0, this.#length);
    this.#buffer.writeUInt32LE(Math.floor(value / 0x1_0000_0000), this.#length + 4);
    this.#length += 8;
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#buffer.writeDoubleLE(value, this.#length);
    this.#length += 8;
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
