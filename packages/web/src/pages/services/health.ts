import type { ServiceHealth } from '@pitot/core';
import type { Tone } from '../../ui/tone.tsx';
import { formatValue } from '../../units/format.ts';

const TONES: Readonly<Record<ServiceHealth, Tone>> = { healthy: 'ok', warning: 'warn', critical: 'bad', unknown: 'none' };
const WORDS: Readonly<Record<ServiceHealth, string>> = { healthy: 'Healthy', warning: 'Warning', critical: 'Critical', unknown: 'Unknown' };
/** Worst first. */
const RANKS: Readonly<Record<ServiceHealth, number>> = { critical: 0, warning: 1, unknown: 2, healthy: 3 };

export const toneOf = (health: ServiceHealth): Tone => TONES[health];
export const wordOf = (health: ServiceHealth): string => WORDS[health];
export const rankOf = (health: ServiceHealth): number => RANKS[health];

export function worstHealth(all: readonly ServiceHealth[]): ServiceHealth {
  return all.reduce<ServiceHealth>((worst, health) => (RANKS[health] < RANKS[worst] ? health : worst), all[0] ?? 'unknown');
}

/** `340 ms`; a dash where nothing was measured. */
export const formatMs = (ms: number | null | undefined): string => formatValue(ms === null || ms === undefined ? null : ms / 1000, 'seconds');
export const formatRate = (perSecond: number | null | undefined): string => formatValue(perSecond, 'per_second');
/** `4.2 %`; what is there but too little to tell is said so. */
export const formatShare = (ratio: number | null | undefined): string => (ratio !== null && ratio !== undefined && ratio > 0 && ratio < 0.0001 ? '< 0.01 %' : formatValue(ratio === null || ratio === undefined ? null : Math.round(ratio * 1e5) / 1e5, 'ratio'));

/** A share of errors that colours a figure: as the rule of a node's health has it where nothing can be compared. */
export function errorTone(red: { readonly errors: number; readonly error_ratio: number } | null): Tone | undefined {
  if (red === null || red.errors < 3 || red.error_ratio < 0.05) return undefined;
  return red.error_ratio >= 0.2 ? 'bad' : 'warn';
}

/** A trend without its last point: that piece of time is not over yet, and would look like a fall. */
export const settledTrend = (trend: readonly number[]): readonly number[] => (trend.length > 2 ? trend.slice(0, -1) : trend);
