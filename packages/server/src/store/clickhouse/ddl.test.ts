import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@pitot/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClickHouse } from './clickhouse.ts';
import { addMissing, createTable, setRetention } from './ddl.ts';
import { openEmbeddedClickHouse } from './embedded.ts';
import { migrateClickHouse } from './migrate.ts';
import { TABLE_DEFINITIONS, type StoredTable } from './schema.ts';

const nothing = (): void => {};
const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const names = Object.keys(TABLE_DEFINITIONS) as StoredTable[];
const clustered = { retentionMs: 3_600_000, cluster: 'two_shards' };

describe('tables of a cluster', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pitot-ddl-'));
  let clickhouse: ClickHouse;
  beforeAll(async () => {
    clickhouse = await openEmbeddedClickHouse({ path: directory, memoryBytes: 1e9, threads: 1, sessions: 1, log });
  });
  afterAll(async () => {
    await clickhouse.close();
    rmSync(directory, { recursive: true });
  });

  it.each(names)('%s is understood by the engine', async (name) => {
    const statements = [...createTable(name, clustered), setRetention(name, clustered)].filter((sql) => sql !== undefined);
    for (const sql of statements) {
      const tree = new TextDecoder().decode(await clickhouse.query(`EXPLAIN AST ${sql}`, { format: 'TabSeparated' }));
      expect(tree).toMatch(/^(CreateQuery|AlterQuery)/);
    }
    const ddl = statements.join('\n');
    expect(ddl).toContain(`CREATE TABLE IF NOT EXISTS ${name}_local ON CLUSTER 'two_shards'`);
    expect(ddl).toContain(`Replicated${TABLE_DEFINITIONS[name].engine}('/clickhouse/tables/{database}/${name}_local/{shard}', '{replica}'`);
    expect(ddl).toMatch(new RegExp(`ENGINE = Distributed\\('two_shards', currentDatabase\\(\\), '${name}_local', .+\\)`));
    expect(ddl).toContain(' replicated_deduplication_window = 10000');
  });

  it('get columns and indexes that they lack, the replicated ones first', async () => {
    const missing = { columns: new Set(['inserted_at']), indexes: new Set(['inserted_at']) };
    const statements = addMissing('metric_series', missing, clustered);
    expect(statements).toEqual([
      "ALTER TABLE metric_series_local ON CLUSTER 'two_shards' ADD COLUMN IF NOT EXISTS inserted_at DateTime DEFAULT now() CODEC(ZSTD(1)), " +
        'ADD INDEX IF NOT EXISTS inserted_at inserted_at TYPE minmax GRANULARITY 1',
      "ALTER TABLE metric_series ON CLUSTER 'two_shards' ADD COLUMN IF NOT EXISTS inserted_at DateTime DEFAULT now() CODEC(ZSTD(1))",
    ]);
    for (const sql of statements) {
      expect(new TextDecoder().decode(await clickhouse.query(`EXPLAIN AST ${sql}`, { format: 'TabSeparated' }))).toMatch(/^AlterQuery/);
    }
    expect(addMissing('metric_series', { columns: new Set(), indexes: new Set() }, clustered)).toEqual([]);
  });

  it('keeps the engine from answering DDL that it does not understand', async () => {
    await expect(clickhouse.query('EXPLAIN AST CREATE TABLE x (a UInt8) ENGINE = ORDER BY')).rejects.toThrow(/Syntax error/);
  });

  it('does not make them in one process', async () => {
    await expect(migrateClickHouse(clickhouse, clustered)).rejects.toMatchObject({ code: 'bad_config' });
  });
});
