import type { HistogramSample, Labels, RawSeries } from '@pitot/core';
import { withStatsHints } from './histogram/histogram-reset.ts';
import { FLOAT, HISTOGRAM, type Frame, type Row } from './grid.ts';

/** The samples of one series that range functions see: floats and histograms apart, stale markers gone. */
export interface SeriesSamples {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  readonly histograms: readonly HistogramSample[];
}

const NO_HISTOGRAMS: readonly HistogramSample[] = [];

/** Drops stale markers; `statsOnly` rereads counter resets from counts and sums alone, as Prometheus does below histogram_count(). */
export function samplesOf(series: RawSeries, statsOnly: boolean): SeriesSamples {
  const histograms = histogramsOf(series, statsOnly);
  const { stale } = series;
  if (!stale?.includes(1)) {
    return { labels: series.labels, dropName: false, timesMs: series.timestampsMs, values: series.values, histograms };
  }
  return {
    labels: series.labels,
    dropName: false,
    timesMs: series.timestampsMs.filter((_, i) => stale[i] !== 1),
    values: series.values.filter((_, i) => stale[i] !== 1),
    histograms,
  };
}

export function histogramsOf(series: RawSeries, statsOnly: boolean): readonly HistogramSample[] {
  const histograms = series.histograms ?? NO_HISTOGRAMS;
  return statsOnly && histograms.length > 0 ? withStatsHints([...histograms]) : histograms;
}

/** A row of a subquery seen as samples. Reset hints are forgotten, as steps may skip or repeat the samples they belong to. */
export function samplesOfRow(row: Row, frame: Frame): SeriesSamples {
  const timesMs: number[] = [];
  const values: number[] = [];
  const histograms: HistogramSample[] = [];
  for (let j = 0; j < frame.steps; j++) {
    const timestampMs = frame.startMs + j * frame.stepMs;
    if (row.present[j] === FLOAT) {
      timesMs.push(timestampMs);
      values.push(row.values[j]!);
    } else if (row.present[j] === HISTOGRAM) {
      const histogram = row.histograms![j]!;
      const hinted = histogram.counterResetHint === 'reset' || histogram.counterResetHint === 'not_reset';
      histograms.push({ timestampMs, histogram: hinted ? { ...histogram, counterResetHint: 'unknown' } : histogram });
    }
  }
  const { labels, dropName } = row;
  return { labels, dropName, timesMs: Float64Array.from(timesMs), values: Float64Array.from(values), histograms };
}

/** Index of the first element greater than `limit` in an ascending array. */
export function upperBound(sorted: Float64Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}
