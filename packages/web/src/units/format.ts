/** Units a value on screen can have. Values are always in the base unit: bytes, seconds, a percentage of 100, a ratio of 1. */
export type Unit =
  | 'none'
  | 'count'
  | 'per_second'
  | 'bytes'
  | 'bytes_per_second'
  | 'seconds'
  | 'percent'
  | 'ratio'
  | 'cores'
  | 'celsius'
  | 'usd'
  | 'timestamp';

export interface Formatted {
  readonly number: string;
  /** Prefix and unit, e.g. `GiB` or `k`; empty for a bare number. */
  readonly unit: string;
}

interface Scale {
  readonly factor: number;
  readonly label: string;
}

const THOUSANDS: readonly Scale[] = [
  { factor: 1e12, label: 'T' },
  { factor: 1e9, label: 'G' },
  { factor: 1e6, label: 'M' },
  { factor: 1e3, label: 'k' },
  { factor: 1, label: '' },
];
const BINARY: readonly Scale[] = [
  { factor: 2 ** 50, label: 'PiB' },
  { factor: 2 ** 40, label: 'TiB' },
  { factor: 2 ** 30, label: 'GiB' },
  { factor: 2 ** 20, label: 'MiB' },
  { factor: 2 ** 10, label: 'KiB' },
  { factor: 1, label: 'B' },
];
const DURATION: readonly Scale[] = [
  { factor: 86_400, label: 'd' },
  { factor: 3600, label: 'h' },
  { factor: 60, label: 'min' },
  { factor: 1, label: 's' },
  { factor: 1e-3, label: 'ms' },
  { factor: 1e-6, label: 'µs' },
  { factor: 1e-9, label: 'ns' },
];

const NARROW_SPACE = ' ';

/** Picks the scale whose number has at least one digit before the point. */
function scaleFor(magnitude: number, scales: readonly Scale[]): Scale {
  return scales.find((scale) => magnitude >= scale.factor * 0.9995) ?? scales.at(-1)!;
}

/** Three significant digits, more for whole numbers below 10,000; never an exponent inside the range people read. */
function digits(value: number): string {
  const magnitude = Math.abs(value);
  if (value === 0) return '0';
  if (magnitude < 1e-4 || magnitude >= 1e15) return value.toExponential(2);
  if (Number.isInteger(value) && magnitude < 10_000) return String(value);
  if (magnitude >= 100) return value.toFixed(0);
  if (magnitude >= 10) return trimZeros(value.toFixed(1));
  if (magnitude >= 1) return trimZeros(value.toFixed(2));
  return trimZeros(value.toPrecision(3));
}

const trimZeros = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

function scaled(value: number, magnitude: number, scales: readonly Scale[], suffix = ''): Formatted {
  const scale = scaleFor(magnitude, scales);
  return { number: digits(value / scale.factor), unit: scale.label + suffix };
}

/**
 * Formats a value for people; `magnitude` fixes the scale, so that all labels of one axis share it.
 * A missing value is a dash, never a zero.
 */
export function formatParts(value: number | null | undefined, unit: Unit, magnitude = Math.abs(value ?? 0)): Formatted {
  if (value === null || value === undefined || Number.isNaN(value)) return { number: '–', unit: '' };
  if (!Number.isFinite(value)) return { number: value > 0 ? '+∞' : '−∞', unit: '' };
  switch (unit) {
    case 'bytes':
      return scaled(value, magnitude, BINARY);
    case 'bytes_per_second':
      return scaled(value, magnitude, BINARY, '/s');
    case 'seconds':
      return value === 0 ? { number: '0', unit: 's' } : scaled(value, magnitude, DURATION);
    case 'percent':
      return { number: digits(value), unit: '%' };
    case 'ratio':
      return { number: digits(value * 100), unit: '%' };
    case 'per_second':
      return scaled(value, magnitude, THOUSANDS, '/s');
    case 'cores':
      return { number: digits(value), unit: 'cores' };
    case 'celsius':
      return { number: digits(value), unit: '°C' };
    case 'usd':
      return dollars(value, magnitude);
    case 'timestamp':
      return { number: new Date(value * 1000).toISOString().slice(0, 19).replace('T', ' '), unit: 'UTC' };
    case 'count':
    case 'none':
      return magnitude < 10_000 ? { number: digits(value), unit: '' } : scaled(value, magnitude, THOUSANDS);
  }
}

function dollars(value: number, magnitude: number): Formatted {
  const sign = value < 0 ? '−' : '';
  const scale = magnitude < 10_000 ? { factor: 1, label: '' } : scaleFor(magnitude, THOUSANDS);
  const amount = Math.abs(value) / scale.factor;
  return { number: `${sign}$${scale.factor === 1 && amount < 100 ? amount.toFixed(2) : digits(amount)}`, unit: scale.label };
}

/** `4.2 k`, `340 ms`, `12 GiB`, `97.3 %`, `$312`. */
export function formatValue(value: number | null | undefined, unit: Unit): string {
  const { number, unit: label } = formatParts(value, unit);
  return label === '' || label.startsWith('/') ? number + label : `${number}${NARROW_SPACE}${label}`;
}

/** Labels of one axis: all in the scale of the largest, with just enough decimals to tell neighbours apart. */
export function formatAxis(splits: readonly number[], unit: Unit): string[] {
  const finite = splits.filter((split) => Number.isFinite(split));
  const magnitude = Math.max(0, ...finite.map(Math.abs));
  if (unit === 'timestamp') return splits.map((split) => formatParts(split, unit).number.slice(0, 16));
  return splits.map((split) => {
    if (split === 0) return unit === 'usd' ? '$0' : '0';
    const { number, unit: label } = formatParts(split, unit, magnitude);
    return label === '' || label.startsWith('/') ? number + label : `${number}${NARROW_SPACE}${label}`;
  });
}

/** A change against the comparison period: `+12 %`, `−3.4 %`, `no change`; undefined when there is nothing to compare with. */
export function formatChange(now: number | null | undefined, before: number | null | undefined, unit: Unit = 'none'): string | undefined {
  if (now === null || now === undefined || before === null || before === undefined) return undefined;
  if (!Number.isFinite(now) || !Number.isFinite(before)) return undefined;
  if (unit === 'percent') return pointChange(now - before);
  if (before === 0) return now === 0 ? 'no change' : undefined;
  const percent = ((now - before) / Math.abs(before)) * 100;
  if (Math.abs(percent) < 0.5) return 'no change';
  if (percent >= 1000) return '> +1000 %';
  const magnitude = Math.abs(percent);
  return `${percent > 0 ? '+' : '−'}${magnitude < 10 ? trimZeros(magnitude.toFixed(1)) : magnitude.toFixed(0)} %`;
}

/** Shares are compared in percentage points: from 40 % to 44 % is "+4 points", not "+10 %". */
function pointChange(points: number): string {
  const magnitude = Math.abs(points);
  if (magnitude < 0.1) return 'no change';
  const sign = points > 0 ? '+' : '−';
  return `${sign}${magnitude < 10 ? trimZeros(magnitude.toFixed(1)) : magnitude.toFixed(0)} points`;
}
