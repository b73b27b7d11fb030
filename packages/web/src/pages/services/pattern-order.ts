import type { LogPattern, Severity } from '@pitot/core';
import type { Tone } from '../../ui/tone.tsx';

const RANKS: Readonly<Record<Severity, number>> = { fatal: 0, error: 1, warn: 2, info: 3, unset: 3, debug: 4, trace: 5 };

/** Errors first, of the same severity new ones first, then the most frequent. */
export function orderPatterns(patterns: readonly LogPattern[]): LogPattern[] {
  return patterns.toSorted((a, b) => RANKS[a.severity] - RANKS[b.severity] || Number(b.is_new) - Number(a.is_new) || b.count - a.count);
}

export function severityTone(severity: Severity): Tone {
  if (severity === 'fatal' || severity === 'error') return 'bad';
  if (severity === 'warn') return 'warn';
  return severity === 'info' ? 'info' : 'none';
}
