import { recentSpans } from '../clickhouse/span-metric-views.ts';

/**
 * The statements that make calls of spans. A call is known from one of these:
 * - a pair: a span and its parent, which is another service's, or a client's span with a server's below it;
 * - a client's span of a database, a cache or a queue, and a consumer's of a queue: they name their peer, and nothing more is waited for;
 * - a client's span under which no other service's span came in time: its address decides;
 * - a server's span without a parent: an entry; or with one that did not come in time: an orphan.
 * What was decided after waiting is taken back with negative counts where the other span came after all.
 *
 * Rows are narrow, as there are millions: kind (of CASE), the shapes of the caller's and the called span, time (nanoseconds), weight, failed,
 * clientSpan (looked up among the retries), clientNs, serverNs, and trace and span of an example.
 */
export const CASE = { none: 0, pair: 1, span: 2, unknown: 3, named: 4, placed: 5, root: 6, orphan: 7 } as const;

/** The calls, and the spans that repeat a failed one, as statements. */
export interface Calls {
  readonly calls: string;
  readonly retries: string;
}

const AT = (ms: string): string => `fromUnixTimestamp64Milli(${ms})`;
const START = '{startMs:Int64}';
const END = '{endMs:Int64}';
const WAIT = '{waitMs:Int64}';
const LOOKBACK = '{lookbackMs:Int64}';

// Kind: 1 server, 2 client, 3 producer, 4 consumer. Peer: 1 database, 2 cache, 3 queue, 4 function, 5 third party. A prefix is the alias of a span, with its dot.
const receives = (of: string): string => `${of}Kind IN (1, 4)`;
const waits = (of: string): string => `${of}Peer >= 4`;
const end = (of: string): string => `(${of}Start + toInt64(${of}Duration))`;

/** An address means a service where it is of one alone. */
const ADDRESSES = 'SELECT Environment AS env, Address AS address, any(toString(ServiceName)) AS service, min(FirstSeen) AS since FROM service_addresses GROUP BY env, address HAVING uniqExact(ServiceName) = 1';
/** `cart.shop.svc.cluster.local` is called cart; `api.example.com` is not called api. */
const SHORT = String.raw`if(match(PeerAddress, '\\.svc(\\.|$)|\\.local$'), splitByChar('.', PeerAddress)[1], PeerAddress)`;

/** Which service a shape's peer is by its name or its address, and since when that is known. */
export const MEANINGS =
  "SELECT shape, maxIf(a.service, k.2 = 'name') AS named, minIf(a.since, k.2 = 'name') AS namedSince, maxIf(a.service, k.2 = 'place') AS placed, minIf(a.since, k.2 = 'place') AS placedSince FROM " +
  `(SELECT DISTINCT Shape AS shape, toString(Environment) AS env, arrayJoin([(lower(PeerName), 'name'), (${SHORT}, 'place')]) AS k FROM span_shapes WHERE PeerType IN ('external', 'function')) AS w ` +
  `INNER JOIN (${ADDRESSES}) AS a ON a.env = w.env AND a.address = k.1 GROUP BY shape`;

/** What the peer of a waiting span, which came at `arrived`, was taken for when its wait of `waitMs` was over. Where `waitMs` is absent all counts that is known. */
function meaning(arrived: string, waitMs: string | undefined): string {
  const knew = (name: string): string => (waitMs === undefined ? `m.${name} != ''` : `m.${name} != '' AND age('millisecond', ${arrived}, m.${name}Since) <= ${waitMs}`);
  return `multiIf(${knew('named')}, ${CASE.named}, ${knew('placed')}, ${CASE.placed}, ${CASE.unknown})`;
}

const SPAN = ['Arrived', 'Received', 'Span', 'TraceId', 'SpanId', 'Kind', 'Peer', 'IsConsuming', 'Service', 'Shape', 'Start', 'Duration', 'IsError', 'Weight'];
const NARROW = [...SPAN, 'Parent'].join(', ');
const CALL = 'kind, caller, callee, time, weight, failed, clientSpan, clientNs, serverNs, trace, span';
const columnsOf = (of: string, names: readonly string[] = SPAN): string => names.map((name) => `${of}.${name} AS ${of}_${name}`).join(', ');

/**
 * Spans `c_…` with their parents `p_…`, and what follows from both. `joined` is a statement of these columns. In steps, because the engine works out
 * an alias anew wherever it stands.
 */
