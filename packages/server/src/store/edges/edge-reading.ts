import type { ClickHouse, QueryParameters } from '../clickhouse/clickhouse.ts';
import { readRows } from '../metrics/exemplar-reading.ts';
import { bucketRange } from './bucket-ranges.ts';
import { durationsOf, type DurationHistogram } from './durations.ts';
import { edgesOfStored } from './edge-sql.ts';

export interface EdgeRange {
  /** The bucket of a call's end lies in [startMs, endMs); ranges above ten minutes are widened to whole minutes. */
  readonly startMs: number;
  readonly endMs: number;
  /** '' or absent: all. */
  readonly environment?: string;
  readonly signal?: AbortSignal;
}

type EdgeNodeType = 'service' | 'database' | 'cache' | 'queue' | 'external' | 'function';
type EdgeKind = 'request' | 'publish' | 'consume';

/**
 * How a call is known. both: a client's and a server's span; parent: a server's span whose parent is another span of the caller;
 * client: only one span, which names its peer; address: a client's span whose address is one of that service.
 */
type EdgeEvidence = 'both' | 'parent' | 'client' | 'address';

export interface SpanExample {
  readonly traceId: string;
  readonly spanId: string;
  readonly durationMs: number;
  readonly endMs: number;
}

/** Calls between two nodes by one protocol, one pair of versions and one kind of evidence, in the range or one step of it. */
export interface EdgeRow {
  /** Start of the step; the range's start without steps. */
  readonly timeMs: number;
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
  /** As the caller saw it; null where no span of its own shows it. */
  readonly clientSide: DurationHistogram | null;
  readonly serverSide: DurationHistogram | null;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** A failed call where there is one, else the slowest. */
  readonly example: SpanExample & { readonly isError: boolean };
}

/** Server spans without a known caller, by service. */
interface UncalledRow {
  readonly timeMs: number;
  readonly environment: string;
  readonly service: string;
  readonly calls: number;
  readonly errors: number;
}

export interface EdgesAnswer {
  readonly edges: EdgeRow[];
  /** Server spans without a parent: requests from outside. */
  readonly entries: UncalledRow[];
  /** Server spans whose parent did not come within a minute: callers the map may lack. */
  readonly orphans: UncalledRow[];
}

type Row = [
  timeMs: number,
  environment: string,
  client: string,
  clientType: EdgeNodeType,
  clientVersion: string,
  server: string,
  serverType: EdgeNodeType,
  serverVersion: string,
  kind: EdgeKind,
  protocol: string,
  evidence: EdgeEvidence | 'root' | 'orphan',
  calls: number,
  errors: number,
  retries: number,
  clientSum: number,
  serverSum: number,
  clientHistogram: Record<string, number>,
  serverHistogram: Record<string, number>,
  firstSeenMs: number,
  lastSeenMs: number,
  exemplar: [isError: number, durationNs: number, traceId: string, spanId: string, endMs: number],
];

const KEY = 'Environment, Client, ClientType, ClientVersion, Server, ServerType, ServerVersion, Kind, Protocol, Evidence';
const SEEN = 'toUnixTimestamp64Milli(FirstSeen), toUnixTimestamp64Milli(LastSeen), Exemplar';
const VALUES = 'Calls, Errors, Retries, ClientSum, ServerSum, ClientHistogram, ServerHistogram';
const inEnvironment = "({environment:String} = '' OR Environment = {environment:String})";

export interface EdgesRequest extends EdgeRange {
  /** Whole multiple of 10 s; of a minute or an hour it is quicker. Default: no steps. */
  readonly stepMs?: number;
  /** Only edges at one of these nodes, by name. Default: all. */
  readonly nodes?: readonly string[];
}

/** The edges of a range, merged, or step by step. */
export async function readEdges(clickhouse: ClickHouse, { startMs, endMs, environment = '', stepMs, nodes, signal }: EdgesRequest): Promise<EdgesAnswer> {
  const where = `${inEnvironment}${nodes === undefined ? '' : ' AND (Client IN {nodes:Array(String)} OR Server IN {nodes:Array(String)})'}`;
  const stepS = stepMs === undefined ? undefined : Math.max(10, Math.ceil(stepMs / 10_000) * 10);
  const from = bucketRange('service_edges', startMs, endMs, `Bucket, ${KEY}, ${VALUES}, FirstSeen, LastSeen, Exemplar`, where, stepS);
  const time = stepS === undefined ? `toInt64({startMs:Int64})` : `intDiv(toUnixTimestamp(Bucket), ${stepS}) * ${stepS * 1000}`;
  const sql =
    `SELECT ${time} AS time, ${KEY}, sum(Calls) AS calls, sum(Errors), sum(Retries), sum(ClientSum), sum(ServerSum), sumMap(ClientHistogram), sumMap(ServerHistogram), ` +
    `toUnixTimestamp64Milli(min(FirstSeen)), toUnixTimestamp64Milli(max(LastSeen)), max(Exemplar) FROM ${from} GROUP BY time, ${KEY} HAVING calls > 0`;
  return answer(await rows(clickhouse, sql, { startMs, environment, ...(nodes !== undefined && { nodes }) }, signal));
}

/**
 * The same, made anew from the spans that are kept and start in [startMs, endMs), whenever they came: for questions about sampled or imported
 * history that the aggregates do not hold. Costs some microseconds of CPU a span and half a second for working out the statement:
 * ask for hours, not for weeks.
 */
export async function readEdgesFromSpans(clickhouse: ClickHouse, { startMs, endMs, environment = '', signal }: EdgeRange): Promise<EdgesAnswer> {
  const sql = `SELECT {startMs:Int64}, ${KEY}, ${VALUES}, ${SEEN} FROM (${edgesOfStored()})`;
  return answer(await rows(clickhouse, sql, { startMs, endMs, environment }, signal));
}

function rows(clickhouse: ClickHouse, sql: string, params: QueryParameters, signal: AbortSignal | undefined): Promise<Row[]> {
  return readRows<Row>(clickhouse, sql, { params, ...(signal && { signal }) });
}

function answer(found: readonly Row[]): EdgesAnswer {
  const edges: EdgeRow[] = [];
  const uncalled = { root: new Map<string, UncalledRow>(), orphan: new Map<string, UncalledRow>() };
  for (const row of found) {
    const [timeMs, environment, client, clientType, clientVersion, server, serverType, serverVersion, kind, protocol, evidence, calls, errors, retries] = row;
    if (evidence === 'root' || evidence === 'orphan') {
      const key = `${timeMs}\0${environment}\0${server}`;
      const known = uncalled[evidence].get(key);
      uncalled[evidence].set(key, { timeMs, environment, service: server, calls: calls + (known?.calls ?? 0), errors: errors + (known?.errors ?? 0) });
      continue;
    }
    const [clientSum, serverSum, clientHistogram, serverHistogram, firstSeenMs, lastSeenMs, [isError, durationNs, traceId, spanId, endMs]] = row.slice(14) as [number, number, Record<string, number>, Record<string, number>, number, number, Row[20]];
    edges.push({
      timeMs,
      environment,
      client,
      clientType,
      clientVersion,
      server,
      serverType,
      serverVersion,
      kind,
      protocol,
      evidence,
      calls,
      errors,
      retries,
      clientSide: durationsOf(clientHistogram, clientSum),
      serverSide: durationsOf(serverHistogram, serverSum),
      firstSeenMs,
      lastSeenMs,
      example: { traceId, spanId, durationMs: durationNs / 1e6, endMs, isError: isError === 1 },
    });
  }
  return { edges, entries: [...uncalled.root.values()], orphans: [...uncalled.orphan.values()] };
}
