/** Numbers as the sentences of answers say them. */

/** `4 %`, `0.13 %`, `< 0.01 %`: as many digits as are worth reading. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0) return '0 %';
  if (value < 0.01) return '< 0.01 %';
  return `${value >= 10 ? Math.round(value) : Number(value.toPrecision(value >= 1 ? 2 : 1))} %`;
}

/** `240 ms`, `1.2 s`. */
export function milliseconds(ms: number): string {
  if (ms >= 1000) return `${Number((ms / 1000).toPrecision(2))} s`;
  return `${ms >= 100 ? Math.round(ms) : Number(ms.toPrecision(2))} ms`;
}

/** `1.2 k`, `37`, `0.4`. */
export function amount(value: number): string {
  for (const [size, unit] of [[1e9, ' G'], [1e6, ' M'], [1e3, ' k']] as const) if (value >= size) return `${Number((value / size).toPrecision(value >= size * 100 ? 3 : 2))}${unit}`;
  return String(value >= 100 ? Math.round(value) : Number(value.toPrecision(2)));
}

/** `1 request`, `7 requests`. */
export function counted(count: number, noun: string): string {
  return `${amount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `15 minutes`, `an hour`, `3 days`: a length as one says it. */
export function lengthOfTime(ms: number): string {
  const units = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000], ['second', 1000]] as const;
  const [unit, size] = units.find(([, size]) => ms >= size) ?? units[3];
  const count = Math.round(ms / size);
  return count === 1 ? (unit === 'hour' ? 'hour' : unit) : `${count} ${unit}s`;
}

/** `14:02` in UTC, with the date where it is not the day of `nowMs`. */
export function clockTime(timeMs: number, nowMs: number): string {
  const text = new Date(timeMs).toISOString();
  const time = text.slice(11, 16);
  return text.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10) ? `${time} UTC` : `${text.slice(0, 10)} ${time} UTC`;
}

/** `12:28 to 12:34 UTC`. */
export function timesBetween(fromMs: number, toMs: number, nowMs: number): string {
  return `${clockTime(fromMs, nowMs).replace(/ UTC$/, '')} to ${clockTime(toMs, nowMs)}`;
}

/** `a`, `a and b`, `a, b and c`, `a, b and 3 more`. */
export function listed(names: readonly string[], most = 3): string {
  const shown = names.length > most ? [...names.slice(0, most - 1), `${names.length - most + 1} more`] : names;
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
