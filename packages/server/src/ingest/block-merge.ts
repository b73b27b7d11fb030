import { TABLES, type ColumnType, type TableName } from '@pitot/core';
import { VALUE_WIDTH } from '@pitot/core/native-block';
import { sizedTextEnd } from './native-columns.ts';
import { writeVarint } from './series-labels.ts';

/**
 * Many small Native blocks of one table as one large block, column by column: the engine's cost per block is that of
 * thousands of rows. The same blocks always give the same bytes.
 */
export function mergeBlocks(table: TableName, blocks: readonly Uint8Array[]): Uint8Array {
  if (blocks.length === 1) return blocks[0]!;
  const schema = TABLES[table];
  const cursors = blocks.map((bytes) => openBlock(bytes, schema.length, table));
  const rows = cursors.reduce((sum, cursor) => sum + cursor.rows, 0);
  const merged = Buffer.allocUnsafeSlow(blocks.reduce((sum, bytes) => sum + bytes.length, 10));
  let at = writeVarint(merged, writeVarint(merged, 0, schema.length), rows);
  for (const [, type] of schema) {
    const head = sizedTextEnd(cursors[0]!.bytes, sizedTextEnd(cursors[0]!.bytes, cursors[0]!.at));
    at = put(merged, at, cursors[0]!.bytes, cursors[0]!.at, head);
    for (const cursor of cursors) cursor.at = sizedTextEnd(cursor.bytes, sizedTextEnd(cursor.bytes, cursor.at));
    at = type.startsWith('Array(') ? mergeArrays(merged, at, cursors, type) : mergeValues(merged, at, cursors, type);
  }
  return merged.subarray(0, at);
}

interface BlockCursor {
  readonly bytes: Uint8Array;
  readonly rows: number;
  at: number;
}

/** Bytes of one value, or of one element of an array. */
const WIDTH: Readonly<Partial<Record<ColumnType, number>>> = {
  ...VALUE_WIDTH,
  'Array(Int32)': 4,
  'Array(UInt32)': 4,
  'Array(Float64)': 8,
};

function openBlock(bytes: Uint8Array, columns: number, table: TableName): BlockCursor {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * factor;
      if (!(byte >= 0x80)) return value;
    }
  };
  const found = varint();
  if (found !== columns) throw new Error(`a block of ${table} has ${found} columns, expected ${columns}`);
  const rows = varint();
  return { bytes, rows, at };
}

function mergeValues(merged: Buffer, start: number, cursors: readonly BlockCursor[], type: ColumnType): number {
  let at = start;
  for (const cursor of cursors) {
    const end = elementsEnd(cursor, cursor.rows, type);
    at = put(merged, at, cursor.bytes, cursor.at, end);
    cursor.at = end;
  }
  return at;
}

/** End offsets count from the start of the merged column, then come all elements. */
function mergeArrays(merged: Buffer, start: number, cursors: readonly BlockCursor[], type: ColumnType): number {
  let at = start;
  let base = 0;
  const counts = cursors.map((cursor) => {
    const view = new DataView(cursor.bytes.buffer, cursor.bytes.byteOffset + cursor.at, cursor.rows * 8);
    let end = 0;
    for (let row = 0; row < cursor.rows; row++) {
      // Fewer than 2^32 elements: a segment is not that large.
      end = view.getUint32(row * 8, true);
      at = merged.writeUInt32LE(base + end, at);
      at = merged.writeUInt32LE(0, at);
    }
    base += end;
    cursor.at += cursor.rows * 8;
    return end;
  });
  cursors.forEach((cursor, i) => {
    const end = elementsEnd(cursor, counts[i]!, type);
    at = put(merged, at, cursor.bytes, cursor.at, end);
    cursor.at = end;
  });
  return at;
}

function elementsEnd(cursor: BlockCursor, count: number, type: ColumnType): number {
  const width = WIDTH[type];
  if (width !== undefined) return cursor.at + count * width;
  let at = cursor.at;
  for (let i = 0; i < count; i++) at = sizedTextEnd(cursor.bytes, at);
  return at;
}

function put(merged: Buffer, at: number, bytes: Uint8Array, start: number, end: number): number {
  merged.set(bytes.subarray(start, end), at);
  return at + end - start;
}
