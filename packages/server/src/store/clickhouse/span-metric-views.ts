/** Statements of the views that are fed by spans. All names are code's; `{from}` is the table of spans. */

const span = (...names: string[]): string => firstOf('SpanAttributes', names);
const resource = (...names: string[]): string => firstOf('ResourceAttributes', names);
function firstOf(map: string, names: readonly string[]): string {
  const values = names.map((name) => `${map}['${name}']`);
  return values.length === 1 ? values[0]! : `firstNonDefault(${values.join(', ')})`;
}

/** Nanoseconds since the epoch. */
const END = '(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration))';

/** UUIDs, hexadecimal words of eight and more, whole numbers and four digits in a row. Executed once per distinct name of a block. */
const IDS = String.raw`\\b(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{8,}|[0-9]+)\\b|[0-9]{4,}`;
const LONGEST_NAME = 120;

/** An operation's name with its ids taken out. */
export const OPERATION = `leftUTF8(replaceRegexpAll(SpanName, '${IDS}', '{id}'), ${LONGEST_NAME})`;

/** Operations of a service that one insert may bring; what is called least becomes one more. */
export const MOST_OPERATIONS = 300;
export const OTHER_OPERATIONS = '(other)';

/** The bucket of `ns`, of a native histogram of schema 2; everything below a microsecond is in one. */
export const histogramBucket = (ns: string): string => `toInt16(greatest(-80, ceil(log2(greatest(${ns}, 1) / 1e9) * 4)))`;

/** Columns of a group that is found by the hash of their values, which is quicker than by the values. */
const same = (...names: string[]): string => names.map((name) => `any(${name}) AS ${name}`).join(', ');

/**
 * Grouped twice: a map per group and not per span. Groups are found by a hash, and what the slowest span is, is asked column by column: keys of
 * eight columns and the greatest of tuples take longer.
 */
export function spanMetricsView(where: string): string {
  const columns = ['Bucket', 'ServiceName', 'SpanName', 'SpanKind', 'StatusCode', 'Environment', 'ServiceVersion'];
  const key = columns.join(', ');
  const spans =
    `SELECT toDateTime(intDiv(${END}, 10000000000) * 10) AS Bucket, ServiceName, ${OPERATION} AS SpanName, SpanKind, StatusCode, Environment, ServiceVersion, ` +
    `${histogramBucket('Duration')} AS bucket, SampleWeight, Duration, TraceId, SpanId, ${END} AS ended FROM {from} WHERE ${where}`;
  const groups =
    `SELECT ${same(...columns, 'bucket')}, sum(SampleWeight) AS calls, sum(SampleWeight * Duration) / 1e9 AS seconds, ` +
    `max(Duration) AS slowest, argMax(TraceId, Duration) AS trace, argMax(SpanId, Duration) AS id, argMax(ended, Duration) AS end FROM (${spans}) AS s GROUP BY cityHash64(${columns.map((name) => `s.${name}`).join(', ')}, s.bucket)`;
  const counted = `SELECT *, sum(calls) OVER (PARTITION BY ServiceName, SpanName) AS often FROM (${groups})`;
  const ranked = `SELECT * REPLACE (if(dense_rank() OVER (PARTITION BY ServiceName ORDER BY often DESC, SpanName) > ${MOST_OPERATIONS}, '${OTHER_OPERATIONS}', SpanName) AS SpanName) FROM (${counted})`;
  return (
    `SELECT ${key}, sum(calls) AS Calls, sum(seconds) AS DurationSum, sumMap([bucket], [calls])::Map(Int16, Float64) AS Histogram, ` +
    `(max(slowest), argMax(trace, slowest), argMax(id, slowest), intDiv(argMax(end, slowest), 1000000)) AS Exemplar FROM (${ranked}) GROUP BY ${key}`
  );
}

export const RECENT_COLUMNS = 'Arrived, Received, Span, Parent, TraceId, SpanId, Operation, Kind, Peer, IsConsuming, Shape, Service, Start, Duration, IsError, Weight';

/** The columns of `spans_recent`, of internal spans too: they may be a caller. `arrived` is an expression. */
export function recentSpans(from: string, where: string, arrived: string): string {
  const columns = [
    `${arrived} AS Arrived`,
    'Received',
    'cityHash64(TraceId, SpanId) AS Span',
    // A message's consumer may link to its producer instead of having it as its parent.
    "multiIf(SpanKind = 'Consumer' AND notEmpty(Links.SpanId), cityHash64(Links.TraceId[1], Links.SpanId[1]), ParentSpanId = '', 0, cityHash64(TraceId, ParentSpanId)) AS Parent",
    'TraceId',
    'SpanId',
    'toUInt32(cityHash64(SpanName)) AS Operation',
    'bitAnd(CallRole, 7) AS Kind',
    'bitAnd(bitShiftRight(CallRole, 3), 7) AS Peer',
    'IsConsuming',
    'CallShape AS Shape',
    'toUInt32(bitShiftRight(CallShape, 32)) AS Service',
    'toUnixTimestamp64Nano(Timestamp) AS Start',
    'Duration',
    "StatusCode = 'Error' AS IsError",
    'SampleWeight AS Weight',
  ];
  return `SELECT ${columns.join(', ')} FROM ${from} WHERE ${where}`;
}

