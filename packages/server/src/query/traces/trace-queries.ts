import {
  AppError,
  formatDurationMs,
  type FacetsAnswer,
  type FieldsAnswer,
  type GroupComparisonAnswer,
  type HeatmapAnswer,
  type Limits,
  type LogRecord,
  type Span,
  type SpanDetailAnswer,
  type TraceAnswer,
  type TraceComparisonAnswer,
  type TracesAnswer,
  type TraceSummary,
} from '@pitot/core';
import { parseSearch } from '@pitot/core/search';
import type { ClickHouse } from '../../store/clickhouse/clickhouse.ts';
import { readGroups } from '../../store/traces/group-reading.ts';
import { readSpanFacets, readSpanFields } from '../../store/traces/span-facets.ts';
import type { SpanSelection } from '../../store/traces/span-filter.ts';
import { readHeatmap } from '../../store/traces/span-heatmap.ts';
import type { SampledSpans } from '../../store/trace-sampling/landing-writer.ts';
import { readFullSpans, readSpans, readTraceBounds, type FullSpanRow, type TraceBounds } from '../../store/traces/trace-reading.ts';
import { countSpans, findTraces, readTraceRows, type TraceRow } from '../../store/traces/trace-search.ts';
import type { LogQueries } from '../logs/log-queries.ts';
import { abortError, QuerySlots } from '../query-slots.ts';
import { compareGroupCounts } from './group-comparison.ts';
import { heatmapOf } from './heatmap.ts';
import { otlpDocument, type OtlpTraceDocument } from './otlp-document.ts';
import { arrangeTrace, rfc3339, statusName, traceAnswerOf, type StoredTrace } from './trace-answer.ts';
import { compareTraces } from './trace-comparison.ts';

/** Which spans are meant: those of a range of time (milliseconds since the epoch, end exclusive) that match a query. */
interface SpanQuestion {
  readonly startMs: number;
  readonly endMs: number;
  /** In the search language; empty for all. */
  readonly query: string;
  /** `deployment.environment.name`; all when absent. */
  readonly environment?: string;
}

interface TraceSearch extends SpanQuestion {
  readonly sort: 'recent' | 'duration' | 'errors';
  readonly limit: number;
  readonly minDurationMs?: number;
  readonly maxDurationMs?: number;
}

interface GroupQuestion extends SpanQuestion {
  /** A query that says which of the spans are the selected ones; all when empty. */
  readonly selection: string;
  /** A piece of the heatmap: starts in [fromMs, toMs), durations in [minMs, maxMs). */
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly minMs?: number;
  readonly maxMs?: number;
  readonly limit: number;
}

/** Questions about traces. All throw AppError `bad_query`, `query_timeout`, `canceled`, `query_too_large` and what the store throws. */
export interface TraceQueries {
  search(question: TraceSearch, signal?: AbortSignal): Promise<TracesAnswer>;
  heatmap(question: SpanQuestion & { readonly columns: number; readonly rows: number }, signal?: AbortSignal): Promise<HeatmapAnswer>;
  fields(question: { readonly startMs: number; readonly endMs: number; readonly prefix: string; readonly limit: number }, signal?: AbortSignal): Promise<FieldsAnswer>;
  facets(question: SpanQuestion & { readonly fields?: readonly string[]; readonly limit: number }, signal?: AbortSignal): Promise<FacetsAnswer>;
  /** Throws `not_found` where no span of the trace is stored. */
  trace(traceId: string, signal?: AbortSignal): Promise<TraceAnswer>;
  /** Throws `not_found`. */
  span(traceId: string, spanId: string, signal?: AbortSignal): Promise<SpanDetailAnswer>;
  /** The trace as OTLP/JSON; throws `not_found`. */
  document(traceId: string, signal?: AbortSignal): Promise<OtlpTraceDocument>;
  /** Throws `not_found` where one of them is not stored. */
  compare(leftTraceId: string, rightTraceId: string, signal?: AbortSignal): Promise<TraceComparisonAnswer>;
  compareGroups(question: GroupQuestion, signal?: AbortSignal): Promise<GroupComparisonAnswer>;
}

export interface TraceQueriesOptions {
  readonly clickhouse: ClickHouse;
  readonly limits: Limits;
  readonly logs: Pick<LogQueries, 'logsOfTrace' | 'logCountsOfTrace'>;
  /** How long spans are kept, to say so where one is not found. */
  readonly retentionMs: number;
  /** Where traces are sampled: where to look for those that are not decided on yet. */
  readonly sampled?: SampledSpans;
}

