import { AppError } from '@pitot/core';
import type { ClickHouse } from './clickhouse.ts';
import { addMissing, createTable, createView, expiryOf, indexName, mergeTreeName, setRetention, viewVersion, type Deployment } from './ddl.ts';
import { TABLE_DEFINITIONS, VIEW_DEFINITIONS, type StoredTable, type TableDefinition } from './schema.ts';

/** Creates missing tables and columns and sets the retention. Running it again changes nothing. */
export async function migrateClickHouse(clickhouse: ClickHouse, options: Deployment): Promise<void> {
  if (options.cluster !== undefined && clickhouse.kind === 'embedded') {
    throw new AppError('bad_config', 'clickhouse.cluster needs a server: set clickhouse.url, or remove clickhouse.cluster');
  }
  for (const name of Object.keys(TABLE_DEFINITIONS) as StoredTable[]) {
    for (const statement of createTable(name, options)) await clickhouse.command(statement);
    await completeTable(clickhouse, name, options);
    await applyRetention(clickhouse, name, options);
  }
  for (const name of Object.keys(VIEW_DEFINITIONS)) await applyView(clickhouse, name, options);
}

/** A view whose definition has changed is made anew; what it has aggregated stays. */
async function applyView(clickhouse: ClickHouse, name: string, deployment: Deployment): Promise<void> {
  const sql = 'SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = {name:String}';
  const comment = new TextDecoder().decode(await clickhouse.query(sql, { params: { name }, format: 'TabSeparated' })).trim();
  if (comment === viewVersion(name)) return;
  for (const statement of createView(name, deployment, comment !== '')) await clickhouse.command(statement);
}

/** A table of an earlier version gets the columns and indexes it lacks; rows that are there read as the column's default. */
async function completeTable(clickhouse: ClickHouse, name: StoredTable, deployment: Deployment): Promise<void> {
  const tables = [...new Set([mergeTreeName(name, deployment.cluster), name])];
  const { columns, indexes = [] }: TableDefinition = TABLE_DEFINITIONS[name];
  const known = await Promise.all(tables.map((table) => namesOf(clickhouse, 'system.columns', table)));
  const lacking = columns.filter((column) => known.some((names) => !names.has(column.name)));
  const indexed = indexes.length === 0 ? new Set<string>() : await namesOf(clickhouse, 'system.data_skipping_indices', tables[0]!);
  const missing = {
    columns: new Set(lacking.map((column) => column.name)),
    indexes: new Set(indexes.map(indexName).filter((index) => !indexed.has(index))),
  };
  for (const statement of addMissing(name, missing, deployment)) await clickhouse.command(statement);
}

async function namesOf(clickhouse: ClickHouse, list: 'system.columns' | 'system.data_skipping_indices', table: string): Promise<Set<string>> {
  const sql = `SELECT name FROM ${list} WHERE database = currentDatabase() AND table = {table:String}`;
  const text = new TextDecoder().decode(await clickhouse.query(sql, { params: { table }, format: 'TabSeparated' }));
  return new Set(text.split('\n'));
}

/** Tables that exist keep the retention they were made with until it is altered; altering costs nothing when nothing changes. */
async function applyRetention(clickhouse: ClickHouse, name: StoredTable, deployment: Deployment): Promise<void> {
  const alter = setRetention(name, deployment);
  if (alter === undefined) return;
  const table = mergeTreeName(name, deployment.cluster);
  const sql = 'SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = {table:String}';
  const text = new TextDecoder().decode(await clickhouse.query(sql, { params: { table }, format: 'TabSeparated' }));
  if (text.includes(expiryOf(TABLE_DEFINITIONS[name], deployment)!)) return;
  // Parts are dropped whole, by the new rule, as they are merged; rewriting them now would gain nothing.
  await clickhouse.command(alter, { settings: { materialize_ttl_after_modify: 0 } });
}
