import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { readRows } from '../metrics/exemplar-reading.ts';
import { PEER } from './span-search-table.ts';
import type { SpanRow, TraceBounds } from './trace-reading.ts';

const MOST_SPANS_OF_TRACE = 2000;
const MOST_SPANS = 200_000;

/**
 * The first spans of many traces at once, by time, by trace id as it is stored; without what only the page of one trace shows.
 * `startNs` counts from the start of the bounds.
 */
export async function readSpansOfTraces(clickhouse: ClickHouse, traceIds: readonly string[], { startMs, endMs }: TraceBounds, signal?: AbortSignal): Promise<Map<string, SpanRow[]>> {
  const found = new Map<string, SpanRow[]>();
  if (traceIds.length === 0) return found;
  const sql =
    `SELECT TraceId, SpanId, ParentSpanId, ServiceName, SpanName, SpanKind, StatusCode, toUnixTimestamp64Nano(Timestamp) - {startMs:Int64} * 1000000, Duration, ${PEER} ` +
    'FROM otel_traces WHERE TraceId IN {ids:Array(String)} AND Timestamp >= fromUnixTimestamp64Milli({startMs:Int64}) AND Timestamp < fromUnixTimestamp64Milli({endMs:Int64}) ' +
    `ORDER BY Timestamp LIMIT ${MOST_SPANS_OF_TRACE} BY TraceId LIMIT ${MOST_SPANS}`;
  type Row = [string, string, string, string, string, string, string, number, number, string];
  const rows = await readRows<Row>(clickhouse, sql, { params: { ids: traceIds, startMs, endMs }, ...(signal && { signal }) });
  for (const [traceId, spanId, parentId, service, operation, kind, status, startNs, durationNs, peer] of rows) {
    const spans = found.get(traceId) ?? [];
    found.set(traceId, spans);
    spans.push({ spanId, parentId, service, operation, kind, status, startNs, durationNs, peer, instance: '', version: '', statusMessage: '', httpStatus: 0, exceptionType: '', exceptionMessage: '', eventCount: 0 });
  }
  return found;
}
