import { AppError } from './errors.ts';
import { describe, expect, it } from 'vitest';
import { WireReader } from './protobuf-wire.ts';

function readerOf(...bytes: number[]): WireReader {
  const reader = new WireReader();
  reader.reset(Uint8Array.from(bytes));
  return reader;
}

const MAX = Array.from({ length: 9 }, () => 0xff);

describe('numbers', () => {
  it.each([
    [[0], 0],
    [[0x7f], 127],
    [[0x80, 0x01], 128],
    [[0xff, 0xff, 0xff, 0xff, 0x0f], 2 ** 32 - 1],
    [[0x80, 0x80, 0x80, 0x80, 0x10], 2 ** 32],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], 2 ** 53 - 1],
    [[...MAX, 0x01], 2 ** 64],
  ])('varint %j', (bytes, expected) => {
    expect(readerOf(...bytes).varint(bytes.length)).toBe(expected);
  });

  it('signed varints', () => {
    expect(readerOf(...MAX, 0x01).signedVarint(10)).toBe(-1);
    expect(readerOf(0x80, 0x80, 0x80, 0x80, 0xf8, 0xff, 0xff, 0xff, 0xff, 0x01).signedVarint(10)).toBe(-(2 ** 31));
    expect(readerOf(0x05).signedVarint(1)).toBe(5);
  });

  it('zigzag', () => {
    expect([0, 1, 2, 3].map((byte) => readerOf(byte).zigzag(1))).toEqual([0, -1, 1, -2]);
    expect(readerOf(0xff, 0xff, 0xff, 0xff, 0x0f).zigzag(5)).toBe(-(2 ** 31));
  });

  it('fixed64 and doubles, with their words', () => {
    const reader = readerOf(2, 0, 0, 0, 0, 0, 0xf0, 0x7f, 0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    expect(reader.double(16)).toBeNaN();
    expect([reader.low, reader.high]).toEqual([2, 0x7ff00000]);
    expect(reader.signedFixed64(16)).toBe(-5);
    reader.position = 8;
    expect(reader.fixed64(16)).toBe(2 ** 64 - 5 + 5);
  });
});

describe('bounds', () => {
  const failures: [string, (reader: WireReader) => unknown, number[], RegExp][] = [
    ['a varint that is cut off', (r) => r.varint(2), [0x80, 0x80], /byte 0: the number is cut off/],
    ['a varint that ends beyond its message', (r) => r.varint(1), [0x80, 0x01], /byte 0: the number is cut off/],
    ['a varint without an end', (r) => r.varint(11), Array.from({ length: 11 }, () => 0xff), /byte 0: the number is longer than 10 bytes/],
    ['a double that is cut off', (r) => r.double(7), [1, 2, 3, 4, 5, 6, 7, 8], /byte 0: 8 bytes were expected where 7 are left/],
    ['a length beyond the message', (r) => r.length(3), [3, 1, 1, 1], /byte 0: a field of 3 bytes does not fit into the 2 that follow/],
    ['an enormous length', (r) => r.length(10), [...MAX, 0x01], /byte 0: a field of \d+ bytes/],
    ['field number 0', (r) => r.tag(1), [0x02], /byte 0: 2 is not a field tag/],
    ['wire type 7', (r) => r.skip(15, 1), [0x00], /wire type 7/],
    ['an end of a group that did not begin', (r) => r.skip(12, 1), [0x00], /wire type 4/],
    ['a group without an end', (r) => r.skip(11, 2), [0x08, 0x01], /byte 2/],
    ['groups nested too deep', (r) => r.skip(11, 100), Array.from({ length: 100 }, () => 11), /nested deeper than 16/],
  ];
  it.each(failures)('refuses %s', (_name, read, bytes, message) => {
    const reader = readerOf(...bytes);
    expect(() => read(reader)).toThrow(AppError);
    expect(() => read(readerOf(...bytes))).toThrow(message);
  });

  it('skips groups with everything in them', () => {
    const reader = readerOf(0x08, 0x01, 0x12, 0x02, 9, 9, 0x13, 0x08, 0x01, 0x14, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x25, 1, 2, 3, 4, 0x0c, 0x55);
    reader.skip(0x0b, 26);
    expect(reader.position).toBe(25);
  });
});
