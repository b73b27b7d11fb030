import { compareCodeUnits, labelsKey, type Labels, type SeriesRequest } from '@pitot/core';
import type { StoreMetricReader } from '../metrics/metric-reader.ts';
import type { SpanMetricReader } from './span-metric-reader.ts';

/**
 * One reader of both: stored metrics and those made of spans. What cannot match a metric of spans goes to the store alone, with its
 * faster ways. Where a sender stores a series of the same labels itself, the stored one is shown.
 */
export function combineReaders(store: StoreMetricReader, spans: SpanMetricReader): StoreMetricReader {
  const { selectGrid } = store;
  const both = async <T>(request: SeriesRequest, one: (reader: Pick<StoreMetricReader, 'series' | 'labelNames' | 'labelValues'>) => Promise<T[]>, key: (item: T) => string): Promise<T[]> => {
    const mayMatch = request.selectors.length === 0 || request.selectors.some((matchers) => spans.mayMatch(matchers));
    if (!mayMatch) return one(store);
    const [stored, made] = await Promise.all([one(store), one(spans)]);
    return limited(distinct(stored, made, key), request.limit);
  };
  const text = (value: string): string => value;
  return {
    learn: store.learn,
    get seriesInMemory() {
      return store.seriesInMemory;
    },
    cardinality: (request) => store.cardinality(request),
    close: () => store.close(),
    async select(request) {
      if (!spans.mayMatch(request.matchers)) return store.select(request);
      const [stored, made] = await Promise.all([store.select(request), spans.select(request)]);
      return distinct(stored, made, ({ labels }) => labelsKey(labels));
    },
    ...(selectGrid && {
      selectGrid: async (request) => (spans.mayMatch(request.matchers) ? undefined : selectGrid.call(store, request)),
    }),
    series: (request) => both<Labels>(request, (reader) => reader.series(request), labelsKey),
    labelNames: async (request) => (await both(request, (reader) => reader.labelNames(request), text)).sort(compareCodeUnits),
    labelValues: async (name, request) => (await both(request, (reader) => reader.labelValues(name, request), text)).sort(compareCodeUnits),
    async metadata(request) {
      const [stored, made] = await Promise.all([store.metadata(request), spans.metadata(request)]);
      const all = distinct(stored, made, ({ metric }) => metric).sort((a, b) => compareCodeUnits(a.metric, b.metric));
      return limited(all, request.limit);
    },
    async exemplars(request) {
      const [stored, made] = await Promise.all([store.exemplars(request), spans.exemplars(request)]);
      return distinct(stored, made, ({ labels }) => labelsKey(labels));
    },
  };
}

/** All of the first, and of the second what the first does not have. */
function distinct<T>(first: T[], second: readonly T[], key: (item: T) => string): T[] {
  if (second.length === 0) return first;
  const known = new Set(first.map(key));
  return [...first, ...second.filter((item) => !known.has(key(item)))];
}

function limited<T>(items: T[], limit: number | undefined): T[] {
  return limit === undefined || limit >= items.length ? items : items.slice(0, limit);
}
