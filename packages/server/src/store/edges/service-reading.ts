import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { readRows } from '../metrics/exemplar-reading.ts';
import { bucketRange } from './bucket-ranges.ts';
import { durationsOf, type DurationHistogram } from './durations.ts';
import type { EdgeRange, SpanExample } from './edge-reading.ts';

export interface OperationsRequest extends EdgeRange {
  readonly service?: string;
  /** Server, Consumer, Client, Producer, Internal, Unspecified. Default: Server and Consumer, which are the requests a service receives. */
  readonly kinds?: readonly string[];
  /** What rows are told apart by, besides service and environment. Default: nothing. */
  readonly by?: readonly ('operation' | 'kind' | 'version')[];
  /** Whole multiple of 10 s; of a minute or an hour it is quicker. Default: no steps. */
  readonly stepMs?: number;
}

/** Spans of a service in the range or one step of it. Fields that rows are not told apart by are ''. */
export interface OperationRow {
  readonly timeMs: number;
  readonly environment: string;
  readonly service: string;
  readonly version: string;
  /** With its ids taken out. */
  readonly operation: string;
  readonly kind: string;
  readonly calls: number;
  readonly errors: number;
  readonly durations: DurationHistogram | null;
  /** The slowest, of the failed ones where there are some. */
  readonly example: SpanExample & { readonly isError: boolean };
  /** Buckets of the spans' ends, as fine as what was read: from the start of the first to the end of the last, at least ten seconds. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

const REQUESTS = ['Server', 'Consumer'];
const COLUMNS = { operation: 'SpanName', kind: 'SpanKind', version: 'ServiceVersion' } as const;

/** Rate, errors and durations of services, or of their operations, as their own spans say. */
export async function readOperations(clickhouse: ClickHouse, request: OperationsRequest): Promise<OperationRow[]> {
  const { startMs, endMs, environment = '', service, kinds = REQUESTS, by = [], stepMs, signal } = request;
  const stepS = stepMs === undefined ? undefined : Math.max(10, Math.ceil(stepMs / 10_000) * 10);
  const where = `SpanKind IN {kinds:Array(String)} AND ({environment:String} = '' OR Environment = {environment:String})${service === undefined ? '' : ' AND ServiceName = {service:String}'}`;
  const from = bucketRange('span_metrics', startMs, endMs, '*', where, stepS);
  const time = stepS === undefined ? 'toInt64({startMs:Int64})' : `intDiv(toUnixTimestamp(Bucket), ${stepS}) * ${stepS * 1000}`;
  const part = (name: keyof typeof COLUMNS): string => (by.includes(name) ? `toString(${COLUMNS[name]})` : "''");
  const sql =
    `SELECT ${time} AS time, toString(Environment) AS env, toString(ServiceName) AS service, ${part('version')} AS version, ${part('operation')} AS operation, ${part('kind')} AS kind, ` +
    `sum(Calls), sumIf(Calls, StatusCode = 'Error'), sum(DurationSum), sumMap(Histogram), max((StatusCode = 'Error', Exemplar)) AS worst, toUnixTimestamp(min(Bucket)) * 1000, toUnixTimestamp(max(Bucket)) * 1000 + 10000 ` +
    `FROM ${from} GROUP BY time, env, service, version, operation, kind`;
  type Row = [number, string, string, string, string, string, number, number, number, Record<string, number>, [number, [number, string, string, number]], number, number];
  const params = { startMs, kinds, environment, ...(service !== undefined && { service }) };
  const rows = await readRows<Row>(clickhouse, sql, { params, ...(signal && { signal }) });
  return rows.map(([timeMs, env, name, version, operation, kind, calls, errors, sum, histogram, [isError, [durationNs, traceId, spanId, lastMs]], firstSeenMs, lastSeenMs]) => ({
    timeMs,
    environment: env,
    service: name,
    version,
    operation,
    kind,
    calls,
    errors,
    durations: durationsOf(histogram, sum),
    example: { traceId, spanId, durationMs: durationNs / 1e6, endMs: lastMs, isError: isError === 1 },
    firstSeenMs,
    lastSeenMs,
  }));
}

/** An instance of a service with the requests it received; none where it only calls. */
export interface InstanceRow {
  readonly environment: string;
  readonly service: string;
  readonly version: string;
  /** service.instance.id, else the pod's or host's name; '' where none was sent. */
  readonly instance: string;
  readonly host: string;
  /** service.namespace, else the Kubernetes one. */
  readonly namespace: string;
  /** telemetry.sdk.language. */
  readonly language: string;
  readonly calls: number;
  readonly errors: number;
  readonly durations: DurationHistogram | null;
  /** Whole minutes. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** Every service that sent spans in the range, by instance; the range is widened to whole minutes. */
export async function readInstances(clickhouse: ClickHouse, { startMs, endMs, environment = '', service, signal }: EdgeRange & { readonly service?: string }): Promise<InstanceRow[]> {
  const key = 'Environment, ServiceName, ServiceVersion, Instance, Host, Namespace, Language';
  const sql =
    `SELECT ${key}, sum(Calls), sum(Errors), sum(DurationSum), sumMap(Histogram), toUnixTimestamp(min(Bucket)) * 1000, toUnixTimestamp(max(Bucket)) * 1000 + 60000 FROM service_instances ` +
    `WHERE Bucket >= toStartOfMinute(fromUnixTimestamp64Milli({startMs:Int64})) AND Bucket < fromUnixTimestamp64Milli({endMs:Int64}) AND ({environment:String} = '' OR Environment = {environment:String})` +
    `${service === undefined ? '' : ' AND ServiceName = {service:String}'} GROUP BY ${key}`;
  type Row = [string, string, string, string, string, string, string, number, number, number, Record<string, number>, number, number];
  const rows = await readRows<Row>(clickhouse, sql, { params: { startMs, endMs, environment, ...(service !== undefined && { service }) }, ...(signal && { signal }) });
  return rows.map(([env, name, version, instance, host, namespace, language, calls, errors, sum, histogram, firstSeenMs, lastSeenMs]) => ({
    environment: env,
    service: name,
    version,
    instance,
    host,
    namespace,
    language,
    calls,
    errors,
    firstSeenMs,
    lastSeenMs,
    durations: durationsOf(histogram, sum),
  }));
}
