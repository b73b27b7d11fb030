/**
 * How fast logs are searched: fills a store with lines as services write them, through the engine itself, and asks through the same questions as the REST
 * interface. Prints p50 and p95 of each question over the whole day of lines, what
 * it takes of a core, and bytes a line.
 *
 *   node bench/log-search.ts [ROWS=10000000] [DIRECTORY] [ROUNDS=20]
 *
 * A directory that holds a filled store is asked as it is; without one a temporary directory is filled and removed.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS, type Meter } from '../packages/core/src/index.ts';
import { createLogQueries } from '../packages/server/src/query/logs/log-queries.ts';
import { openEmbeddedClickHouse } from '../packages/server/src/store/clickhouse/embedded.ts';
import { migrateClickHouse } from '../packages/server/src/store/clickhouse/migrate.ts';
import { fillLogs } from './log-lines.ts';

process.env['UV_THREADPOOL_SIZE'] ??= '16';
const DAY_MS = 86_400_000;
const rows = Number(process.argv[2] ?? 10_000_000);
const given = process.argv[3];
const rounds = Number(process.argv[4] ?? 20);
const directory = given ?? mkdtempSync(join(tmpdir(), 'pitot-bench-logs-'));
const isFilled = given !== undefined && existsSync(given);
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const noMeter: Meter = { counter: () => ({ inc() {} }), gauge: () => ({ set() {} }), histogram: () => ({ observe() {} }), observe() {} };

const clickhouse = await openEmbeddedClickHouse({ path: directory, memoryBytes: 4 * 2 ** 30, threads: 2, log: silent });
const read = async (sql: string): Promise<string> => new TextDecoder().decode(await clickhouse.query(sql, { format: 'TabSeparated' })).trim();
if (!isFilled) {
  await migrateClickHouse(clickhouse, { retentionMs: 365 * DAY_MS });
  const startMs = performance.now();
  await fillLogs(clickhouse, { rows, endSeconds: Math.floor(Date.now() / 1000) }, (done) => process.stderr.write(`\r${done} lines`));
  process.stderr.write(`\nfilled and merged in ${((performance.now() - startMs) / 1000).toFixed(0)} s\n`);
}
console.log(`${await read('SELECT count() FROM otel_logs')} lines in ${await read("SELECT count() FROM system.parts WHERE active AND table = 'otel_logs'")} parts`);
console.log(`${await read("SELECT round(sum(bytes_on_disk) / sum(rows), 1) FROM system.parts WHERE active AND table = 'otel_logs'")} bytes a line on disk, of which`);
console.log(await read("SELECT concat('  ', name, ': ', toString(round(data_compressed_bytes / (SELECT count() FROM otel_logs), 2))) FROM system.columns WHERE table = 'otel_logs' AND data_compressed_bytes > 0 ORDER BY data_compressed_bytes DESC LIMIT 9"));
console.log(await read("SELECT concat('  ', name, ': ', toString(round(data_compressed_bytes / (SELECT count() FROM otel_logs), 2))) FROM system.data_skipping_indices WHERE table = 'otel_logs' AND data_compressed_bytes > 1000 ORDER BY data_compressed_bytes DESC"));

const endMs = Number(await read('SELECT toUnixTimestamp64Milli(max(Timestamp)) FROM otel_logs')) + 1;
const range = { startMs: endMs - DAY_MS, endMs };
// An id that one line has.
const id = await read("SELECT extract(Body, '[0-9a-f]{32}') FROM otel_logs WHERE Body LIKE 'payment % authorized %' LIMIT 1");
const logs = createLogQueries({ clickhouse, limits: { ...DEFAULT_LIMITS, query_timeout_seconds: 600 }, clock: { nowMs: () => endMs }, meter: noMeter });
const search = (query: string) => () => logs.search({ query, ...range, limit: 100, order: 'desc' });
const questions: readonly (readonly [string, (round: number) => Promise<unknown>])[] = [
  ['newest 100 of all', search('')],
  ['rare token (one line)', search(id)],
  ['rare token, counted by time', () => logs.histogram({ query: id, ...range, buckets: 60 })],
  ['common token', search('request')],
  ['common token, counted by time', () => logs.histogram({ query: 'request', ...range, buckets: 60 })],
  ['token that no line has', search('nosuchwordatall')],
  ['two tokens', search('deadlock amberberg7')],
  ['phrase', search('"insufficient funds"')],
  ['phrase, counted by time', () => logs.histogram({ query: '"insufficient funds"', ...range, buckets: 60 })],
  ['prefix', search('deadl*')],
  ['prefix, counted by time', () => logs.histogram({ query: 'deadl*', ...range, buckets: 60 })],
  ['attribute user.id:u…', (round) => logs.search({ query: `user.id:${1000 + round * 37}`, ...range, limit: 100, order: 'desc' })],
  ['attribute, counted by time', (round) => logs.histogram({ query: `user.id:${1000 + round * 37}`, ...range, buckets: 60 })],
  ['attribute in a range of numbers', search('duration_ms:[5000 TO 5100]')],
  ['the same, counted by time', () => logs.histogram({ query: 'duration_ms:[5000 TO 5100]', ...range, buckets: 60 })],
  ['service and level', search('service:cart level>=warn')],
  ['field and token', search('service:checkout status:[500 TO 599] timed')],
  ['field and token, counted by time', () => logs.histogram({ query: 'service:checkout status:[500 TO 599] timed', ...range, buckets: 60 })],
  ['histogram of all', () => logs.histogram({ query: '', ...range, buckets: 60 })],
  ['facets of all', () => logs.facets({ query: '', ...range, limit: 10 })],
  ['facets of errors', () => logs.facets({ query: 'level>=error', ...range, limit: 10 })],
  ['patterns of all', () => logs.patterns({ query: '', ...range, sort: 'count', limit: 50 })],
  ['context of a record', async () => logs.context((await logs.search({ query: id, ...range, limit: 1, order: 'desc' })).logs[0]!.id, 20)],
];
const middle = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)]!;
console.log('\nquestion'.padEnd(38), 'p50 ms'.padStart(8), 'p95 ms'.padStart(8), 'CPU ms'.padStart(8));
for (const [name, ask] of questions) {
  const times: number[] = [];
  const costs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    const before = process.cpuUsage();
    await ask(round);
    times.push(performance.now() - startMs);
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / 1000);
  }
  for (const list of [times, costs]) list.sort((a, b) => a - b);
  const p95 = times[Math.min(rounds - 1, Math.floor(0.95 * rounds))]!;
  console.log(name.padEnd(37), ...[middle(times), p95, middle(costs)].map((ms) => ms.toFixed(1).padStart(8)));
}
logs.close();
await clickhouse.close();
if (given === undefined) rmSync(directory, { recursive: true });
