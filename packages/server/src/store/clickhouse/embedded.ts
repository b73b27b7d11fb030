import { AppError, type Logger } from '@pitot/core';
import type { ClickHouse } from './clickhouse.ts';

export interface EmbeddedClickHouseOptions {
  /** Directory of the engine's files. One process owns it. */
  readonly path: string;
  /** Most memory the engine may use, for everything. */
  readonly memoryBytes: number;
  /** Most threads of one query. */
  readonly threads: number;
  /** Queries that may run at the same time; more wait. Default 4. */
  readonly sessions?: number;
  readonly log: Logger;
}

/** Opens chDB in this process. Set `UV_THREADPOOL_SIZE` to more than `sessions` before anything else runs. */
export async function openEmbeddedClickHouse(options: EmbeddedClickHouseOptions): Promise<ClickHouse> {
  throw new AppError('internal', `not built yet: ${options.path}`);
}
