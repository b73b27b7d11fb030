import type { OtlpAttributes } from '@pitot/core/otlp-writer';
import type { Service, Store, Topic } from '../plan/system.ts';

/** Attributes by OpenTelemetry's semantic conventions 1.37 (http, db, messaging, rpc), and by 1.21 for services that still have those. */

interface HttpCall {
  readonly method: string;
  readonly route: string;
  readonly path: string;
  readonly status: number;
  readonly host: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
}

export function httpServer(service: Service, { method, route, path, status, host, port, scheme }: HttpCall, clientIp: string, agent: string): Record<string, string | number> {
  if (service.conventions === 'old') {
    return { 'http.method': method, 'http.route': route, 'http.target': path, 'http.scheme': scheme, 'http.status_code': status, 'net.host.name': host, 'net.host.port': port, 'net.sock.peer.addr': clientIp, 'http.user_agent': agent };
  }
  return {
    'http.request.method': method,
    'http.route': route,
    'url.path': path,
    'url.scheme': scheme,
    'http.response.status_code': status,
    'server.address': host,
    'server.port': port,
    'client.address': clientIp,
    'user_agent.original': agent,
    'network.protocol.version': '1.1',
  };
}

export function httpClient(service: Service, { method, path, status, host, port, scheme }: HttpCall, resends: number): Record<string, string | number> {
  const url = `${scheme}://${host}${port === 443 ? '' : `:${port}`}${path}`;
  if (service.conventions === 'old') return { 'http.method': method, 'http.url': url, 'net.peer.name': host, 'net.peer.port': port, ...(status > 0 && { 'http.status_code': status }) };
  return {
    'http.request.method': method,
    'url.full': url,
    'server.address': host,
    'server.port': port,
    ...(status > 0 && { 'http.response.status_code': status }),
    ...(resends > 0 && { 'http.request.resend_count': resends }),
  };
}

/** gRPC's codes by the HTTP status that means the same. */
const GRPC_CODES: Readonly<Record<number, number>> = { 200: 0, 400: 3, 401: 16, 402: 9, 403: 7, 404: 5, 409: 10, 413: 8, 422: 3, 429: 8, 500: 13, 502: 14, 503: 14, 504: 4 };

export function rpc(service: string, method: string, status: number, host: string | undefined): Record<string, string | number> {
  return {
    'rpc.system': 'grpc',
    'rpc.service': `acme.${service.replaceAll('-', '_')}.v1.${pascal(service)}Service`,
    'rpc.method': method,
    'rpc.grpc.status_code': GRPC_CODES[status] ?? 2,
    ...(host !== undefined && { 'server.address': host, 'server.port': 9090 }),
  };
}

const QUERY_TEXTS: Readonly<Record<string, string>> = {
  SELECT: 'SELECT * FROM $ WHERE id = ? AND tenant = ?',
  INSERT: 'INSERT INTO $ (id, tenant, body, created_at) VALUES (?, ?, ?, ?)',
  UPDATE: 'UPDATE $ SET body = ?, updated_at = ? WHERE id = ?',
  GET: 'GET $:?',
  SET: 'SET $:? ? EX 3600',
  DEL: 'DEL $:?',
  find: '{"find":"$","filter":{"_id":"?"}}',
  aggregate: '{"aggregate":"$","pipeline":[{"$match":"?"}]}',
  update: '{"update":"$","updates":[{"q":"?","u":"?"}]}',
  insert: '{"insert":"$","documents":"?"}',
  search: '{"query":{"match":{"text":"?"}},"size":24}',
  index: '{"index":{"_index":"$","_id":"?"}}',
};

export function db(service: Service, store: Store, command: string, collection: string): Record<string, string | number> {
  const text = (QUERY_TEXTS[command] ?? '').replaceAll('$', () => collection);
  if (service.conventions === 'old') {
    return { 'db.system': store.system, 'db.name': store.database, 'db.operation': command, 'db.statement': text, 'net.peer.name': store.address, 'net.peer.port': store.port, ...(store.system === 'mongodb' && { 'db.mongodb.collection': collection }) };
  }
  return {
    'db.system.name': store.system,
    'db.namespace': store.database,
    'db.operation.name': command,
    'db.query.text': text,
    'db.query.summary': `${command} ${collection}`,
    'server.address': store.address,
    'server.port': store.port,
    ...(store.system !== 'redis' && { 'db.collection.name': collection }),
  };
}

export function messaging(topic: Topic, operation: 'send' | 'process', messageId: string, partition: number, group: string): OtlpAttributes {
  const sqs = topic.system === 'aws_sqs';
  return {
    'messaging.system': topic.system,
    'messaging.destination.name': topic.name,
    'messaging.operation.type': operation,
    'messaging.operation.name': operation,
    'messaging.message.id': messageId,
    'server.address': topic.address,
    ...(!sqs && { 'messaging.destination.partition.id': String(partition), 'server.port': 9092 }),
    ...(group !== '' && !sqs && { 'messaging.consumer.group.name': group }),
  };
}

const pascal = (name: string): string => name.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
