import type { SpanMetricReader } from './span-metric-reader.ts';
import type { StoreMetricReader } from '../metrics/metric-reader.ts';

/** One reader of both: stored metrics and those made of spans. Whatever none of the span metrics' names can match goes to the store alone. */
export function combineReaders(store: StoreMetricReader, spans: SpanMetricReader): StoreMetricReader {
  throw new Error(`not yet: ${store.seriesInMemory} ${typeof spans}`);
}
