import { labelsFromPairs, labelValue, METRIC_NAME, type HistogramSample, type Labels } from '@pitot/core';
import { nhcbFromClassic, type ClassicBucket } from '../histogram/classic-buckets.ts';
import { withStorageHints } from '../histogram/histogram-reset.ts';
import { parseFloatText } from '../histogram/histogram-text.ts';
import type { LoadCommand } from './script-parser.ts';
import type { SequenceValue, SeriesLine } from './series-notation.ts';

/** One series of a load command with its points; gaps are left out. */
export interface LoadedSeries {
  readonly labels: Labels;
  readonly points: readonly LoadedPoint[];
}

export interface LoadedPoint {
  readonly timestampMs: number;
  readonly value: Exclude<SequenceValue, { kind: 'gap' }>;
}

/**
 * The series a load command amounts to, with the converted histograms of load_with_nhcb behind them. Counter reset hints
 * are those that Prometheus' storage would report after taking the points in: the scripts expect them of any store.
 */
export function loadedSeries(command: LoadCommand): LoadedSeries[] {
  // As upstream, the last line of a series wins within one command.
  const bySeries = new Map(command.series.map((line) => [line.labels.join('\u{0}'), line]));
  const series = [...bySeries.values()].map((line) => timedSeries(line, command.stepMs));
  return (command.withNhcb ? [...series, ...convertToNhcb(series)] : series).map(hintedSeries);
}

function hintedSeries(series: LoadedSeries): LoadedSeries {
  const { labels, points } = series;
  const histograms: HistogramSample[] = [];
  const breaks: number[] = [];
  for (const { timestampMs, value } of points) {
    if (value.kind === 'histogram') histograms.push({ timestampMs, histogram: value.histogram });
    else breaks.push(timestampMs);
  }
  if (histograms.length === 0) return series;
  const hinted = withStorageHints(histograms, breaks).values();
  return {
    labels,
    points: points.map((point) => {
      if (point.value.kind !== 'histogram') return point;
      return { ...point, value: { ...point.value, histogram: hinted.next().value!.histogram } };
    }),
  };
}

function timedSeries(line: SeriesLine, stepMs: number): LoadedSeries {
  const points: LoadedPoint[] = [];
  line.values.forEach((value, i) => {
    if (value.kind !== 'gap') points.push({ timestampMs: i * stepMs, value });
  });
  return { labels: line.labels, points };
}

interface ClassicParts {
  readonly buckets: ClassicBucket[];
  count?: number;
  sum?: number;
}

interface ClassicFamily {
  readonly labels: Labels;
  readonly byTime: Map<number, ClassicParts>;
}

/** Collects `_bucket`, `_count` and `_sum` series of one name and label set, time by time. */
function convertToNhcb(series: readonly LoadedSeries[]): LoadedSeries[] {
  const families = new Map<string, ClassicFamily>();
  for (const one of series) {
    const match = /^(.*)_(bucket|count|sum)$/.exec(labelValue(one.labels, METRIC_NAME));
    const bound = parseFloatText(labelValue(one.labels, 'le'));
    if (match === null || (match[2] === 'bucket' && (bound === undefined || Number.isNaN(bound)))) continue;
    const labels = familyLabels(one.labels, match[1]!);
    const key = labels.join('\u{0}');
    const family = families.get(key) ?? { labels, byTime: new Map<number, ClassicParts>() };
    families.set(key, family);
    collectParts(family, one, match[2]!, bound);
  }
  return [...families.values()].map(nhcbSeries);
}

function familyLabels(labels: Labels, name: string): Labels {
  const pairs: [string, string][] = [[METRIC_NAME, name]];
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] !== METRIC_NAME && labels[i] !== 'le') pairs.push([labels[i]!, labels[i + 1]!]);
  }
  return labelsFromPairs(pairs);
}

function collectParts(family: ClassicFamily, series: LoadedSeries, suffix: string, bound: number | undefined): void {
  for (const { timestampMs, value } of series.points) {
    if (value.kind !== 'float') continue;
    const parts = family.byTime.get(timestampMs) ?? { buckets: [] };
    family.byTime.set(timestampMs, parts);
    if (suffix === 'bucket') parts.buckets.push({ upperBound: bound!, count: value.value });
    else parts[suffix as 'count' | 'sum'] = value.value;
  }
}

function nhcbSeries(family: ClassicFamily): LoadedSeries {
  const points = [...family.byTime]
    .sort(([a], [b]) => a - b)
    .map(([timestampMs, parts]) => {
      const value = { kind: 'histogram', histogram: nhcbFromClassic(parts), hintGiven: false } as const;
      return { timestampMs, value };
    });
  return { labels: family.labels, points };
}
