/** Go's names of the special values, which every Prometheus text form uses. */
function specialName(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return undefined;
}

/** Shortest round-trip decimal as Prometheus' HTTP API writes sample values: plain, or `1e-07` beyond 1e-6 … 1e21. */
export function formatFloat(value: number): string {
  return specialName(value) ?? goExponent(Object.is(value, -0) ? '-0' : String(value));
}

/** Go's `%g`: shortest round-trip decimal, with an exponent below 1e-4 and from 10^exponentFrom (`%v` uses 21). */
export function formatFloatG(value: number, exponentFrom: 6 | 21 = 6): string {
  const special = specialName(value);
  if (special !== undefined) return special;
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= exponentFrom) return goExponent(`${mantissa}e${exponentText}`);
  return String(value);
}

/** JavaScript writes `1e-7` where Go writes `1e-07`. */
function goExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}
