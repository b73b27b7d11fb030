import { describe, expect, it } from 'vitest';
import { formatAxis, formatChange, formatValue, type Unit } from './format.ts';

const narrow = (text: string): string => text.replaceAll('\u202f', ' ');

describe('formatValue', () => {
  it.each<[number | null, Unit, string]>([
    [4213, 'per_second', '4.21 k/s'],
    [4213, 'count', '4213'],
    [22_300, 'count', '22.3 k'],
    [0, 'bytes', '0 B'],
    [12 * 2 ** 30, 'bytes', '12 GiB'],
    [1023.9, 'bytes', '1 KiB'],
    [2 ** 20, 'bytes_per_second', '1 MiB/s'],
    [0.34, 'seconds', '340 ms'],
    [0, 'seconds', '0 s'],
    [5400, 'seconds', '1.5 h'],
    [0.000_02, 'seconds', '20 µs'],
    [97.34, 'percent', '97.3 %'],
    [0.9734, 'ratio', '97.3 %'],
    [312, 'usd', '$312'],
    [4.5, 'usd', '$4.50'],
    [-4.5, 'usd', '−$4.50'],
    [0.000_01, 'none', '1.00e-5'],
    [null, 'percent', '–'],
    [Number.NaN, 'none', '–'],
    [Infinity, 'seconds', '+∞'],
  ])('writes %s as %s: %s', (value, unit, text) => {
    expect(narrow(formatValue(value, unit))).toBe(text);
  });
});

describe('formatAxis', () => {
  it('keeps one scale for all labels of an axis', () => {
    expect(formatAxis([0, 512 * 2 ** 20, 2 ** 30, 1.5 * 2 ** 30], 'bytes').map(narrow)).toEqual(['0', '0.5 GiB', '1 GiB', '1.5 GiB']);
  });
  it('tells neighbours apart', () => {
    const labels = formatAxis([0, 0.002, 0.004, 0.006], 'seconds').map(narrow);
    expect(labels).toEqual(['0', '2 ms', '4 ms', '6 ms']);
  });
});

describe('formatChange', () => {
  it('speaks of percent for amounts and of points for shares', () => {
    expect(formatChange(110, 100)).toBe('+10 %');
    expect(formatChange(95, 100)).toBe('−5 %');
    expect(formatChange(44, 40, 'percent')).toBe('+4 points');
  });
  it('says nothing where there is nothing to compare with', () => {
    expect(formatChange(1, null)).toBeUndefined();
    expect(formatChange(1, 0)).toBeUndefined();
    expect(formatChange(0, 0)).toBe('no change');
  });
});
