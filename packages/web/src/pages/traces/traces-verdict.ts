import type { HeatmapAnswer, TracesAnswer } from '@pitot/core';
import { countOf } from '../../time/phrase.ts';
import type { Verdict } from '../../ui/sentence.tsx';
import { formatValue } from '../../units/format.ts';
import { countsIn, quantileMs } from './heatmap-model.ts';

/** From these shares of failures on the sentence warns, and calls it a problem. */
const WARN_SHARE = 0.005;
const BAD_SHARE = 0.05;
/** What most of the slowest have in common is worth a word. */
const MOSTLY = 0.5;

const REQUEST_KIND = /(?:^|\s)kind:(?:server|consumer)(?:\s|$)/;

/** Spans that take requests are what people call requests; any others are spans. */
const nounOf = (query: string): string => (REQUEST_KIND.test(query) ? 'request' : 'span');

export const SLOW_SHARE = 0.95;

/** "2,310 spans, 3.1 % failed; 95 % took less than 420 ms; slow ones are mostly payment › POST /charge." */
export function tracesVerdict(query: string, heatmap: HeatmapAnswer, slowest: TracesAnswer | undefined): Verdict {
  const { spans, errors } = countsIn(heatmap);
  const noun = nounOf(query);
  if (spans === 0) {
    return query.trim() === ''
      ? { tone: 'none', text: 'No trace has come in this time range.' }
      : { tone: 'none', text: 'No span in this time range matches the search.' };
  }
  const share = errors / spans;
  const p95 = quantileMs(heatmap, SLOW_SHARE);
  const mostly = mostOf(slowest);
  const parts = [
    `${countOf(Math.round(spans), noun)}, ${errors === 0 ? 'none failed' : `${sayShare(share)} failed`}`,
    ...(p95 === undefined ? [] : [`95 % took less than ${formatValue(p95 / 1000, 'seconds')}`]),
    ...(mostly === undefined ? [] : [`slow ones are mostly ${mostly}`]),
  ];
  return { tone: share >= BAD_SHARE ? 'bad' : share >= WARN_SHARE ? 'warn' : 'ok', text: `${parts.join('; ')}.` };
}

/** Two digits; a share is not known better. */
const sayShare = (share: number): string => formatValue(Number(share.toPrecision(2)), 'ratio');

/** What most of the matched spans of the slowest traces are, as "service › operation". */
function mostOf(slowest: TracesAnswer | undefined): string | undefined {
  const counts = new Map<string, number>();
  for (const { matched } of slowest?.traces ?? []) {
    const name = `${matched.service} › ${matched.operation}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const [first] = [...counts].sort((a, b) => b[1] - a[1]);
  const total = slowest?.traces.length ?? 0;
  return first !== undefined && total >= 3 && first[1] / total >= MOSTLY ? first[0] : undefined;
}
