/**
 * Merges what a stopped Pitot has in its data directory and prints the bytes that all telemetry tables take on disk, with
 * their indexes. A process of its own, because one process opens one directory: node bench/merge-store.ts DIRECTORY
 */
import { join } from 'node:path';
import { TABLES } from '../packages/core/src/index.ts';
import { openEmbeddedClickHouse } from '../packages/server/src/store/clickhouse/embedded.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const clickhouse = await openEmbeddedClickHouse({
  path: join(process.argv[2] ?? 'data', 'clickhouse'),
  memoryBytes: 4 * 2 ** 30,
  threads: 2,
  log: silent,
});
for (const table of Object.keys(TABLES)) await clickhouse.command(`OPTIMIZE TABLE ${table} FINAL`);
const tables = Object.keys(TABLES)
  .map((table) => `'${table}'`)
  .join(', ');
const bytes = await clickhouse.query(`SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table IN (${tables})`, { format: 'TabSeparated' });
console.log(new TextDecoder().decode(bytes).trim());
await clickhouse.close();
