/**
 * How long the map of many services takes, made from spans and read from its aggregates, and what the aggregates cost when spans are
 * inserted: node bench/service-map.ts [--spans 5000000] [--services 1000] [--spread]
 *
 * Spans come in the order of time, from three instances of each service; with --spread every insert has spans of a whole hour, as an import may have.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openEmbeddedClickHouse } from '../packages/server/src/store/clickhouse/embedded.ts';
import { migrateClickHouse } from '../packages/server/src/store/clickhouse/migrate.ts';
import { VIEW_DEFINITIONS } from '../packages/server/src/store/clickhouse/schema.ts';
import { createEdgeJob } from '../packages/server/src/store/edges/edge-job.ts';
import { readEdges, readEdgesFromSpans } from '../packages/server/src/store/edges/edge-reading.ts';
import { readOperations } from '../packages/server/src/store/edges/service-reading.ts';
import { createSpanMetricReader } from '../packages/server/src/store/span-metrics/span-metric-reader.ts';

const { values } = parseArgs({ options: { spans: { type: 'string', default: '5000000' }, services: { type: 'string', default: '1000' }, spread: { type: 'boolean', default: false } } });
const spans = Number(values.spans);
const services = Number(values.services);
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const directory = mkdtempSync(join(tmpdir(), 'pitot-map-'));
const clickhouse = await openEmbeddedClickHouse({ path: directory, memoryBytes: 6 * 2 ** 30, threads: 2, log: silent });

const SPANS_PER_TRACE = 10;
const CHUNK = 500_000;
const HOUR_MS = 3_600_000;
const endMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
const startMs = endMs - HOUR_MS;
const report: Record<string, string | number> = { spans, services };

async function timed<T>(what: string, run: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const result = await run();
  const { user, system } = process.cpuUsage(cpu);
  report[what] = `${((performance.now() - start) / 1000).toFixed(2)} s (${((user + system) / 1e6).toFixed(2)} s of CPU)`;
  console.log(`${what}: ${report[what]}`);
  return result;
}

/** Traces of five services in a row, each a server's and a client's span; the last client asks a database. Three ways from each service. */
async function insertChunk(from: number, count: number): Promise<void> {
  const offsetMs = values.spread ? `(trace * 7919) % ${HOUR_MS}` : `intDiv(trace * ${HOUR_MS}, ${Math.ceil(spans / SPANS_PER_TRACE)})`;
  const service = `concat('service-', toString((cityHash64(trace) + level * (1 + trace % 3) * 37) % ${services}))`;
  await clickhouse.command(
    `INSERT INTO otel_traces (Timestamp, Received, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, ResourceAttributes, SpanAttributes, Duration, StatusCode) ` +
      `SELECT fromUnixTimestamp64Nano(toInt64(${startMs} + ${offsetMs} + place) * 1000000), now64(3), lower(leftPad(hex(trace + 1), 32, '0')), lower(leftPad(hex(number + 1), 16, '0')), ` +
      `if(place = 0, '', lower(leftPad(hex(number), 16, '0'))), if(place % 2 = 0, concat('GET /route-', toString(level)), 'GET'), if(place % 2 = 0, 'Server', 'Client'), ${service}, ` +
      `map('service.name', ${service}, 'service.version', toString(trace % 2), 'deployment.environment.name', 'production', 'telemetry.sdk.language', 'nodejs', 'host.name', concat(${service}, '-', toString(trace % 3))), ` +
      `if(place = 9, map('db.system.name', 'postgresql', 'db.namespace', ${service}, 'server.address', 'db.internal'), map('http.request.method', 'GET', 'server.address', 'somewhere', 'url.path', '/x', 'http.response.status_code', '200', 'network.protocol.version', '1.1')), ` +
      `toUInt64(1e6 + cityHash64(number) % 50000000), if(cityHash64(number) % 100 = 0, 'Error', 'Unset') ` +
      `FROM (SELECT number, intDiv(number, ${SPANS_PER_TRACE}) AS trace, number % ${SPANS_PER_TRACE} AS place, intDiv(place, 2) AS level FROM numbers({from:UInt64}, {count:UInt64}))`,
    { params: { from, count }, settings: { max_insert_threads: 1, max_threads: 1, max_block_size: 1_048_576, min_insert_block_size_rows: 1_048_576 } },
  );
}

const DEPLOYMENT = { retentionMs: 30 * 24 * HOUR_MS };
await migrateClickHouse(clickhouse, DEPLOYMENT);
for (const view of Object.keys(VIEW_DEFINITIONS)) await clickhouse.command(`DROP VIEW ${view}`);
await timed(`insert of ${CHUNK} spans without views`, () => insertChunk(0, CHUNK));
await clickhouse.command('TRUNCATE TABLE otel_traces');
await migrateClickHouse(clickhouse, DEPLOYMENT);
await timed(`insert of ${CHUNK} spans with views`, () => insertChunk(0, CHUNK));
await timed(`insert of the other ${spans - CHUNK} with views`, async () => {
  for (let from = CHUNK; from < spans; from += CHUNK) await insertChunk(from, Math.min(CHUNK, spans - from));
});

const fromSpans = await timed('map made from the spans', () => readEdgesFromSpans(clickhouse, { startMs: startMs - HOUR_MS, endMs: endMs + HOUR_MS }));
report.edges = new Set(fromSpans.edges.map(({ client, server }) => `${client} ${server}`)).size;
report.calls = fromSpans.edges.reduce((sum, { calls }) => sum + calls, 0);
const job = createEdgeJob(clickhouse, { log: silent, settleMs: 0 });
await timed('job over all of them', () => job.run(AbortSignal.timeout(600_000)));
await timed('job when nothing came', () => job.run(AbortSignal.timeout(600_000)));
const range = { startMs, endMs };
const read = await readEdges(clickhouse, range);
const tookMs: number[] = [];
for (let i = 0; i < 5; i++) {
  const started = performance.now();
  await readEdges(clickhouse, range);
  tookMs.push(performance.now() - started);
}
report['map of that hour from the aggregates, p50 of 5'] = `${tookMs.sort((a, b) => a - b)[2]!.toFixed(0)} ms`;
report.edgesOfAggregates = new Set(read.edges.map(({ client, server }) => `${client} ${server}`)).size;
report.callsOfAggregates = read.edges.reduce((sum, { calls }) => sum + calls, 0);
await timed('map of 24 hours from the aggregates', () => readEdges(clickhouse, { startMs: endMs - 24 * HOUR_MS, endMs }));
await timed('rates of all services over that hour', () => readOperations(clickhouse, range));
const reader = createSpanMetricReader(clickhouse, { clock: { nowMs: () => endMs + HOUR_MS } });
const name = { name: '__name__', type: '=', value: 'traces_span_metrics_calls_total' } as const;
await timed('PromQL: all counters over five minutes', () => reader.select({ matchers: [name], minTimeMs: endMs - 300_000, maxTimeMs: endMs }));
await timed('PromQL: one service over an hour', () => reader.select({ matchers: [name, { name: 'service_name', type: '=', value: 'service-7' }], minTimeMs: startMs, maxTimeMs: endMs }));
console.log(JSON.stringify(report, null, 2));
await clickhouse.close();
rmSync(directory, { recursive: true });