const LOGS_OF_SPAN = 200;
/** A record of a span may be written a little before and after it. */
const LOG_MARGIN_MS = 1000;
const HEATMAP_STEPS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000];
const DEFAULT_FACETS = ['service', 'operation', 'kind', 'status', 'peer', 'environment', 'version', 'http.route', 'http.response.status_code'];

export function createTraceQueries({ clickhouse, limits, logs, retentionMs, sampled }: TraceQueriesOptions): TraceQueries {
  const slots = new QuerySlots(limits.query_concurrency);

  /** Queues the question and ends it at its deadline. */
  function ask<Answer>(caller: AbortSignal | undefined, answer: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    const deadline = AbortSignal.timeout(limits.query_timeout_seconds * 1000);
    const signal = caller ? AbortSignal.any([caller, deadline]) : deadline;
    return slots.run(signal, async () => {
      try {
        return await answer(signal);
      } catch (error) {
        throw signal.aborted ? abortError(signal, 'while traces were read') : error;
      }
    });
  }

  async function boundsOf(traceId: string, signal: AbortSignal): Promise<TraceBounds> {
    const bounds = await readTraceBounds(clickhouse, traceId, sampled, signal);
    if (bounds === undefined) throw notFound(traceId, retentionMs);
    return bounds;
  }

  async function stored(traceId: string, signal: AbortSignal, countLogs: boolean): Promise<StoredTrace> {
    const bounds = await boundsOf(traceId, signal);
    const most = limits.trace_spans;
    const range = { startMs: bounds.startMs - LOG_MARGIN_MS, endMs: bounds.endMs + LOG_MARGIN_MS };
    const [spans, logCounts] = await Promise.all([
      readSpans(clickhouse, traceId, bounds, most + 1, sampled, signal),
      countLogs ? logs.logCountsOfTrace(traceId, range, { signal }) : new Map<string, number>(),
    ]);
    if (spans.length === 0) throw notFound(traceId, retentionMs);
    return { traceId, baseMs: bounds.startMs, spans: spans.slice(0, most), logCounts, ...(spans.length > most && { truncatedAt: most }) };
  }

  return {
    search: (question, caller) =>
      ask(caller, async (signal) => {
        const startedMs = performance.now();
        const selection = selectionOf(question);
        const limit = Math.min(question.limit, limits.search_rows);
        const ids = await findTraces(clickhouse, selection, question.sort, limit + 1, signal);
        const truncated = ids.length > limit;
        // What is rare was looked for everywhere and is counted; of what is frequent the number is only shown.
        const [rows, counts] = await Promise.all([readTraceRows(clickhouse, ids.slice(0, limit), selection, signal), countSpans(clickhouse, selection, !truncated, signal)]);
        return {
          traces: rows.map(summaryOf),
          spans_found: counts.spans,
          errors_found: counts.errors,
          truncated,
          took_ms: Math.round(performance.now() - startedMs),
        };
      }),
    heatmap: (question, caller) =>
      ask(caller, async (signal) => {
        const stepMs = stepOf((question.endMs - question.startMs) / question.columns);
        const cells = await readHeatmap(clickhouse, selectionOf(question), stepMs, signal);
        return heatmapOf(cells, { startMs: question.startMs, endMs: question.endMs, stepMs, rows: question.rows });
      }),
    fields: (question, caller) => ask(caller, async (signal) => ({ fields: await readSpanFields(clickhouse, question, signal) })),
    facets: (question, caller) =>
      ask(caller, async (signal) => {
        const { facets, isSampled } = await readSpanFacets(clickhouse, selectionOf(question), question.fields ?? DEFAULT_FACETS, question.limit, signal);
        // One that was asked for is shown empty, one that was guessed is not.
        const shown = question.fields === undefined ? facets.filter(({ values }) => values.length > 0) : facets;
        return { facets: shown.map(({ field, values, distinct }) => ({ field, values: [...values], distinct })), sampled: isSampled };
      }),
    trace: (traceId, caller) => ask(caller, async (signal) => traceAnswerOf(await stored(traceId, signal, true))),
    span: (traceId, spanId, caller) =>
      ask(caller, async (signal) => {
        const bounds = await boundsOf(traceId, signal);
        const [trace, [full]] = await Promise.all([stored(traceId, signal, true), readFullSpans(clickhouse, traceId, bounds, { spanId, most: 1, sampled, signal })]);
        if (full === undefined) {
          throw new AppError('not_found', `trace ${traceId} has no span ${spanId}; it may not have arrived yet`, { fields: { trace_id: traceId, span_id: spanId } });
        }
        const { spans } = traceAnswerOf(trace);
        const span = spans.find((one) => one.span_id === full.spanId);
        if (span === undefined) {
          throw new AppError('not_found', `span ${spanId} lies beyond the first ${limits.trace_spans} spans of trace ${traceId}; raise limits.trace_spans`, { fields: { limit: 'limits.trace_spans' } });
        }
        const startMs = Number(full.startNs / 1_000_000n) - LOG_MARGIN_MS;
        const endMs = Number((full.startNs + full.durationNs) / 1_000_000n) + LOG_MARGIN_MS + 1;
        const records = span.log_count === 0 ? [] : await logs.logsOfTrace(traceId, { startMs, endMs, spanId: full.spanId, limit: LOGS_OF_SPAN }, { signal });
        return spanDetail(span, full, records);
      }),
    document: (traceId, caller) =>
      ask(caller, async (signal) => otlpDocument(traceId.toLowerCase().padStart(32, '0'), await readFullSpans(clickhouse, traceId, await boundsOf(traceId, signal), { most: limits.trace_spans, sampled, signal }))),
    compare: (left, right, caller) =>
      ask(caller, async (signal) => {
        const [one, other] = await Promise.all([stored(left, signal, false), stored(right, signal, false)]);
        return compareTraces(left, arrangeTrace(one), right, arrangeTrace(other));
      }),
    compareGroups: (question, caller) =>
      ask(caller, async (signal) => {
        const selection = parseSearch(question.selection);
        const { fromMs, toMs, minMs, maxMs } = question;
        const piece = { ...(fromMs !== undefined && { fromMs }), ...(toMs !== undefined && { toMs }), ...(minMs !== undefined && { minMs }), ...(maxMs !== undefined && { maxMs }) };
        const counts = await readGroups(clickhouse, { population: selectionOf(question), selection, ...piece }, signal);
        return compareGroupCounts(counts, selection, question.limit);
      }),
  };
}

