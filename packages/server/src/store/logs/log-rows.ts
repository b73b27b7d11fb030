import { severityOf, type LogRecord } from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';
import type { ClickHouse, QueryOptions } from '../clickhouse/clickhouse.ts';
import { IN_ORDER } from '../search/ranked-condition.ts';

/** Names one record. */
export interface RecordId {
  /** Nanoseconds since the epoch. */
  readonly timeNs: bigint;
  readonly sequence: bigint;
}

export interface StoredRecord {
  readonly id: RecordId;
  readonly record: LogRecord;
}

/** Runs a query whose rows are arrays of JSON values; 64-bit integers come as text. */
export async function readJsonRows<Row extends readonly unknown[]>(clickhouse: ClickHouse, sql: string, options: Pick<QueryOptions, 'params' | 'settings' | 'signal'>): Promise<Row[]> {
  const bytes = await clickhouse.query(sql, { ...options, format: 'JSONCompactEachRow', settings: { output_format_json_quote_64bit_integers: 1, ...IN_ORDER, ...options.settings } });
  const text = new TextDecoder().decode(bytes);
  releaseBytes(bytes);
  return text === '' ? [] : (JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`) as Row[]);
}

/** What `storedRecord` reads, in its order. */
export const RECORD_COLUMNS =
  'toUnixTimestamp64Nano(Timestamp), Sequence, ServiceName, Environment, SeverityNumber, SeverityText, Body, EventName, TraceId, SpanId, ScopeName, Pattern, LogAttributes, LogNumbers, ResourceAttributes';

export type RecordRow = readonly [
  timeNs: string,
  sequence: string,
  service: string,
  environment: string,
  severityNumber: number,
  severityText: string,
  body: string,
  eventName: string,
  traceId: string,
  spanId: string,
  scope: string,
  pattern: string,
  attributes: Readonly<Record<string, string>>,
  numbers: Readonly<Record<string, number | null>>,
  resource: Readonly<Record<string, string>>,
];

export function storedRecord(row: RecordRow): StoredRecord {
  const [timeNs, sequence, service, environment, severityNumber, severityText, body, eventName, traceId, spanId, scope, pattern, attributes, numbers, resource] = row;
  const id = { timeNs: BigInt(timeNs), sequence: BigInt(sequence) };
  return {
    id,
    record: {
      id: formatRecordId(id),
      timestamp: formatNanoseconds(id.timeNs),
      service,
      environment,
      severity: severityOf(severityNumber),
      severity_text: severityText,
      body,
      event_name: eventName,
      trace_id: traceId,
      span_id: spanId,
      scope,
      pattern: pattern === '0' ? null : pattern,
      attributes: withNumbers(attributes, numbers),
      resource,
    },
  };
}

/** Infinities and NaN, which JSON lacks, stay text. */
function withNumbers(attributes: Readonly<Record<string, string>>, numbers: Readonly<Record<string, number | null>>): Record<string, string | number> {
  const merged: Record<string, string | number> = { ...attributes };
  for (const [name, number] of Object.entries(numbers)) if (number !== null) merged[name] = number;
  return merged;
}

export function formatRecordId({ timeNs, sequence }: RecordId): string {
  return `${timeNs}-${sequence}`;
}

const RECORD_ID = /^(\d{1,19})-(\d{1,20})$/;
const LARGEST_TIME_NS = 4_294_967_295_999_999_999n;
const LARGEST_SEQUENCE = 18_446_744_073_709_551_615n;

/** Undefined where the text names no record. */
export function parseRecordId(text: string): RecordId | undefined {
  const match = RECORD_ID.exec(text);
  if (!match) return undefined;
  const id = { timeNs: BigInt(match[1]!), sequence: BigInt(match[2]!) };
  return id.timeNs > LARGEST_TIME_NS || id.sequence > LARGEST_SEQUENCE ? undefined : id;
}

/** RFC 3339 with nanoseconds. */
export function formatNanoseconds(timeNs: bigint): string {
  const seconds = timeNs / 1_000_000_000n;
  const fraction = (timeNs % 1_000_000_000n).toString().padStart(9, '0');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}
