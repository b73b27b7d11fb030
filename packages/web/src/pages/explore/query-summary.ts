import type { MatrixSeries, QueryAnswer, QueryStats } from '../../api/prometheus.ts';
import { countOf, sayDuration } from '../../time/phrase.ts';
import { durationText, type Grid } from '../../time/step.ts';

/** "12 series × 240 points every 15s · 14 ms · 2,880 samples read". */
export function summaryOf(answer: QueryAnswer<readonly MatrixSeries[]> & { readonly stats?: QueryStats }, grid: Grid): string {
  const points = Math.floor((grid.endMs - grid.startMs) / grid.stepMs) + 1;
  const seconds = answer.stats?.timings?.['evalTotalTime'];
  const samples = answer.stats?.samples?.totalQueryableSamples;
  const parts = [
    `${countOf(answer.data.length, 'series', 'series')} × ${countOf(points, 'point')} every ${durationText(grid.stepMs)}`,
    seconds === undefined ? `${sayDuration(answer.tookMs)} round trip` : `${milliseconds(seconds)} evaluation, ${sayDuration(answer.tookMs)} round trip`,
  ];
  if (samples !== undefined) parts.push(`${countOf(samples, 'sample')} read`);
  return parts.join(' · ');
}

const milliseconds = (seconds: number): string => `${seconds < 0.01 ? (seconds * 1000).toFixed(1) : (seconds * 1000).toFixed(0)} ms`;

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The step chosen in the address, e.g. `30s`; already checked there. */
export const stepMsOf = (text: string): number => Number.parseInt(text, 10) * (UNIT_MS[text.at(-1)!] ?? 1000);