export function spansRecentView(where: string): string {
  return recentSpans('{from}', where, 'now64(3)');
}

export function spanShapesView(where: string): string {
  return (
    `SELECT CallShape AS Shape, ${same('Environment', 'ServiceName', 'ServiceVersion', 'Protocol', 'PeerType')}, any(toString(PeerName)) AS PeerName, any(toString(PeerAddress)) AS PeerAddress, ` +
    `bitAnd(any(CallRole), 7) AS Kind, bitAnd(bitShiftRight(any(CallRole), 3), 7) AS Peer, ${same('IsConsuming', 'IsFunction')}, now() AS LastSeen FROM {from} WHERE ${where} GROUP BY CallShape`
  );
}

/** The addresses of a service as a query of (Environment, ServiceName, Address, FirstSeen, LastSeen). Names are made once per resource of the block. */
export function spanAddressesView(where: string): string {
  const names = [
    'ServiceName',
    ...['service.namespace', 'k8s.namespace.name'].map((name) => `if(${resource(name)} = '', '', concat(ServiceName, '.', ${resource(name)}))`),
    ...['host.name', 'k8s.pod.ip', 'k8s.pod.name', 'k8s.deployment.name'].map((name) => resource(name)),
    'local',
    'localIp',
  ];
  const all = `arrayConcat([${names.map((name) => `toString(${name})`).join(', ')}], extractAll(toString(${resource('host.ip')}), '[0-9a-fA-F:.]+'))`;
  const spans =
    `SELECT Environment, ServiceName, ResourceAttributes, Received, if(SpanKind = 'Server', ${span('server.address', 'net.host.name')}, '') AS local, ` +
    `if(SpanKind = 'Server', ${span('net.host.ip', 'network.local.address', 'net.sock.host.addr')}, '') AS localIp FROM {from} WHERE SpanKind IN ('Server', 'Consumer') AND ${where}`;
  const groups =
    `SELECT ${same('Environment', 'ServiceName', 'ResourceAttributes', 'local', 'localIp')}, min(Received) AS since, max(Received) AS seen FROM (${spans}) AS s ` +
    'GROUP BY cityHash64(s.Environment, s.ServiceName, s.ResourceAttributes, s.local, s.localIp)';
  return (
    `SELECT Environment, ServiceName, lower(arrayJoin(${all})) AS Address, min(since) AS FirstSeen, toDateTime(max(seen)) AS LastSeen FROM (${groups}) ` +
    "WHERE Address NOT IN ('', 'localhost', '0.0.0.0', '::', '::1') AND NOT startsWith(Address, '127.') GROUP BY Environment, ServiceName, Address"
  );
}

/** Received requests only count; the instance is known by any span. */
export function serviceInstancesView(where: string): string {
  const key = 'Bucket, ServiceName, Environment, ServiceVersion, Instance, Host, Namespace, Language';
  const names =
    `${resource('service.instance.id', 'k8s.pod.name', 'host.name')} AS Instance, ${resource('host.name', 'k8s.node.name')} AS Host, ` +
    `${resource('service.namespace', 'k8s.namespace.name')} AS Namespace, ${resource('telemetry.sdk.language')} AS Language`;
  const spans =
    `SELECT toDateTime(intDiv(${END}, 60000000000) * 60) AS Bucket, ServiceName, Environment, ServiceVersion, ${names}, StatusCode = 'Error' AS failed, ` +
    `if(SpanKind IN ('Server', 'Consumer'), SampleWeight, 0) AS weight, if(SpanKind IN ('Server', 'Consumer'), ${histogramBucket('Duration')}, 0) AS bucket, Duration FROM {from} WHERE ${where}`;
  const columns = key.split(', ');
  const groups =
    `SELECT ${same(...columns, 'bucket')}, sum(weight) AS calls, sumIf(weight, failed) AS errors, sum(weight * Duration) / 1e9 AS seconds ` +
    `FROM (${spans}) AS s GROUP BY cityHash64(${columns.map((name) => `s.${name}`).join(', ')}, s.bucket)`;
  return (
    `SELECT ${key}, sum(calls) AS Calls, sum(errors) AS Errors, sum(seconds) AS DurationSum, sumMapIf([bucket], [calls], calls > 0)::Map(Int16, Float64) AS Histogram FROM (${groups}) GROUP BY ${key}`
  );
}
