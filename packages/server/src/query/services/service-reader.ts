import type { ClickHouse } from '../../store/clickhouse/clickhouse.ts';
import { bucketRange } from '../../store/edges/bucket-ranges.ts';
import { readInstances, readOperations } from '../../store/edges/service-reading.ts';
import { readRows } from '../../store/metrics/exemplar-reading.ts';
import type { Counted } from '../topology/evidence.ts';
import type { TopologyRange } from '../topology/topology-reader.ts';

/** Requests that a service received; parts that rows are not told apart by are ''. */
export interface RequestRow extends Counted {
  readonly service: string;
  readonly environment: string;
  readonly operation: string;
  /** Server, Consumer, Client, Producer, Internal. */
  readonly kind: string;
  readonly version: string;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

export interface InstanceRequests extends Counted {
  readonly service: string;
  readonly environment: string;
  readonly version: string;
  readonly instance: string;
  readonly host: string;
  readonly language: string;
  readonly lastSeenMs: number;
}

/** Requests of a service in one step. */
export interface TrendRow {
  readonly service: string;
  readonly environment: string;
  readonly timeMs: number;
  readonly calls: number;
  readonly errors: number;
}

/** Reads what services say of themselves. Throws what the store throws. */
export interface ServiceReader {
  requests(range: TopologyRange & { readonly service?: string; readonly by?: readonly ('operation' | 'kind' | 'version')[] }, signal?: AbortSignal): Promise<RequestRow[]>;
  /** Requests by step, a whole multiple of ten seconds; without durations, which would take most of the time. */
  trend(range: TopologyRange & { readonly service?: string; readonly stepMs: number }, signal?: AbortSignal): Promise<TrendRow[]>;
  /** Every service that sent spans, those that only call too. */
  instances(range: TopologyRange & { readonly service?: string }, signal?: AbortSignal): Promise<InstanceRequests[]>;
}

export function createServiceReader({ clickhouse }: { readonly clickhouse: ClickHouse }): ServiceReader {
  const counted = <Row extends { readonly durations: { readonly buckets: ReadonlyMap<number, number> } | null }>(row: Row) => ({ ...row, durations: row.durations?.buckets ?? new Map<number, number>() });
  return {
    requests: async (range, signal) => (await readOperations(clickhouse, { ...range, ...(signal && { signal }) })).map(counted),
    trend: (range, signal) => readTrend(clickhouse, range, signal),
    instances: async (range, signal) => (await readInstances(clickhouse, { ...range, ...(signal && { signal }) })).map(counted),
  };
}

async function readTrend(clickhouse: ClickHouse, { startMs, endMs, environment = '', service = '', stepMs }: TopologyRange & { readonly service?: string; readonly stepMs: number }, signal?: AbortSignal): Promise<TrendRow[]> {
  const stepS = Math.max(10, Math.ceil(stepMs / 10_000) * 10);
  const where = "SpanKind IN ('Server', 'Consumer') AND ({environment:String} = '' OR Environment = {environment:String}) AND ({service:String} = '' OR ServiceName = {service:String})";
  const from = bucketRange('span_metrics', startMs, endMs, 'Bucket, Environment, ServiceName, StatusCode, Calls', where, stepS);
  const sql =
    `SELECT intDiv(toUnixTimestamp(Bucket), ${stepS}) * ${stepS * 1000} AS time, toString(Environment) AS env, toString(ServiceName) AS name, sum(Calls), sumIf(Calls, StatusCode = 'Error') ` +
    `FROM ${from} GROUP BY time, env, name`;
  const rows = await readRows<[number, string, string, number, number]>(clickhouse, sql, { params: { startMs, endMs, environment, service }, ...(signal && { signal }) });
  return rows.map(([timeMs, env, name, calls, errors]) => ({ timeMs, environment: env, service: name, calls, errors }));
}
