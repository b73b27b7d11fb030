import {
  AppError,
  compareCodeUnits,
  labelsKey,
  labelValue,
  type Exemplar,
  type ExemplarSeries,
  type HistogramSample,
  type LabelMatcher,
  type Labels,
  type MetadataRequest,
  type MetricMetadata,
  type MetricReader,
  type NativeHistogram,
  type RawSeries,
  type ReadBudget,
  type SelectRequest,
  type SeriesRequest,
} from '@pitot/core';
import { compileMatchers } from './matchers.ts';

/** One sample: a float, a stale marker, or a histogram. */
type Sample =
  | { readonly timestampMs: number; readonly value: number }
  | { readonly timestampMs: number; readonly stale: true }
  | { readonly timestampMs: number; readonly histogram: NativeHistogram };

interface StoredSeries {
  readonly labels: Labels;
  /** Ascending, one per timestamp; the last one appended wins. */
  readonly samples: Sample[];
  readonly exemplars: Exemplar[];
}

/** A MetricReader over samples held in memory, for tests, rule tests and scripts. */
export class MemoryReader implements MetricReader {
  readonly #series = new Map<string, StoredSeries>();
  readonly #metadata: MetricMetadata[] = [];

  appendFloat(labels: Labels, timestampMs: number, value: number): void {
    insert(this.#of(labels), { timestampMs, value });
  }

  appendStale(labels: Labels, timestampMs: number): void {
    insert(this.#of(labels), { timestampMs, stale: true });
  }

  appendHistogram(labels: Labels, timestampMs: number, histogram: NativeHistogram): void {
    insert(this.#of(labels), { timestampMs, histogram });
  }

  appendExemplar(labels: Labels, exemplar: Exemplar): void {
    this.#of(labels).exemplars.push(exemplar);
  }

  addMetadata(metadata: MetricMetadata): void {
    this.#metadata.push(metadata);
  }

  clear(): void {
    this.#series.clear();
    this.#metadata.length = 0;
  }

  async select(request: SelectRequest): Promise<RawSeries[]> {
    const found: RawSeries[] = [];
    let samples = 0;
    for (const series of this.#matching([request.matchers])) {
      request.signal?.throwIfAborted();
      const window = windowOf(series.samples, request.minTimeMs, request.maxTimeMs);
      if (window.length === 0) continue;
      samples += window.length;
      found.push(toRawSeries(series.labels, window));
      checkBudget(request, found.length, samples);
    }
    return found;
  }

  async series(request: SeriesRequest): Promise<Labels[]> {
    return limited(
      this.#inWindow(request).map((series) => series.labels),
      request.limit,
    );
  }

  async labelNames(request: SeriesRequest): Promise<string[]> {
    const names = this.#inWindow(request).flatMap(({ labels }) => labels.filter((_, i) => i % 2 === 0));
    return limited([...new Set(names)].sort(compareCodeUnits), request.limit);
  }

  async labelValues(name: string, request: SeriesRequest): Promise<string[]> {
    const values = this.#inWindow(request).map(({ labels }) => labelValue(labels, name));
    return limited([...new Set(values)].filter((value) => value !== '').sort(compareCodeUnits), request.limit);
  }

  async metadata(request: MetadataRequest): Promise<MetricMetadata[]> {
    const wanted = this.#metadata.filter(({ metric }) => request.metric === undefined || metric === request.metric);
    return limited(wanted, request.limit);
  }

  async exemplars(request: SeriesRequest): Promise<ExemplarSeries[]> {
    const { minTimeMs, maxTimeMs } = request;
    const found = this.#matching(request.selectors).map(({ labels, exemplars }) => ({
      labels,
      exemplars: exemplars.filter(({ timestampMs }) => timestampMs >= minTimeMs && timestampMs <= maxTimeMs),
    }));
    return limited(
      found.filter(({ exemplars }) => exemplars.length > 0),
      request.limit,
    );
  }

  #of(labels: Labels): StoredSeries {
    const key = labelsKey(labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, samples: [], exemplars: [] };
      this.#series.set(key, series);
    }
    return series;
  }

  /** Series that match any of the selectors; all of them where there is none. */
  #matching(selectors: readonly (readonly LabelMatcher[])[]): StoredSeries[] {
    const all = [...this.#series.values()];
    if (selectors.length === 0) return all;
    const tests = selectors.map(compileMatchers);
    return all.filter(({ labels }) => tests.some((test) => test(labels)));
  }

  #inWindow(request: SeriesRequest): StoredSeries[] {
    const { minTimeMs, maxTimeMs } = request;
    return this.#matching(request.selectors).filter(
      ({ samples }) => windowOf(samples, minTimeMs, maxTimeMs).length > 0,
    );
  }
}

function insert(series: StoredSeries, sample: Sample): void {
  const { samples } = series;
  const at = firstFrom(samples, sample.timestampMs);
  const replaced = samples[at]?.timestampMs === sample.timestampMs ? 1 : 0;
  samples.splice(at, replaced, sample);
}

/** Index of the first sample at or after a time. */
function firstFrom(samples: readonly Sample[], timeMs: number): number {
  let low = 0;
  let high = samples.length;
  // Appends come mostly in order: look at the end first.
  if (high > 0 && samples[high - 1]!.timestampMs < timeMs) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (samples[middle]!.timestampMs < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function windowOf(samples: readonly Sample[], minTimeMs: number, maxTimeMs: number): readonly Sample[] {
  const from = firstFrom(samples, minTimeMs);
  let to = firstFrom(samples, maxTimeMs);
  if (samples[to]?.timestampMs === maxTimeMs) to++;
  return samples.slice(from, to);
}

function toRawSeries(labels: Labels, window: readonly Sample[]): RawSeries {
  const timestampsMs: number[] = [];
  const values: number[] = [];
  const stale: number[] = [];
  const histograms: HistogramSample[] = [];
  for (const sample of window) {
    if ('histogram' in sample) histograms.push(sample);
    else {
      timestampsMs.push(sample.timestampMs);
      values.push('value' in sample ? sample.value : NaN);
      stale.push('stale' in sample ? 1 : 0);
    }
  }
  return {
    labels,
    timestampsMs: Float64Array.from(timestampsMs),
    values: Float64Array.from(values),
    ...(stale.includes(1) ? { stale: Uint8Array.from(stale) } : {}),
    ...(histograms.length > 0 ? { histograms } : {}),
  };
}

function checkBudget(budget: ReadBudget, series: number, samples: number): void {
  if (budget.maxSeries !== undefined && series > budget.maxSeries) {
    throw new AppError('query_too_large', `the query selects more than ${budget.maxSeries} series (limits.query_max_series)`);
  }
  if (budget.maxSamples !== undefined && samples > budget.maxSamples) {
    throw new AppError('query_too_large', `the query reads more than ${budget.maxSamples} samples (limits.query_max_samples)`);
  }
}

function limited<T>(items: T[], limit: number | undefined): T[] {
  return limit === undefined || limit === 0 ? items : items.slice(0, limit);
}
