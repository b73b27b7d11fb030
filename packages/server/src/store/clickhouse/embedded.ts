import { randomUUID } from 'node:crypto';
import { accessSync, constants, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { rm, open } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, type Logger } from '@pitot/core';
import { drainPending, Session, type ChdbResult } from 'chdb';
import type { ClickHouse, InsertOptions, QueryOptions } from './clickhouse.ts';
import { clickHouseFailure, insertFailure } from './failures.ts';
import { Pool } from './session-pool.ts';
import { columnIdentifier, identifier, parameterPrefix, quoted, settingsClause } from './statement.ts';

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

const MIB = 1024 * 1024;

/**
 * Opens chDB in this process. Set `UV_THREADPOOL_SIZE` to more than `sessions` + 2 before anything else runs: each running
 * statement holds one thread of libuv's pool.
 */
export async function openEmbeddedClickHouse(options: EmbeddedClickHouseOptions): Promise<ClickHouse> {
  try {
    mkdirSync(options.path, { recursive: true, mode: 0o700 });
    // A session that was closed moments ago may still hold the process' one data directory.
    await drainPending();
    const engine = new EmbeddedClickHouse(options);
    options.log.info({ path: options.path, memoryBytes: options.memoryBytes, version: await engine.version() }, 'ClickHouse is open in this process');
    return engine;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('store_unavailable', `the embedded ClickHouse cannot open ${options.path}: ${message}`, { cause });
  }
}

class EmbeddedClickHouse implements ClickHouse {
  readonly kind = 'embedded';
  readonly #sessions: Session[] = [];
  readonly #queries: Pool<Session>;
  /** Inserts never wait for queries, and there is always a session left to kill a query. */
  readonly #inserts: Pool<Session>;
  readonly #control: Pool<Session>;
  readonly #exchanges: readonly Exchange[];
  readonly #queryMemoryBytes: number;
  #lastQuery = 0;
  #closing: Promise<void> | undefined;

  constructor({ path, memoryBytes, threads, sessions = 4 }: EmbeddedClickHouseOptions) {
    const session = (): Session => {
      const opened = new Session(path, { connectionArgs: engineArguments(memoryBytes, threads) });
      this.#sessions.push(opened);
      return opened;
    };
    this.#queries = new Pool(Array.from({ length: sessions }, session));
    this.#inserts = new Pool([session()]);
    this.#control = new Pool([session()]);
    this.#exchanges = openExchanges(path);
    this.#queryMemoryBytes = Math.floor(memoryBytes / 2);
  }

  async query(sql: string, { params, format = 'Native', settings, signal }: QueryOptions = {}): Promise<Uint8Array> {
    const mark = this.#nextMark();
    const text = `${parameterPrefix(params)}${mark}${sql}${settingsClause({ max_memory_usage: this.#queryMemoryBytes, ...settings })}`;
    const result = await this.#run(this.#queries, text, format, signal, mark);
    return result.bytes();
  }

  async *queryBlocks(sql: string, { params, settings, signal }: Omit<QueryOptions, 'format'> = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const mark = this.#nextMark();
    const session = await this.#queries.take(signal);
    const kill = (): void => void this.#kill(mark);
    signal?.addEventListener('abort', kill, { once: true });
    try {
      // A stream takes one statement only; parameters stay set in the session until the next query sets its own.
      if (params !== undefined) await session.queryAsync(parameterPrefix(params));
      const text = `${mark}${sql}${settingsClause({ max_memory_usage: this.#queryMemoryBytes, ...settings })}`;
      for await (const chunk of session.queryStream(text, { format: 'Native' })) {
        if (signal?.aborted) throw new AppError('canceled', 'the query was cancelled');
        yield chunk.raw();
      }
    } catch (error) {
      throw clickHouseFailure('query', error);
    } finally {
      signal?.removeEventListener('abort', kill);
      this.#queries.give(session);
    }
  }

  async command(sql: string, { params, settings, signal }: QueryOptions = {}): Promise<void> {
    await this.#run(this.#queries, `${parameterPrefix(params)}${sql}${settingsClause(settings)}`, 'Null', signal);
  }

