import { EDGE_KEY } from '../clickhouse/span-metric-tables.ts';
import { histogramBucket } from '../clickhouse/span-metric-views.ts';
import { callsInWindow, callsOfStored, CASE, MEANINGS, type Calls } from './call-sql.ts';

/**
 * The statements that make edges of calls. Calls are counted by the shapes of their two spans, which are numbers; what a shape stands for is looked
 * up once per edge. Where the calls come from is in `call-sql.ts`.
 */

/** Third parties that one statement may find for one caller; those called least are one node. */
export const MOST_EXTERNALS = 100;
export const OTHER_EXTERNALS = '(others)';

const SHAPES =
  'SELECT Shape AS shape, any(Environment) AS env, any(ServiceName) AS service, any(ServiceVersion) AS version, any(Protocol) AS protocol, any(toString(PeerType)) AS peerType, any(PeerName) AS peer, any(Kind) AS spanKind, ' +
  "if(any(IsFunction), 'function', 'service') AS type, any(IsConsuming) AS consumes, any(Peer) = 3 AND NOT consumes AS sends, any(Peer) = 3 AND spanKind = 4 AS takes FROM span_shapes GROUP BY shape";

/**
 * What calls are told apart by, from the shapes `p` of the caller's span and `c` of the called one's; `kind` is one of CASE. In steps, because the
 * engine works out an alias anew wherever it stands.
 */
function named(groups: string): string {
  const joined =
    `SELECT g.*, g.kind = ${CASE.pair} AS isPair, g.kind IN (${CASE.named}, ${CASE.placed}) AS isOurs, g.kind IN (${CASE.root}, ${CASE.orphan}) AS isEntry, ` +
    // A queue is the caller; the peer that a span names is the called one.
    `(g.kind = ${CASE.pair} AND p.sends) OR (g.kind = ${CASE.span} AND c.consumes) AS fromQueue, g.kind = ${CASE.unknown} OR (g.kind = ${CASE.span} AND NOT c.consumes) OR (g.kind = ${CASE.pair} AND c.takes AND NOT p.sends) AS toPeer, ` +
    'c.env, c.service, c.version, c.protocol, c.peerType, c.peer, c.type, p.service, p.version, p.protocol, p.peer, p.type, p.spanKind, m.named, m.placed '.replaceAll(/([cpm])\.(\w+)/g, '$1.$2 AS $1_$2') +
    `FROM (${groups}) AS g ANY LEFT JOIN (${SHAPES}) AS c ON c.shape = g.callee ANY LEFT JOIN (${SHAPES}) AS p ON p.shape = g.caller ANY LEFT JOIN (${MEANINGS}) AS m ON m.shape = g.callee`;
  const columns: Record<string, string> = {
    Client: "multiIf(isEntry, '', fromQueue, p_peer, toString(p_service))",
    Server: `multiIf(kind = ${CASE.named}, m_named, kind = ${CASE.placed}, m_placed, toPeer, c_peer, toString(c_service))`,
    ClientType: "multiIf(isEntry, '', fromQueue, 'queue', p_type)",
    ServerType: "multiIf(isOurs, 'service', toPeer, c_peerType, c_type)",
    Kind: "multiIf(fromQueue, 'consume', isPair AND (toPeer OR p_spanKind = 3) OR toPeer AND c_peerType = 'queue', 'publish', 'request')",
    Protocol: "toString(if(isPair AND p_protocol != '', p_protocol, c_protocol))",
    Evidence: `multiIf(isPair, if(p_spanKind IN (2, 3), 'both', 'parent'), isEntry, if(kind = ${CASE.root}, 'root', 'orphan'), isOurs, 'address', 'client')`,
    Environment: 'toString(c_env)',
    ClientVersion: "if(isEntry OR fromQueue, '', toString(p_version))",
    ServerVersion: "if(isOurs OR toPeer, '', toString(c_version))",
    hasClient: 'NOT isEntry AND NOT fromQueue AND (NOT isPair OR p_spanKind IN (2, 3))',
    hasServer: 'NOT isOurs AND NOT toPeer',
  };
  return `SELECT *, ${Object.entries(columns).map(([name, sql]) => `${sql} AS ${name}`).join(', ')} FROM (${joined})`;
}

