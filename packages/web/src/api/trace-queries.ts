import type { FacetsAnswer, GroupComparisonAnswer, HeatmapAnswer, SpanDetailAnswer, TraceAnswer, TraceComparisonAnswer, TracesAnswer } from '@pitot/core';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { resolveRange, type TimeRange } from '../time/range.ts';
import { requestJson } from './request.ts';

/** Which spans are meant. The range is kept as the address has it and resolved when asked, so that a refresh asks the same question again. */
export interface SpanScope extends TimeRange {
  readonly environment: string | undefined;
  /** In the search language. */
  readonly query: string;
}

/** A piece of the heatmap: starts in [fromMs, toMs), durations in [leastMs, mostMs). */
export interface HeatmapPick {
  readonly fromMs: number;
  readonly toMs: number;
  readonly leastMs: number;
  readonly mostMs: number;
}

export type TraceSort = 'recent' | 'duration' | 'errors';

type Parameters = Readonly<Record<string, string | number | undefined>>;

function addressOf(path: string, { environment, query, ...range }: SpanScope, parameters: Parameters): string {
  const { startMs, endMs } = resolveRange(range, Date.now());
  const address = new URLSearchParams();
  for (const [name, value] of Object.entries({ start: startMs, end: endMs, environment, query, ...parameters })) {
    if (value !== undefined && value !== '') address.set(name, String(value));
  }
  return `${path}?${address}`;
}

const keyOf = ({ from, to, environment, query }: SpanScope): readonly unknown[] => [from, to, environment ?? '', query];

interface TraceListQuestion {
  readonly sort: TraceSort;
  readonly limit: number;
  readonly pick?: HeatmapPick | undefined;
  /** Only spans at least this long. */
  readonly leastMs?: number | undefined;
}

export const tracesQuery = (scope: SpanScope, { sort, limit, pick, leastMs }: TraceListQuestion) =>
  queryOptions({
    queryKey: ['traces', ...keyOf(scope), sort, limit, pick, leastMs],
    queryFn: ({ signal }) =>
      requestJson<TracesAnswer>(
        addressOf('/api/v1/traces', scope, {
          sort,
          limit,
          min_duration_ms: leastMs,
          ...(pick && { start: pick.fromMs, end: pick.toMs, min_duration_ms: pick.leastMs, max_duration_ms: pick.mostMs }),
        }),
        { signal },
      ),
    placeholderData: keepPreviousData,
  });

/** Cells asked for: the server pre-aggregates to what a screen can show. */
export const HEATMAP_SIZE = { columns: 120, rows: 28 } as const;

export const heatmapQuery = (scope: SpanScope, columns: number, rows: number) =>
  queryOptions({
    queryKey: ['traces-heatmap', ...keyOf(scope), columns, rows],
    queryFn: ({ signal }) => requestJson<HeatmapAnswer>(addressOf('/api/v1/traces/heatmap', scope, { columns, rows }), { signal }),
    placeholderData: keepPreviousData,
    structuralSharing: false,
  });

export const traceFacetsQuery = (scope: SpanScope) =>
  queryOptions({
    queryKey: ['traces-facets', ...keyOf(scope)],
    queryFn: ({ signal }) => requestJson<FacetsAnswer>(addressOf('/api/v1/traces/facets', scope, { limit: 6 }), { signal }),
    placeholderData: keepPreviousData,
  });

/** What the spans of a piece of the heatmap have more often than the other spans that the search finds. */
export const groupComparisonQuery = (scope: SpanScope, pick: HeatmapPick) =>
  queryOptions({
    queryKey: ['traces-compare-groups', ...keyOf(scope), pick],
    queryFn: ({ signal }) =>
      requestJson<GroupComparisonAnswer>(
        addressOf('/api/v1/traces/compare-groups', scope, { from: pick.fromMs, to: pick.toMs, min_ms: pick.leastMs, max_ms: pick.mostMs, limit: 20 }),
        { signal },
      ),
    placeholderData: keepPreviousData,
  });

/** Spans of a trace still arrive while it is this young. */
const YOUNG_MS = 30_000;
const YOUNG_REFRESH_MS = 5000;

export const traceQuery = (traceId: string) =>
  queryOptions({
    queryKey: ['trace', traceId],
    queryFn: ({ signal }) => requestJson<TraceAnswer>(`/api/v1/traces/${encodeURIComponent(traceId)}`, { signal }),
    staleTime: YOUNG_MS,
    // Comparing ten thousand spans with those from before costs more than drawing them.
    structuralSharing: false,
    refetchInterval: ({ state: { data } }) => (data !== undefined && Date.now() - Date.parse(data.start) < YOUNG_MS ? YOUNG_REFRESH_MS : false),
  });

export const spanQuery = (traceId: string, spanId: string) =>
  queryOptions({
    queryKey: ['span', traceId, spanId],
    queryFn: ({ signal }) => requestJson<SpanDetailAnswer>(`/api/v1/traces/${encodeURIComponent(traceId)}/spans/${encodeURIComponent(spanId)}`, { signal }),
    staleTime: YOUNG_MS,
  });

export const traceComparisonQuery = (left: string, right: string) =>
  queryOptions({
    queryKey: ['trace-comparison', left, right],
    queryFn: ({ signal }) => requestJson<TraceComparisonAnswer>(`/api/v1/traces/compare?left=${encodeURIComponent(left)}&right=${encodeURIComponent(right)}`, { signal }),
    staleTime: YOUNG_MS,
  });

/** Where a trace can be fetched as OTLP/JSON. */
export const traceExportPath = (traceId: string): string => `/api/v1/traces/${encodeURIComponent(traceId)}/export`;
