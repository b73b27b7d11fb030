import { formatParts } from '../units/format.ts';
import type { Tone } from './tone.tsx';

/** Where a share of a resource becomes worth a look, and where it becomes a problem; in percent. */
export interface UsageLimits {
  readonly warn: number;
  readonly bad: number;
}

export const usageTone = (percent: number, limits: UsageLimits): Tone =>
  percent >= limits.bad ? 'bad' : percent >= limits.warn ? 'warn' : 'none';

/** A share as a bar and a figure; the colour only repeats what the figure says. */
export function UsageBar({ percent, limits }: { readonly percent: number | null; readonly limits: UsageLimits }) {
  if (percent === null) return <span className="dim">not reported</span>;
  const tone = usageTone(percent, limits);
  const { number } = formatParts(percent, 'percent');
  return (
    <span className="usage" data-tone={tone === 'none' ? 'info' : tone}>
      <span className="bar">
        <i style={{ width: `${Math.min(100, Math.max(0, percent))}%` }} />
      </span>
      <span className="figure">{number} %</span>
    </span>
  );
}
