import { AppError } from '@pitot/core';
import type { ClickHouse } from './clickhouse.ts';

export interface ClickHouseMigrationOptions {
  /** How long samples are kept. */
  readonly retentionMs: number;
  /** Cluster name: tables become ReplicatedMergeTree behind Distributed ones. Only with a server. */
  readonly cluster?: string;
}

/** Creates missing tables and columns and sets the retention. Running it again changes nothing. */
export async function migrateClickHouse(clickhouse: ClickHouse, options: ClickHouseMigrationOptions): Promise<void> {
  throw new AppError('internal', `not built yet: ${clickhouse.kind} ${options.retentionMs}`);
}
