import type { SearchParameters } from './search-parameters.ts';

/** A number as written, and the length of its unit in nanoseconds where it has one of time. Sizes (`10MB`) are bytes already. */
export interface Quantity {
  readonly number: number;
  readonly ns?: number;
}

const UNIT_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, min: 60e9, h: 3600e9, d: 86_400e9 };
const UNIT_BYTES: Readonly<Record<string, number>> = {
  b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, tib: 1024 ** 4,
};
const QUANTITY = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)\s*([a-zµμ]*)$/i;

/** Undefined where the text is no number. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = QUANTITY.exec(text);
  const number = Number(match?.[1]);
  if (!match || !Number.isFinite(number)) return undefined;
  const unit = match[2]!;
  if (unit === '') return { number };
  // `m` is minutes and `M` nothing; `MB` and `mb` are the same.
  const ns = UNIT_NS[unit];
  if (ns !== undefined) return { number, ns };
  const bytes = UNIT_BYTES[unit.toLowerCase()];
  return bytes === undefined ? undefined : { number: number * bytes };
}

const NAMED_UNITS: readonly (readonly [RegExp, number])[] = [
  [/[._-](?:ms|millis|milliseconds)$|(?:Ms|Millis)$/, 1e6],
  [/[._-](?:us|micros|microseconds)$|Micros$/, 1e3],
  [/[._-](?:ns|nanos|nanoseconds)$|Nanos$/, 1],
  [/[._-](?:s|sec|seconds)$|Seconds$/, 1e9],
];

/** The unit of time, in nanoseconds, that a name says its values are in. */
export function unitOfName(name: string): number | undefined {
  return NAMED_UNITS.find(([pattern]) => pattern.test(name))?.[1];
}

export interface NumericBound {
  readonly op: '<' | '<=' | '>' | '>=';
  readonly value: number;
}

export function numericCondition(sql: string, bounds: readonly NumericBound[], params: SearchParameters): string {
  return `(${bounds.map(({ op, value }) => `${sql} ${op} ${params.add(value, 'Float64')}`).join(' AND ')})`;
}
