import type { MetricReader } from '@pitot/core';
import type { ClickHouse } from '../../store/clickhouse/clickhouse.ts';
import { readEdges, type EdgeRow, type EdgesAnswer } from '../../store/edges/edge-reading.ts';
import { readInstances, readOperations, type InstanceRow, type OperationRow } from '../../store/edges/service-reading.ts';
import { readRows } from '../../store/metrics/exemplar-reading.ts';
import type { CallRow, CallTarget, Counted, DeclarationKeeper, Evidence, ServiceAddress, ServiceRow } from './evidence.ts';
import { readRequestSteps, type RequestStep, type RequestStepsRange } from '../services/request-steps.ts';
import type { TraceQueries } from '../traces/trace-queries.ts';
import { readSockets } from './socket-reading.ts';
import { createTraceSampler, type TraceSampler } from './trace-sampler.ts';

/** `startMs` inclusive, `endMs` exclusive, milliseconds since the epoch. */
export interface TopologyRange {
  readonly startMs: number;
  readonly endMs: number;
  /** Value of `deployment.environment.name`; every environment where absent. */
  readonly environment?: string;
}

/** What spans alone say. */
type SpanEvidence = Pick<Evidence, 'services' | 'calls' | 'entries' | 'notes'>;

/** Requests of a node in one step of time. */
export interface StepRow extends Counted {
  /** Of services by their name; of what has no spans of its own, as its callers see it. */
  readonly target: CallTarget;
  /** Start of the step. */
  readonly timeMs: number;
}

/** Reads what is known of who calls whom. Throws what the stores throw. */
export interface TopologyReader {
  spans(range: TopologyRange, signal?: AbortSignal): Promise<SpanEvidence>;
  /** Of them, what calls whom: one statement where `spans` needs three. */
  calls(range: TopologyRange, signal?: AbortSignal): Promise<Pick<Evidence, 'calls' | 'entries'>>;
  /** What spans say, with sockets, declarations and addresses. */
  everything(range: TopologyRange, signal?: AbortSignal): Promise<Evidence>;
  /** Requests by node and step, `stepMs` a whole multiple of ten seconds; of all nodes, or of those with one of these names. */
  steps(range: TopologyRange & { readonly stepMs: number; readonly names?: readonly string[] }, signal?: AbortSignal): Promise<StepRow[]>;
  /** What services received, step by step: by it they are judged. */
  requestSteps(range: RequestStepsRange, signal?: AbortSignal): Promise<RequestStep[]>;
  /** Reads whole traces that `traces` finds. */
  sampler(traces: Pick<TraceQueries, 'search'>): TraceSampler;
}

export interface TopologyReaderOptions {
  readonly clickhouse: ClickHouse;
  readonly metrics: MetricReader;
  readonly declarations: DeclarationKeeper;
}

const MOST_FLOWS = 100_000;
const MOST_ADDRESSES = 50_000;

export function createTopologyReader({ clickhouse, metrics, declarations }: TopologyReaderOptions): TopologyReader {
  const asked = (range: TopologyRange, signal: AbortSignal | undefined) => ({ ...range, ...(signal && { signal }) });
  async function spans(range: TopologyRange, signal?: AbortSignal): Promise<SpanEvidence> {
    const request = asked(range, signal);
    const [found, operations, instances] = await Promise.all([readEdges(clickhouse, request), readOperations(clickhouse, { ...request, by: ['version'] }), readInstances(clickhouse, request)]);
    return { services: serviceRows(found.edges, operations, instances), calls: found.edges.map(callRow), entries: found.entries, notes: notesOf(found, operations) };
  }
  return {
    spans,
    async calls(range, signal) {
      const { edges, entries } = await readEdges(clickhouse, asked(range, signal));
      return { calls: edges.map(callRow), entries };
    },
    requestSteps: (range, signal) => readRequestSteps(clickhouse, range, signal),
    sampler: (traces) => createTraceSampler(clickhouse, traces),
    async everything(range, signal) {
      const [bySpans, sockets, declared, serviceAddresses] = await Promise.all([
        spans(range, signal),
        readSockets(metrics, { startMs: range.startMs, endMs: range.endMs, maxSeries: MOST_FLOWS, ...(signal && { signal }) }),
        declarations.list(),
        readServiceAddresses(clickhouse, asked(range, signal)),
      ]);
      return { ...bySpans, ...sockets, declared, serviceAddresses };
    },
    async steps({ names, ...range }, signal) {
      const request = asked(range, signal) as TopologyRange & { stepMs: number };
      const [edges, operations] = await Promise.all([readEdges(clickhouse, { ...request, ...(names && { nodes: names }) }), readOperations(clickhouse, request)]);
      const wanted = names && new Set(names);
      const own = operations.filter(({ service }) => wanted === undefined || wanted.has(service));
      const counted = new Set(own.map(({ service }) => service));
      return [
        ...own.map((row): StepRow => ({ target: { type: 'service', name: row.service, system: '' }, timeMs: row.timeMs, ...countsOf(row, row.durations) })),
        ...edges.edges
          .filter(({ kind, server, serverType }) => kind !== 'consume' && !(serverType === 'service' && counted.has(server)) && (wanted === undefined || wanted.has(server)))
          .map((row): StepRow => ({ target: callRow(row).target, timeMs: row.timeMs, ...countsOf(row, row.clientSide ?? row.serverSide) })),
      ];
    },
  };
}

