import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { readRows } from '../metrics/exemplar-reading.ts';
import { sampleOfMinutes } from './minute-sample.ts';
import { both, spanCondition, timeCondition, type Condition, type SpanSelection } from './span-filter.ts';

/** A trace as a list shows it. Times in milliseconds since the epoch, durations in nanoseconds. */
export interface TraceRow {
  readonly traceId: string;
  readonly startMs: number;
  readonly durationNs: number;
  readonly rootService: string;
  readonly rootOperation: string;
  readonly isComplete: boolean;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly services: readonly { readonly service: string; readonly spans: number }[];
  readonly matched: { readonly spanId: string; readonly service: string; readonly operation: string; readonly durationNs: number; readonly status: string };
  readonly matchedCount: number;
}

export type TraceOrder = 'recent' | 'duration' | 'errors';

/** The newest are looked for in ever longer pieces of the range, each this many times as long as the last. */
const FIRST_PIECE_MS = 60_000;
const GROWTH = 6;
/** A trace has this many matching spans among the longest, more or less; more are read where that was not enough. */
const SPANS_PER_TRACE = 8;

/** Ids of traces with a matching span, in the order asked for; at most `limit`. */
export async function findTraces(clickhouse: ClickHouse, selection: SpanSelection, order: TraceOrder, limit: number, signal?: AbortSignal): Promise<string[]> {
  const condition = spanCondition(selection);
  if (order === 'duration') return findLongest(clickhouse, selection, condition, limit, signal);
  if (order === 'recent') return findRecent(clickhouse, selection, condition, limit, signal);
  const failed = await findFailed(clickhouse, selection, condition, limit, signal);
  if (failed.length >= limit) return failed;
  const recent = await findRecent(clickhouse, selection, condition, limit, signal);
  return [...new Set([...failed, ...recent])].slice(0, limit);
}

async function findRecent(clickhouse: ClickHouse, { startMs, endMs }: SpanSelection, condition: Condition, limit: number, signal?: AbortSignal): Promise<string[]> {
  const found = new Set<string>();
  let pieceMs = FIRST_PIECE_MS;
  for (let untilMs = endMs; untilMs > startMs && found.size < limit; pieceMs *= GROWTH) {
    const fromMs = Math.max(startMs, untilMs - pieceMs);
    const { sql, params } = both(timeCondition(fromMs, untilMs), condition);
    const rows = await readRows<[string]>(clickhouse, `SELECT TraceId FROM otel_traces WHERE ${sql} GROUP BY TraceId ORDER BY max(Timestamp) DESC LIMIT {limit:UInt64}`, {
      params: { ...params, limit },
      ...(signal && { signal }),
    });
    for (const [id] of rows) found.add(id);
    untilMs = fromMs;
  }
  return [...found].slice(0, limit);
}

async function findLongest(clickhouse: ClickHouse, { startMs, endMs }: SpanSelection, condition: Condition, limit: number, signal?: AbortSignal): Promise<string[]> {
  const { sql, params } = both(timeCondition(startMs, endMs), condition);
  for (let most = limit * SPANS_PER_TRACE; ; most *= SPANS_PER_TRACE) {
    const rows = await readRows<[string]>(clickhouse, `SELECT TraceId FROM otel_traces WHERE ${sql} ORDER BY Duration DESC LIMIT {most:UInt64}`, {
      params: { ...params, most },
      ...(signal && { signal }),
    });
    const found = new Set(rows.map(([id]) => id));
    if (found.size >= limit || rows.length < most) return [...found].slice(0, limit);
  }
}

async function findFailed(clickhouse: ClickHouse, { startMs, endMs }: SpanSelection, condition: Condition, limit: number, signal?: AbortSignal): Promise<string[]> {
  const { sql, params } = both(timeCondition(startMs, endMs), condition);
  const rows = await readRows<[string]>(
    clickhouse,
    `SELECT TraceId FROM otel_traces WHERE ${sql} AND StatusCode = 'Error' GROUP BY TraceId ORDER BY count() DESC, max(Timestamp) DESC LIMIT {limit:UInt64}`,
    { params: { ...params, limit }, ...(signal && { signal }) },
  );
  return rows.map(([id]) => id);
}

/** Of more spans than this a sample is looked at, where the number need not be exact. */
const MOST_COUNTED = 500_000;

