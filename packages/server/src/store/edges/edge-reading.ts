import type { ClickHouse } from '../clickhouse/clickhouse.ts';

export interface EdgeRange {
  /** The bucket of a call's end lies in [startMs, endMs). */
  readonly startMs: number;
  readonly endMs: number;
  /** '' or absent: all. */
  readonly environment?: string;
  readonly signal?: AbortSignal;
}

export type EdgeNodeType = 'service' | 'database' | 'cache' | 'queue' | 'external' | 'function';
export type EdgeKind = 'request' | 'publish' | 'consume';

/**
 * How a call is known. both: a client's and a server's span; parent: a server's span whose parent is another span of the caller;
 * client: only the client's span, which names its peer; address: the same, and the address is one of that service.
 */
export type EdgeEvidence = 'both' | 'parent' | 'client' | 'address';

/** Calls between two nodes by one protocol, one pair of versions and one kind of evidence, in the range. */
export interface EdgeRow {
  readonly environment: string;
  readonly client: string;
  readonly clientType: EdgeNodeType;
  readonly clientVersion: string;
  readonly server: string;
  readonly serverType: EdgeNodeType;
  readonly serverVersion: string;
  readonly kind: EdgeKind;
  /** http, grpc, postgresql, redis, kafka, …; '' where unknown. */
  readonly protocol: string;
  readonly evidence: EdgeEvidence;
  /** Upscaled where spans were sampled. */
  readonly calls: number;
  readonly errors: number;
  /** Calls that repeat a failed one of the same parent to the same target. */
  readonly retries: number;
  readonly clientSide: Durations | null;
  readonly serverSide: Durations | null;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** A failed call where there is one, else the slowest. */
  readonly exemplar: { readonly traceId: string; readonly spanId: string; readonly durationMs: number; readonly timeMs: number; readonly isError: boolean };
}

export interface Durations {
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

export interface EdgesAnswer {
  readonly edges: EdgeRow[];
  /** Requests that came from outside: server spans without a parent, by service. */
  readonly entries: { readonly environment: string; readonly service: string; readonly calls: number; readonly errors: number }[];
  /** Server spans whose parent did not come within a minute, by service: callers the map may lack. */
  readonly orphans: { readonly environment: string; readonly service: string; readonly calls: number }[];
}

/** Spans of a service by operation and kind, in the range. */
export interface OperationRow {
  readonly environment: string;
  readonly service: string;
  readonly version: string;
  /** With its ids taken out; '' where grouped by service. */
  readonly operation: string;
  /** Server, Consumer, Client, Producer, Internal, Unspecified. */
  readonly kind: string;
  readonly calls: number;
  readonly errors: number;
  readonly durations: Durations | null;
  readonly exemplar: { readonly traceId: string; readonly spanId: string; readonly durationMs: number; readonly timeMs: number };
}

export interface OperationsRequest extends EdgeRange {
  readonly service?: string;
  /** Default: Server and Consumer, which are the requests a service receives. */
  readonly kinds?: readonly string[];
  /** Default: service. */
  readonly by?: 'service' | 'operation';
}

/** The edges of a range, merged. Ranges above ten minutes are widened to whole minutes, above six hours to whole minutes at the ends and hours between. */
export async function readEdges(clickhouse: ClickHouse, range: EdgeRange): Promise<EdgesAnswer> {
  throw new Error(`not yet: ${clickhouse.kind} ${range.startMs}`);
}

/** Rate, errors and durations of services, or of their operations, as their own spans say. */
export async function readOperations(clickhouse: ClickHouse, request: OperationsRequest): Promise<OperationRow[]> {
  throw new Error(`not yet: ${clickhouse.kind} ${request.startMs}`);
}

export interface TrendRow {
  readonly environment: string;
  readonly service: string;
  readonly timeMs: number;
  readonly calls: number;
  readonly errors: number;
}

/** Requests received per service and step, for the small charts; `stepMs` is rounded up to what the tables have (10 s, 1 min, 1 h multiples). */
export async function readTrends(clickhouse: ClickHouse, request: EdgeRange & { readonly stepMs: number; readonly service?: string }): Promise<TrendRow[]> {
  throw new Error(`not yet: ${clickhouse.kind} ${request.stepMs}`);
}
