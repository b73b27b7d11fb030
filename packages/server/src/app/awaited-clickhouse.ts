import { AppError, type Logger } from '@pitot/core';
import type { ClickHouse } from '../store/clickhouse/clickhouse.ts';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
const RETRY_AFTER_SECONDS = 5;

/**
 * A ClickHouse server that need not be there yet: until it answers and is migrated, everything throws `store_unavailable`, so
 * that doors spool what they take and the start does not depend on the order in which machines come up.
 */
export function awaitClickHouse(connect: () => Promise<ClickHouse>, log: Logger): ClickHouse {
  let server: ClickHouse | undefined;
  let lastError = 'it has not answered yet';
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const attempt = async (retryMs: number): Promise<void> => {
    try {
      const connected = await connect();
      if (closed) return await connected.close();
      server = connected;
      log.info({}, 'ClickHouse answers and is migrated');
    } catch (error) {
      lastError = error instanceof Error ? error.message : String(error);
      log.warn({ error: lastError, retryMs }, 'ClickHouse is not ready; doors keep spooling');
      if (!closed) timer = setTimeout(() => void attempt(Math.min(retryMs * 2, LONGEST_RETRY_MS)), retryMs);
    }
  };
  void attempt(FIRST_RETRY_MS);

  const ready = (): ClickHouse => {
    if (server !== undefined) return server;
    throw new AppError('store_unavailable', `ClickHouse is not ready: ${lastError}`, { retryAfterSeconds: RETRY_AFTER_SECONDS });
  };
  return {
    kind: 'server',
    query: async (sql, options) => ready().query(sql, options),
    command: async (sql, options) => ready().command(sql, options),
    insertNative: async (table, columns, blocks, options) => ready().insertNative(table, columns, blocks, options),
    version: async () => ready().version(),
    async close() {
      closed = true;
      clearTimeout(timer);
      await server?.close();
    },
  };
}
