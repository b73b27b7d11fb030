import { AppError, type Logger } from '@pitot/core';
import type { ClickHouse } from './clickhouse.ts';

export interface ClickHouseServerOptions {
  /** `http(s)://[user[:password]@]host:port[/database]`. */
  readonly url: string;
  /** Longest one request may take. Default 120 s. */
  readonly timeoutMs?: number;
  /** Connections kept open at most. Default 16. */
  readonly connections?: number;
  readonly log: Logger;
}

/** Connects to a ClickHouse server; throws `store_unavailable` where it does not answer. */
export async function openClickHouseServer(options: ClickHouseServerOptions): Promise<ClickHouse> {
  throw new AppError('internal', `not built yet: ${options.timeoutMs}`);
}
