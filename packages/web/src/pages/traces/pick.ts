import type { HeatmapPick } from '../../api/trace-queries.ts';

const TEXT = /^(\d+)-(\d+):(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/;

/** `<from ms>-<to ms>:<least ms>-<most ms>`; undefined where it is none or empty. */
export function parsePick(text: string | undefined): HeatmapPick | undefined {
  const parts = TEXT.exec(text ?? '');
  if (parts === null) return undefined;
  const [fromMs, toMs, leastMs, mostMs] = parts.slice(1).map(Number) as [number, number, number, number];
  return toMs > fromMs && mostMs > leastMs ? { fromMs, toMs, leastMs, mostMs } : undefined;
}

/** Durations keep a microsecond, so that a bound of a row survives the address. */
export function printPick({ fromMs, toMs, leastMs, mostMs }: HeatmapPick): string {
  return `${Math.floor(fromMs)}-${Math.ceil(toMs)}:${exact(leastMs)}-${exact(mostMs)}`;
}

const exact = (ms: number): string => String(Number(ms.toFixed(3)));
