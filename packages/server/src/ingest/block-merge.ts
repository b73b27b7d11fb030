import { TABLES, type TableName } from '@pitot/core';
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
  const counts = cursors.map((cursor) => cursor.rows);
  const merged = Buffer.allocUnsafeSlow(blocks.reduce((sum, bytes) => sum + bytes.length, 10));
  let at = writeVarint(merged, writeVarint(merged, 0, schema.length), rows);
  for (const [, type] of schema) {
    const head = sizedTextEnd(cursors[0]!.bytes, sizedTextEnd(cursors[0]!.bytes, cursors[0]!.at));
    at = put(merged, at, cursors[0]!.bytes, cursors[0]!.at, head);
    for (const cursor of cursors) cursor.at = sizedTextEnd(cursor.bytes, sizedTextEnd(cursor.bytes, cursor.at));
    at = mergeColumn(merged, at, cursors, counts, type);
  }
  return merged.subarray(0, at);
}

interface BlockCursor {
  readonly bytes: Uint8Array;
  readonly rows: number;
  at: number;
}

/** Bytes of one value, or of one element of an array. */
const WIDTH: Readonly<Record<string, number | undefined>> = { ...VALUE_WIDTH, Int32: 4 };

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

/** Merges a column, or the elements of one, of which each block has so many. */
function mergeColumn(merged: Buffer, start: number, cursors: readonly BlockCursor[], counts: readonly number[], type: string): number {
  const element = ARRAY.exec(type)?.[1];
  const value = MAP.exec(type)?.[1];
  if (element === undefined && value === undefined) return mergeValues(merged, start, cursors, counts, WIDTH[type]);
  const elements: number[] = [];
  const at = mergeEnds(merged, start, cursors, counts, elements);
  if (element !== undefined) return mergeColumn(merged, at, cursors, elements, element);
  return mergeColumn(merged, mergeValues(merged, at, cursors, elements, undefined), cursors, elements, value!);
}

const ARRAY = /^Array\((.+)\)$/;
/** A map's keys are always strings. */
const MAP = /^Map\(String, (.+)\)$/;

/** Values of a fixed width, or strings where there is none. */
function mergeValues(merged: Buffer, start: number, cursors: readonly BlockCursor[], counts: readonly number[], width: number | undefined): number {
  let at = start;
  cursors.forEach((cursor, i) => {
    let end = cursor.at;
    if (width !== undefined) end += counts[i]! * width;
    else for (let left = counts[i]!; left > 0; left--) end = sizedTextEnd(cursor.bytes, end);
    at = put(merged, at, cursor.bytes, cursor.at, end);
    cursor.at = end;
  });
  return at;
}

/** End offsets count from the start of the merged column. Answers into `elements` how many each block has. */
function mergeEnds(merged: Buffer, start: number, cursors: readonly BlockCursor[], counts: readonly number[], elements: number[]): number {
  let at = start;
  let base = 0;
  cursors.forEach((cursor, i) => {
    const count = counts[i]!;
    const view = new DataView(cursor.bytes.buffer, cursor.bytes.byteOffset + cursor.at, count * 8);
    let end = 0;
    for (let row = 0; row < count; row++) {
      // Fewer than 2^32 elements: a segment is not that large.
      end = view.getUint32(row * 8, true);
      at = merged.writeUInt32LE(base + end, at);
      at = merged.writeUInt32LE(0, at);
    }
    base += end;
    cursor.at += count * 8;
    elements.push(end);
  });
  return at;
}

function put(merged: Buffer, at: number, bytes: Uint8Array, start: number, end: number): number {
  merged.set(bytes.subarray(start, end), at);
  return at + end - start;
}
