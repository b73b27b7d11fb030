import type { SearchNode } from '@pitot/core/search';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { conditionOf, timeCondition, type Condition, type LogFilter } from './log-filter.ts';
import { readJsonRows, RECORD_COLUMNS, storedRecord, type RecordId, type RecordRow, type StoredRecord } from './log-rows.ts';

export interface LogPage {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** The record that the page follows, itself not in it. */
  readonly after?: RecordId | undefined;
}

const FIRST_SLICE_MS = 60_000;
const MOST_GROWTH = 64;
/** In a piece this short the text itself is read sooner than the words of the index are looked through for parts of words. */
const SHORT_MS = 600_000;

/**
 * The first `limit` records by time, then by arrival. Reads the nearest minute first and then ever longer pieces of the range until there are enough, so
 * that the newest of many are found without reading the others.
 */
export async function readLogPage(clickhouse: ClickHouse, filter: LogFilter, { limit, order, after }: LogPage, signal: AbortSignal | undefined): Promise<StoredRecord[]> {
  const newestFirst = order === 'desc';
  const afterMs = after && Number(after.timeNs / 1_000_000n);
  let startMs = newestFirst ? filter.startMs : Math.max(filter.startMs, afterMs ?? 0);
  let endMs = newestFirst ? Math.min(filter.endMs, (afterMs ?? Infinity) + 1) : filter.endMs;
  const found: StoredRecord[] = [];
  let widthMs = FIRST_SLICE_MS;
  while (found.length < limit && startMs < endMs) {
    // A rest that is hardly longer is read with it.
    const sliceMs = endMs - startMs < 2 * widthMs ? endMs - startMs : widthMs;
    const slice = newestFirst ? { startMs: endMs - sliceMs, endMs } : { startMs, endMs: startMs + sliceMs };
    const wanted = limit - found.length;
    const rows = await readSlice(clickhouse, { ...filter, ...slice }, { limit: wanted, order, after }, signal);
    found.push(...rows);
    if (newestFirst) endMs = slice.startMs;
    else startMs = slice.endMs;
    widthMs *= Math.min(MOST_GROWTH, Math.max(2, (2 * wanted) / Math.max(1, rows.length)));
  }
  return found;
}

async function readSlice(clickhouse: ClickHouse, filter: LogFilter, { limit, order, after }: LogPage, signal: AbortSignal | undefined): Promise<StoredRecord[]> {
  const where = conditionOf(filter);
  const direction = order === 'desc' ? 'DESC' : 'ASC';
  const beyond = order === 'desc' ? '<' : '>';
  const following =
    after === undefined ? '' : ` AND (Timestamp ${beyond} fromUnixTimestamp64Nano({after_ns:Int64}) OR (Timestamp = fromUnixTimestamp64Nano({after_ns:Int64}) AND Sequence ${beyond} {after_sequence:UInt64}))`;
  const sql = `SELECT ${RECORD_COLUMNS} FROM otel_logs WHERE ${where.sql}${following} ORDER BY Timestamp ${direction}, Sequence ${direction} LIMIT {limit:UInt32}`;
  const params = { ...where.params, limit, ...(after && { after_ns: after.timeNs, after_sequence: after.sequence }) };
  const settings = filter.endMs - filter.startMs > SHORT_MS ? {} : { use_text_index_like_evaluation_by_dictionary_scan: 0 };
  const rows = await readJsonRows<RecordRow>(clickhouse, sql, { params, settings, ...(signal && { signal }) });
  return rows.map(storedRecord);
}

/** One record by its id; undefined where there is none. */
export async function readLogRecord(clickhouse: ClickHouse, { timeNs, sequence }: RecordId, signal: AbortSignal | undefined): Promise<StoredRecord | undefined> {
  const sql =
    `SELECT ${RECORD_COLUMNS} FROM otel_logs WHERE TimestampTime = toDateTime({second:UInt32}) AND Timestamp = fromUnixTimestamp64Nano({time_ns:Int64}) ` +
    'AND Sequence = {sequence:UInt64} LIMIT 1';
  const params = { second: timeNs / 1_000_000_000n, time_ns: timeNs, sequence };
  const rows = await readJsonRows<RecordRow>(clickhouse, sql, { params, ...(signal && { signal }) });
  return rows[0] && storedRecord(rows[0]);
}

/** Attributes that tell instances of a service apart, the most telling first. */
const INSTANCE_KEYS = ['service.instance.id', 'k8s.pod.uid', 'k8s.pod.name', 'container.id', 'host.name'];

/** What the surroundings of a record have in common with it: the service and, where they say it, the instance. */
export function sameSource({ record }: StoredRecord): SearchNode {
  const is = (field: string, value: string): SearchNode => ({ kind: 'field', field, condition: { op: 'is', value }, from: 0, to: 0 });
  const instance = INSTANCE_KEYS.find((key) => (record.resource[key] ?? '') !== '');
  const service = is('service', record.service);
  return instance === undefined ? service : { kind: 'and', nodes: [service, is(`resource.${instance}`, record.resource[instance]!)] };
}

export interface TraceLogs {
  readonly traceId: string;
  readonly startMs: number;
  readonly endMs: number;
}

function traceCondition({ traceId, startMs, endMs }: TraceLogs): Condition {
  const time = timeCondition(startMs, endMs);
  return { sql: `${time.sql} AND TraceId = {trace:String}`, params: { ...time.params, trace: traceId.toLowerCase() } };
}

/** The records of a trace, or of one of its spans, oldest first. */
export async function readLogsOfTrace(clickhouse: ClickHouse, trace: TraceLogs & { readonly spanId?: string | undefined; readonly limit: number }, signal: AbortSignal | undefined): Promise<StoredRecord[]> {
  const { sql, params } = traceCondition(trace);
  const ofSpan = trace.spanId === undefined ? '' : ' AND SpanId = {span:String}';
  const text = `SELECT ${RECORD_COLUMNS} FROM otel_logs WHERE ${sql}${ofSpan} ORDER BY Timestamp, Sequence LIMIT {limit:UInt32}`;
  const all = { ...params, limit: trace.limit, ...(trace.spanId !== undefined && { span: trace.spanId.toLowerCase() }) };
  return (await readJsonRows<RecordRow>(clickhouse, text, { params: all, ...(signal && { signal }) })).map(storedRecord);
}

/** How many records each span of a trace has; those that name no span are under ''. */
export async function countLogsOfTrace(clickhouse: ClickHouse, trace: TraceLogs, signal: AbortSignal | undefined): Promise<Map<string, number>> {
  const { sql, params } = traceCondition(trace);
  const rows = await readJsonRows<readonly [string, string]>(clickhouse, `SELECT SpanId, count() FROM otel_logs WHERE ${sql} GROUP BY SpanId`, { params, ...(signal && { signal }) });
  return new Map(rows.map(([span, count]) => [span, Number(count)]));
}
