/**
 * Spans of a made-up shop as SQL over `numbers`, so that the engine makes millions of them in seconds. Ten spans a trace, 25 endpoints,
 * 40 services; one trace in a hundred fails, requests on database shard 3 are slow. The same number always gives the same span.
 */
export const SPANS_PER_TRACE = 10;

/** Name and type of each column as a door writes it, with its expression. */
const COLUMNS: readonly (readonly [string, string, string])[] = [
  ['Timestamp', 'DateTime64(9)', 'fromUnixTimestamp64Nano(start_ns)'],
  ['Received', 'DateTime64(3)', 'fromUnixTimestamp64Milli(intDiv(start_ns, 1000000) + 800)'],
  ['TraceId', 'String', 'lower(hex(sipHash128(trace)))'],
  ['SpanId', 'String', 'lower(hex(sipHash64(number)))'],
  ['ParentSpanId', 'String', "if(position = 0, '', lower(hex(sipHash64(number - position + intDiv(position - 1, 2)))))"],
  ['TraceState', 'String', "''"],
  ['SpanName', 'String', "concat(['GET', 'POST', 'SELECT', 'publish', 'render'][1 + kind % 5], ' /', ['cart', 'order', 'user', 'search', 'item'][1 + endpoint % 5], '/', toString(intDiv(position, 2)))"],
  ['SpanKind', 'String', "if(position % 2 = 0, 'Server', 'Client')"],
  ['ServiceName', 'String', 'service'],
  [
    'ResourceAttributes',
    'Map(String, String)',
    "map('service.name', service, 'service.version', concat('1.', toString(hash % 7), '.0'), 'service.instance.id', concat(service, '-', toString(hash % 6)), " +
      "'host.name', concat('node-', toString(hash % 12)), 'deployment.environment.name', if(hash % 20 = 0, 'staging', 'production'), " +
      "'telemetry.sdk.language', ['nodejs', 'go', 'java', 'python'][1 + endpoint % 4], 'k8s.pod.name', concat(service, '-7d9f', toString(hash % 6)), 'cloud.region', 'eu-central-1')",
  ],
  ['ScopeName', 'String', "'@opentelemetry/instrumentation-http'"],
  ['ScopeVersion', 'String', "'0.223.0'"],
  [
    'SpanAttributes',
    'Map(String, String)',
    "map('http.request.method', 'GET', 'http.route', concat('/api/', toString(endpoint)), 'http.response.status_code', if(failed, '500', '200'), " +
      "'url.full', concat('https://shop.example/api/', toString(endpoint), '/', toString(hash % 100000)), 'user.id', concat('u', toString(trace_hash % 200000)), " +
      "'server.address', concat('svc-', toString((endpoint + position) % 40)), 'db.shard', toString(trace_hash % 8), 'user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/141.0')",
  ],
  ['SpanNumbers', 'Map(String, Float64)', "map('http.response.status_code', if(failed, 500., 200.))"],
  ['Duration', 'UInt64', 'toUInt64(2e6 * exp(3 * pow(hash % 1000 / 1000, 3)) * (10 - position) * if(trace_hash % 8 = 3, 4, 1))'],
  ['StatusCode', 'String', "if(failed, 'Error', 'Unset')"],
  ['StatusMessage', 'String', "if(failed, 'the upstream did not answer', '')"],
  ['Events.Timestamp', 'Array(DateTime64(9))', 'if(failed, [fromUnixTimestamp64Nano(start_ns + 1000)], [])'],
  ['Events.Name', 'Array(String)', "if(failed, ['exception'], [])"],
  ['Events.Attributes', 'Array(Map(String, String))', "if(failed, [map('exception.type', 'TimeoutError', 'exception.message', 'the upstream did not answer')], [])"],
  ['Links.TraceId', 'Array(String)', '[]'],
  ['Links.SpanId', 'Array(String)', '[]'],
  ['Links.TraceState', 'Array(String)', '[]'],
  ['Links.Attributes', 'Array(Map(String, String))', '[]'],
  ['SampleWeight', 'Float64', '1'],
];

export const SPAN_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name);

/** `count` spans from the `first` one on; traces start `gapNs` apart from `startNs`. */
export function generateSpans(first: number, count: number, startNs: bigint, gapNs: number): string {
  const columns = COLUMNS.map(([name, type, expression]) => `CAST(${expression}, '${type}') AS \`${name}\``).join(',\n');
  return (
    `WITH intDiv(number, ${SPANS_PER_TRACE}) AS trace, number % ${SPANS_PER_TRACE} AS position, sipHash64(number) AS hash, sipHash64(trace) AS trace_hash, ` +
    `trace_hash % 25 AS endpoint, hash % 5 AS kind, concat('service-', toString((endpoint * 7 + intDiv(position + 1, 2)) % 40)) AS service, ` +
    `(trace_hash % 100 = 7 AND position < 4) AS failed, toInt64(${startNs} + trace * ${gapNs} + position * 1000000) AS start_ns ` +
    `SELECT ${columns} FROM numbers(${first}, ${count}) SETTINGS output_format_native_encode_types_in_binary_format = 0`
  );
}