function selectionOf(question: SpanQuestion & Partial<Pick<TraceSearch, 'minDurationMs' | 'maxDurationMs'>>): SpanSelection {
  const { startMs, endMs, query, environment, minDurationMs, maxDurationMs } = question;
  return {
    startMs,
    endMs,
    search: parseSearch(query),
    ...(environment !== undefined && { environment }),
    ...(minDurationMs !== undefined && { minDurationMs }),
    ...(maxDurationMs !== undefined && { maxDurationMs }),
  };
}

function stepOf(leastMs: number): number {
  return HEATMAP_STEPS_MS.find((stepMs) => stepMs >= leastMs) ?? Math.ceil(leastMs / 60_000) * 60_000;
}

function summaryOf(row: TraceRow): TraceSummary {
  const { matched } = row;
  return {
    trace_id: row.traceId,
    start: new Date(row.startMs).toISOString(),
    duration_ms: row.durationNs / 1e6,
    root_service: row.rootService,
    root_operation: row.rootOperation,
    is_complete: row.isComplete,
    span_count: row.spanCount,
    error_count: row.errorCount,
    services: [...row.services],
    matched: { span_id: matched.spanId, service: matched.service, operation: matched.operation, duration_ms: matched.durationNs / 1e6, status: statusName(matched.status) },
    matched_count: row.matchedCount,
  };
}

function spanDetail(span: Span, full: FullSpanRow, logs: LogRecord[]): SpanDetailAnswer {
  return {
    span,
    // With the correction for skew, so that it fits the waterfall.
    start: rfc3339(full.startNs + BigInt(Math.round(span.skew_us * 1000))),
    scope: full.scopeVersion === '' ? full.scopeName : `${full.scopeName} ${full.scopeVersion}`,
    attributes: { ...full.attributes, ...full.numbers },
    resource: { ...full.resource },
    events: full.events.map(({ timeNs, name, attributes }) => ({ offset_us: Number(timeNs - full.startNs) / 1000, name, attributes: { ...attributes } })),
    links: full.links.map(({ traceId, spanId, attributes }) => ({ trace_id: traceId, span_id: spanId, attributes: { ...attributes } })),
    logs,
  };
}

function notFound(traceId: string, retentionMs: number): AppError {
  return new AppError(
    'not_found',
    `no span of trace ${traceId} is stored: it is older than the ${formatDurationMs(retentionMs)} that traces are kept (retention.traces), was sampled away, or has not arrived yet (spans come a few seconds after they end)`,
    { fields: { trace_id: traceId } },
  );
}
