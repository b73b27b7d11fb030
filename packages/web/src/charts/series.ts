import { parseSample, type Labels, type MatrixSeries } from '../api/prometheus.ts';
import type { Grid } from '../time/step.ts';

/** One line: a value per grid point; null is a gap. */
export interface ChartSeries {
  /** Unique within a chart. */
  readonly key: string;
  /** What people read; also decides the colour. */
  readonly name: string;
  readonly labels: Labels;
  readonly values: readonly (number | null)[];
}

/** Times in seconds, as uPlot wants them. */
export function gridTimes({ startMs, endMs, stepMs }: Grid): number[] {
  const times: number[] = [];
  for (let ms = startMs; ms <= endMs; ms += stepMs) times.push(ms / 1000);
  return times;
}

/** Puts a range answer's samples on the grid it was asked for; what was not answered stays a gap. */
export function alignSeries(series: MatrixSeries, grid: Grid): (number | null)[] {
  const length = Math.max(0, Math.floor((grid.endMs - grid.startMs) / grid.stepMs) + 1);
  const values = Array.from<number | null>({ length }).fill(null);
  for (const [seconds, text] of series.values ?? []) place(seconds, parseSample(text));
  // A native histogram has no single value; its observation count is what can be drawn.
  for (const [seconds, histogram] of series.histograms ?? []) place(seconds, parseSample(histogram.count));
  return values;

  function place(seconds: number, value: number): void {
    const index = Math.round((seconds * 1000 - grid.startMs) / grid.stepMs);
    if (index >= 0 && index < length) values[index] = Number.isFinite(value) ? value : null;
  }
}

/** Where a value stands between two gaps. */
export function alonePoints(values: readonly (number | null)[]): number[] {
  const isGap = (index: number): boolean => (values[index] ?? null) === null;
  return [...values.keys()].filter((index) => !isGap(index) && isGap(index - 1) && isGap(index + 1));
}

/** `http_requests_total{job="api", method="GET"}`; a label set alone in braces; `{}` becomes the fallback. */
export function seriesName(labels: Labels, fallback: string): string {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.entries(rest).map(([key, value]) => `${key}="${value}"`);
  if (pairs.length === 0) return name || fallback;
  return `${name}{${pairs.join(', ')}}`;
}

/** Fills `{{label}}` in a legend template; missing labels are left empty. */
export function fillTemplate(template: string, labels: Labels): string {
  return template.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (_, label: string) => labels[label] ?? '').trim();
}

/** A legend template turns the answer's labels into names; without one the series is named as PromQL writes it. */
export function toChartSeries(result: readonly MatrixSeries[], grid: Grid, prefix: string, fallback: string, template?: string): ChartSeries[] {
  return result.map((series, index) => ({
    key: `${prefix}${index}:${seriesName(series.metric, fallback)}`,
    name: template === undefined ? seriesName(series.metric, fallback) : fillTemplate(template, series.metric) || fallback,
    labels: series.metric,
    values: alignSeries(series, grid),
  }));
}
