/** A length of time as people say it: "40 s", "3 min", "2 h 5 min", "4 days". */
export function sayDuration(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 1) return `${Math.round(Math.abs(ms))} ms`;
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 || hours >= 10 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  if (days < 3 && hours % 24 > 0) return `${days} d ${hours % 24} h`;
  return `${days} days`;
}

/** How long ago, in words; anything younger than two seconds is now. */
export function sayAge(thenMs: number, nowMs: number): string {
  const age = nowMs - thenMs;
  return age < 2000 ? 'just now' : `${sayDuration(age)} ago`;
}

/** The viewer's date and time with seconds, e.g. "21 Nov 2026, 14:02:11". */
export function sayInstant(ms: number): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' }).format(ms);
}

/** The same instant in UTC, for hovering. */
export const sayUtc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** "1 host", "3 hosts", "1,204 series". */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? singular : plural}`;
}

/** "a", "a and b", "a, b and c", "a, b and 4 more". */
export function listOf(names: readonly string[], most = 3): string {
  if (names.length > most) return `${names.slice(0, most - 1).join(', ')} and ${names.length - most + 1} more`;
  if (names.length <= 1) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
