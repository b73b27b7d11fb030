import { describe, expect, it } from 'vitest';
import { formatTimestamp, formatValue } from './numbers.ts';

describe('formatValue', () => {
  // Go: strconv.FormatFloat with 'f', and 'e' below 1e-6 and from 1e21.
  it.each([
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [-1.5, '-1.5'],
    [0.1 + 0.2, '0.30000000000000004'],
    [1e-6, '0.000001'],
    [9.9e-7, '9.9e-07'],
    [-1e-7, '-1e-07'],
    [5e-324, '5e-324'],
    [1e20, '100000000000000000000'],
    [1e21, '1e+21'],
    [1.5e30, '1.5e+30'],
    [1e100, '1e+100'],
    [123_456_789_012_345_680_000, '123456789012345680000'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [NaN, 'NaN'],
  ])('writes %d as %s', (value, text) => {
    expect(formatValue(value)).toBe(text);
  });
});

describe('formatTimestamp', () => {
  it.each([
    [0, '0'],
    [1000, '1'],
    [1_435_781_430_781, '1435781430.781'],
    [1_435_781_430_780, '1435781430.780'],
    [5, '0.005'],
    [-1, '-0.001'],
    [-62_135_596_801_000, '-62135596801'],
  ])('writes %d ms as %s', (timestampMs, text) => {
    expect(formatTimestamp(timestampMs)).toBe(text);
  });
});
