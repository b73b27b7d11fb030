import type { ClickHouse } from '../packages/server/src/store/clickhouse/clickhouse.ts';

/**
 * Log records as services write them: twenty services, sixty kinds of lines with numbers, addresses, paths, durations and ids in them, eight attributes, nine
 * attributes of the resource; a fifth of the lines carries an id that no other line has. Spread evenly over a day that ends at `endSeconds`.
 */
export interface LogLines {
  readonly rows: number;
  /** Seconds since the epoch. */
  readonly endSeconds: number;
}

export const SERVICES = ['cart', 'checkout', 'payment', 'shipping', 'catalog', 'search', 'auth', 'user', 'email', 'frontend', 'gateway', 'ads', 'currency', 'quote', 'fraud', 'inventory', 'recommendation', 'billing', 'worker', 'scheduler'];
const DAY_SECONDS = 86_400;
const ROWS_PER_INSERT = 500_000;

/** `#n` a number, `#i` an id of its own, `#u` a user, `#a` an address, `#d` a duration, `#p` a path, `#w` a word of ten thousand. */
const LINES = [
  'GET #p 200 #dms', 'POST #p 201 #dms', 'GET #p 404 #dms user=#u', 'request completed method=GET path=#p status=200 duration=#dms',
  'cache hit for key session:#u', 'cache miss for key product:#n', 'connection from #a accepted', 'connection to #a closed after #d ms',
  'user #u logged in from #a', 'user #u logged out', 'order #i created for user #u total #n.99 EUR', 'order #i shipped with carrier #w',
  'payment #i authorized amount=#n currency=EUR', 'payment #i declined: insufficient funds', 'query took #d ms: SELECT * FROM #w WHERE id = #n',
  'slow query (#d ms) on table #w', 'published message #i to topic #w partition #n offset #n', 'consumed message from topic #w lag #n',
  'retrying request to #w attempt 2 of 5', 'circuit breaker for #w is half open', 'health check ok', 'health check for #w took #d ms',
  'loaded configuration from /etc/#w/config.yaml', 'refreshing token for client #w', 'token for user #u expires in #n seconds',
  'feature flag #w evaluated to true for user #u', 'rendered template #w in #d ms', 'sent email to user #u template #w', 'recommendations for user #u: #n products',
  'inventory for sku #w is #n', 'job #w finished in #d ms', 'job #w scheduled for #n', 'gc pause #d ms heap #n MB', 'thread pool #w size #n active #n queued #n',
  'TLS handshake with #a completed', 'DNS lookup for #w took #d ms', 'uploaded object #w/#n bytes=#n', 'downloaded #n bytes from #a', 'websocket #i opened', 'websocket closed code #n',
  'rate limit for #a: #n of 1000', 'search for "#w #w" found #n hits in #d ms', 'index #w refreshed #n documents', 'price of #w updated to #n.49', 'cart of user #u has #n items',
  'coupon #w applied to order', 'shipping quote for #w: #n.00', 'fraud score for order is 0.#n', 'currency conversion EUR to #w rate 1.#n', 'ad #w shown to user #u',
];
const BAD_LINES = [
  'upstream #w timed out after #d ms', 'connection refused by #a', 'could not reserve sku #w: out of stock', 'NullPointerException in #w.Service at line #n',
  'deadline exceeded calling #w', 'disk usage of /var/lib/#w is #n percent', 'invalid card number for user #u', 'deadlock detected on table #w, transaction #n rolled back',
  'too many open files', 'permission denied for user #u on #p',
];

/** Fills otel_logs, then merges what can be merged. `onProgress` gets the rows so far. */
export async function fillLogs(clickhouse: ClickHouse, { rows, endSeconds }: LogLines, onProgress: (rows: number) => void): Promise<void> {
  for (let from = 0; from < rows; from += ROWS_PER_INSERT) {
    const count = Math.min(ROWS_PER_INSERT, rows - from);
    await clickhouse.command(insertStatement(from, count, rows, endSeconds));
    onProgress(from + count);
  }
  await clickhouse.command('OPTIMIZE TABLE otel_logs FINAL');
}

