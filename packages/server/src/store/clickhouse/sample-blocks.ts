import { releaseBytes } from '@pitot/core/memory';
import type { DecimalEncoder } from './decimal-values.ts';
import { NativeReader } from './native-reader.ts';

/** Columns of metric_samples as they are inserted; `value` is computed from the last two when it is read. */
export const STORED_SAMPLE_COLUMNS = ['metric', 'series', 'timestamp', 'mantissa', 'exponent'] as const;

const TYPES = ['UInt32', 'UInt64', 'DateTime64(3)', 'Int64', 'Int8'] as const;
const HEADERS = STORED_SAMPLE_COLUMNS.map((name, i) => sized(name, TYPES[i]!));
const MOST_VARINT = 10;

/** Blocks of core's metric_samples as blocks of STORED_SAMPLE_COLUMNS; one for one. */
export function storedSampleBlocks(blocks: readonly Uint8Array[], encoder: DecimalEncoder): Uint8Array[] {
  return blocks.flatMap((bytes) => {
    const reader = new NativeReader(bytes);
    const stored: Uint8Array[] = [];
    while (!reader.done) stored.push(storedBlock(reader, encoder));
    return stored;
  });
}

function storedBlock(reader: NativeReader, encoder: DecimalEncoder): Uint8Array {
  const { rows } = reader.block();
  reader.column();
  const metrics = reader.uint32(rows);
  reader.column();
  const series = reader.words(rows);
  reader.column();
  const timestamps = reader.words(rows);
  reader.column();
  const { mantissas, exponents } = encoder.encode(metrics, reader.words(rows));
  const block = writeBlock(rows, [metrics, series, timestamps, mantissas, exponents]);
  for (const copy of [metrics, series, timestamps]) releaseBytes(copy);
  return block;
}

function writeBlock(rows: number, columns: readonly (Uint32Array | Int32Array | Int8Array)[]): Uint8Array {
  const size = columns.reduce((sum, column, i) => sum + column.byteLength + HEADERS[i]!.length, MOST_VARINT + 1);
  const block = Buffer.allocUnsafeSlow(size);
  let at = 0;
  block[at++] = columns.length;
  let rest = rows;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) block[at++] = (rest % 0x80) | 0x80;
  block[at++] = rest;
  columns.forEach((column, i) => {
    block.set(HEADERS[i]!, at);
    at += HEADERS[i]!.length;
    block.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += column.byteLength;
  });
  return block.subarray(0, at);
}

/** A column's name and type, each with its size before it. */
function sized(...texts: readonly string[]): Buffer {
  return Buffer.concat(texts.map((text) => Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)])));
}
