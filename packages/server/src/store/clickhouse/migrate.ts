import { AppError } from '@pitot/core';
import type { ClickHouse } from './clickhouse.ts';
import { addMissing, createTable, createView, expiryOf, indexName, mergeTreeName, setRetention, viewVersion, type Deployment } from './ddl.ts';
import { TABLE_DEFINITIONS, VIEW_DEFINITIONS, type StoredTable, type TableDefinition } from './schema.ts';

/**
 * Creates missing tables, columns, indexes and views and sets the retention. Running it again changes nothing, and asks three questions: what is
 * there is read at once for all tables, since the program waits for this at every start.
 */
export async function migrateClickHouse(clickhouse: ClickHouse, options: Deployment): Promise<void> {
  if (options.cluster !== undefined && clickhouse.kind === 'embedded') {
    throw new AppError('bad_config', 'clickhouse.cluster needs a server: set clickhouse.url, or remove clickhouse.cluster');
  }
  const catalog = await readCatalog(clickhouse);
  await Promise.all((Object.keys(TABLE_DEFINITIONS) as StoredTable[]).map((name) => applyTable(clickhouse, name, catalog, options)));
  await Promise.all(Object.keys(VIEW_DEFINITIONS).map((name) => applyView(clickhouse, name, catalog, options)));
}

/** What the database holds, by table. */
interface Catalog {
  readonly tables: ReadonlyMap<string, { readonly comment: string; readonly statement: string }>;
  readonly columns: ReadonlyMap<string, ReadonlySet<string>>;
  readonly indexes: ReadonlyMap<string, ReadonlySet<string>>;
}

async function readCatalog(clickhouse: ClickHouse): Promise<Catalog> {
  const rows = async (sql: string): Promise<string[][]> => {
    const text = new TextDecoder().decode(await clickhouse.query(sql, { format: 'JSONCompactEachRow' }));
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as string[]]));
  };
  const [tables, columns, indexes] = await Promise.all([
    rows('SELECT name, comment, create_table_query FROM system.tables WHERE database = currentDatabase()'),
    rows('SELECT table, name FROM system.columns WHERE database = currentDatabase()'),
    rows('SELECT table, name FROM system.data_skipping_indices WHERE database = currentDatabase()'),
  ]);
  return {
    tables: new Map(tables.map(([name, comment, statement]) => [name!, { comment: comment!, statement: statement! }])),
    columns: namesByTable(columns),
    indexes: namesByTable(indexes),
  };
}

function namesByTable(rows: readonly string[][]): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const [table, name] of rows) {
    const known = names.get(table!);
    if (known === undefined) names.set(table!, new Set([name!]));
    else known.add(name!);
  }
  return names;
}

async function applyTable(clickhouse: ClickHouse, name: StoredTable, catalog: Catalog, deployment: Deployment): Promise<void> {
  const wanted = [...new Set([mergeTreeName(name, deployment.cluster), name])];
  const present = wanted.filter((table) => catalog.tables.has(table));
  if (present.length < wanted.length) {
    for (const statement of createTable(name, deployment)) await clickhouse.command(statement);
  }
  await completeTable(clickhouse, name, present, catalog, deployment);
  await applyRetention(clickhouse, name, catalog, deployment);
}

/** A view whose definition has changed is made anew; what it has aggregated stays. */
async function applyView(clickhouse: ClickHouse, name: string, { tables }: Catalog, deployment: Deployment): Promise<void> {
  const comment = tables.get(name)?.comment;
  if (comment === viewVersion(name)) return;
  for (const statement of createView(name, deployment, comment !== undefined)) await clickhouse.command(statement);
}

/** A table of an earlier version gets the columns and indexes it lacks; rows that are there read as the column's default. */
async function completeTable(clickhouse: ClickHouse, name: StoredTable, present: readonly string[], catalog: Catalog, deployment: Deployment): Promise<void> {
  const { columns, indexes = [] }: TableDefinition = TABLE_DEFINITIONS[name];
  const lacking = columns.filter((column) => present.some((table) => catalog.columns.get(table)?.has(column.name) !== true));
  const mergeTree = mergeTreeName(name, deployment.cluster);
  const unindexed = present.includes(mergeTree) ? indexes.map(indexName).filter((index) => catalog.indexes.get(mergeTree)?.has(index) !== true) : [];
  const missing = { columns: new Set(lacking.map((column) => column.name)), indexes: new Set(unindexed) };
  for (const statement of addMissing(name, missing, deployment)) await clickhouse.command(statement);
}

/** Tables that exist keep the retention they were made with until it is altered. */
async function applyRetention(clickhouse: ClickHouse, name: StoredTable, { tables }: Catalog, deployment: Deployment): Promise<void> {
  const alter = setRetention(name, deployment);
  const table = tables.get(mergeTreeName(name, deployment.cluster));
  if (alter === undefined || table === undefined) return;
  if (table.statement.includes(expiryOf(TABLE_DEFINITIONS[name], deployment)!)) return;
  // Parts are dropped whole, by the new rule, as they are merged; rewriting them now would gain nothing.
  await clickhouse.command(alter, { settings: { materialize_ttl_after_modify: 0 } });
}
