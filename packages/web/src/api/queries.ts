import { keepPreviousData, queryOptions, useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { ApiKey, HostsAnswer, SessionAnswer, SourcesAnswer } from '@pitot/core';
import { useTimeWindow } from '../time/time-window.tsx';
import { fetchLabelValues, fetchMetadata, queryInstant, queryRange, type QueryAnswer, type RangeQuery } from './prometheus.ts';
import { requestJson } from './request.ts';

/** Live lists are asked again this often, whatever the chart refresh is set to, while their page is in view. */
const LIVE_MS = 5000;

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => requestJson<SessionAnswer>('/api/v1/session', { signal }),
  staleTime: 60_000,
  retry: false,
});

export const sourcesQuery = queryOptions({
  queryKey: ['sources'],
  queryFn: ({ signal }) => requestJson<SourcesAnswer>('/api/v1/sources', { signal }),
  refetchInterval: LIVE_MS,
});

/** Connect waits for the first sample, so it asks more often. */
export const connectSourcesQuery = queryOptions({ ...sourcesQuery, refetchInterval: 2000 });

export const hostsQuery = queryOptions({
  queryKey: ['hosts'],
  queryFn: ({ signal }) => requestJson<HostsAnswer>('/api/v1/hosts', { signal }),
  refetchInterval: LIVE_MS,
});

export const environmentsQuery = queryOptions({
  queryKey: ['environments'],
  queryFn: ({ signal }) => requestJson<{ environments: string[] }>('/api/v1/environments', { signal }),
  staleTime: 60_000,
});

export const keysQuery = queryOptions({
  queryKey: ['keys'],
  queryFn: ({ signal }) => requestJson<{ keys: ApiKey[] }>('/api/v1/keys', { signal }),
});

export const metadataQuery = queryOptions({
  queryKey: ['metadata'],
  queryFn: ({ signal }) => fetchMetadata(signal),
  staleTime: 60_000,
});

const DAY_MS = 86_400_000;

/** Names of metrics seen in the last day, or of services (`job`). */
export const labelValuesQuery = (label: string) =>
  queryOptions({
    queryKey: ['label-values', label],
    queryFn: ({ signal }) => fetchLabelValues(label, Date.now() - DAY_MS, Date.now(), signal),
    staleTime: 60_000,
  });

export const rangeQuery = (query: RangeQuery) =>
  queryOptions({
    queryKey: ['range', query.expression, query.startMs, query.endMs, query.stepMs],
    queryFn: ({ signal }) => queryRange(query, signal),
    placeholderData: keepPreviousData,
    // Comparing every sample of two answers costs more than drawing them.
    structuralSharing: false,
    enabled: query.expression.trim() !== '',
  });

export const instantQuery = (expression: string, timeMs: number | undefined) =>
  queryOptions({
    queryKey: ['instant', expression, timeMs],
    queryFn: ({ signal }) => queryInstant(expression, timeMs, signal),
    placeholderData: keepPreviousData,
    enabled: expression.trim() !== '',
  });

/** An instant query at the end of the header's range; asked again with every refresh. */
export function useInstant(expression: string): UseQueryResult<QueryAnswer> {
  const { endMs } = useTimeWindow();
  return useQuery(instantQuery(expression, Math.floor(endMs / 1000) * 1000));
}

/** Several answers as one; `data` stays the same array until an answer changes. */
export function combineAnswers<T>(results: readonly UseQueryResult<T>[]) {
  return {
    data: results.map((result) => result.data),
    errors: results.map((result) => result.error),
    /** Asked, and nothing known yet. */
    waiting: results.some((result) => result.isPending && result.fetchStatus !== 'idle'),
    stale: results.some((result) => result.isPlaceholderData),
    retry: () => results.forEach((result) => void result.refetch()),
  };
}
