/** Statements of the views that are fed by spans. All names are code's; `{from}` is the table of spans. */

/** First non-empty of these attributes. */
const first = (map: string, ...names: string[]): string =>
  names.length === 1 ? `${map}['${names[0]}']` : `multiIf(${names.slice(0, -1).map((name) => `${map}['${name}'] != '', ${map}['${name}']`).join(', ')}, ${map}['${names.at(-1)}'])`;
const span = (...names: string[]): string => first('SpanAttributes', ...names);
const resource = (...names: string[]): string => first('ResourceAttributes', ...names);

/** Nanoseconds since the epoch. */
const END = '(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration))';

/** UUIDs, hexadecimal words of eight and more, whole numbers and four digits in a row. Executed once per distinct name of a block. */
const IDS = String.raw`\\b(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{8,}|[0-9]+)\\b|[0-9]{4,}`;
const LONGEST_NAME = 120;

/** An operation's name with its ids taken out. */
export const OPERATION = `leftUTF8(replaceRegexpAll(SpanName, '${IDS}', '{id}'), ${LONGEST_NAME})`;

/** The bucket of `ns`, of a native histogram of schema 2; everything below a microsecond is in one. */
export const histogramBucket = (ns: string): string => `toInt16(greatest(-80, ceil(log2(greatest(${ns}, 1) / 1e9) * 4)))`;

/** Grouped twice: a map per group and not per span. */
export function spanMetricsView(where: string): string {
  const key = 'Bucket, ServiceName, SpanName, SpanKind, StatusCode, Environment, ServiceVersion';
  return (
    `SELECT ${key}, sum(calls) AS Calls, sum(seconds) AS DurationSum, sumMap(map(bucket, calls)) AS Histogram, max(slowest) AS Exemplar FROM (` +
    `SELECT toDateTime(intDiv(${END}, 10000000000) * 10) AS Bucket, ServiceName, ${OPERATION} AS SpanName, SpanKind, StatusCode, Environment, ServiceVersion, ` +
    `${histogramBucket('Duration')} AS bucket, sum(SampleWeight) AS calls, sum(SampleWeight * Duration) / 1e9 AS seconds, ` +
    `argMax((Duration, TraceId, SpanId, intDiv(${END}, 1000000)), Duration) AS slowest ` +
    `FROM {from} WHERE ${where} GROUP BY ${key}, bucket) GROUP BY ${key}`
  );
}

const DATABASE = span('db.system.name', 'db.system');
const CACHES = "('redis', 'valkey', 'memcached', 'keydb', 'dragonfly', 'hazelcast', 'aws.elasticache')";
const MESSAGING = span('messaging.system');
const DESTINATION = `if(${span('messaging.destination.temporary')} = 'true', '(temporary)', ${span('messaging.destination.template', 'messaging.destination.name', 'messaging.destination', 'messaging.kafka.topic')})`;
const URL = span('url.full', 'http.url');
const RPC = span('rpc.system.name', 'rpc.system');
const NAMESPACE = span('db.namespace', 'db.name');
const isSpeaking = "SpanKind IN ('Client', 'Producer', 'Consumer')";

const fallback = (...parts: string[]): string => `multiIf(${parts.slice(0, -1).map((part) => `${part} != '', ${part}`).join(', ')}, ${parts.at(-1)})`;

export const RECENT_COLUMNS =
  'Arrived, Received, Span, Parent, TraceId, SpanId, Operation, Kind, ServiceName, ServiceType, ServiceVersion, Environment, Start, Duration, IsError, Weight, Protocol, PeerType, PeerName, PeerAddress, IsConsuming';

/**
 * The columns of `spans_recent`, of internal spans too: they may be a caller. `arrived` is an expression. In three steps, because the engine
 * works out an alias anew wherever it is used: in one it took hundreds of milliseconds before the first row.
 */