function insertStatement(from: number, count: number, rows: number, endSeconds: number): string {
  const list = (texts: readonly string[]): string => `[${texts.map((text) => `'${text.replaceAll("'", "\\'")}'`).join(', ')}]`;
  const random = (salt: number, below: number): string => `(cityHash64(number, ${salt}) % ${below})`;
  const id = (salt: number): string => `lower(hex(cityHash64(number, ${salt})))`;
  const fills: readonly (readonly [string, string])[] = [
    ['#d', `toString(toUInt32(exp(${random(11, 1000)} / 110.)))`],
    ['#u', `concat('u', toString(${random(12, 100_000)}))`],
    ['#a', `concat('10.', toString(${random(13, 4)}), '.', toString(${random(14, 250)}), '.', toString(${random(15, 250)}))`],
    ['#i', `concat(${id(16)}, ${id(17)})`],
    ['#p', `concat('/api/v1/', ['products','orders','users','cart','checkout'][1 + ${random(18, 5)}], '/', toString(${random(19, 5000)}))`],
    ['#w', `concat(['amber','basil','cedar','delta','ember','fjord','grove','haven','ivory','jolly'][1 + ${random(20, 10)}], ['berg','dale','field','ford','gate','holm','lake','mark','port','vale'][1 + ${random(21, 10)}], toString(${random(22, 100)}))`],
    ['#n', `toString(${random(23, 1000)})`],
  ];
  const body = fills.reduce((sql, [mark, fill]) => `replaceAll(${sql}, '${mark}', ${fill})`, 'line');
  return `INSERT INTO otel_logs (Timestamp, Sequence, TraceId, SpanId, SeverityText, SeverityNumber, ServiceName, Body, ResourceAttributes, ScopeName, LogAttributes, LogNumbers, Pattern)
WITH ${random(1, 100)} < 4 AS bad, ${list(SERVICES)} AS services, pow(${random(2, 1000)} / 1000., 2) * 20 AS service_number,
  services[1 + toUInt32(service_number)] AS service, ${list(LINES)} AS good_lines, ${list(BAD_LINES)} AS bad_lines,
  if(bad, bad_lines[1 + ${random(3, BAD_LINES.length)}], good_lines[1 + toUInt32(pow(${random(4, 1000)} / 1000., 1.5) * ${LINES.length})]) AS line,
  if(bad, [17, 13][1 + ${random(5, 2)}], [9, 9, 9, 5][1 + ${random(6, 4)}]) AS severity, if(bad, 500 + ${random(7, 4)}, [200, 200, 201, 204, 404][1 + ${random(8, 5)}]) AS status,
  toUInt32(exp(${random(11, 1000)} / 110.)) AS duration, toUInt64(number) AS n
SELECT fromUnixTimestamp64Nano(toInt64(${endSeconds - DAY_SECONDS}) * 1000000000 + toInt64(n * ${Math.floor((DAY_SECONDS * 1e9) / rows)}) + ${random(9, 1_000_000)}),
  n + 1, if(${random(10, 10)} < 7, concat(${id(31)}, ${id(32)}), ''), if(${random(10, 10)} < 7, ${id(33)}, ''), multiIf(severity = 17, 'ERROR', severity = 13, 'WARN', severity = 9, 'INFO', 'DEBUG'), severity,
  service, ${body},
  map('service.name', service, 'service.version', concat('1.', toString(${random(34, 3)}), '.0'), 'deployment.environment.name', 'production', 'host.name', concat('node-', toString(${random(35, 12)})),
    'k8s.pod.name', concat(service, '-7d9f8b6c5d-', toString(${random(36, 5)})), 'k8s.namespace.name', 'shop', 'cloud.region', 'eu-central-1', 'telemetry.sdk.language', 'nodejs', 'telemetry.sdk.version', '2.1.0'),
  concat('@shop/', service),
  map('user.id', toString(${random(12, 100_000)}), 'http.response.status_code', toString(status), 'http.request.method', ['GET', 'POST'][1 + ${random(37, 2)}], 'url.path', concat('/api/v1/', toString(${random(19, 5000)})),
    'duration_ms', toString(duration), 'thread.name', concat('worker-', toString(${random(38, 16)})), 'client.address', concat('10.0.', toString(${random(14, 250)}), '.', toString(${random(15, 250)})), 'retry', toString(${random(39, 3)})),
  map('http.response.status_code', toFloat64(status), 'duration_ms', toFloat64(duration), 'retry', toFloat64(${random(39, 3)})),
  cityHash64(line)
FROM numbers(${from}, ${count}) SETTINGS max_insert_threads = 1, max_threads = 2`;
}