  async insertNative(table: string, columns: readonly string[], blocks: readonly Uint8Array[], { token, signal }: InsertOptions): Promise<void> {
    let file = '';
    try {
      file = await writeExchangeFile(this.#exchanges, blocks);
      const names = columns.map(columnIdentifier).join(', ');
      const sql = `INSERT INTO ${identifier(table)} (${names}) SELECT ${names} FROM file(${quoted(file)}, 'Native')`;
      await this.#run(this.#inserts, sql + settingsClause({ ...INSERT_SETTINGS, insert_deduplication_token: token }), 'Null', signal);
    } catch (error) {
      throw insertFailure(`insert into ${table}`, error);
    } finally {
      if (file !== '') await rm(file, { force: true });
    }
  }

  async version(): Promise<string> {
    return new TextDecoder().decode(await this.query('SELECT version()', { format: 'TabSeparated' })).trim();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#queries.close(), this.#inserts.close()]);
    await this.#control.close();
    for (const session of this.#sessions) session.close();
    await drainPending();
  }

  /** A comment that makes a query findable in system.processes, so that an abort can end it. */
  #nextMark(): string {
    return `/* pitot ${++this.#lastQuery} */ `;
  }

  /** Runs a statement on a session of the pool, which gets it back when the engine has finished, not when the caller goes. */
  async #run(pool: Pool<Session>, sql: string, format: string, signal: AbortSignal | undefined, mark?: string): Promise<ChdbResult> {
    const session = await pool.take(signal);
    const running = session.queryAsync(sql, { format }).finally(() => pool.give(session));
    try {
      return await (signal ? this.#orAborted(running, signal, mark) : running);
    } catch (error) {
      throw clickHouseFailure('query', error);
    }
  }

  async #orAborted(running: Promise<ChdbResult>, signal: AbortSignal, mark: string | undefined): Promise<ChdbResult> {
    let abort: (() => void) | undefined;
    const aborted = new Promise<never>((_, reject) => {
      abort = () => {
        reject(new AppError('canceled', 'the query was cancelled'));
        if (mark !== undefined) void this.#kill(mark);
      };
    });
    // Aborted while it waited for a session: the listener would never fire.
    if (signal.aborted) abort!();
    else signal.addEventListener('abort', abort!, { once: true });
    try {
      return await Promise.race([running, aborted]);
    } finally {
      signal.removeEventListener('abort', abort!);
      running.catch(() => {});
    }
  }

  async #kill(mark: string): Promise<void> {
    const sql = `KILL QUERY WHERE position(query, ${quoted(mark.trim())}) > 0 AND query NOT LIKE 'KILL%' ASYNC`;
    await this.#run(this.#control, sql, 'Null', undefined).catch(() => {});
  }
}

/**
 * One thread and one stream keep the blocks of an insert in order, so that the same token gives the same sub-tokens.
 * A block of half a million rows is sorted in cache-friendly time and makes one part.
 */
const INSERT_SETTINGS = {
  max_threads: 1,
  max_insert_threads: 1,
  max_block_size: 1_048_576,
  min_insert_block_size_rows: 1_048_576,
  min_insert_block_size_bytes: 268_435_456,
  max_partitions_per_insert_block: 0,
  insert_deduplicate: 1,
} as const;

/** Server settings as `clickhouse local` takes them. Idle cost is what the caches and pools are kept small for. */
function engineArguments(memoryBytes: number, threads: number): string[] {
  const settings: Readonly<Record<string, number | string>> = {
    max_server_memory_usage: memoryBytes,
    max_threads: threads,
    // Parameters are set by a statement, and a query may have a long list of names or ids.
    max_query_size: 64 * MIB,
    background_pool_size: 2,
    background_common_pool_size: 1,
    background_schedule_pool_size: 2,
    background_schedule_pool_initial_size: 2,
    max_thread_pool_free_size: 8,
    max_io_thread_pool_free_size: 4,
    mark_cache_size: 64 * MIB,
    primary_index_cache_size: 64 * MIB,
    index_mark_cache_size: 8 * MIB,
    uncompressed_cache_size: 0,
    query_condition_cache_size: 8 * MIB,
    parquet_metadata_cache_size: 0,
    iceberg_metadata_files_cache_size: 0,
    compiled_expression_cache_size: 16 * MIB,
    dns_cache_update_period: 86_400,
    send_logs_level: 'none',
    // A merge takes at most this share of the engine's memory.
    merges_mutations_memory_usage_to_ram_ratio: 0.1,
  };
  return Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
}

/** Where blocks are handed to the engine, and how the files of this data directory begin there. */
interface Exchange {
  readonly directory: string;
  readonly prefix: string;
}

const SHARED_MEMORY = '/dev/shm';

/** Memory where the system has it, else (or when that is full) beside the data. What a killed process left there is removed. */
function openExchanges(path: string): Exchange[] {
  const directory = join(path, 'exchange');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const beside = { directory, prefix: 'pitot-' };
  try {
    accessSync(SHARED_MEMORY, constants.W_OK);
  } catch {
    return [beside];
  }
  // Others write there, too. Device and inode name a data directory for as long as memory keeps files, also where two containers
  // have different ones under the same path.
  const { dev, ino } = statSync(path, { bigint: true });
  const prefix = `pitot-${dev.toString(36)}-${ino.toString(36)}-`;
  for (const name of readdirSync(SHARED_MEMORY)) {
    if (name.startsWith(prefix) && name.endsWith(EXCHANGE_SUFFIX)) rmSync(join(SHARED_MEMORY, name), { force: true });
  }
  return [{ directory: SHARED_MEMORY, prefix }, beside];
}

const EXCHANGE_SUFFIX = '.native';

async function writeExchangeFile(exchanges: readonly Exchange[], blocks: readonly Uint8Array[]): Promise<string> {
  for (const [i, { directory, prefix }] of exchanges.entries()) {
    const path = join(directory, `${prefix}${randomUUID()}${EXCHANGE_SUFFIX}`);
    const file = await open(path, 'wx', 0o600);
    try {
      for (const block of blocks) await file.writeFile(block);
      return path;
    } catch (error) {
      await rm(path, { force: true });
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC' || i === exchanges.length - 1) throw error;
    } finally {
      await file.close();
    }
  }
  throw new AppError('internal', 'no directory to hand blocks to the engine');
}
