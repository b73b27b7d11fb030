import type { ChartSeries } from './series.ts';

/** Quotes a CSV field where RFC 4180 asks for it, and disarms what a spreadsheet would run as a formula. */
export function csvField(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) && !/^[+-]?[\d.]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One row per time in UTC, one column per series; gaps are empty. */
export function toCsv(timesSeconds: readonly number[], series: readonly ChartSeries[]): string {
  const head = ['time', ...series.map((entry) => entry.name)].map(csvField).join(',');
  const rows = timesSeconds.map((time, i) =>
    [new Date(time * 1000).toISOString(), ...series.map((entry) => String(entry.values[i] ?? ''))].join(','),
  );
  return [head, ...rows, ''].join('\r\n');
}

/** Hands the browser a file to save. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