function understood(joined: string): string {
  const ends = `SELECT *, ${end('p_')} AS pEnd, ${end('c_')} AS cEnd, p_Peer = 3 AND NOT p_IsConsuming AS fromQueue, p_Kind = 2 AS isClient, p_Kind IN (2, 3) AS isCaller, ${receives('c_')} AS isReceiver FROM (${joined})`;
  const flags =
    'SELECT *, NOT fromQueue AND c_Peer = 3 AND c_Kind = 4 AS toQueue, ' +
    // Of the two spans' clocks, where they contradict each other, the one nearer to the server's counts.
    'isClient AND (c_Start < p_Start OR cEnd > pEnd) AND abs(toUnixTimestamp64Milli(p_Received) * 1000000 - pEnd) < abs(toUnixTimestamp64Milli(c_Received) * 1000000 - cEnd) AS byParent, ' +
    'c_Service != p_Service OR (isReceiver AND isCaller) AS isCall, ' +
    // What the parent or both name themselves has an edge of its own already.
    `p_Peer NOT IN (1, 2) AND NOT (fromQueue AND c_Peer = 3 AND c_IsConsuming) AS isNew FROM (${ends})`;
  return `SELECT *, if(byParent, pEnd, cEnd) AS pairEnd, multiIf(fromQueue, c_IsError, toQueue, p_IsError, c_IsError OR (isClient AND p_IsError)) AS pairFailed FROM (${flags})`;
}

/** A call that one span shows, `kind` being an expression. */
function single(which: string, of: string, weight: string): string {
  const number = Number(which);
  const isServed = number === CASE.root || number === CASE.orphan;
  const own = number === CASE.span ? [`if(${of}IsConsuming, 0, ${of}Duration)`, `if(${of}IsConsuming, ${of}Duration, 0)`] : isServed ? ['toUInt64(0)', `${of}Duration`] : [`${of}Duration`, 'toUInt64(0)'];
  return (
    `toUInt8(${which}) AS kind, ${of}Shape AS caller, ${of}Shape AS callee, ${end(of)} AS time, ${weight} AS weight, ${of}IsError AS failed, ` +
    `${isServed ? 'toUInt64(0)' : `${of}Span`} AS clientSpan, ${own[0]} AS clientNs, ${own[1]} AS serverNs, ${of}TraceId AS trace, ${of}SpanId AS span`
  );
}

/** Spans that name their peer for good, and entries; consumers and clients of a queue among the first. */
function ownBranch(spans: string, isDue: string): string {
  return (
    `SELECT ${CALL} FROM (SELECT ${single(String(CASE.span), '', 'Weight')} FROM ${spans} WHERE ${isDue} AND Peer IN (1, 2, 3)) UNION ALL ` +
    `SELECT ${CALL} FROM (SELECT ${single(String(CASE.root), '', 'Weight')} FROM ${spans} WHERE ${isDue} AND Kind = 1 AND Parent = 0)`
  );
}

function retriesOf(spans: string, near: string): string {
  return (
    `SELECT Span FROM (SELECT Span, lagInFrame(IsError) OVER (PARTITION BY Parent, Operation, Shape ORDER BY Start, Span ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS failedBefore ` +
    `FROM ${spans} WHERE ${near} AND Kind = 2 AND Parent != 0 AND Parent IN (SELECT Parent FROM ${spans} WHERE ${near} AND Kind = 2 AND IsError)) WHERE failedBefore = 1`
  );
}

