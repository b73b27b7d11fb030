import { EDGE_KEY } from '../clickhouse/span-metric-tables.ts';
import { histogramBucket, recentSpans } from '../clickhouse/span-metric-views.ts';

/**
 * The statement that makes calls of spans. A call is known from one of these:
 * - a pair: a span and its parent, which is another service's, or a client's span with a server's below it;
 * - a client's span of a database, a cache or a queue, and a consumer's of a queue: they name their peer, and nothing more is waited for;
 * - a client's span under which no other service's span came in time: its address decides;
 * - a server's span without a parent: an entry; or with one that did not come in time: an orphan.
 * What was decided after waiting is taken back with negative counts where the other span came after all.
 */

/** Where spans are read from and which of them are due. Conditions are on `spans`' columns, `Arrived` among them. */
export interface EdgeSource {
  /** A table or subquery with the columns of `spans_recent`. */
  readonly spans: string;
  /** Spans that may be the other end of one that is due. */
  readonly near: string;
  readonly isDue: string;
  /** Spans that have waited long enough. */
  readonly hasWaited: string;
  /** Longest a span waits for the other, in milliseconds: an expression. */
  readonly waitMs: string;
}

const AT = (ms: string): string => `fromUnixTimestamp64Milli(${ms})`;
const START = '{startMs:Int64}';
const END = '{endMs:Int64}';
const WAIT = '{waitMs:Int64}';
const LOOKBACK = '{lookbackMs:Int64}';

/** Spans that arrived in (startMs, endMs]; parameters are startMs, endMs, waitMs, lookbackMs. */
export const ARRIVED: EdgeSource = {
  spans: 'spans_recent',
  near: `Arrived > ${AT(`${START} - ${WAIT} - ${LOOKBACK}`)} AND Arrived <= ${AT(END)}`,
  isDue: `Arrived > ${AT(START)} AND Arrived <= ${AT(END)}`,
  hasWaited: `Arrived > ${AT(`${START} - ${WAIT}`)} AND Arrived <= ${AT(`${END} - ${WAIT}`)}`,
  waitMs: WAIT,
};

/** All spans whose start lies in [startMs, endMs), whenever they came. */
export const STORED: EdgeSource = {
  spans: `(${recentSpans('otel_traces', `Timestamp >= ${AT(START)} AND Timestamp < ${AT(END)} AND ({environment:String} = '' OR Environment = {environment:String})`, 'Received')})`,
  near: '1',
  isDue: '1',
  hasWaited: '1',
  waitMs: String(1e15),
};

const end = (span: string): string => `(${span}.Start + toInt64(${span}.Duration))`;
const receives = (span: string): string => `${span}.Kind IN ('Server', 'Consumer')`;
const isSame = (a: string, b: string): string => `${a}.ServiceName = ${b}.ServiceName`;

/** Whether `c`, whose parent is `p`, was called by it. */
const isCall = `(NOT (${isSame('p', 'c')}) OR (${receives('c')} AND p.Kind IN ('Client', 'Producer')))`;
const WAITING = "PeerType IN ('external', 'function')";
const COLUMNS = 'Span, Parent, Arrived, Received, TraceId, SpanId, Operation, Kind, ServiceName, ServiceType, ServiceVersion, Environment, Start, Duration, IsError, Weight, Protocol, PeerType, PeerName, PeerAddress, IsConsuming';
const columnsOf = (span: string): string => COLUMNS.split(', ').map((name) => `${span}.${name} AS ${name}`).join(', ');
const NOTHING = 'toUInt64(0)';

/** Columns of every branch. Durations are nanoseconds where `hasClient`, `hasServer`; `clientSpan` is looked up among the retries. */
interface Call {
  readonly time: string;
  readonly environment: string;
  readonly client: readonly [type: string, name: string, version: string];
  readonly server: readonly [type: string, name: string, version: string];
  readonly kind: string;
  readonly protocol: string;
  readonly evidence: string;
  readonly calls: string;
  readonly isError: string;
  readonly clientSpan: string;
  readonly clientNs?: string;
  readonly hasClient?: string;
  readonly serverNs?: string;
  readonly hasServer?: string;
  readonly exemplar: string;
}

