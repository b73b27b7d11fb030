import { crc32 } from 'node:zlib';
import { TABLES, type TableName } from '@pitot/core';
import type { SpoolBlock } from './spool.ts';

/**
 * A segment file: a header, then records. All integers little-endian.
 *
 *   header  "PITOTSP1", run id (16 bytes), segment number (u32), created (f64, ms), CRC-32 of the 36 bytes before
 *   record  "PREC", payload size (u32), CRC-32 of size and payload, payload
 *   payload number of blocks (u8), then per block: size of the table's name (u8), name, block size (u32), block
 *
 * A record is what one commit made, so that a commit is there whole or not at all.
 */
const MAGIC = Buffer.from('PITOTSP1');
const RECORD_MAGIC = Buffer.from('PREC');
export const HEADER_BYTES = 40;
const RECORD_HEAD_BYTES = 12;

export interface SegmentHeader {
  /** 32 hexadecimal digits, random per start of the process. */
  readonly runId: string;
  readonly number: number;
  readonly createdMs: number;
}

export interface SegmentContents {
  /** Undefined where the header is torn or damaged. */
  readonly header: SegmentHeader | undefined;
  readonly blocks: readonly SpoolBlock[];
  readonly records: number;
  /** The bytes up to here are whole records. */
  readonly validBytes: number;
  /** What follows them: nothing; the rest of a write that a crash cut off; or damage with whole records behind it. */
  readonly tail: 'none' | 'torn' | 'damaged';
}

export function encodeHeader({ runId, number, createdMs }: SegmentHeader): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.write(runId, 8, 'hex');
  header.writeUInt32LE(number, 24);
  header.writeDoubleLE(createdMs, 28);
  header.writeUInt32LE(crc32(header.subarray(0, 36)), 36);
  return header;
}

/** The parts of a record, in order; the blocks themselves are not copied. */
export function encodeRecord(blocks: readonly SpoolBlock[]): Uint8Array[] {
  const parts: Uint8Array[] = [Buffer.of(blocks.length)];
  for (const { table, bytes } of blocks) {
    const head = Buffer.alloc(5 + table.length);
    head.writeUInt8(table.length, 0);
    head.write(table, 1);
    head.writeUInt32LE(bytes.length, 1 + table.length);
    parts.push(head, bytes);
  }
  const head = Buffer.alloc(RECORD_HEAD_BYTES);
  RECORD_MAGIC.copy(head);
  head.writeUInt32LE(totalSize(parts), 4);
  let checksum = crc32(head.subarray(4, 8));
  for (const part of parts) checksum = crc32(part, checksum);
  head.writeUInt32LE(checksum, 8);
  return [head, ...parts];
}

export function totalSize(parts: readonly Uint8Array[]): number {
  let size = 0;
  for (const part of parts) size += part.length;
  return size;
}

/** Reads what is whole, from the start to the first byte that is not; never gives out a record that was not written so. */
export function decodeSegment(bytes: Buffer): SegmentContents {
  const header = decodeHeader(bytes);
  const blocks: SpoolBlock[] = [];
  let records = 0;
  let at = header ? HEADER_BYTES : 0;
  for (;;) {
    const end = header ? recordEnd(bytes, at) : -1;
    const decoded = end < 0 ? undefined : decodePayload(bytes, at + RECORD_HEAD_BYTES, end);
    if (!decoded) break;
    blocks.push(...decoded);
    records++;
    at = end;
  }
  return { header, blocks, records, validBytes: at, tail: tailOf(bytes, at) };
}

function tailOf(bytes: Buffer, start: number): SegmentContents['tail'] {
  if (start === bytes.length) return 'none';
  for (let at = bytes.indexOf(RECORD_MAGIC, start); at >= 0; at = bytes.indexOf(RECORD_MAGIC, at + 1)) {
    if (recordEnd(bytes, at) >= 0) return 'damaged';
  }
  return 'torn';
}

function decodeHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < HEADER_BYTES || MAGIC.compare(bytes, 0, MAGIC.length) !== 0) return undefined;
  if (bytes.readUInt32LE(36) !== crc32(bytes.subarray(0, 36))) return undefined;
  return { runId: bytes.toString('hex', 8, 24), number: bytes.readUInt32LE(24), createdMs: bytes.readDoubleLE(28) };
}

/** The position after the record that starts at `at`, or -1 where none whole does. */
function recordEnd(bytes: Buffer, at: number): number {
  const payload = at + RECORD_HEAD_BYTES;
  if (payload > bytes.length || RECORD_MAGIC.compare(bytes, at, at + 4) !== 0) return -1;
  const end = payload + bytes.readUInt32LE(at + 4);
  if (end > bytes.length) return -1;
  const checksum = crc32(bytes.subarray(payload, end), crc32(bytes.subarray(at + 4, at + 8)));
  return checksum === bytes.readUInt32LE(at + 8) ? end : -1;
}

/** Undefined where the payload is not what this version writes, although its checksum is right. */
function decodePayload(bytes: Buffer, start: number, end: number): SpoolBlock[] | undefined {
  const blocks: SpoolBlock[] = [];
  let at = start + 1;
  for (let left = bytes[start] ?? 0; left > 0; left--) {
    const nameSize = bytes[at] ?? 0;
    const sizeAt = at + 1 + nameSize;
    if (sizeAt + 4 > end) return undefined;
    const table = bytes.toString('latin1', at + 1, sizeAt);
    const blockEnd = sizeAt + 4 + bytes.readUInt32LE(sizeAt);
    if (!isTable(table) || blockEnd > end) return undefined;
    blocks.push({ table, bytes: bytes.subarray(sizeAt + 4, blockEnd) });
    at = blockEnd;
  }
  return at === end ? blocks : undefined;
}

function isTable(name: string): name is TableName {
  return Object.hasOwn(TABLES, name);
}
