import { createHash } from 'node:crypto';
import { TABLE_DEFINITIONS, VIEW_DEFINITIONS, type ColumnDefinition, type StoredTable, type TableDefinition } from './schema.ts';
import { columnIdentifier, identifier, quoted } from './statement.ts';

export interface Deployment {
  /** How long samples are kept, and logs and traces where they have no time of their own. */
  readonly retentionMs: number;
  readonly logsRetentionMs?: number;
  readonly tracesRetentionMs?: number;
  /** Cluster name; without it there is one machine. */
  readonly cluster?: string;
}

/** Inserts a table remembers, per partition: a token that comes again within them is a no-op. */
const REMEMBERED_INSERTS = 10_000;

/**
 * The statements that make a table. On one machine it is one MergeTree. In a cluster `<name>_local` is replicated on every
 * shard and `<name>` is the Distributed table over them that all statements name.
 */
export function createTable(name: StoredTable, deployment: Deployment): string[] {
  const definition: TableDefinition = TABLE_DEFINITIONS[name];
  const columns = columnList(definition);
  if (deployment.cluster === undefined) return [localTable(name, columns, definition, definition.engine, deployment, '')];
  const { cluster } = deployment;
  const replicated = `Replicated${definition.engine}`;
  const where = ` ON CLUSTER ${quoted(cluster)}`;
  const local = `${name}_local`;
  return [
    localTable(local, columns, definition, replicated, deployment, where),
    `CREATE TABLE IF NOT EXISTS ${identifier(name)}${where} (\n  ${columns.join(',\n  ')}\n)\n` +
      `ENGINE = Distributed(${quoted(cluster)}, currentDatabase(), ${quoted(local)}, ${definition.shardBy})`,
  ];
}

/** What a view of this definition carries as its comment, so that a changed definition is known. */
export function viewVersion(name: string): string {
  const { from, to, select } = VIEW_DEFINITIONS[name]!;
  return createHash('sha256').update(`${from}\n${to}\n${select}`).digest('hex').slice(0, 16);
}

/** The statements that make a materialized view, or make it anew where its definition has changed. */
export function createView(name: string, { cluster }: Deployment, replace: boolean): string[] {
  const { from, to, select } = VIEW_DEFINITIONS[name]!;
  const where = cluster === undefined ? '' : ` ON CLUSTER ${quoted(cluster)}`;
  const body = select.replaceAll('{from}', mergeTreeName(from, cluster));
  return [
    ...(replace ? [`DROP VIEW IF EXISTS ${identifier(name)}${where}`] : []),
    `CREATE MATERIALIZED VIEW IF NOT EXISTS ${identifier(name)}${where} TO ${mergeTreeName(to, cluster)} AS ${body} COMMENT ${quoted(viewVersion(name))}`,
  ];
}

/** What a table that exists lacks of its definition: column and index names. */
export interface Missing {
  readonly columns: ReadonlySet<string>;
  readonly indexes: ReadonlySet<string>;
}

/**
 * The statements that add to a table, made by an earlier version, what it lacks. In a cluster to the replicated tables first: the
 * Distributed one must not name what is not there.
 */
export function addMissing(name: StoredTable, { columns, indexes }: Missing, { cluster }: Deployment): string[] {
  const definition: TableDefinition = TABLE_DEFINITIONS[name];
  const addColumns = definition.columns.filter((column) => columns.has(column.name)).map((column) => `ADD COLUMN IF NOT EXISTS ${columnLine(column)}`);
  const addIndexes = (definition.indexes ?? []).filter((index) => indexes.has(indexName(index))).map((index) => index.replace('INDEX', 'ADD INDEX IF NOT EXISTS'));
  const where = cluster === undefined ? '' : ` ON CLUSTER ${quoted(cluster)}`;
  const alter = (table: string, changes: readonly string[]) => (changes.length === 0 ? [] : [`ALTER TABLE ${table}${where} ${changes.join(', ')}`]);
  return [...alter(mergeTreeName(name, cluster), [...addColumns, ...addIndexes]), ...(cluster === undefined ? [] : alter(identifier(name), addColumns))];
}

/** The name in `INDEX name expression TYPE …`. */
export function indexName(index: string): string {
  return index.split(' ')[1]!;
}

/** The statement that sets the retention of a table that exists; undefined for tables that are kept for ever. */
export function setRetention(name: StoredTable, deployment: Deployment): string | undefined {
  const { cluster } = deployment;
  const expiry = expiryOf(TABLE_DEFINITIONS[name], deployment);
  if (expiry === undefined) return undefined;
  return `ALTER TABLE ${mergeTreeName(name, cluster)}${cluster === undefined ? '' : ` ON CLUSTER ${quoted(cluster)}`} MODIFY TTL ${expiry}`;
}

/** The name of the MergeTree table behind a table. */
export function mergeTreeName(name: StoredTable, cluster: string | undefined): string {
  return identifier(cluster === undefined ? name : `${name}_local`);
}

export function expiryOf({ expires, signal, keptMs }: TableDefinition, deployment: Deployment): string | undefined {
  const own = signal === 'logs' ? deployment.logsRetentionMs : signal === 'traces' ? deployment.tracesRetentionMs : undefined;
  const retentionMs = keptMs ?? own ?? deployment.retentionMs;
  return expires === undefined ? undefined : `${expires} + toIntervalSecond(${Math.ceil(retentionMs / 1000)})`;
}

function columnList({ columns, indexes = [] }: TableDefinition): string[] {
  return [...columns.map(columnLine), ...indexes];
}

function columnLine({ name, type, codec, expression }: ColumnDefinition): string {
  return [columnIdentifier(name), type, expression, codec === undefined ? undefined : `CODEC(${codec})`].filter((part) => part !== undefined).join(' ');
}

function localTable(
  name: string,
  columns: readonly string[],
  definition: TableDefinition,
  engine: string,
  deployment: Deployment,
  where: string,
): string {
  const expiry = expiryOf(definition, deployment);
  return [
    `CREATE TABLE IF NOT EXISTS ${identifier(name)}${where} (\n  ${columns.join(',\n  ')}\n)`,
    `ENGINE = ${engine}(${engineArguments(name, engine, definition)})`,
    definition.partitionBy === undefined ? '' : `PARTITION BY ${definition.partitionBy}`,
    definition.primaryKey === undefined ? '' : `PRIMARY KEY (${definition.primaryKey})`,
    `ORDER BY (${definition.orderBy})`,
    expiry === undefined ? '' : `TTL ${expiry}`,
    `SETTINGS ${Object.entries(mergeTreeSettings(engine, definition)).map(([key, value]) => `${identifier(key)} = ${typeof value === 'number' ? value : quoted(value)}`).join(', ')}`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function engineArguments(name: string, engine: string, { version }: TableDefinition): string {
  const path = engine.startsWith('Replicated') ? [quoted(`/clickhouse/tables/{database}/${name}/{shard}`), quoted('{replica}')] : [];
  return [...path, ...(version === undefined ? [] : [version])].join(', ');
}

function mergeTreeSettings(engine: string, definition: TableDefinition): Record<string, number | string> {
  return {
    // What is in the store has left the spool: it must survive a power cut.
    fsync_after_insert: 1,
    fsync_part_directory: 1,
    // The parts a merge replaces stay until the kernel has written the merged one.
    old_parts_lifetime: 60,
    ttl_only_drop_parts: 1,
    [engine.startsWith('Replicated') ? 'replicated_deduplication_window' : 'non_replicated_deduplication_window']: REMEMBERED_INSERTS,
    ...definition.settings,
  };
}