function columns(call: Call): string {
  const text = (expression: string, name: string): string => `toString(${expression}) AS ${name}`;
  return [
    `${call.time} AS time`,
    text(call.client[1], 'Client'),
    text(call.server[1], 'Server'),
    text(call.client[0], 'ClientType'),
    text(call.server[0], 'ServerType'),
    text(call.kind, 'Kind'),
    text(call.protocol, 'Protocol'),
    text(call.evidence, 'Evidence'),
    text(call.environment, 'Environment'),
    text(call.client[2], 'ClientVersion'),
    text(call.server[2], 'ServerVersion'),
    `toFloat64(${call.calls}) AS calls`,
    `toUInt8(${call.isError}) AS isError`,
    `${call.clientSpan} AS clientSpan`,
    `toUInt8(${call.hasClient ?? (call.clientNs === undefined ? 0 : 1)}) AS hasClient`,
    `${call.clientNs ?? NOTHING} AS clientNs`,
    `toUInt8(${call.hasServer ?? (call.serverNs === undefined ? 0 : 1)}) AS hasServer`,
    `${call.serverNs ?? NOTHING} AS serverNs`,
    `(${call.exemplar}.TraceId, ${call.exemplar}.SpanId) AS exemplar`,
  ].join(', ');
}

const NO_ONE = ["''", "''", "''"] as const;
const service = (span: string) => [`${span}.ServiceType`, `${span}.ServiceName`, `${span}.ServiceVersion`] as const;

/** The statement: one row per key of `service_edges`, with `Bucket` where the calls shall be kept. */
export function edgeRows(source: EdgeSource, withBucket: boolean): string {
  const { spans, near, isDue } = source;
  const ofSpans = (where: string): string => `(SELECT ${COLUMNS} FROM ${spans} WHERE ${where})`;
  const isWindowed = isDue !== '1';
  const retries =
    `SELECT Span FROM (SELECT Span, lagInFrame(IsError) OVER (PARTITION BY Parent, Operation, PeerName, PeerAddress ORDER BY Start, Span ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS failedBefore ` +
    `FROM ${spans} WHERE ${near} AND Kind = 'Client' AND Parent != 0 AND Parent IN (SELECT Parent FROM ${spans} WHERE ${near} AND Kind = 'Client' AND IsError)) WHERE failedBefore = 1`;
  const children = ofSpans(`${near} AND Parent != 0${isWindowed ? ` AND (${isDue} OR Parent IN (SELECT Span FROM ${spans} WHERE ${isDue}))` : ''}`);
  const parents = ofSpans(`${near}${isWindowed ? ` AND (${isDue} OR Span IN (SELECT Parent FROM ${spans} WHERE ${isDue} AND Parent != 0))` : ''}`);
  const due = isWindowed ? ` AND greatest(c.Arrived, p.Arrived) > ${AT(START)} AND age('millisecond', least(c.Arrived, p.Arrived), greatest(c.Arrived, p.Arrived)) <= ${LOOKBACK}` : '';
  const pairs = `${children} AS c SEMI LEFT JOIN ${parents} AS p ON c.Parent = p.Span WHERE ${isCall}${due}`;
  const branches = [
    pairBranch(pairs),
    spanBranch(ofSpans(`${isDue} AND PeerType IN ('database', 'cache', 'queue')`)),
    waitingBranch(source, ofSpans),
    `SELECT ${columns({ ...entry('c'), evidence: "'root'", calls: 'c.Weight' })} FROM ${ofSpans(`${isDue} AND Kind = 'Server' AND Parent = 0`)} AS c`,
    orphanBranch(source, ofSpans),
    ...(isWindowed ? takenBack(pairs) : []),
  ];
  return aggregated(branches, retries, withBucket);
}

/** Between the two spans' clocks, where they contradict each other, the one nearer to the server's counts. */
const PAIR_END = `if(p.Kind = 'Client' AND (c.Start < p.Start OR ${end('c')} > ${end('p')}) AND abs(toUnixTimestamp64Milli(p.Received) * 1000000 - ${end('p')}) < abs(toUnixTimestamp64Milli(c.Received) * 1000000 - ${end('c')}), ${end('p')}, ${end('c')})`;

function pairBranch(pairs: string): string {
  const fromQueue = "(p.PeerType = 'queue' AND NOT p.IsConsuming)";
  const toQueue = `(NOT ${fromQueue} AND c.PeerType = 'queue' AND c.Kind = 'Consumer')`;
  const call = columns({
    time: PAIR_END,
    environment: 'c.Environment',
    client: [`if(${fromQueue}, 'queue', p.ServiceType)`, `if(${fromQueue}, p.PeerName, p.ServiceName)`, `if(${fromQueue}, '', p.ServiceVersion)`],
    server: [`if(${toQueue}, 'queue', c.ServiceType)`, `if(${toQueue}, c.PeerName, c.ServiceName)`, `if(${toQueue}, '', c.ServiceVersion)`],
    kind: `multiIf(${fromQueue}, 'consume', ${toQueue} OR p.Kind = 'Producer', 'publish', 'request')`,
    protocol: "if(p.Protocol != '', p.Protocol, c.Protocol)",
    evidence: "if(p.Kind IN ('Client', 'Producer'), 'both', 'parent')",
    calls: 'c.Weight',
    isError: `if(${fromQueue}, c.IsError, if(${toQueue}, p.IsError, c.IsError OR (p.Kind = 'Client' AND p.IsError)))`,
    clientSpan: 'p.Span',
    hasClient: `p.Kind IN ('Client', 'Producer') AND NOT ${fromQueue}`,
    clientNs: 'p.Duration',
    hasServer: `NOT ${toQueue}`,
    serverNs: 'c.Duration',
    exemplar: 'c',
  });
  // What the parent or both name themselves has an edge of its own already.
  return `SELECT ${call} FROM ${pairs} AND p.PeerType NOT IN ('database', 'cache') AND NOT (${fromQueue} AND c.PeerType = 'queue' AND c.IsConsuming)`;
}

