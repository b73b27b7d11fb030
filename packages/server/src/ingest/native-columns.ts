import { TABLES, type TableName } from '@pitot/core';
import { LABELS_POSITION, LABELS_SIZE, FINGERPRINT_HIGH, FINGERPRINT_LOW, METRIC_HASH, ROW_WORDS, type SeriesRegistry } from './series-registry.ts';
import { offsetInPage } from './label-store.ts';
import { writeVarint } from './series-labels.ts';

/**
 * Native blocks straight from typed arrays and encoded labels. `encodeNativeBlock` of core makes the same bytes from
 * any columns; these two tables are written for every request, so they have their own writers (a test compares).
 */
const HEADERS = {
  metric_samples: columnHeaders('metric_samples'),
  metric_series: columnHeaders('metric_series'),
};

/** Columns of metric_samples; 64-bit columns as (low, high) pairs of words. May be longer than the rows in use. */
export class SampleColumns {
  metric = new Int32Array(0);
  series = new Int32Array(0);
  time = new Int32Array(0);
  value = new Int32Array(0);

  reserve(rows: number): void {
    if (rows <= this.metric.length) return;
    const capacity = Math.max(rows, 2 * this.metric.length, 1024);
    this.metric = new Int32Array(capacity);
    this.series = new Int32Array(2 * capacity);
    this.time = new Int32Array(2 * capacity);
    this.value = new Int32Array(2 * capacity);
  }

  encode(rows: number): Buffer {
    const headers = HEADERS.metric_samples;
    const block = Buffer.allocUnsafeSlow(HEAD_BYTES + sizeOf(headers) + rows * 28);
    let at = writeHead(block, headers.length, rows);
    at = putColumn(block, at, headers[0]!, this.metric, rows);
    at = putColumn(block, at, headers[1]!, this.series, 2 * rows);
    at = putColumn(block, at, headers[2]!, this.time, 2 * rows);
    at = putColumn(block, at, headers[3]!, this.value, 2 * rows);
    return block.subarray(0, at);
  }
}

/** Two varints: columns and rows. */
const HEAD_BYTES = 10;

/** Rows of metric_series for handles[i] on UTC day days[i]. */
export function encodeSeriesBlock(registry: SeriesRegistry, handles: readonly number[], days: readonly number[]): Buffer {
  const headers = HEADERS.metric_series;
  const rows = handles.length;
  const { words, labels } = registry;
  let labelBytes = 0;
  for (const handle of handles) labelBytes += words[handle * ROW_WORDS + LABELS_SIZE]!;
  const block = Buffer.allocUnsafeSlow(HEAD_BYTES + sizeOf(headers) + rows * 30 + labelBytes);
  let at = writeHead(block, headers.length, rows);
  at = putBytes(block, at, headers[0]!);
  for (const handle of handles) at = block.writeInt32LE(words[handle * ROW_WORDS + METRIC_HASH]!, at);
  at = putBytes(block, at, headers[1]!);
  for (const handle of handles) {
    at = block.writeInt32LE(words[handle * ROW_WORDS + FINGERPRINT_LOW]!, at);
    at = block.writeInt32LE(words[handle * ROW_WORDS + FINGERPRINT_HIGH]!, at);
  }
  at = putBytes(block, at, headers[2]!);
  for (const day of days) at = block.writeUInt16LE(day, at);
  const parsed = handles.map((handle) => {
    const position = words[handle * ROW_WORDS + LABELS_POSITION]!;
    const start = offsetInPage(position);
    return parseLabels(labels.page(position), start, start + words[handle * ROW_WORDS + LABELS_SIZE]!);
  });
  at = putBytes(block, at, headers[3]!);
  for (const series of parsed) at = putRange(block, at, series, series.metricName);
  at = putLabelColumn(block, at, headers[4]!, parsed, 0);
  at = putLabelColumn(block, at, headers[5]!, parsed, 2);
  return block.subarray(0, at);
}

interface ParsedLabels {
  readonly page: Buffer;
  /** Start and end of the metric name, as a sized string. */
  readonly metricName: readonly [number, number];
  /** Per label but `__name__`: start and end of the name, start and end of the value, as sized strings. */
  readonly ranges: number[];
}

const METRIC_NAME_BYTES = Buffer.from('\u0008__name__');

function parseLabels(page: Buffer, start: number, end: number): ParsedLabels {
  const ranges: number[] = [];
  let metricName: readonly [number, number] = [start, start];
  let at = start;
  while (at < end) {
    const nameEnd = sizedTextEnd(page, at);
    const valueEnd = sizedTextEnd(page, nameEnd);
    if (nameEnd - at === METRIC_NAME_BYTES.length && METRIC_NAME_BYTES.compare(page, at, nameEnd) === 0) metricName = [nameEnd, valueEnd];
    else ranges.push(at, nameEnd, nameEnd, valueEnd);
    at = valueEnd;
  }
  return { page, metricName, ranges };
}

/** The position after a string that has its size before it, as a varint. */
export function sizedTextEnd(bytes: Uint8Array, at: number): number {
  let size = 0;
  let shift = 0;
  for (;;) {
    const byte = bytes[at++]!;
    size |= (byte & 0x7f) << shift;
    // Also ends behind the last byte, where there is none.
    if (!(byte >= 0x80)) return at + size;
    shift += 7;
  }
}

/** An array column: all end offsets, then all elements. `first` picks names (0) or values (2). */
function putLabelColumn(block: Buffer, start: number, header: Uint8Array, parsed: readonly ParsedLabels[], first: 0 | 2): number {
  let at = putBytes(block, start, header);
  let elements = 0;
  for (const { ranges } of parsed) {
    elements += ranges.length / 4;
    at = block.writeUInt32LE(elements, at);
    at = block.writeUInt32LE(0, at);
  }
  for (const { page, ranges } of parsed) {
    for (let i = first; i < ranges.length; i += 4) {
      page.copy(block, at, ranges[i]!, ranges[i + 1]!);
      at += ranges[i + 1]! - ranges[i]!;
    }
  }
  return at;
}

function putRange(block: Buffer, at: number, { page }: ParsedLabels, [start, end]: readonly [number, number]): number {
  page.copy(block, at, start, end);
  return at + end - start;
}

function putColumn(block: Buffer, at: number, header: Uint8Array, column: Int32Array, words: number): number {
  const start = putBytes(block, at, header);
  return putBytes(block, start, new Uint8Array(column.buffer, column.byteOffset, words * 4));
}

function putBytes(block: Buffer, at: number, bytes: Uint8Array): number {
  block.set(bytes, at);
  return at + bytes.length;
}

function writeHead(block: Buffer, columns: number, rows: number): number {
  return writeVarint(block, writeVarint(block, 0, columns), rows);
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** Per column its name and type, as they stand before the values. */
export function columnHeaders(table: TableName): Buffer[] {
  return TABLES[table].map(([name, type]) => {
    const header = Buffer.alloc(20 + name.length + type.length);
    let at = writeVarint(header, 0, name.length);
    at += header.write(name, at);
    at = writeVarint(header, at, type.length);
    at += header.write(type, at);
    return header.subarray(0, at);
  });
}