/** Calls counted by their shapes and the buckets of their durations. */
function counted({ calls, retries }: Calls, bucket: string): string {
  return (
    `SELECT ${bucket}kind, caller, callee, ${histogramBucket('clientNs')} AS clientBucket, ${histogramBucket('serverNs')} AS serverBucket, ` +
    `sum(weight) AS n, sumIf(weight, failed) AS errors, sumIf(weight, clientSpan IN (${retries})) AS retries, sum(weight * clientNs) / 1e9 AS clientSeconds, sum(weight * serverNs) / 1e9 AS serverSeconds, ` +
    'min(time) AS first, max(time) AS last, max(worth) AS worst, argMax(trace, worth) AS worstTrace, argMax(span, worth) AS worstSpan, argMax(time, worth) AS worstTime ' +
    // Failed ones first, then the slowest.
    `FROM (SELECT *, bitOr(least(greatest(clientNs, serverNs), 4611686018427387903), bitShiftLeft(toUInt64(failed), 63)) AS worth FROM (${calls})) GROUP BY ${bucket === '' ? '' : 'Bucket, '}kind, caller, callee, clientBucket, serverBucket`
  );
}

/** One row per key of `service_edges`, with `Bucket` where the calls shall be kept. The order makes the same rows the same block. */
function edgeRows(groups: string, bucket: string): string {
  const key = `${bucket}${EDGE_KEY.join(', ')}`;
  const isOther = `ServerType = 'external' AND dense_rank() OVER (PARTITION BY Client, ServerType ORDER BY often DESC, Server) > ${MOST_EXTERNALS}`;
  const ranked = `SELECT * REPLACE (if(${isOther}, '${OTHER_EXTERNALS}', Server) AS Server) FROM (SELECT *, sum(abs(n)) OVER (PARTITION BY Client, ServerType, Server) AS often FROM (${named(groups)}))`;
  return (
    `SELECT ${key}, sum(n) AS Calls, sum(errors) AS Errors, sum(retries) AS Retries, sumIf(clientSeconds, hasClient) AS ClientSum, sumIf(serverSeconds, hasServer) AS ServerSum, ` +
    'sumMapIf(map(clientBucket, n), hasClient) AS ClientHistogram, sumMapIf(map(serverBucket, n), hasServer) AS ServerHistogram, ' +
    'fromUnixTimestamp64Milli(intDiv(min(first), 1000000)) AS FirstSeen, fromUnixTimestamp64Milli(intDiv(max(last), 1000000)) AS LastSeen, ' +
    '(toUInt8(bitShiftRight(max(worst), 63)), bitAnd(max(worst), 4611686018427387903), argMax(worstTrace, worst), argMax(worstSpan, worst), intDiv(argMax(worstTime, worst), 1000000)) AS Exemplar ' +
    `FROM (${ranked}) GROUP BY ${key} ORDER BY ${key}`
  );
}

const EDGE_COLUMNS = ['Bucket', ...EDGE_KEY, 'Calls', 'Errors', 'Retries', 'ClientSum', 'ServerSum', 'ClientHistogram', 'ServerHistogram', 'FirstSeen', 'LastSeen', 'Exemplar'] as const;

const WINDOW_START = 'fromUnixTimestamp64Milli({startMs:Int64})';
const WINDOW_END = 'fromUnixTimestamp64Milli({endMs:Int64})';
const COUNTED = 'Bucket, kind, caller, callee, clientBucket, serverBucket, n, errors, retries, clientSeconds, serverSeconds, first, last, worst, worstTrace, worstSpan, worstTime';

/** Stores the calls of the spans that arrived in (startMs, endMs]; parameters are startMs, endMs, waitMs, lookbackMs. */
export const COUNT_CALLS =
  `INSERT INTO service_calls (WindowStart, WindowEnd, ${COUNTED}) SELECT ${WINDOW_START}, ${WINDOW_END}, ${COUNTED} FROM (${counted(callsInWindow(), 'toDateTime(intDiv(time, 10000000000) * 10) AS Bucket, ')}) ` +
  'ORDER BY Bucket, kind, caller, callee, clientBucket, serverBucket';

/** Makes edges of the calls of that window; parameters are startMs, endMs. */
export const ADD_EDGES = `INSERT INTO service_edges (${EDGE_COLUMNS.join(', ')}) ${edgeRows(`SELECT ${COUNTED} FROM service_calls WHERE WindowStart = ${WINDOW_START} AND WindowEnd = ${WINDOW_END}`, 'Bucket, ')}`;

/** Edges of all spans whose start lies in [startMs, endMs), whenever they came; parameters are these and environment. */
export function edgesOfStored(): string {
  return edgeRows(counted(callsOfStored(), ''), '');
}
