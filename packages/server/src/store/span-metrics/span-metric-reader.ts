import {
  AppError,
  compareCodeUnits,
  METRIC_NAME,
  type Clock,
  type Exemplar,
  type ExemplarSeries,
  type LabelMatcher,
  type Labels,
  type MetadataRequest,
  type MetricMetadata,
  type MetricReader,
  type RawSeries,
  type SelectRequest,
  type SeriesRequest,
} from '@pitot/core';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { readRows } from '../metrics/exemplar-reading.ts';
import { compileSelector, type CompiledSelector } from '../metrics/label-matching.ts';
import { counterSamples, gridTimes, type GridTimes } from './counter-grid.ts';
import { LE, leOfSeconds, SPAN_METADATA, SPAN_METRICS, type SpanFamily, type SpanMetric } from './families.ts';
import { labelsOfKey, pushDown, readCounts, readExamples, readKeys, type CountedSeries, type Pushed } from './span-rows.ts';

export interface SpanMetricReaderOptions {
  readonly clock: Clock;
  /** Buckets that ended less than this ago are not shown: their spans are still coming. Default 10 s. */
  readonly settleMs?: number;
}

/** `traces_span_metrics_*` and `traces_service_graph_*`, made from the aggregates of spans when they are asked for. */
export interface SpanMetricReader extends Omit<MetricReader, 'selectGrid'> {
  /** Whether a selector can match a series of spans at all, by its matchers alone; `select` asks the engine nothing where not. */
  mayMatch(matchers: readonly LabelMatcher[]): boolean;
}

const DEFAULT_SETTLE_MS = 10_000;
const STEP_S = 10;
/** Of longer windows a sample a minute is read. */
const LONG_STEP_S = 60;
const LONG_MS = 6 * 3_600_000;

export function createSpanMetricReader(clickhouse: ClickHouse, { clock, settleMs = DEFAULT_SETTLE_MS }: SpanMetricReaderOptions): SpanMetricReader {
  const closedMs = (): number => clock.nowMs() - settleMs;

  async function select(request: SelectRequest): Promise<RawSeries[]> {
    const wanted = wantedMetrics(request.matchers);
    if (wanted.length === 0) return [];
    const { minTimeMs, maxTimeMs } = request;
    const grid = gridTimes(minTimeMs, maxTimeMs, closedMs(), maxTimeMs - minTimeMs > LONG_MS ? LONG_STEP_S : STEP_S);
    if (grid.timesMs.length === 0) return [];
    const found: RawSeries[] = [];
    const budget = new Budget(request);
    for (const { metric, pushed, selector } of wanted) {
      const counted = await readCounts(clickhouse, metric, pushed, grid, request);
      const series = metric.isHistogram ? bucketSeries(metric, counted, grid, selector) : counterSeries(metric, counted, grid, selector);
      for (const one of series) {
        if (one.timestampsMs.length === 0) continue;
        budget.take(one.timestampsMs.length);
        found.push(one);
      }
    }
    return found;
  }

  /** Label sets with rows in the window, of every selector, each once. */
  async function series(request: SeriesRequest): Promise<Labels[]> {
    const found = new Map<string, Labels>();
    for (const matchers of request.selectors.length === 0 ? [[]] : request.selectors) {
      const keys = new Map<SpanFamily, string[][]>();
      for (const { metric, pushed, selector } of wantedMetrics(matchers)) {
        const { family } = metric;
        const ofFamily = keys.get(family) ?? (await readKeys(clickhouse, family, pushed, request.minTimeMs, Math.min(request.maxTimeMs, closedMs()), request));
        keys.set(family, ofFamily);
        for (const key of ofFamily) {
          for (const labels of labelSets(metric, key)) if (selector.matchesLabels(labels)) found.set(labels.join('\0'), labels);
        }
      }
    }
    return limited([...found.values()], request.limit);
  }

  async function exemplars(request: SeriesRequest): Promise<ExemplarSeries[]> {
    const found = new Map<string, { labels: Labels; exemplars: Exemplar[] }>();
    for (const matchers of request.selectors) {
      for (const { metric, pushed, selector } of wantedMetrics(matchers)) {
        if (metric.name.endsWith('_sum')) continue;
        for (const [key, durationNs, traceId, spanId, timestampMs] of await readExamples(clickhouse, metric.family, pushed, request.minTimeMs, request.maxTimeMs, request)) {
          const value = durationNs / 1e9;
          const labels = labelsOfKey(metric.family, key, [[METRIC_NAME, metric.name], ...(metric.isHistogram ? [['le', leOfSeconds(value)] as const] : [])]);
          if (!selector.matchesLabels(labels)) continue;
          const id = labels.join('\0');
          const one = found.get(id) ?? { labels, exemplars: [] };
          one.exemplars.push({ labels: ['span_id', spanId, 'trace_id', traceId], value, timestampMs });
          found.set(id, one);
        }
      }
    }
    const all = [...found.values()];
    for (const one of all) one.exemplars.sort((a, b) => a.timestampMs - b.timestampMs);
    return all;
  }

  return {
    mayMatch: (matchers) => wantedMetrics(matchers).length > 0,
    select,
    series,
    exemplars,
    async labelNames(request) {
      const names = new Set<string>();
      for (const labels of await series(withoutLimit(request))) for (let i = 0; i < labels.length; i += 2) names.add(labels[i]!);
      return limited([...names].sort(compareCodeUnits), request.limit);
    },
    async labelValues(name, request) {
      // No series has it: nothing to ask for.
      if (name !== METRIC_NAME && name !== 'le' && !SPAN_METRICS.some(({ family }) => family.labels.some(({ label }) => label === name))) return [];
      const values = new Set<string>();
      for (const labels of await series(withoutLimit(request))) {
        for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) values.add(labels[i + 1]!);
      }
      return limited([...values].sort(compareCodeUnits), request.limit);
    },
    async metadata({ metric, limit }: MetadataRequest): Promise<MetricMetadata[]> {
      const known = SPAN_METADATA.filter((one) => metric === undefined || one.metric === metric);
      if (known.length === 0) return [];
      const [row] = await readRows<[number, number]>(clickhouse, 'SELECT (SELECT count() FROM (SELECT 1 FROM span_metrics_1h LIMIT 1)), (SELECT count() FROM (SELECT 1 FROM service_edges_1h LIMIT 1))', {});
      const [hasSpans, hasEdges] = row!;
      return limited(known.filter((one) => (one.metric.startsWith('traces_span_metrics') ? hasSpans : hasEdges) > 0), limit);
    },
  };
}