export function recentSpans(from: string, where: string, arrived: string): string {
  const sent = [
    `${arrived} AS Arrived`,
    'Received, TraceId, SpanId, ParentSpanId, Links.TraceId AS linkTraces, Links.SpanId AS linkSpans, SpanName, SpanKind, ServiceName, ServiceVersion, Environment, Timestamp, Duration, StatusCode, SampleWeight',
    `if(${isSpeaking}, ${DATABASE}, '') AS database`,
    `if(${isSpeaking}, ${MESSAGING}, '') AS messaging`,
    `if(${isSpeaking}, ${DESTINATION}, '') AS named`,
    `if(SpanKind = 'Client', ${span('faas.invoked_name')}, '') AS faas`,
    `if(SpanKind = 'Client', ${span('server.address', 'net.peer.name', 'http.host', 'network.peer.address', 'net.sock.peer.addr', 'net.peer.ip')}, '') AS host`,
    `if(SpanKind = 'Client', ${URL}, '') AS url`,
    `if(SpanKind = 'Client', ${span('peer.service')}, '') AS peerService`,
    `if(${isSpeaking}, ${NAMESPACE}, '') AS namespace`,
    `if(${isSpeaking}, ${span('messaging.operation.type', 'messaging.operation')}, '') AS messagingOperation`,
    `${RPC} AS rpc`,
    `if(SpanKind IN ('Client', 'Server'), ${span('http.request.method', 'http.method')}, '') AS method`,
    `${resource('faas.name')} AS function`,
  ];
  const understood = [
    '*',
    "if(messaging != '', named, '') AS destination",
    String.raw`if(host != '', lower(replaceRegexpOne(toString(host), '^([^:]*):[0-9]+$', '\\1')), lower(domain(url))) AS address`,
  ];
  const typed = [
    '*',
    `multiIf(database != '', if(database IN ${CACHES}, 'cache', 'database'), destination != '', 'queue', faas != '', 'function', address != '' OR peerService != '', 'external', '') AS PeerType`,
  ];
  const columns = [
    'Arrived',
    'Received',
    'cityHash64(TraceId, SpanId) AS Span',
    // A message's consumer may link to its producer instead of having it as its parent.
    "multiIf(SpanKind = 'Consumer' AND notEmpty(linkSpans), cityHash64(linkTraces[1], linkSpans[1]), ParentSpanId = '', 0, cityHash64(TraceId, ParentSpanId)) AS Parent",
    'TraceId',
    'SpanId',
    'toUInt32(cityHash64(SpanName)) AS Operation',
    'SpanKind AS Kind',
    'ServiceName',
    "if(function = '', 'service', 'function') AS ServiceType",
    'ServiceVersion',
    'Environment',
    'toUnixTimestamp64Nano(Timestamp) AS Start',
    'Duration',
    "StatusCode = 'Error' AS IsError",
    'SampleWeight AS Weight',
    "multiIf(database != '', database, messaging != '', messaging, rpc != '', rpc, method != '', 'http', faas != '', 'faas', '') AS Protocol",
    'PeerType',
    `multiIf(PeerType = 'database', ${fallback('peerService', 'namespace', 'address', 'database')}, PeerType = 'cache', ${fallback('peerService', 'address', 'database')}, PeerType = 'queue', destination, PeerType = 'function', faas, PeerType = 'external', ${fallback('peerService', 'address')}, '') AS PeerName`,
    'address AS PeerAddress',
    "SpanKind = 'Consumer' OR (SpanKind = 'Client' AND destination != '' AND messagingOperation IN ('receive', 'process', 'deliver')) AS IsConsuming",
  ];
  return `SELECT ${columns.join(', ')} FROM (SELECT ${typed.join(', ')} FROM (SELECT ${understood.join(', ')} FROM (SELECT ${sent.join(', ')} FROM ${from} WHERE ${where})))`;
}

export function spansRecentView(where: string): string {
  return recentSpans('{from}', where, 'now64(3)');
}

const NAMES = [
  'ServiceName',
  ...['service.namespace', 'k8s.namespace.name'].map((name) => `if(${resource(name)} = '', '', concat(ServiceName, '.', ${resource(name)}))`),
  resource('host.name'),
  resource('k8s.pod.ip'),
  resource('k8s.pod.name'),
  resource('k8s.deployment.name'),
  `if(SpanKind = 'Server', ${span('server.address', 'net.host.name')}, '')`,
  `if(SpanKind = 'Server', ${span('net.host.ip', 'network.local.address', 'net.sock.host.addr')}, '')`,
];

/** The addresses of a service as a query of (Environment, ServiceName, Address, FirstSeen, LastSeen). */
export function spanAddressesView(where: string): string {
  const all = `arrayConcat([${NAMES.map((name) => `toString(${name})`).join(', ')}], if(${resource('host.ip')} = '', [], extractAll(toString(${resource('host.ip')}), '[0-9a-fA-F:.]+')))`;
  return (
    'SELECT Environment, ServiceName, lower(arrayJoin(names)) AS Address, min(since) AS FirstSeen, toDateTime(max(seen)) AS LastSeen FROM (' +
    `SELECT Environment, ServiceName, ${all} AS names, min(Received) AS since, max(Received) AS seen FROM {from} WHERE SpanKind IN ('Server', 'Consumer') AND ${where} GROUP BY Environment, ServiceName, names) ` +
    "WHERE Address NOT IN ('', 'localhost', '0.0.0.0', '::', '::1') AND NOT startsWith(Address, '127.') GROUP BY Environment, ServiceName, Address"
  );
}

/** Received requests only count; the instance is known by any span. */
export function serviceInstancesView(where: string): string {
  const key = 'Bucket, ServiceName, Environment, ServiceVersion, Instance, Host, Namespace, Language';
  return (
    `SELECT ${key}, sum(calls) AS Calls, sum(errors) AS Errors, sum(seconds) AS DurationSum, sumMapIf(map(bucket, calls), calls > 0) AS Histogram FROM (` +
    `SELECT toDateTime(intDiv(${END}, 60000000000) * 60) AS Bucket, ServiceName, Environment, ServiceVersion, ` +
    `${resource('service.instance.id', 'k8s.pod.name', 'host.name')} AS Instance, ${resource('host.name', 'k8s.node.name')} AS Host, ` +
    `${resource('service.namespace', 'k8s.namespace.name')} AS Namespace, ${resource('telemetry.sdk.language')} AS Language, ` +
    `SpanKind IN ('Server', 'Consumer') AS receives, if(receives, ${histogramBucket('Duration')}, 0) AS bucket, ` +
    `sumIf(SampleWeight, receives) AS calls, sumIf(SampleWeight, receives AND StatusCode = 'Error') AS errors, sumIf(SampleWeight * Duration, receives) / 1e9 AS seconds ` +
    `FROM {from} WHERE ${where} GROUP BY ${key}, receives, bucket) GROUP BY ${key}`
  );
}
