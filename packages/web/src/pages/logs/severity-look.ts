import type { LogHistogramAnswer, Severity } from '@pitot/core';

/** From the bottom of a bar to its top: what is worst stands on the axis, where its height can be read. */
export const STACK: readonly Severity[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'unset'];

const WORDS: Readonly<Record<Severity, string>> = { fatal: 'Fatal', error: 'Error', warn: 'Warn', info: 'Info', debug: 'Debug', trace: 'Trace', unset: 'None' };

export const severityWord = (severity: Severity): string => WORDS[severity];
/** A custom property of logs.css. */
export const severityColour = (severity: Severity): string => `var(--severity-${severity})`;

/** Errors and worse. */
export const errorsOf = (counts: LogHistogramAnswer['totals']): number => (counts.error ?? 0) + (counts.fatal ?? 0);

interface BarPiece {
  readonly severity: Severity;
  readonly y: number;
  readonly height: number;
}

const LEAST_PX = 2;

/** A bar's pieces from the bottom up in a box `height` high; what is there at all can be seen. */
export function barPieces(counts: LogHistogramAnswer['totals'], most: number, height: number): readonly BarPiece[] {
  const pieces: BarPiece[] = [];
  let top = height;
  for (const severity of STACK) {
    const count = counts[severity] ?? 0;
    if (count === 0 || most === 0) continue;
    const piece = Math.min(top, Math.max(LEAST_PX, (count / most) * height));
    top -= piece;
    pieces.push({ severity, y: top, height: piece });
  }
  return pieces;
}

/** The most records in one bar. */
export const highest = (buckets: LogHistogramAnswer['buckets']): number => Math.max(0, ...buckets.map((counts) => Object.values(counts).reduce((sum, count) => sum + count, 0)));

/** A round number at or above `most` for the top of the axis: 1, 2, 3, 4, 5, 6, 8, 10, 20, … */
export function roundTop(most: number): number {
  if (most <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((top) => top >= most)!;
}
