import { describe, expect, it } from 'vitest';
import { DecimalEncoder, decodeValues } from './decimal-values.ts';

/** What the column's ALIAS expression computes. */
function decode(words: Int32Array, exponents: Int8Array): BigUint64Array {
  const mantissas = new BigInt64Array(words.buffer);
  const bits = new BigUint64Array(exponents.length);
  const values = new Float64Array(bits.buffer);
  exponents.forEach((exponent, i) => {
    if (exponent === -1) bits[i] = BigInt.asUintN(64, mantissas[i]!);
    else values[i] = Number(mantissas[i]) / Number(`1e${exponent}`);
  });
  return bits;
}

function roundTrip(bits: BigUint64Array): { out: BigUint64Array; exponents: Int8Array } {
  const metrics = new Uint32Array(bits.length).map((_, i) => Math.floor(i / 50));
  const { mantissas, exponents } = new DecimalEncoder().encode(metrics, new Int32Array(bits.buffer));
  const out = decode(mantissas, exponents);
  const values = decodeValues({ mantissas, exponents });
  expect(new BigUint64Array(values.buffer, values.byteOffset, values.length)).toEqual(out);
  return { out, exponents };
}

describe('DecimalEncoder', () => {
  it('is exact for random bits, decimals of every length, and their mixture', () => {
    let state = 42n;
    const random = (): bigint => (state = BigInt.asUintN(64, state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n));
    const bits = new BigUint64Array(20_000);
    const values = new Float64Array(bits.buffer);
    for (let i = 0; i < bits.length; i++) {
      const word = random();
      if (i % 4 === 0) bits[i] = word;
      else values[i] = Number(BigInt.asIntN(Number(word % 53n) + 1, word >> 8n)) / 10 ** (i % 17);
    }
    expect(roundTrip(bits).out).toEqual(bits);
  });

  it('keeps the sign of zero and the payload of a NaN', () => {
    const bits = BigUint64Array.of(0n, 1n << 63n, 0x7ff0000000000002n, 0x7ff8000000000001n, 0xfff8000000000000n, 1n, (1n << 63n) | 1n);
    expect(roundTrip(bits).out).toEqual(bits);
  });

  it('finds the decimals of ordinary samples', () => {
    const { exponents } = roundTrip(new BigUint64Array(Float64Array.of(40, 40.1, 40.25, 41, 12, 0.5).buffer));
    expect([...exponents]).toEqual([0, 1, 2, 2, 2, 2]);
  });
});
