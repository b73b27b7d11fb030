import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Clock, Logger } from '@pitot/core';
import type { ClickHouse } from '../store/clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../store/clickhouse/embedded.ts';
import { migrateClickHouse } from '../store/clickhouse/migrate.ts';
import { openClickHouseServer } from '../store/clickhouse/server.ts';
import { createMetricReader, type StoreMetricReader } from '../store/metrics/metric-reader.ts';
import { openEmbeddedPostgres, openPostgresServer, type Postgres } from '../store/postgres/postgres.ts';
import { awaitClickHouse } from './awaited-clickhouse.ts';
import type { Configuration } from './configuration-schema.ts';

export interface Stores {
  readonly clickhouse: ClickHouse;
  readonly postgres: Postgres;
  readonly reader: StoreMetricReader;
  close(): Promise<void>;
}

/** Opens and migrates both stores, embedded or servers. A PostgreSQL server must answer; a ClickHouse server may come later. */
export async function openStores(configuration: Configuration, directory: string, clock: Clock, log: Logger): Promise<Stores> {
  const [clickhouse, postgres] = await Promise.all([openClickHouse(configuration, directory, log), openPostgres(configuration, directory)]);
  const reader = createMetricReader(clickhouse, { clock, log });
  return {
    clickhouse,
    postgres,
    reader,
    async close() {
      await reader.close();
      await Promise.all([clickhouse.close(), postgres.close()]);
    },
  };
}

async function openClickHouse(configuration: Configuration, directory: string, log: Logger): Promise<ClickHouse> {
  const { url, cluster, memory_bytes: memoryBytes, threads = availableParallelism() } = configuration.clickhouse;
  const { metrics, logs, traces } = configuration.retention;
  const migration = { retentionMs: metrics, logsRetentionMs: logs, tracesRetentionMs: traces, ...(cluster !== undefined && { cluster }) };
  if (url !== undefined) {
    return awaitClickHouse(async () => {
      const server = await openClickHouseServer({ url, log });
      await migrateClickHouse(server, migration);
      return server;
    }, log);
  }
  const clickhouse = await openEmbeddedClickHouse({ path: join(directory, 'clickhouse'), memoryBytes, threads, log });
  await migrateClickHouse(clickhouse, migration);
  return clickhouse;
}

async function openPostgres(configuration: Configuration, directory: string): Promise<Postgres> {
  const { url } = configuration.postgres;
  const postgres = url === undefined ? await openEmbeddedPostgres({ path: join(directory, 'postgres') }) : await openPostgresServer({ url });
  await postgres.migrate();
  return postgres;
}
