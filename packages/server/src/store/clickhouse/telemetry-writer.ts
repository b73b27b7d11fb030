import type { TableName, TelemetryWriter } from '@pitot/core';
import type { ClickHouse } from './clickhouse.ts';

/** Sees every batch after it is stored; `StoreMetricReader.learn` is one. */
export type InsertListener = (table: TableName, blocks: readonly Uint8Array[]) => void;

export function createTelemetryWriter(clickhouse: ClickHouse, onInserted?: InsertListener): TelemetryWriter {
  return {
    async insert(table, blocks, token, signal) {
      await clickhouse.insertNative(table, blocks, signal === undefined ? { token } : { token, signal });
      onInserted?.(table, blocks);
    },
  };
}
