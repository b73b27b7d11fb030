import { expect, it } from 'vitest';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { decodeSegment, encodeHeader, encodeRecord, HEADER_BYTES } from './segment-format.ts';
import type { SpoolBlock } from './spool.ts';

const HEADER = { runId: '00112233445566778899aabbccddeeff', number: 42, createdMs: 1_768_478_400_000 };

/** A segment of records with random blocks, and where each record ends. */
function randomSegment(random: () => number): { bytes: Buffer; ends: number[]; records: SpoolBlock[][] } {
  const parts: Uint8Array[] = [encodeHeader(HEADER)];
  const ends: number[] = [];
  const records: SpoolBlock[][] = [];
  for (let i = 0; i < 1 + random() * 8; i++) {
    const blocks: SpoolBlock[] = Array.from({ length: Math.floor(random() * 4) }, () => ({
      table: random() < 0.5 ? 'metric_samples' : 'metric_series',
      bytes: Buffer.from(Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256))),
    }));
    records.push(blocks);
    parts.push(...encodeRecord(blocks));
    ends.push(Buffer.concat(parts).length);
  }
  return { bytes: Buffer.concat(parts), ends, records };
}

it('gives back what was written', () => {
  const { bytes, records } = randomSegment(seededRandom(1));
  const contents = decodeSegment(bytes);
  expect(contents).toMatchObject({ header: HEADER, records: records.length, validBytes: bytes.length, tail: 'none' });
  expect(contents.blocks).toEqual(records.flat());
});

it('after any truncation gives the records that are whole, and calls the rest torn', () => {
  const random = seededRandom(2);
  for (let round = 0; round < 200; round++) {
    const { bytes, ends, records } = randomSegment(random);
    const size = Math.floor(random() * (bytes.length + 1));
    const contents = decodeSegment(Buffer.from(bytes.subarray(0, size)));
    const whole = ends.filter((end) => end <= size).length;
    expect(contents.records).toBe(whole);
    expect(contents.blocks).toEqual(records.slice(0, whole).flat());
    expect(contents.header === undefined).toBe(size < HEADER_BYTES);
    const atBoundary = size === 0 || size === HEADER_BYTES || ends.includes(size);
    expect(contents.tail).toBe(atBoundary ? 'none' : 'torn');
  }
});

it('after any damage gives only records as they were written, up to the damage, and says where whole ones follow', () => {
  const random = seededRandom(3);
  let damaged = 0;
  for (let round = 0; round < 500; round++) {
    const { bytes, ends, records } = randomSegment(random);
    const at = Math.floor(random() * bytes.length);
    const length = 1 + Math.floor(random() * 20);
    const hurt = Buffer.from(bytes);
    for (let i = at; i < Math.min(at + length, hurt.length); i++) hurt[i] = Math.floor(random() * 256);
    if (hurt.equals(bytes)) continue;
    const contents = decodeSegment(hurt);
    const first = hurt.findIndex((byte, i) => byte !== bytes[i]);
    const last = hurt.findLastIndex((byte, i) => byte !== bytes[i]);
    const before = first < HEADER_BYTES ? 0 : ends.filter((end) => end <= first).length;
    expect(contents.records).toBe(before);
    expect(contents.blocks).toEqual(records.slice(0, before).flat());
    const starts = [HEADER_BYTES, ...ends.slice(0, -1)];
    const followed = starts.some((start) => start > last);
    expect(contents.tail).toBe(followed ? 'damaged' : 'torn');
    if (followed) damaged++;
  }
  expect(damaged).toBeGreaterThan(100);
});

it('does not take for a record what names a table it does not know', () => {
  const stranger = [{ table: 'a_table_of_tomorrow', bytes: Buffer.from('x') }] as unknown as SpoolBlock[];
  const bytes = Buffer.concat([encodeHeader(HEADER), ...encodeRecord(stranger)]);
  expect(decodeSegment(bytes)).toMatchObject({ records: 0, validBytes: HEADER_BYTES, tail: 'damaged' });
});
