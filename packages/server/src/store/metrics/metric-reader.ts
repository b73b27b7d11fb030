import {
  compareCodeUnits,
  type Clock,
  type ExemplarSeries,
  type Labels,
  type Logger,
  type MetadataRequest,
  type MetricMetadata,
  type MetricReader,
  type RawSeries,
  type SelectRequest,
  type SeriesRequest,
} from '@pitot/core';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import type { InsertListener } from '../clickhouse/telemetry-writer.ts';
import { countSeries, type MetricCardinality } from './cardinality.ts';
import { readExemplars, readMetadata } from './exemplar-reading.ts';
import { HistogramMetrics, readHistograms } from './histogram-reading.ts';
import { readFloats } from './sample-reading.ts';
import { SeriesIndex, type MatchedMetric } from './series-index.ts';

export type { MetricCardinality } from './cardinality.ts';

export interface MetricReaderOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Series kept in memory. Default 300,000, about 150 MB. */
  readonly mostSeriesInMemory?: number;
}

export interface StoreMetricReader extends MetricReader {
  /** Tells the reader what was just stored, so that new series are found at once: hand it to `createTelemetryWriter`. */
  readonly learn: InsertListener;
  /** What `/api/v1/status/tsdb` shows, of series seen today and yesterday (UTC). */
  cardinality(request: { readonly limit: number }): Promise<MetricCardinality>;
  /** Series in memory, for Pitot's own metrics. */
  readonly seriesInMemory: number;
  /** Lets go of the memory; the ClickHouse port stays open. */
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;
const DEFAULT_SERIES_IN_MEMORY = 300_000;
/** Of a server, others may be writers too. */
const REFRESH_MS = 15_000;

/** Reads metrics from ClickHouse; label lookups are answered from memory once a metric is warm. */
export function createMetricReader(clickhouse: ClickHouse, options: MetricReaderOptions): StoreMetricReader {
  return new ClickHouseMetricReader(clickhouse, options);
}

class ClickHouseMetricReader implements StoreMetricReader {
  readonly #clickhouse: ClickHouse;
  readonly #clock: Clock;
  readonly #index: SeriesIndex;
  readonly #histogramMetrics: HistogramMetrics;
  #histogramsReadMs: number;

  constructor(clickhouse: ClickHouse, { clock, log, mostSeriesInMemory = DEFAULT_SERIES_IN_MEMORY }: MetricReaderOptions) {
    this.#clickhouse = clickhouse;
    this.#clock = clock;
    this.#histogramsReadMs = clock.nowMs();
    this.#histogramMetrics = new HistogramMetrics(clickhouse);
    this.#index = new SeriesIndex({
      clickhouse,
      log,
      nowMs: () => clock.nowMs(),
      mostSeries: mostSeriesInMemory,
      refreshMs: clickhouse.kind === 'embedded' ? 0 : REFRESH_MS,
    });
  }

  get seriesInMemory(): number {
    return this.#index.seriesCount;
  }

  readonly learn: InsertListener = (table, blocks) => {
    if (table === 'metric_series') this.#index.learn(blocks);
    else if (table === 'metric_histograms') this.#histogramMetrics.learn(blocks);
  };

  async select(request: SelectRequest): Promise<RawSeries[]> {
    const matched = await this.#index.find({ ...request, selectors: [request.matchers] });
    if (matched.length === 0) return [];
    const withHistograms = await this.#withHistograms(matched);
    const [floats, histograms] = await Promise.all([
      readFloats(this.#clickhouse, matched, request, request),
      withHistograms.length > 0 ? readHistograms(this.#clickhouse, withHistograms, request, request) : undefined,
    ]);
    const found: RawSeries[] = [];
    for (const { series } of matched) {
      for (const one of series) {
        const samples = floats.get(one);
        const ofHistograms = histograms?.get(one);
        if (!samples && !ofHistograms) continue;
        found.push({ labels: one.labels, ...(samples ?? NO_FLOATS), ...(ofHistograms && { histograms: ofHistograms }) });
      }
    }
    return found;
  }

  async series(request: SeriesRequest): Promise<Labels[]> {
    const matched = await this.#find(request);
    const found = matched.flatMap(({ series }) => series.map(({ labels }) => labels));
    return limited(found, request.limit);
  }

  async labelNames(request: SeriesRequest): Promise<string[]> {
    const names = new Set<string>();
    for (const { series } of await this.#find(request)) {
      for (const { labels } of series) for (let i = 0; i < labels.length; i += 2) names.add(labels[i]!);
    }
    return limited([...names].sort(compareCodeUnits), request.limit);
  }

  async labelValues(name: string, request: SeriesRequest): Promise<string[]> {
    const values = new Set<string>();
    for (const { series } of await this.#find(request)) {
      for (const { labels } of series) {
        for (let i = 0; i < labels.length; i += 2) {
          if (labels[i] === name) values.add(labels[i + 1]!);
        }
      }
    }
    return limited([...values].sort(compareCodeUnits), request.limit);
  }

  async metadata(request: MetadataRequest): Promise<MetricMetadata[]> {
    return readMetadata(this.#clickhouse, request);
  }

  async exemplars(request: SeriesRequest): Promise<ExemplarSeries[]> {
    const matched = await this.#find(request);
    return matched.length === 0 ? [] : readExemplars(this.#clickhouse, matched, request, request);
  }

  async cardinality({ limit }: { readonly limit: number }): Promise<MetricCardinality> {
    return countSeries(this.#clickhouse, Math.floor(this.#clock.nowMs() / DAY_MS) - 1, limit);
  }

  async close(): Promise<void> {
    this.#index.clear();
  }

  #find(request: SeriesRequest): Promise<MatchedMetric[]> {
    return this.#index.find({ ...request, selectors: request.selectors.length === 0 ? [[]] : request.selectors });
  }

  async #withHistograms(matched: readonly MatchedMetric[]): Promise<MatchedMetric[]> {
    const nowMs = this.#clock.nowMs();
    if (this.#clickhouse.kind === 'server' && nowMs - this.#histogramsReadMs >= REFRESH_MS) {
      this.#histogramsReadMs = nowMs;
      this.#histogramMetrics.refresh();
    }
    return this.#histogramMetrics.among(matched);
  }
}

const NO_FLOATS = { timestampsMs: new Float64Array(0), values: new Float64Array(0) };

function limited<T>(items: T[], limit: number | undefined): T[] {
  return limit === undefined || limit >= items.length ? items : items.slice(0, limit);
}
