import type { TableName } from '../tables.ts';

/**
 * What ingest hands batches to, after they are durable in the spool. Implemented by the store.
 * Blocks are ClickHouse `Native` blocks of that table's columns (see `native-block.ts`); the same bytes go
 * to the spool, to a file the embedded engine reads, and to a server's HTTP interface.
 */
export interface TelemetryWriter {
  /**
   * Inserts the blocks of one table exactly once per token: the same token again is a no-op.
   * Throws AppError `store_unavailable` where trying again later makes sense, and `internal` where it does not.
   */
  insert(table: TableName, blocks: readonly Uint8Array[], token: string, signal?: AbortSignal): Promise<void>;
}
