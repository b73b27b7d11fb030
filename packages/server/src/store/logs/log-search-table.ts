import type { SearchField, SearchTable } from '../search/search-table.ts';

const text = (sql: string): SearchField => ({ kind: 'text', sql });
const id = (sql: string): SearchField => ({ kind: 'text', sql, fold: 'lower' });
const resource = (...keys: string[]): SearchField => ({ kind: 'resource', keys });
const attribute = (...keys: string[]): SearchField => ({ kind: 'attribute', keys });

const body: SearchField = { kind: 'words', column: 'Body', indexed: true };
const level: SearchField = {
  kind: 'levels',
  sql: 'SeverityNumber',
  names: [
    { name: 'unset', from: 0, to: 0 },
    { name: 'trace', from: 1, to: 4 },
    { name: 'debug', from: 5, to: 8 },
    { name: 'info', from: 9, to: 12 },
    { name: 'warn', from: 13, to: 16 },
    { name: 'error', from: 17, to: 20 },
    { name: 'fatal', from: 21, to: 24 },
  ],
  aliases: { warning: 'warn', err: 'error', information: 'info', notice: 'info', critical: 'fatal', crit: 'fatal', alert: 'fatal', emergency: 'fatal', emerg: 'fatal', panic: 'fatal', none: 'unset' },
  absent: 0,
};
const environment = text('Environment');
const trace = id('TraceId');
const span = id('SpanId');

/** How the search language sees `otel_logs`. docs/search.md lists the names. */
export const LOG_SEARCH_TABLE: SearchTable = {
  text: { column: 'Body', indexed: true },
  builtins: {
    service: text('ServiceName'),
    'service.name': text('ServiceName'),
    level,
    severity: level,
    environment,
    env: environment,
    version: text('ServiceVersion'),
    trace,
    trace_id: trace,
    span,
    span_id: span,
    body,
    message: body,
    event: text('EventName'),
    scope: text('ScopeName'),
    logger: text('ScopeName'),
    pattern: { kind: 'id', sql: 'Pattern' },
    host: resource('host.name', 'host.id'),
    pod: resource('k8s.pod.name'),
    namespace: resource('k8s.namespace.name', 'service.namespace'),
    container: resource('k8s.container.name', 'container.name', 'container.id'),
    // What they are called by hand, by OpenTelemetry, and by OpenTelemetry before 2024.
    status: attribute('status', 'status_code', 'http.response.status_code', 'http.status_code'),
    path: attribute('path', 'url.path', 'http.target'),
    method: attribute('method', 'http.request.method', 'http.method'),
  },
  attributes: 'LogAttributes',
  numbers: 'LogNumbers',
  resource: 'ResourceAttributes',
  indexedPairs: true,
};