/** Matching spans, each counted for as many as it stands for; about, where that would take long and `isExact` is not asked for. */
export async function countSpans(clickhouse: ClickHouse, selection: SpanSelection, isExact: boolean, signal?: AbortSignal): Promise<{ spans: number; errors: number }> {
  const { sql, params } = both(timeCondition(selection.startMs, selection.endMs), spanCondition(selection));
  const sample = isExact ? undefined : await sampleOfMinutes(clickhouse, selection, MOST_COUNTED, signal);
  const sampled = sample === undefined ? '' : ' AND toStartOfMinute(Timestamp) IN {minutes:Array(UInt32)}';
  const rows = await readRows<[number, number]>(clickhouse, `SELECT sum(SampleWeight), sumIf(SampleWeight, StatusCode = 'Error') FROM otel_traces WHERE ${sql}${sampled}`, {
    params: { ...params, ...(sample && { minutes: sample.minutes }) },
    ...(signal && { signal }),
  });
  const [spans = 0, errors = 0] = rows[0] ?? [];
  return sample === undefined ? { spans, errors } : { spans: Math.round(spans * sample.factor), errors: Math.round(errors * sample.factor) };
}

/** More minutes than this are read as one range. */
const MOST_MINUTES = 5000;
const MINUTE_S = 60;

/** The traces with these ids, in that order, whole: also what lies outside the range that they were found in. */
export async function readTraceRows(clickhouse: ClickHouse, ids: readonly string[], selection: SpanSelection, signal?: AbortSignal): Promise<TraceRow[]> {
  if (ids.length === 0) return [];
  const options = signal && { signal };
  const times = await readRows<[number, number]>(clickhouse, 'SELECT toUnixTimestamp(min(Start)), toUnixTimestamp(max(End)) FROM otel_traces_trace_id_ts WHERE TraceId IN {ids:Array(String)} GROUP BY TraceId', {
    params: { ids },
    ...options,
  });
  const condition = spanCondition(selection);
  const matches = both(timeCondition(selection.startMs, selection.endMs), condition);
  const minutes = minutesOf(times);
  const sql =
    'SELECT TraceId, toUnixTimestamp64Milli(min(Timestamp)), max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration)) - min(toUnixTimestamp64Nano(Timestamp)), ' +
    "argMin((ServiceName, SpanName), (ParentSpanId != '', Timestamp)), countIf(ParentSpanId = ''), count(), countIf(StatusCode = 'Error'), " +
    `sumMap(map(toString(ServiceName), toUInt64(1))), argMaxIf((SpanId, ServiceName, SpanName, Duration, StatusCode), Duration, ${matches.sql}), countIf(${matches.sql}) ` +
    'FROM otel_traces WHERE TraceId IN {ids:Array(String)} AND Timestamp >= toDateTime64({from:UInt32}, 9) AND Timestamp < toDateTime64({to:UInt32}, 9)' +
    `${minutes === undefined ? '' : ' AND toStartOfMinute(Timestamp) IN {minutes:Array(UInt32)}'} GROUP BY TraceId`;
  type Row = [string, number, number, [string, string], number, number, number, Record<string, number>, [string, string, string, number, string], number];
  const rows = await readRows<Row>(clickhouse, sql, {
    params: {
      ...matches.params,
      ids,
      from: times.reduce((least, [start]) => Math.min(least, start), Math.floor(selection.startMs / 1000)),
      to: times.reduce((most, [, end]) => Math.max(most, end + 1), Math.ceil(selection.endMs / 1000)),
      ...(minutes && { minutes }),
    },
    ...options,
  });
  const place = new Map(ids.map((id, i) => [id, i]));
  return rows.sort((a, b) => place.get(a[0])! - place.get(b[0])!).map(traceRow);
}

function traceRow([traceId, startMs, durationNs, [rootService, rootOperation], roots, spanCount, errorCount, services, matched, matchedCount]: [
  string, number, number, [string, string], number, number, number, Record<string, number>, [string, string, string, number, string], number,
]): TraceRow {
  const [spanId, service, operation, matchedNs, status] = matched;
  return {
    traceId,
    startMs,
    durationNs,
    rootService,
    rootOperation,
    isComplete: roots > 0,
    spanCount,
    errorCount,
    services: Object.entries(services)
      .map(([name, spans]) => ({ service: name, spans: Number(spans) }))
      .sort((a, b) => b.spans - a.spans || (a.service < b.service ? -1 : 1)),
    matched: { spanId, service, operation, durationNs: matchedNs, status },
    matchedCount,
  };
}

/** The minutes, in seconds since the epoch, in which these traces were: the table is in that order. */
function minutesOf(times: readonly (readonly [number, number])[]): number[] | undefined {
  if (times.length === 0) return undefined;
  const minutes = new Set<number>();
  for (const [start, end] of times) {
    if ((end - start) / MINUTE_S > MOST_MINUTES) return undefined;
    for (let minute = start - (start % MINUTE_S); minute <= end; minute += MINUTE_S) minutes.add(minute);
    if (minutes.size > MOST_MINUTES) return undefined;
  }
  return [...minutes];
}
