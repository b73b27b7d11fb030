import type { LogHistogramAnswer, LogPattern } from '@pitot/core';
import { countOf } from '../../time/phrase.ts';
import type { Verdict } from '../../ui/sentence.tsx';
import { clockText } from './line-text.ts';
import { errorsOf } from './severity-look.ts';

interface Found {
  readonly counts: LogHistogramAnswer;
  /** Of the time before, as long; undefined where it is not known (yet). */
  readonly before: LogHistogramAnswer['totals'] | undefined;
  /** The most frequent pattern of the errors. */
  readonly topPattern: LogPattern | undefined;
  /** The range in words: "Last hour", "21 Nov 14:00 – 15:30". */
  readonly range: string;
  readonly filtered: boolean;
}

/** Rose by this much: a problem, not a habit. */
const ROSE = 2;
const LEAST_ERRORS = 10;
const WORTH_NAMING = 0.2;
/** Beyond it, how many times says less than the number before. */
const MOST_TIMES = 20;

const DAY_MS = 86_400_000;
/** What came before the onset is at most this share of all errors. */
const STRAY = 0.05;
const LEAST_CALM_BARS = 5;
const STEEPER = 5;

/** When errors began to come several times as often as before, within the range; undefined where they did not. */
export function onsetMs({ start_ms: startMs, step_ms: stepMs, buckets, totals }: LogHistogramAnswer): number | undefined {
  const errors = buckets.map(errorsOf);
  const total = errorsOf(totals);
  let before = 0;
  let onset = 0;
  while (onset < errors.length && before + errors[onset]! <= total * STRAY) before += errors[onset++]!;
  // Bars without any line are from before there was anything to fail.
  const calm = buckets.slice(0, onset).filter((counts) => Object.keys(counts).length > 0).length;
  if (calm < LEAST_CALM_BARS || onset >= errors.length) return undefined;
  const rate = (total - before) / (errors.length - onset);
  return rate >= STEEPER * (before / calm) ? startMs + onset * stepMs : undefined;
}

/** The first line of the Logs page. */
export function logsVerdict({ counts, before, topPattern, range, filtered }: Found): Verdict {
  const during = /^\d/.test(range) ? `from ${range}` : `in the ${range.charAt(0).toLowerCase()}${range.slice(1)}`;
  if (counts.total === 0) return { tone: 'info', text: filtered ? `No line ${during} matches this search.` : `No log line arrived ${during}.` };
  const errors = errorsOf(counts.totals);
  const lines = countOf(counts.total, filtered ? 'matching line' : 'line');
  if (errors === 0) {
    const warnings = counts.totals.warn ?? 0;
    return { tone: 'ok', text: `${lines} ${during}, no error among them${warnings === 0 ? '' : `; ${countOf(warnings, 'warning')}`}.` };
  }
  const was = before === undefined ? undefined : errorsOf(before);
  const sinceMs = errors >= LEAST_ERRORS ? onsetMs(counts) : undefined;
  const rose = (was !== undefined && errors >= LEAST_ERRORS && errors >= was * ROSE) || sinceMs !== undefined;
  const since = sinceMs === undefined ? '' : `, nearly all since ${clockText(sinceMs, sinceMs < counts.start_ms + counts.step_ms * counts.buckets.length - DAY_MS).replace(/:\d\d\.\d+$/, '')}`;
  const parts = [`${countOf(errors, 'error')} ${during}${compared(errors, was)}${since}`];
  if (topPattern !== undefined && topPattern.share >= WORTH_NAMING && errors > 1) {
    parts.push(`${Math.round(topPattern.share * 100)} % are one pattern from ${topPattern.service}${topPattern.is_new ? ', not seen before' : ''}`);
  } else {
    parts.push(`${lines} in all`);
  }
  return { tone: rose ? 'bad' : 'warn', text: `${parts.join('; ')}.` };
}

function compared(errors: number, was: number | undefined): string {
  if (was === undefined) return '';
  if (was === 0) return ', none in the time before';
  const ratio = errors / was;
  if (ratio >= MOST_TIMES) return `, up from ${was.toLocaleString('en-US')} in the time before`;
  if (ratio >= 1.95) return `, ${ratio >= 9.5 ? Math.round(ratio) : Number(ratio.toFixed(1))} times the time before`;
  if (ratio >= 1.1) return `, ${Math.round((ratio - 1) * 100)} % more than the time before`;
  return ratio > 0.9 ? ', about as many as the time before' : `, ${Math.round((1 - ratio) * 100)} % fewer than the time before`;
}
