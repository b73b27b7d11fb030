import type { SearchField, SearchTable } from '../search/search-table.ts';

const text = (sql: string): SearchField => ({ kind: 'text', sql });
const id = (sql: string): SearchField => ({ kind: 'text', sql, fold: 'lower' });
const resource = (...keys: string[]): SearchField => ({ kind: 'resource', keys });
const attribute = (...keys: string[]): SearchField => ({ kind: 'attribute', keys });

/** Where a client's span says what it speaks to, by the semantic conventions of now and before. */
export const PEER_KEYS = ['peer.service', 'messaging.destination.name', 'db.namespace', 'db.name', 'db.system.name', 'db.system', 'server.address', 'net.peer.name', 'network.peer.address', 'rpc.service'] as const;

/** The first of them that is there; empty where none is. */
export const PEER = `coalesce(${PEER_KEYS.map((key) => `nullIf(SpanAttributes['${key}'], '')`).join(', ')}, '')`;

const service = text('ServiceName');
const operation: SearchField = { kind: 'words', column: 'SpanName', indexed: false };
const environment = text('Environment');
const version = text('ServiceVersion');
const trace = id('TraceId');
const span = id('SpanId');
const status: SearchField = { kind: 'choice', sql: 'StatusCode', values: { unset: 'Unset', ok: 'Ok', error: 'Error' }, absent: 'Unset' };
const kind: SearchField = {
  kind: 'choice',
  sql: 'SpanKind',
  values: { internal: 'Internal', server: 'Server', client: 'Client', producer: 'Producer', consumer: 'Consumer', unspecified: 'Unspecified' },
  absent: 'Unspecified',
};
/** Milliseconds where no unit is written. */
const duration: SearchField = { kind: 'number', sql: '(Duration / 1000000)', unitNs: 1e6 };

/** How the search language sees `otel_traces`. docs/search.md lists the names. */
export const SPAN_SEARCH_TABLE: SearchTable = {
  text: { column: 'SpanName', indexed: false },
  builtins: {
    service,
    'service.name': service,
    operation: text('SpanName'),
    name: operation,
    kind,
    status,
    error: { kind: 'choice', sql: "if(StatusCode = 'Error', 'true', 'false')", values: { true: 'true', yes: 'true', false: 'false', no: 'false' }, absent: 'false' },
    message: { kind: 'words', column: 'StatusMessage', indexed: false },
    duration,
    peer: text(PEER),
    environment,
    env: environment,
    version,
    trace,
    trace_id: trace,
    span,
    span_id: span,
    parent: id('ParentSpanId'),
    scope: text('ScopeName'),
    event: { kind: 'words', column: "arrayStringConcat(`Events.Name`, '\\n')", indexed: false },
    host: resource('host.name', 'host.id'),
    instance: resource('service.instance.id', 'k8s.pod.name', 'host.name'),
    pod: resource('k8s.pod.name'),
    namespace: resource('k8s.namespace.name', 'service.namespace'),
    container: resource('k8s.container.name', 'container.name', 'container.id'),
    route: attribute('http.route'),
    method: attribute('http.request.method', 'http.method'),
    http_status: attribute('http.response.status_code', 'http.status_code'),
  },
  attributes: 'SpanAttributes',
  numbers: 'SpanNumbers',
  resource: 'ResourceAttributes',
};
