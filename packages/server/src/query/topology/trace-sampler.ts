import type { TraceAnswer } from '@pitot/core';
import { readSpansOfTraces } from '../../store/traces/trace-sample-reading.ts';
import type { ClickHouse } from '../../store/clickhouse/clickhouse.ts';
import { traceAnswerOf } from '../traces/trace-answer.ts';
import type { TraceQueries } from '../traces/trace-queries.ts';

type TraceSearch = Parameters<TraceQueries['search']>[0];

/** Whole traces, as their own page shows them, for questions that look at many. */
export interface TraceSampler {
  /** The traces with a span that matches; at most `limit`, in the order of the search. */
  sample(search: TraceSearch, signal?: AbortSignal): Promise<TraceAnswer[]>;
}

/** Spans of a trace may start before and after the one that matched. */
const MARGIN_MS = 600_000;

/** Finds traces as the page of traces does, and reads the spans of all of them at once. */
export function createTraceSampler(clickhouse: ClickHouse, traces: Pick<TraceQueries, 'search'>): TraceSampler {
  return {
    async sample(search, signal) {
      const { traces: found } = await traces.search(search, signal);
      const range = { startMs: Math.max(0, search.startMs - MARGIN_MS), endMs: search.endMs + MARGIN_MS };
      const spans = await readSpansOfTraces(clickhouse, found.map(({ trace_id }) => trace_id), range, signal);
      return found.flatMap(({ trace_id: traceId }) => {
        const own = spans.get(traceId);
        return own === undefined ? [] : [traceAnswerOf({ traceId, baseMs: range.startMs, spans: own, logCounts: new Map() })];
      });
    },
  };
}
