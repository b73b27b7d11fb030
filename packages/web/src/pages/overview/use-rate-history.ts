import { useQuery } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { sourcesQuery } from '../../api/queries.ts';
import { addReading, EMPTY_HISTORY, type RateHistory } from './rate-history.ts';

let history: RateHistory = EMPTY_HISTORY;
let readAtMs = 0;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Survives leaving and returning to the page. */
export function useRateHistory(): RateHistory {
  const { data, dataUpdatedAt } = useQuery(sourcesQuery);
  useEffect(() => {
    if (data === undefined || dataUpdatedAt <= readAtMs) return;
    readAtMs = dataUpdatedAt;
    history = addReading(history, data.sources);
    for (const listener of listeners) listener();
  }, [data, dataUpdatedAt]);
  return useSyncExternalStore(subscribe, () => history);
}
