/**
 * How fast traces are found among millions of spans, and what the indexes cost when spans are inserted. The engine makes the spans itself
 * (bench/span-generator.ts); they are inserted in pieces as ingest does, then asked through the same questions as REST's.
 *
 *   UV_THREADPOOL_SIZE=16 node bench/trace-lookup.ts [--spans 10000000] [--directory DIR] [--without-views]
 *
 * Without views, the aggregates that are made of spans as they come (RED, edges) are not, which makes most of the cost of inserting them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_LIMITS } from '../packages/core/src/index.ts';
import { createTraceQueries } from '../packages/server/src/query/traces/trace-queries.ts';
import { openEmbeddedClickHouse } from '../packages/server/src/store/clickhouse/embedded.ts';
import { migrateClickHouse } from '../packages/server/src/store/clickhouse/migrate.ts';
import { generateSpans, SPAN_COLUMNS, SPANS_PER_TRACE } from './span-generator.ts';

const { values } = parseArgs({ options: { spans: { type: 'string', default: '10000000' }, directory: { type: 'string' }, 'without-views': { type: 'boolean', default: false } } });
const SPANS = Number(values.spans);
const PIECE = 200_000;
const DAY_MS = 86_400_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const directory = values.directory ?? mkdtempSync(join(tmpdir(), 'pitot-traces-'));
const clickhouse = await openEmbeddedClickHouse({ path: directory, memoryBytes: 3 * 2 ** 30, threads: 2, log: silent });
await migrateClickHouse(clickhouse, { retentionMs: 90 * DAY_MS });
const text = async (sql: string): Promise<string> => new TextDecoder().decode(await clickhouse.query(sql, { format: 'TabSeparated' })).trim();

if (values['without-views']) {
  const views = await text("SELECT name FROM system.tables WHERE engine = 'MaterializedView' AND database = currentDatabase() AND name != 'otel_traces_trace_id_ts_mv'");
  for (const view of views.split('\n').filter((name) => name !== '')) await clickhouse.command(`DROP VIEW ${view}`);
}

const endMs = Date.now();
const startMs = endMs - DAY_MS;
const gapNs = Math.floor((DAY_MS * 1e6) / (SPANS / SPANS_PER_TRACE));
let insertMs = 0;
let insertCpuMs = 0;
// A directory that was filled before is asked as it is.
const stored = Number(await text('SELECT count() FROM otel_traces'));
for (let first = stored; first < SPANS; first += PIECE) {
  const block = await clickhouse.query(generateSpans(first, PIECE, BigInt(startMs) * 1_000_000n, gapNs));
  const startedMs = performance.now();
  const used = process.cpuUsage();
  await clickhouse.insertNative('otel_traces', SPAN_COLUMNS, [block], { token: `bench-${first}` });
  insertMs += performance.now() - startedMs;
  insertCpuMs += cpuMs(used);
}
console.log(`${SPANS} spans in ${SPANS / PIECE} inserts: ${Math.round(SPANS / (insertMs / 1000))} spans/s, ${Math.round(SPANS / (insertCpuMs / 1000))} per CPU-second, merges included`);
console.log(`on disk: ${await text("SELECT table, count(), sum(rows), formatReadableSize(sum(bytes_on_disk)), round(sum(bytes_on_disk) / sum(rows), 1) FROM system.parts WHERE active AND table LIKE 'otel_traces%' GROUP BY table FORMAT TSV")}`);

const logs = { logsOfTrace: () => Promise.resolve([]), logCountsOfTrace: () => Promise.resolve(new Map<string, number>()) };
const traces = createTraceQueries({ clickhouse, limits: DEFAULT_LIMITS, logs, retentionMs: 90 * DAY_MS });
const day = { startMs, endMs };
const hour = { startMs: endMs - DAY_MS / 24, endMs };

const ids = (await text(`SELECT lower(hex(sipHash128(intDiv(number * 7919, 1)))) FROM numbers(100) WHERE number * 7919 < ${SPANS / SPANS_PER_TRACE}`)).split('\n');
const search = { query: '', sort: 'recent', limit: 50 } as const;
await measure('trace by id', ids.length, (i) => traces.trace(ids[i]!));
await measure('newest traces, a day, no filter', 20, () => traces.search({ ...day, ...search }));
await measure('service and duration, an hour', 20, (i) => traces.search({ ...hour, ...search, query: `service:service-${i} duration>100ms` }));
await measure('service and duration, a day', 20, (i) => traces.search({ ...day, ...search, query: `service:service-${i} duration>100ms` }));
await measure('errors of a service, a day', 20, (i) => traces.search({ ...day, ...search, query: `service:service-${i} status:error` }));
await measure('longest, a day', 10, () => traces.search({ ...day, ...search, sort: 'duration' }));
await measure('a frequent attribute, an hour', 10, (i) => traces.search({ ...hour, ...search, query: `db.shard:${i % 8}` }));
await measure('a frequent attribute, a day', 5, (i) => traces.search({ ...day, ...search, query: `db.shard:${i % 8}` }));
await measure('a rare attribute, a day', 10, (i) => traces.search({ ...day, ...search, query: `user.id:u${i * 777}` }));
await measure('heatmap, a day, no filter', 10, () => traces.heatmap({ ...day, query: '', columns: 120, rows: 30 }));
await measure('heatmap, a day, a service', 10, (i) => traces.heatmap({ ...day, query: `service:service-${i}`, columns: 120, rows: 30 }));
await measure('facets, an hour', 5, () => traces.facets({ ...hour, query: '', limit: 10 }));
await measure('slow against normal, an hour', 5, () => traces.compareGroups({ ...hour, query: '', selection: 'duration>200ms', limit: 20 }));
console.log((await traces.compareGroups({ ...hour, query: '', selection: 'duration>200ms', limit: 5 })).summary);
await clickhouse.close();
if (values.directory === undefined) rmSync(directory, { recursive: true });

async function measure(what: string, times: number, run: (i: number) => Promise<unknown>): Promise<void> {
  const taken: number[] = [];
  const used = process.cpuUsage();
  for (let i = 0; i < times; i++) {
    const startedMs = performance.now();
    await run(i);
    taken.push(performance.now() - startedMs);
  }
  taken.sort((a, b) => a - b);
  const at = (share: number) => taken[Math.min(times - 1, Math.floor(share * times))]!.toFixed(1).padStart(8);
  console.log(`${what.padEnd(36)} p50 ${at(0.5)} ms   p95 ${at(0.95)} ms   CPU ${(cpuMs(used) / times).toFixed(1).padStart(8)} ms each`);
}

/** What this process, with the engine in it, has used since: on a busy machine the only figure that means something. */
function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
