import { binomialLogLikelihood } from './significance.ts';

/** One step of a series: what of it was bad, e.g. failed or slow requests, of how many. */
export interface SeriesStep {
  readonly timeMs: number;
  readonly bad: number;
  readonly all: number;
}

/** When a series became worse, and by how much. */
export interface Onset {
  /** Start of the first step that is worse; milliseconds since the epoch. */
  readonly timeMs: number;
  /** Share of bad ones before and from then on, 0–1. */
  readonly before: number;
  readonly after: number;
}

/** Twice the gain in log-likelihood that a split must bring. Chance alone reaches it in fewer than one of a thousand series of 60 steps. */
const LEAST_GAIN = 20;
const LEAST_STEPS = 2;
const LEAST_RISE = 0.005;

/**
 * The moment that splits a series best into a better first and a worse second part (likelihood of two binomials against one). Undefined
 * where no split is better than chance. An end of the trouble within the series is not asked for: only what came up to it counts.
 */
export function onsetOf(series: readonly SeriesStep[]): Onset | undefined {
  const whole = series.reduce((sum, { bad, all }) => ({ bad: sum.bad + bad, all: sum.all + all }), { bad: 0, all: 0 });
  const base = binomialLogLikelihood(whole.bad, whole.all);
  let best: { at: number; gain: number; before: number; after: number } | undefined;
  let bad = 0;
  let all = 0;
  for (let at = 1; at < series.length; at++) {
    bad += series[at - 1]!.bad;
    all += series[at - 1]!.all;
    if (at < LEAST_STEPS || all === 0 || all >= whole.all) continue;
    const before = bad / all;
    const after = (whole.bad - bad) / (whole.all - all);
    const gain = 2 * (binomialLogLikelihood(bad, all) + binomialLogLikelihood(whole.bad - bad, whole.all - all) - base);
    if (after - before >= LEAST_RISE && gain >= LEAST_GAIN && gain > (best?.gain ?? 0)) best = { at, gain, before, after };
  }
  return best && { timeMs: series[best.at]!.timeMs, before: best.before, after: best.after };
}
