import type { Source } from '@pitot/core';

/** Samples per second of each source as this browser saw them, newest last; kept while the page's program lives. */
export interface RateHistory {
  readonly bySource: ReadonlyMap<string, readonly number[]>;
  readonly total: readonly number[];
}

const MOST_READINGS = 60;

export const EMPTY_HISTORY: RateHistory = { bySource: new Map(), total: [] };

export const sourceKey = (source: Pick<Source, 'receiver' | 'service'>): string => `${source.receiver}\u0000${source.service}`;

/** Adds one reading; a source that is no longer listed is dropped. */
export function addReading(history: RateHistory, sources: readonly Source[]): RateHistory {
  const append = (readings: readonly number[], value: number): readonly number[] => [...readings, value].slice(-MOST_READINGS);
  return {
    bySource: new Map(sources.map((source) => [sourceKey(source), append(history.bySource.get(sourceKey(source)) ?? [], source.samples_per_second)])),
    total: append(
      history.total,
      sources.reduce((sum, source) => sum + source.samples_per_second, 0),
    ),
  };
}
