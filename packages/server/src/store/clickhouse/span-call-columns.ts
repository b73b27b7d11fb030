import type { ColumnDefinition } from './schema.ts';

/**
 * What a span says of the call it is one end of, worked out once, when it is inserted: edges are made without reading the maps again.
 * `CallShape` stands for all of it together with the service, so that calls are joined and counted as numbers.
 */

const span = (...names: string[]): string => firstOf(...names.map((name) => `SpanAttributes['${name}']`));
/** The first that is not empty; each is written once, as the engine works an expression out anew wherever it stands. */
function firstOf(...expressions: string[]): string {
  return expressions.length === 1 ? expressions[0]! : `firstNonDefault(${expressions.join(', ')})`;
}

const CACHES = "('redis', 'valkey', 'memcached', 'keydb', 'dragonfly', 'hazelcast', 'aws.elasticache')";
const IS_SPEAKING = "SpanKind IN ('Client', 'Producer', 'Consumer')";
const DATABASE = span('db.system.name', 'db.system');
const MESSAGING = span('messaging.system');
const DESTINATION = `if(${MESSAGING} = '', '', if(${span('messaging.destination.temporary')} = 'true', '(temporary)', ${span('messaging.destination.template', 'messaging.destination.name', 'messaging.destination', 'messaging.kafka.topic')}))`;
const FUNCTION = span('faas.invoked_name');
const HOST = span('server.address', 'net.peer.name', 'http.host', 'network.peer.address', 'net.sock.peer.addr', 'net.peer.ip');
const URL = span('url.full', 'http.url');
const PEER_SERVICE = span('peer.service');

const text = (name: string, expression: string): ColumnDefinition => ({ name, type: 'LowCardinality(String)', expression: `MATERIALIZED ${expression}`, codec: 'ZSTD(1)' });
const flag = (name: string, expression: string): ColumnDefinition => ({ name, type: 'UInt8', expression: `MATERIALIZED ${expression}`, codec: 'ZSTD(1)' });

/** Columns that `CallShape` stands for. */
const SHAPE_COLUMNS = ['Environment', 'ServiceName', 'ServiceVersion', 'IsFunction', 'SpanKind', 'Protocol', 'PeerType', 'PeerName', 'PeerAddress', 'IsConsuming'] as const;

export const CALL_COLUMNS: readonly ColumnDefinition[] = [
  /** The host that a client's span names, in small letters and without its port. */
  text('PeerAddress', String.raw`if(SpanKind = 'Client', lower(replaceRegexpOne(firstNonDefault(${HOST}, domain(${URL})), '^([^:]*):[0-9]+$', '\\1')), '')`),
  /** database, cache, queue, function, external; '' where the span names no peer. */
  text(
    'PeerType',
    `multiIf(NOT ${IS_SPEAKING}, '', ${DATABASE} != '', if(${DATABASE} IN ${CACHES}, 'cache', 'database'), ${DESTINATION} != '', 'queue', SpanKind != 'Client', '', ` +
      `${FUNCTION} != '', 'function', PeerAddress != '' OR ${PEER_SERVICE} != '', 'external', '')`,
  ),
  text(
    'PeerName',
    `multiIf(PeerType = '', '', PeerType = 'database', firstNonDefault(${PEER_SERVICE}, ${span('db.namespace', 'db.name')}, toString(PeerAddress), ${DATABASE}), ` +
      `PeerType = 'cache', firstNonDefault(${PEER_SERVICE}, toString(PeerAddress), ${DATABASE}), PeerType = 'queue', ${DESTINATION}, PeerType = 'function', ${FUNCTION}, firstNonDefault(${PEER_SERVICE}, toString(PeerAddress)))`,
  ),
  /** http, a database's or a messaging system's name, …; '' where unknown. */
  text(
    'Protocol',
    `multiIf(${IS_SPEAKING} AND ${firstOf(DATABASE, MESSAGING)} != '', ${firstOf(DATABASE, MESSAGING)}, ${span('rpc.system.name', 'rpc.system')} != '', ${span('rpc.system.name', 'rpc.system')}, ` +
      `SpanKind IN ('Client', 'Server') AND ${span('http.request.method', 'http.method')} != '', 'http', SpanKind = 'Client' AND ${FUNCTION} != '', 'faas', '')`,
  ),
  flag('IsConsuming', `SpanKind = 'Consumer' OR (PeerType != '' AND SpanKind = 'Client' AND ${DESTINATION} != '' AND ${span('messaging.operation.type', 'messaging.operation')} IN ('receive', 'process', 'deliver'))`),
  flag('IsFunction', "ResourceAttributes['faas.name'] != ''"),
  /** SpanKind (1 Server, 2 Client, 3 Producer, 4 Consumer), eight times PeerType (1 database, 2 cache, 3 queue, 4 function, 5 external), 64 where IsConsuming. */
  flag(
    'CallRole',
    "transform(SpanKind, ['Server', 'Client', 'Producer', 'Consumer'], [1, 2, 3, 4], 0) + 8 * transform(PeerType, ['database', 'cache', 'queue', 'function', 'external'], [1, 2, 3, 4, 5], 0) + 64 * IsConsuming",
  ),
  /** The upper half is the service's hash, the lower one that of the others. */
  {
    name: 'CallShape',
    type: 'UInt64',
    expression: `MATERIALIZED bitOr(bitShiftLeft(toUInt64(toUInt32(cityHash64(ServiceName))), 32), toUInt64(toUInt32(cityHash64(${SHAPE_COLUMNS.filter((name) => name !== 'ServiceName').join(', ')}))))`,
    codec: 'ZSTD(1)',
  },
];