interface Wanted {
  readonly metric: SpanMetric;
  readonly pushed: Pushed;
  readonly selector: CompiledSelector;
}

/** The metrics that a selector may mean; none costs no query. */
function wantedMetrics(matchers: readonly LabelMatcher[]): Wanted[] {
  const selector = compileSelector(matchers);
  return SPAN_METRICS.flatMap((metric) => {
    if (!selector.matchesName(metric.name)) return [];
    const ofLe = matchers.filter(({ name }) => name === 'le');
    if (!metric.isHistogram && ofLe.some(({ type, value }) => type === '=' && value !== '')) return [];
    // A matcher on a label that no series has must match its absence.
    const known = new Set([METRIC_NAME, 'le', ...metric.family.labels.map(({ label }) => label)]);
    const absent = matchers.filter(({ name }) => !known.has(name));
    if (absent.length > 0 && !compileSelector(absent).matchesLabels([])) return [];
    const pushed = pushDown(metric.family, matchers, 'm');
    return pushed === undefined ? [] : [{ metric, pushed, selector }];
  });
}

function counterSeries(metric: SpanMetric, counted: readonly CountedSeries[], grid: GridTimes, selector: CompiledSelector): RawSeries[] {
  return counted.flatMap(({ key, counts }) => {
    const labels = labelsOfKey(metric.family, key, [[METRIC_NAME, metric.name]]);
    return selector.matchesLabels(labels) ? [{ labels, ...counterSamples(grid, counts, counts) }] : [];
  });
}

/** All bounds of a histogram have samples at the same times, those without a call, too. */
function bucketSeries(metric: SpanMetric, counted: readonly CountedSeries[], grid: GridTimes, selector: CompiledSelector): RawSeries[] {
  const byKey = new Map<string, { key: readonly string[]; bounds: Map<number, ReadonlyMap<number, number>> }>();
  for (const { key, bound, counts } of counted) {
    const id = key.join('\0');
    const one = byKey.get(id) ?? { key, bounds: new Map() };
    one.bounds.set(bound, counts);
    byKey.set(id, one);
  }
  const found: RawSeries[] = [];
  for (const { key, bounds } of byKey.values()) {
    const labelsAt = LE.map((le) => labelsOfKey(metric.family, key, [[METRIC_NAME, metric.name], ['le', le]]));
    const wanted = labelsAt.map((labels) => selector.matchesLabels(labels));
    if (!wanted.includes(true)) continue;
    const total = new Map<number, number>();
    for (const counts of bounds.values()) for (const [slot, count] of counts) total.set(slot, (total.get(slot) ?? 0) + count);
    const below = new Map<number, number>();
    for (const [i, labels] of labelsAt.entries()) {
      for (const [slot, count] of bounds.get(i) ?? []) below.set(slot, (below.get(slot) ?? 0) + count);
      if (wanted[i]) found.push({ labels, ...counterSamples(grid, below, total) });
    }
  }
  return found;
}

function* labelSets(metric: SpanMetric, key: readonly string[]): Generator<Labels> {
  const name: readonly [string, string] = [METRIC_NAME, metric.name];
  if (!metric.isHistogram) yield labelsOfKey(metric.family, key, [name]);
  else for (const le of LE) yield labelsOfKey(metric.family, key, [name, ['le', le]]);
}

/** Throws `query_too_large` where more is read than the query may hold. */
class Budget {
  #samples = 0;
  #series = 0;
  readonly #most: Pick<SelectRequest, 'maxSamples' | 'maxSeries'>;

  constructor(most: Pick<SelectRequest, 'maxSamples' | 'maxSeries'>) {
    this.#most = most;
  }

  take(samples: number): void {
    this.#samples += samples;
    this.#series++;
    const { maxSamples = Infinity, maxSeries = Infinity } = this.#most;
    if (this.#samples > maxSamples) throw tooLarge('samples', maxSamples, 'limits.query_max_samples');
    if (this.#series > maxSeries) throw tooLarge('series', maxSeries, 'limits.query_max_series');
  }
}

function tooLarge(what: string, most: number, limit: string): AppError {
  return new AppError('query_too_large', `the query reads more than ${most} ${what} made of spans; select fewer, or raise ${limit}`, { fields: { limit, value: most } });
}

function withoutLimit(request: SeriesRequest): SeriesRequest {
  const { limit: _, ...rest } = request;
  return rest;
}

function limited<T>(items: T[], limit: number | undefined): T[] {
  return limit === undefined || limit >= items.length ? items : items.slice(0, limit);
}