/** Databases, caches and queues, as the span that speaks to them names them. */
function spanBranch(spans: string): string {
  const call = columns({
    time: end('s'),
    environment: 's.Environment',
    client: ["if(s.IsConsuming, 'queue', s.ServiceType)", 'if(s.IsConsuming, s.PeerName, s.ServiceName)', "if(s.IsConsuming, '', s.ServiceVersion)"],
    server: ['if(s.IsConsuming, s.ServiceType, s.PeerType)', 'if(s.IsConsuming, s.ServiceName, s.PeerName)', "if(s.IsConsuming, s.ServiceVersion, '')"],
    kind: "multiIf(s.PeerType != 'queue', 'request', s.IsConsuming, 'consume', 'publish')",
    protocol: 's.Protocol',
    evidence: "'client'",
    calls: 's.Weight',
    isError: 's.IsError',
    clientSpan: 's.Span',
    hasClient: 'NOT s.IsConsuming',
    clientNs: 's.Duration',
    hasServer: 's.IsConsuming',
    serverNs: 's.Duration',
    exemplar: 's',
  });
  return `SELECT ${call} FROM ${spans} AS s`;
}

/** An address means a service where it is of one alone. */
const ADDRESSES = 'SELECT Environment AS env, Address AS address, any(toString(ServiceName)) AS service, min(FirstSeen) AS since FROM service_addresses GROUP BY env, address HAVING uniqExact(ServiceName) = 1';
/** `cart.shop.svc.cluster.local` is called cart; `api.example.com` is not called api. */
const SHORT = String.raw`if(match(PeerAddress, '\\.svc(\\.|$)|\\.local$'), splitByChar('.', toString(PeerAddress))[1], toString(PeerAddress))`;

/** Client spans with the service that their name or address meant when their wait was over, as `s`. */
function resolved(spans: string, waitMs: string): string {
  const knew = (address: string): string => `(${address}.service != '' AND age('millisecond', w.Arrived, ${address}.since) <= ${waitMs})`;
  return (
    `(SELECT ${columnsOf('w')}, multiIf(${knew('named')}, named.service, ${knew('placed')}, placed.service, '') AS means FROM (SELECT *, lower(toString(PeerName)) AS peerKey, ${SHORT} AS addressKey FROM ${spans}) AS w ` +
    `ANY LEFT JOIN (${ADDRESSES}) AS named ON named.env = w.Environment AND named.address = w.peerKey ` +
    `ANY LEFT JOIN (${ADDRESSES}) AS placed ON placed.env = w.Environment AND placed.address = w.addressKey) AS s`
  );
}

const byAddress = (calls: string): string =>
  columns({
    time: end('s'),
    environment: 's.Environment',
    client: service('s'),
    server: ["if(s.means != '', 'service', s.PeerType)", "if(s.means != '', s.means, s.PeerName)", "''"],
    kind: "'request'",
    protocol: 's.Protocol',
    evidence: "if(s.means != '', 'address', 'client')",
    calls,
    isError: 's.IsError',
    clientSpan: 's.Span',
    clientNs: 's.Duration',
    exemplar: 's',
  });

function waitingBranch({ spans, near, hasWaited, waitMs }: EdgeSource, ofSpans: (where: string) => string): string {
  const waited = ofSpans(`${hasWaited} AND ${WAITING}`);
  const came = `SELECT Parent AS parent, groupArray((toString(ServiceName), ${receives('k')}, Arrived)) AS came FROM ${spans} AS k WHERE ${near} AND Parent IN (SELECT Span FROM ${spans} WHERE ${hasWaited} AND ${WAITING}) GROUP BY Parent`;
  const alone = `(SELECT ${columnsOf('a')} FROM ${waited} AS a ANY LEFT JOIN (${came}) AS b ON b.parent = a.Span WHERE NOT arrayExists(x -> (x.1 != toString(a.ServiceName) OR x.2) AND age('millisecond', a.Arrived, x.3) <= ${waitMs}, b.came))`;
  return `SELECT ${byAddress('s.Weight')} FROM ${resolved(alone, waitMs)}`;
}

