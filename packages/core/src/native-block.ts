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
  | readonly (readonly number[])[]
  /** DateTime64 elements, in the unit of the column. */
  | readonly (readonly bigint[])[]
  /** Maps. */
  | readonly Readonly<Record<string, string | number>>[]
  | readonly (readonly Readonly<Record<string, string>>[])[];

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
  'DateTime64(9)': 8,
};

function writeColumn(out: ByteWriter, type: ColumnType, column: Column, rows: number): void {
  const width = VALUE_WIDTH[type];
  if (width !== undefined) {
    const view = column as Uint8Array;
    out.bytes(new Uint8Array(view.buffer, view.byteOffset, rows * width));
    return;
  }
  writeValues(out, type, (column as readonly unknown[]).slice(0, rows));
}

/** A column, or the elements of one. */
function writeValues(out: ByteWriter, type: string, values: readonly unknown[]): void {
  const element = /^Array\((.+)\)$/.exec(type)?.[1];
  const mapped = /^Map\(String, (.+)\)$/.exec(type)?.[1];
  if (element !== undefined) {
    const arrays = values as readonly (readonly unknown[])[];
    writeEnds(out, arrays);
    writeValues(out, element, arrays.flat());
  } else if (mapped !== undefined) {
    const maps = (values as readonly object[]).map((map): [string, unknown][] => Object.entries(map));
    writeEnds(out, maps);
    const entries = maps.flat();
    writeValues(out, 'String', entries.map(([key]) => key));
    writeValues(out, mapped, entries.map(([, value]) => value));
  } else {
    const write = WRITERS[type];
    if (write === undefined) throw new Error(`no encoder for column type ${type}`);
    for (const value of values) write(out, value as never);
  }
}

function writeEnds(out: ByteWriter, arrays: readonly (readonly unknown[])[]): void {
  let end = 0;
  for (const array of arrays) out.uint64((end += array.length));
}

/** Values that stand in plain arrays. */
const WRITERS: Readonly<Record<string, (out: ByteWriter, value: never) => void>> = {
  String: (out, value: string) => out.text(value),
  Int32: (out, value: number) => out.int32(value),
  UInt32: (out, value: number) => out.int32(value | 0),
  Float64: (out, value: number) => out.float64(value),
  'DateTime64(9)': (out, value: bigint) => out.bigInt64(value),
};

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

  bigInt64(value: bigint): void {
    this.#reserve(8);
    this.#buffer.writeBigInt64LE(value, this.#length);
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
