import { TABLES, type TableName } from '@pitot/core';
import { columnHeaders } from '../native-columns.ts';
import { writeVarint } from '../series-labels.ts';
import type { ByteColumn } from './byte-column.ts';

/** Two varints: columns and rows. */
const HEAD_BYTES = 10;

/** One Native block of a table: per column its name and type, then its parts. Every column of the table must be there. */
export class SignalBlock {
  readonly #columns: readonly (readonly [header: Uint8Array, parts: readonly ByteColumn[]])[];

  constructor(table: TableName, columns: Readonly<Record<string, readonly ByteColumn[]>>) {
    const headers = columnHeaders(table);
    this.#columns = TABLES[table].map(([name], i) => {
      const parts = columns[name];
      if (parts === undefined) throw new Error(`column ${table}.${name} is missing from the block`);
      return [headers[i]!, parts];
    });
  }

  encode(rows: number): Buffer {
    let size = HEAD_BYTES;
    for (const [header, parts] of this.#columns) {
      size += header.length;
      for (const part of parts) size += part.size;
    }
    const block = Buffer.allocUnsafeSlow(size);
    let at = writeVarint(block, writeVarint(block, 0, this.#columns.length), rows);
    for (const [header, parts] of this.#columns) {
      block.set(header, at);
      at += header.length;
      for (const part of parts) {
        part.bytes.copy(block, at, 0, part.size);
        at += part.size;
      }
    }
    return block.subarray(0, at);
  }
}
