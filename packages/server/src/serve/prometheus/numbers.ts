/**
 * Numbers as Prometheus' API writes sample values: the shortest digits that read back as the same number, with an
 * exponent of at least two digits below 1e-6 and from 1e21 on. Source: prometheus util/jsonutil `MarshalFloat`.
 */
export function formatValue(value: number): string {
  // The first comparison sends almost every value down the short way; NaN and the infinities fail it.
  const size = value < 0 ? -value : value;
  if (size >= 1e-6 && size < 1e21) return `${value}`;
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Number.isNaN(value)) return 'NaN';
  // JavaScript switches to an exponent at the same two bounds, but writes 1e-7 where Go writes 1e-07.
  return `${value}`.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Milliseconds as Prometheus writes times: seconds, with exactly three decimals where they are not whole. */
export function formatTimestamp(timestampMs: number): string {
  const rounded = Math.round(timestampMs);
  if (rounded % 1000 === 0) return `${rounded / 1000}`;
  const size = Math.abs(rounded);
  const text = `${Math.floor(size / 1000)}.${String(size % 1000).padStart(3, '0')}`;
  return rounded < 0 ? `-${text}` : text;
}