/** Calls of the spans that arrived in (startMs, endMs]. */
export function callsInWindow(): Calls {
  const table = 'spans_recent';
  const near = `Arrived > ${AT(`${START} - ${WAIT} - ${LOOKBACK}`)} AND Arrived <= ${AT(END)}`;
  const isDue = `Arrived > ${AT(START)} AND Arrived <= ${AT(END)}`;
  const hasWaited = `Arrived > ${AT(`${START} - ${WAIT}`)} AND Arrived <= ${AT(`${END} - ${WAIT}`)}`;
  const ofSpans = (where: string): string => `(SELECT ${NARROW} FROM ${table} WHERE ${where})`;
  const children = ofSpans(`${near} AND Parent != 0 AND (${isDue} OR Parent IN (SELECT Span FROM ${table} WHERE ${isDue}))`);
  const parents = ofSpans(`${near} AND (${isDue} OR Span IN (SELECT Parent FROM ${table} WHERE ${isDue} AND Parent != 0))`);
  const late = (earlier: string, later: string): string => `age('millisecond', ${earlier}_Arrived, ${later}_Arrived) > ${WAIT}`;
  const joined =
    `SELECT ${columnsOf('c')}, ${columnsOf('p')} FROM ${children} AS c SEMI LEFT JOIN ${parents} AS p ON c.Parent = p.Span ` +
    `WHERE greatest(c.Arrived, p.Arrived) > ${AT(START)} AND age('millisecond', least(c.Arrived, p.Arrived), greatest(c.Arrived, p.Arrived)) <= ${LOOKBACK}`;
  // A pair is a call (1), and may take back what was decided on its parent (2) or its child (3).
  const rows =
    `SELECT *, arrayJoin(arrayFilter(x -> x != 0, [isNew ? 1 : 0, ${waits('p_')} AND ${late('p', 'c')} ? 2 : 0, isReceiver AND c_Peer != 3 AND ${late('c', 'p')} ? 3 : 0])) AS row FROM (${understood(joined)}) WHERE isCall`;
  const pairs =
    `SELECT toUInt8(multiIf(row = 1, ${CASE.pair}, row = 3, ${CASE.orphan}, ${meaning('p_Arrived', WAIT)})) AS kind, if(row = 3, c_Shape, p_Shape) AS caller, if(row = 2, p_Shape, c_Shape) AS callee, ` +
    'multiIf(row = 1, pairEnd, row = 2, pEnd, cEnd) AS time, multiIf(row = 1, c_Weight, row = 2, -p_Weight, -c_Weight) AS weight, toUInt8(multiIf(row = 1, pairFailed, row = 2, p_IsError, c_IsError)) AS failed, ' +
    'if(row = 3, toUInt64(0), p_Span) AS clientSpan, if(row = 2 OR (row = 1 AND isCaller AND NOT fromQueue), p_Duration, 0) AS clientNs, if(row = 3 OR (row = 1 AND NOT toQueue), c_Duration, 0) AS serverNs, ' +
    `if(row = 2, p_TraceId, c_TraceId) AS trace, if(row = 2, p_SpanId, c_SpanId) AS span FROM (${rows}) AS j ANY LEFT JOIN (${MEANINGS}) AS m ON m.shape = j.p_Shape`;
  const isWaiting = `${hasWaited} AND ${waits('')}`;
  const came = `SELECT Parent AS parent, groupArray((Service, ${receives('')}, Arrived)) AS came FROM ${table} WHERE ${near} AND Parent IN (SELECT Span FROM ${table} WHERE ${isWaiting}) GROUP BY Parent`;
  const alone =
    `SELECT ${single(meaning('w.Arrived', WAIT), 'w.', 'w.Weight')} FROM ${ofSpans(isWaiting)} AS w ANY LEFT JOIN (${came}) AS b ON b.parent = w.Span ANY LEFT JOIN (${MEANINGS}) AS m ON m.shape = w.Shape ` +
    `WHERE NOT arrayExists(x -> (x.1 != w.Service OR x.2) AND age('millisecond', w.Arrived, x.3) <= ${WAIT}, b.came)`;
  const isOrphan = `${hasWaited} AND ${receives('')} AND Parent != 0 AND Peer != 3`;
  const callers = `SELECT Span AS id, min(Arrived) AS at FROM ${table} WHERE ${near} AND Span IN (SELECT Parent FROM ${table} WHERE ${isOrphan}) GROUP BY Span`;
  const orphans = `SELECT ${single(String(CASE.orphan), 'c.', 'c.Weight')} FROM ${ofSpans(isOrphan)} AS c ANY LEFT JOIN (${callers}) AS p ON p.id = c.Parent WHERE p.id = 0 OR age('millisecond', c.Arrived, p.at) > ${WAIT}`;
  return { calls: [pairs, ownBranch(table, isDue), `SELECT ${CALL} FROM (${alone})`, `SELECT ${CALL} FROM (${orphans})`].join(' UNION ALL '), retries: retriesOf(table, near) };
}

/**
 * Calls of all spans whose start lies in [startMs, endMs), whenever they came. Everything about two spans comes from one join, to whose
 * left are all spans as children and to whose right all as parents: children without a parent are orphans, parents without a child of another service are alone.
 */
export function callsOfStored(): Calls {
  const where = `Timestamp >= ${AT(START)} AND Timestamp < ${AT(END)} AND ({environment:String} = '' OR Environment = {environment:String})`;
  const spans = `(${recentSpans('otel_traces', where, 'Received')})`;
  const joined = `SELECT ${columnsOf('c', [...SPAN, 'Parent'])}, ${columnsOf('p')} FROM ${spans} AS c FULL JOIN ${spans} AS p ON c.Parent = p.Span AND (${receives('c.')} OR c.Service != p.Service)`;
  const rows = `SELECT *, multiIf(c_Span = 0, ${waits('p_')} ? 2 : 0, p_Span = 0, isReceiver AND c_Parent != 0 AND c_Peer != 3 ? 3 : 0, isCall AND isNew ? 1 : 0) AS row FROM (${understood(joined)}) WHERE row != 0`;
  const pairs =
    `SELECT toUInt8(multiIf(row = 1, ${CASE.pair}, row = 3, ${CASE.orphan}, ${meaning('', undefined)})) AS kind, if(row = 3, c_Shape, p_Shape) AS caller, if(row = 2, p_Shape, c_Shape) AS callee, ` +
    'multiIf(row = 1, pairEnd, row = 2, pEnd, cEnd) AS time, if(row = 2, p_Weight, c_Weight) AS weight, toUInt8(multiIf(row = 1, pairFailed, row = 2, p_IsError, c_IsError)) AS failed, p_Span AS clientSpan, ' +
    'if(row = 2 OR (row = 1 AND isCaller AND NOT fromQueue), p_Duration, 0) AS clientNs, if(row = 3 OR (row = 1 AND NOT toQueue), c_Duration, 0) AS serverNs, ' +
    `if(row = 2, p_TraceId, c_TraceId) AS trace, if(row = 2, p_SpanId, c_SpanId) AS span FROM (${rows}) AS j ANY LEFT JOIN (${MEANINGS}) AS m ON m.shape = j.p_Shape`;
  return { calls: [pairs, ownBranch(spans, '1')].join(' UNION ALL '), retries: retriesOf(spans, '1') };
}
