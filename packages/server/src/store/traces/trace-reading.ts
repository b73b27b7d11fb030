import type { ClickHouse, QueryOptions, QueryParameter } from '../clickhouse/clickhouse.ts';
import type { SampledSpans } from '../trace-sampling/landing-writer.ts';
import { PEER_KEYS } from './span-search-table.ts';

/** When a trace was: milliseconds since the epoch, whole seconds, end exclusive. */
export interface TraceBounds {
  readonly startMs: number;
  readonly endMs: number;
}

/** A span without its attributes. Times as in the answers: `startNs` counts from `TraceBounds.startMs`, which keeps it exact. */
export interface SpanRow {
  readonly spanId: string;
  readonly parentId: string;
  readonly service: string;
  readonly instance: string;
  readonly version: string;
  readonly operation: string;
  readonly kind: string;
  readonly status: string;
  readonly statusMessage: string;
  readonly startNs: number;
  readonly durationNs: number;
  readonly peer: string;
  readonly httpStatus: number;
  readonly exceptionType: string;
  readonly exceptionMessage: string;
  readonly eventCount: number;
}

/** A span with all it carries. */
export interface FullSpanRow {
  readonly spanId: string;
  readonly parentId: string;
  readonly traceState: string;
  readonly service: string;
  readonly operation: string;
  readonly kind: string;
  readonly scopeName: string;
  readonly scopeVersion: string;
  /** Nanoseconds since the epoch. */
  readonly startNs: bigint;
  readonly durationNs: bigint;
  readonly status: string;
  readonly statusMessage: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Those of the attributes that came as numbers. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly resource: Readonly<Record<string, string>>;
  readonly events: readonly { readonly timeNs: bigint; readonly name: string; readonly attributes: Readonly<Record<string, string>> }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly traceState: string; readonly attributes: Readonly<Record<string, string>> }[];
}

/** One thread: a trace lies in one place, and to wake others takes longer than to read it. */
const SETTINGS = { output_format_json_quote_64bit_integers: 0, max_threads: 1 };

async function readRows<Row extends readonly unknown[]>(clickhouse: ClickHouse, sql: string, options: QueryOptions): Promise<Row[]> {
  const bytes = await clickhouse.query(sql, { ...options, format: 'JSONCompactEachRow', settings: SETTINGS });
  const lines = new TextDecoder().decode(bytes).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
}

/** Ids are stored with 32 digits; senders of 64-bit ids may have padded them or not. */
function traceIdForms(traceId: string): string[] {
  const id = traceId.toLowerCase();
  return [...new Set([id, id.padStart(32, '0'), ...(/^0{16}[0-9a-f]{16}$/.test(id) ? [id.slice(16)] : [])])];
}

/** Undefined where no span of the trace is stored, nor waits for a decision on it where traces are sampled. */
export async function readTraceBounds(clickhouse: ClickHouse, traceId: string, sampled: SampledSpans | undefined, signal?: AbortSignal): Promise<TraceBounds | undefined> {
  const waiting = sampled === undefined ? '' : ` UNION ALL SELECT toDateTime(Timestamp) AS Start, toDateTime(Timestamp) AS End FROM ${sampled.waiting} WHERE TraceId IN {ids:Array(String)}`;
  const stored = 'SELECT Start, End FROM otel_traces_trace_id_ts WHERE TraceId IN {ids:Array(String)}';
  const sql = `SELECT count(), toUnixTimestamp(min(Start)), toUnixTimestamp(max(End)) FROM (${stored}${waiting})`;
  const rows = await readRows<[number, number, number]>(clickhouse, sql, { params: { ids: traceIdForms(traceId) }, ...(signal && { signal }) });
  const [count = 0, start = 0, end = 0] = rows[0] ?? [];
  return count === 0 ? undefined : { startMs: start * 1000, endMs: (end + 1) * 1000 };
}

const IN_TRACE = "TraceId IN {ids:Array(String)} AND Timestamp >= toDateTime64({start:UInt32}, 9) AND Timestamp < toDateTime64({end:UInt32}, 9)";

function traceParameters(traceId: string, { startMs, endMs }: TraceBounds): Record<string, QueryParameter> {
  return { ids: traceIdForms(traceId), start: startMs / 1000, end: endMs / 1000 };
}

const INSTANCE_KEYS = ['service.instance.id', 'k8s.pod.uid', 'k8s.pod.name', 'container.id', 'host.id', 'host.name'] as const;
const HTTP_STATUS_KEYS = ['http.response.status_code', 'http.status_code'] as const;
const EXCEPTION_KEYS = ['exception.type', 'exception.message'] as const;

type Texts = Readonly<Record<string, string>>;

/** The first of the keys that has a value. */
function firstOf(values: Texts, keys: readonly string[]): string {
  for (const key of keys) if (values[key]) return values[key];
  return '';
}

/**
 * The first `most` spans by time. What is looked for in the maps is picked out of them in one pass each and told apart here: to look every name up in
 * the engine takes it twice as long.
 */
