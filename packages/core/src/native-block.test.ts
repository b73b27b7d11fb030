import { describe, expect, it } from 'vitest';
import { encodeNativeBlock } from './native-block.ts';

const text = (value: string) => [value.length, ...Buffer.from(value)];

describe('encodeNativeBlock', () => {
  it('writes counts, then each column with name, type and little-endian values', () => {
    const block = encodeNativeBlock('metric_samples', 2, {
      metric: Uint32Array.of(1, 2, 99),
      series: BigUint64Array.of(3n, 0xffff_ffff_ffff_fffen, 99n),
      timestamp: BigInt64Array.of(1n, -1n),
      value: Float64Array.of(1, -0),
    });
    expect([...block]).toEqual([
      4, 2,
      ...text('metric'), ...text('UInt32'), 1, 0, 0, 0, 2, 0, 0, 0,
      ...text('series'), ...text('UInt64'), 3, 0, 0, 0, 0, 0, 0, 0, 254, 255, 255, 255, 255, 255, 255, 255,
      ...text('timestamp'), ...text('DateTime64(3)'), 1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255,
      ...text('value'), ...text('Float64'), 0, 0, 0, 0, 0, 0, 240, 63, 0, 0, 0, 0, 0, 0, 0, 128,
    ]);
  });

  it('writes arrays as end offsets and then all elements, and strings by their bytes', () => {
    const block = encodeNativeBlock('metric_exemplars', 2, {
      metric: new Uint32Array(2),
      series: new BigUint64Array(2),
      timestamp: new BigInt64Array(2),
      value: new Float64Array(2),
      label_names: [['é'], ['a', 'b']],
      label_values: [['x'], ['', 'z'.repeat(200)]],
    });
    const bytes = Buffer.from(block);
    const names = bytes.indexOf('Array(String)') + 'Array(String)'.length;
    expect([...bytes.subarray(names, names + 16)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
    expect([...bytes.subarray(names + 16, names + 23)]).toEqual([2, 0xc3, 0xa9, 1, 97, 1, 98]);
    // 200 needs two varint bytes: 0xc8 0x01.
    expect(bytes.indexOf(Buffer.concat([Buffer.from([0, 0xc8, 0x01]), Buffer.from('zzz')]))).toBeGreaterThan(names);
  });

  it('keeps the bits of a stale marker that travels as words', () => {
    const words = Uint32Array.of(0x0000_0002, 0x7ff0_0000);
    const block = encodeNativeBlock('metric_samples', 1, {
      metric: new Uint32Array(1),
      series: new BigUint64Array(1),
      timestamp: new BigInt64Array(1),
      value: new Uint8Array(words.buffer),
    });
    expect([...block.subarray(-8)]).toEqual([2, 0, 0, 0, 0, 0, 0xf0, 0x7f]);
  });

  it('names a missing column', () => {
    expect(() => encodeNativeBlock('metric_metadata', 0, {})).toThrow('metric_metadata.name');
  });
});
