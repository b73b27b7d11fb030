import type { Unit } from '../units/format.ts';

/**
 * The y range of a chart. Counts, sizes, shares and money start at zero; only instants and temperatures may float.
 * A flat line gets room around it; `most` is a fixed end such as 100 %.
 */
export function axisRange(low: number | null, high: number | null, unit: Unit, most?: number): [number, number] {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, most ?? 1];
  const floats = unit === 'timestamp' || unit === 'celsius';
  const bottom = low < 0 || floats ? padded(low, high, -1) : 0;
  if (most !== undefined && high <= most) return [bottom, most];
  const top = high > 0 || floats ? padded(low, high, 1) : 0;
  return bottom === top ? [bottom, bottom + 1] : [bottom, top];
}

function padded(low: number, high: number, direction: -1 | 1): number {
  const edge = direction === 1 ? high : low;
  const room = (high - low || Math.abs(edge) || 1) * 0.06;
  return edge + direction * room;
}

/** Powers of two for sizes, so that an axis reads 2, 4, 6 GiB and not 1.86 GiB. */
export const BINARY_INCREMENTS: readonly number[] = Array.from({ length: 62 }, (_, i) => 2 ** i);
