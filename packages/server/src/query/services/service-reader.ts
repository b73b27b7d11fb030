import type { ClickHouse } from '../../store/clickhouse/clickhouse.ts';
import { readInstances, readOperations } from '../../store/edges/service-reading.ts';
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
  /** Start of the step, or of the range. */
  readonly timeMs: number;
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

/** Reads what services say of themselves. Throws what the store throws. */
export interface ServiceReader {
  requests(range: TopologyRange & { readonly service?: string; readonly by?: readonly ('operation' | 'kind' | 'version')[]; readonly stepMs?: number }, signal?: AbortSignal): Promise<RequestRow[]>;
  /** Every service that sent spans, those that only call too. */
  instances(range: TopologyRange & { readonly service?: string }, signal?: AbortSignal): Promise<InstanceRequests[]>;
}

export function createServiceReader({ clickhouse }: { readonly clickhouse: ClickHouse }): ServiceReader {
  const counted = <Row extends { readonly durations: { readonly buckets: ReadonlyMap<number, number> } | null }>(row: Row) => ({ ...row, durations: row.durations?.buckets ?? new Map<number, number>() });
  return {
    requests: async (range, signal) => (await readOperations(clickhouse, { ...range, ...(signal && { signal }) })).map(counted),
    instances: async (range, signal) => (await readInstances(clickhouse, { ...range, ...(signal && { signal }) })).map(counted),
  };
}
