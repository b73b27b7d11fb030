import { TABLES, type TableName, type TelemetryWriter } from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';
import type { ClickHouse } from './clickhouse.ts';
import { DecimalEncoder } from './decimal-values.ts';
import { storedSampleBlocks, STORED_SAMPLE_COLUMNS } from './sample-blocks.ts';

/** Sees every batch after it is stored; `StoreMetricReader.learn` is one. */
export type InsertListener = (table: TableName, blocks: readonly Uint8Array[]) => void;

export function createTelemetryWriter(clickhouse: ClickHouse, onInserted?: InsertListener): TelemetryWriter {
  const encoder = new DecimalEncoder();
  return {
    async insert(table, blocks, token, signal) {
      const isSamples = table === 'metric_samples';
      const columns = isSamples ? STORED_SAMPLE_COLUMNS : TABLES[table].map(([name]) => name);
      const stored = isSamples ? storedSampleBlocks(blocks, encoder) : blocks;
      await clickhouse.insertNative(table, columns, stored, signal === undefined ? { token } : { token, signal });
      if (isSamples) stored.forEach(releaseBytes);
      onInserted?.(table, blocks);
    },
  };
}