export async function readSpans(clickhouse: ClickHouse, traceId: string, bounds: TraceBounds, most: number, sampled: SampledSpans | undefined, signal?: AbortSignal): Promise<SpanRow[]> {
  const picked = (map: string, keys: string) => `mapFilter((k, v) -> k IN {${keys}:Array(String)}, ${map})`;
  const sql =
    'SELECT SpanId, ParentSpanId, ServiceName, ServiceVersion, SpanName, SpanKind, StatusCode, StatusMessage, ' +
    'toUnixTimestamp64Nano(Timestamp) - toInt64({start:UInt32}) * 1000000000, Duration, ' +
    `${picked('SpanAttributes', 'attribute_keys')}, ${picked('ResourceAttributes', 'resource_keys')}, arrayMap(a -> ${picked('a', 'exception_keys')}, \`Events.Attributes\`) ` +
    `FROM ${sampled?.all ?? 'otel_traces'} WHERE ${IN_TRACE} ORDER BY Timestamp LIMIT {most:UInt64}`;
  type Row = [string, string, string, string, string, string, string, string, number, number, Texts, Texts, Texts[]];
  const params = { ...traceParameters(traceId, bounds), most, attribute_keys: [...PEER_KEYS, ...HTTP_STATUS_KEYS], resource_keys: INSTANCE_KEYS, exception_keys: EXCEPTION_KEYS };
  const rows = await readRows<Row>(clickhouse, sql, { params, ...(signal && { signal }) });
  return rows.map(([spanId, parentId, service, version, operation, kind, status, statusMessage, startNs, durationNs, attributes, resource, events]): SpanRow => {
    const exception = events.findLast((event) => EXCEPTION_KEYS.some((key) => event[key])) ?? {};
    const httpStatus = Number(firstOf(attributes, HTTP_STATUS_KEYS));
    return {
      spanId,
      parentId,
      service,
      instance: firstOf(resource, INSTANCE_KEYS),
      version,
      operation,
      kind,
      status,
      statusMessage,
      startNs,
      durationNs,
      peer: firstOf(attributes, PEER_KEYS),
      httpStatus: Number.isInteger(httpStatus) ? httpStatus : 0,
      exceptionType: exception['exception.type'] ?? '',
      exceptionMessage: exception['exception.message'] ?? '',
      eventCount: events.length,
    };
  });
}

/** The spans of a trace, or one of them, with all they carry, by time. */
export async function readFullSpans(
  clickhouse: ClickHouse,
  traceId: string,
  bounds: TraceBounds,
  { most, spanId, sampled, signal }: { readonly most: number; readonly spanId?: string; readonly sampled: SampledSpans | undefined; readonly signal?: AbortSignal },
): Promise<FullSpanRow[]> {
  const sql =
    'SELECT SpanId, ParentSpanId, TraceState, ServiceName, SpanName, SpanKind, ScopeName, ScopeVersion, toString(toUnixTimestamp64Nano(Timestamp)), toString(Duration), StatusCode, StatusMessage, ' +
    'SpanAttributes, SpanNumbers, ResourceAttributes, arrayMap(t -> toString(toUnixTimestamp64Nano(t)), `Events.Timestamp`), `Events.Name`, `Events.Attributes`, ' +
    '`Links.TraceId`, `Links.SpanId`, `Links.TraceState`, `Links.Attributes` ' +
    `FROM ${sampled?.all ?? 'otel_traces'} WHERE ${IN_TRACE}${spanId === undefined ? '' : ' AND SpanId = {span:String}'} ORDER BY Timestamp LIMIT {most:UInt64}`;
  type Row = [
    ...[string, string, string, string, string, string, string, string, string, string, string, string],
    ...[Texts, Record<string, number>, Texts, string[], string[], Texts[], string[], string[], string[], Texts[]],
  ];
  const params = { ...traceParameters(traceId, bounds), most, ...(spanId !== undefined && { span: spanId.toLowerCase() }) };
  const rows = await readRows<Row>(clickhouse, sql, { params, ...(signal && { signal }) });
  return rows.map((row): FullSpanRow => {
    const [id, parentId, traceState, service, operation, kind, scopeName, scopeVersion, startNs, durationNs, status, statusMessage] = row;
    const [, , , , , , , , , , , , attributes, numbers, resource, times, names, eventAttributes, linkTraces, linkSpans, linkStates, linkAttributes] = row;
    return {
      spanId: id,
      parentId,
      traceState,
      service,
      operation,
      kind,
      scopeName,
      scopeVersion,
      startNs: BigInt(startNs),
      durationNs: BigInt(durationNs),
      status,
      statusMessage,
      attributes,
      numbers,
      resource,
      events: times.map((time, i) => ({ timeNs: BigInt(time), name: names[i]!, attributes: eventAttributes[i]! })),
      links: linkTraces.map((traceOfLink, i) => ({ traceId: traceOfLink, spanId: linkSpans[i]!, traceState: linkStates[i]!, attributes: linkAttributes[i]! })),
    };
  });
}