const entry = (span: string): Omit<Call, 'evidence' | 'calls'> => ({
  time: end(span),
  environment: `${span}.Environment`,
  client: NO_ONE,
  server: service(span),
  kind: "'request'",
  protocol: `${span}.Protocol`,
  isError: `${span}.IsError`,
  clientSpan: NOTHING,
  serverNs: `${span}.Duration`,
  exemplar: span,
});

function orphanBranch({ spans, near, hasWaited, waitMs }: EdgeSource, ofSpans: (where: string) => string): string {
  const isOrphan = `${hasWaited} AND Kind IN ('Server', 'Consumer') AND Parent != 0 AND PeerType != 'queue'`;
  const came = `SELECT Span AS id, min(Arrived) AS at FROM ${spans} WHERE ${near} AND Span IN (SELECT Parent FROM ${spans} WHERE ${isOrphan}) GROUP BY Span`;
  const call = columns({ ...entry('c'), evidence: "'orphan'", calls: 'c.Weight' });
  return `SELECT ${call} FROM ${ofSpans(isOrphan)} AS c ANY LEFT JOIN (${came}) AS p ON p.id = c.Parent WHERE p.id = 0 OR age('millisecond', c.Arrived, p.at) > ${waitMs}`;
}

/** The other span came after all, but late. */
function takenBack(pairs: string): string[] {
  const late = (earlier: string, later: string): string => `age('millisecond', ${earlier}.Arrived, ${later}.Arrived) > ${WAIT}`;
  const clients = `(SELECT ${columnsOf('p')} FROM ${pairs} AND p.${WAITING} AND ${late('p', 'c')})`;
  const call = columns({ ...entry('c'), evidence: "'orphan'", calls: '-c.Weight' });
  return [
    `SELECT ${byAddress('-s.Weight')} FROM ${resolved(clients, WAIT)}`,
    `SELECT ${call} FROM ${pairs} AND ${receives('c')} AND c.PeerType != 'queue' AND ${late('c', 'p')}`,
  ];
}

/** Grouped twice: maps are made per group and not per call. The order makes the same rows the same block. */
function aggregated(branches: readonly string[], retries: string, withBucket: boolean): string {
  const bucket = withBucket ? 'Bucket, ' : '';
  const key = `${bucket}${EDGE_KEY.join(', ')}`;
  const inner =
    `SELECT ${withBucket ? 'toDateTime(intDiv(time, 10000000000) * 10) AS Bucket, ' : ''}${EDGE_KEY.join(', ')}, hasClient, hasServer, ` +
    `if(hasClient, ${histogramBucket('clientNs')}, 0) AS clientBucket, if(hasServer, ${histogramBucket('serverNs')}, 0) AS serverBucket, ` +
    `sum(calls) AS n, sumIf(calls, isError) AS errors, sumIf(calls, clientSpan IN (${retries})) AS retries, ` +
    'sum(calls * clientNs) / 1e9 AS clientSeconds, sum(calls * serverNs) / 1e9 AS serverSeconds, min(time) AS first, max(time) AS last, ' +
    'max((isError, greatest(clientNs, serverNs))) AS worst, argMax((exemplar.1, exemplar.2, time), (isError, greatest(clientNs, serverNs))) AS example ' +
    `FROM (${branches.join(' UNION ALL ')}) GROUP BY ${key}, hasClient, hasServer, clientBucket, serverBucket`;
  return (
    `SELECT ${key}, sum(n) AS Calls, sum(errors) AS Errors, sum(retries) AS Retries, sumIf(clientSeconds, hasClient) AS ClientSum, sumIf(serverSeconds, hasServer) AS ServerSum, ` +
    'sumMapIf(map(clientBucket, n), hasClient) AS ClientHistogram, sumMapIf(map(serverBucket, n), hasServer) AS ServerHistogram, ' +
    'fromUnixTimestamp64Milli(intDiv(min(first), 1000000)) AS FirstSeen, fromUnixTimestamp64Milli(intDiv(max(last), 1000000)) AS LastSeen, ' +
    'max((worst.1, worst.2, example.1, example.2, intDiv(example.3, 1000000))) AS Exemplar ' +
    `FROM (${inner}) GROUP BY ${key} ORDER BY ${key}`
  );
}

export const EDGE_COLUMNS = ['Bucket', ...EDGE_KEY, 'Calls', 'Errors', 'Retries', 'ClientSum', 'ServerSum', 'ClientHistogram', 'ServerHistogram', 'FirstSeen', 'LastSeen', 'Exemplar'] as const;