function serviceRows(edges: readonly EdgeRow[], operations: readonly OperationRow[], instances: readonly InstanceRow[]): ServiceRow[] {
  const functions = new Set(edges.flatMap(({ client, clientType, server, serverType }) => [...(clientType === 'function' ? [client] : []), ...(serverType === 'function' ? [server] : [])]));
  const namespaces = new Map(instances.filter(({ namespace }) => namespace !== '').map(({ service, namespace }) => [service, namespace]));
  const row = (service: string, environment: string, version: string, seen: { firstSeenMs: number; lastSeenMs: number }, counted: Counted): ServiceRow => ({
    service,
    environment,
    version,
    namespace: namespaces.get(service) ?? '',
    isFunction: functions.has(service),
    firstSeenMs: seen.firstSeenMs,
    lastSeenMs: seen.lastSeenMs,
    ...counted,
  });
  return [
    ...operations.map((found) => row(found.service, found.environment, found.version, found, countsOf(found, found.durations))),
    // Who only calls has no requests; its instances show that it is there, and which versions.
    ...instances.map((found) => row(found.service, found.environment, found.version, found, countsOf({ calls: 0, errors: 0 }, null))),
  ];
}

function callRow(row: EdgeRow): CallRow {
  const end = (type: EdgeRow['clientType'], name: string): CallTarget => ({ type, name, system: type === 'database' || type === 'cache' || type === 'queue' ? row.protocol : '' });
  return {
    source: end(row.clientType, row.client),
    target: end(row.serverType, row.server),
    sourceVersion: row.clientVersion,
    targetVersion: row.serverVersion,
    protocol: row.protocol,
    kind: row.kind,
    evidence: row.evidence === 'both' || row.evidence === 'parent' ? 'both' : row.evidence === 'address' ? 'address' : 'named',
    retries: row.retries,
    firstSeenMs: row.firstSeenMs,
    lastSeenMs: row.lastSeenMs,
    ...countsOf(row, row.clientSide ?? row.serverSide),
  };
}

function countsOf({ calls, errors }: { readonly calls: number; readonly errors: number }, histogram: EdgeRow['clientSide']): Counted {
  return { calls, errors, durations: histogram?.buckets ?? new Map() };
}

function notesOf({ orphans }: EdgesAnswer, operations: readonly OperationRow[]): string[] {
  const total = operations.reduce((sum, { calls }) => sum + calls, 0);
  const without = new Map<string, number>();
  for (const { service, calls } of orphans) without.set(service, (without.get(service) ?? 0) + calls);
  const worst = [...without].sort((a, b) => b[1] - a[1]);
  const calls = worst.reduce((sum, [, count]) => sum + count, 0);
  if (calls === 0 || calls < total * 0.01) return [];
  return [`The callers of ${Math.max(1, Math.round((100 * calls) / Math.max(calls, total)))} % of the requests did not send their spans, most of them to ${worst[0]![0]}: edges into it may be missing.`];
}

async function readServiceAddresses(clickhouse: ClickHouse, { startMs, environment = '', signal }: TopologyRange & { readonly signal?: AbortSignal }): Promise<ServiceAddress[]> {
  const sql =
    `SELECT toString(ServiceName), Address FROM service_addresses WHERE LastSeen >= toDateTime(intDiv({startMs:Int64}, 1000)) AND ({environment:String} = '' OR Environment = {environment:String}) ` +
    `GROUP BY ServiceName, Address LIMIT ${MOST_ADDRESSES}`;
  const rows = await readRows<[string, string]>(clickhouse, sql, { params: { startMs, environment }, ...(signal && { signal }) });
  return rows.map(([service, address]) => ({ service, address }));
}
