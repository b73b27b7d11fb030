import { formatParts } from '../units/format.ts';
import type { Tone } from './tone.tsx';

/** Where a share of a resource becomes worth a look, and where it becomes a problem; in percent. */
const USAGE_LIMITS = { warn: 80, bad: 92 } as const;

export const usageTone = (percent: number, limits: { readonly warn: number; readonly bad: number } = USAGE_LIMITS): Tone =>
  percent >= limits.bad ? 'bad' : percent >= limits.warn ? 'warn' : 'none';

/** A share as a bar and a figure; the colour only repeats what the figure says. */
export function UsageBar({ percent, title }: { readonly percent: number | null; readonly title?: string | undefined }) {
  if (percent === null) return <span className="dim">not reported</span>;
  const tone = usageTone(percent);
  const { number } = formatParts(percent, 'percent');
  return (
    <span className="usage" data-tone={tone === 'none' ? 'info' : tone} title={title}>
      <span className="bar">
        <i style={{ width: `${Math.min(100, Math.max(0, percent))}%` }} />
      </span>
      <span className="figure">{number} %</span>
    </span>
  );
}
