import { Readable } from 'node:stream';
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { AppError, type Logger } from '@pitot/core';
import type { ClickHouse, InsertOptions, QueryOptions } from './clickhouse.ts';
import { clickHouseFailure, insertFailure } from './failures.ts';
import { columnIdentifier, identifier, inlineLongParameters } from './statement.ts';

export interface ClickHouseServerOptions {
  /** `http(s)://[user[:password]@]host:port[/database]`. */
  readonly url: string;
  /** Longest one request may take. Default 120 s. */
  readonly timeoutMs?: number;
  /** Connections kept open at most. Default 16. */
  readonly connections?: number;
  readonly log: Logger;
}

const DEFAULT_TIMEOUT_MS = 120_000;
const DEFAULT_CONNECTIONS = 16;
const MIB = 1024 * 1024;

/** Connects to a ClickHouse server; throws `store_unavailable` where it does not answer. */
export async function openClickHouseServer(options: ClickHouseServerOptions): Promise<ClickHouse> {
  const { url, timeoutMs = DEFAULT_TIMEOUT_MS, connections = DEFAULT_CONNECTIONS, log } = options;
  const client = createClient({
    url,
    application: 'pitot',
    request_timeout: timeoutMs,
    max_open_connections: connections,
    // Errors are thrown, and told once, by who called.
    log: { level: ClickHouseLogLevel.OFF },
    // Between machines of one site the network is faster than gzip.
    compression: { request: false, response: false },
  });
  const server = new ClickHouseServer(client, new URL(url).host);
  try {
    log.info({ host: new URL(url).host, version: await server.version() }, 'ClickHouse server answers');
    return server;
  } catch (error) {
    await client.close();
    throw error;
  }
}

class ClickHouseServer implements ClickHouse {
  readonly kind = 'server';
  readonly #client: ClickHouseClient;
  readonly #host: string;
  #closed = false;

  constructor(client: ClickHouseClient, host: string) {
    this.#client = client;
    this.#host = host;
  }

  async query(sql: string, { params, format = 'Native', settings, signal }: QueryOptions = {}): Promise<Uint8Array> {
    const statement = inlineLongParameters(sql, params ?? {});
    return this.#exec({
      query: `${statement.sql} FORMAT ${format}`,
      query_params: { ...statement.params },
      clickhouse_settings: { ...QUERY_SETTINGS, ...settings },
      ...(signal && { abort_signal: signal }),
    });
  }

  async command(sql: string, { params, settings, signal }: Omit<QueryOptions, 'format'> = {}): Promise<void> {
    await this.#exec({
      query: sql,
      ...(params && { query_params: { ...params } }),
      clickhouse_settings: { wait_end_of_query: 1, ...settings },
      ...(signal && { abort_signal: signal }),
    });
  }

  async insertNative(table: string, columns: readonly string[], blocks: readonly Uint8Array[], { token, signal }: InsertOptions): Promise<void> {
    const request = {
      query: `INSERT INTO ${identifier(table)} (${columns.map(columnIdentifier).join(', ')}) FORMAT Native`,
      values: Readable.from(blocks.map((block) => Buffer.from(block.buffer, block.byteOffset, block.byteLength)), { objectMode: false }),
      clickhouse_settings: { ...INSERT_SETTINGS, insert_deduplication_token: token },
      ...(signal && { abort_signal: signal }),
    };
    try {
      await this.#exec(request);
    } catch (error) {
      throw insertFailure(`insert into ${table}`, error);
    }
  }

  async version(): Promise<string> {
    return new TextDecoder().decode(await this.query('SELECT version()', { format: 'TabSeparated' })).trim();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client.close();
  }

  async #exec(request: Parameters<ClickHouseClient['exec']>[0]): Promise<Uint8Array> {
    if (this.#closed) throw new AppError('store_unavailable', 'the store is closed');
    if (request.abort_signal?.aborted) throw new AppError('canceled', 'the query was cancelled before it ran');
    try {
      const { stream } = await this.#client.exec(request);
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream) chunks.push(chunk as Uint8Array);
      return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    } catch (cause) {
      if (request.abort_signal?.aborted) throw new AppError('canceled', 'the query was cancelled', { cause });
      throw isException(cause) ? clickHouseFailure(`ClickHouse at ${this.#host}`, cause) : unreachable(this.#host, cause);
    }
  }
}

const QUERY_SETTINGS = {
  // The whole answer is made before the first byte is sent, so that a failure is a status and not the end of a body.
  wait_end_of_query: 1,
  buffer_size: String(64 * MIB),
  max_query_size: String(64 * MIB),
  cancel_http_readonly_queries_on_client_close: 1,
} as const;

const INSERT_SETTINGS = {
  wait_end_of_query: 1,
  async_insert: 0,
  insert_deduplicate: 1,
  max_insert_block_size: '1048576',
  min_insert_block_size_rows: '1048576',
  max_partitions_per_insert_block: '0',
  // Through a Distributed table: answered when every shard has it.
  distributed_foreground_insert: 1,
} as const;

function isException(cause: unknown): boolean {
  return cause instanceof Error && /^\d+$/.test((cause as { code?: string }).code ?? '');
}

function unreachable(host: string, cause: unknown): AppError {
  const { message, code } = cause as { message?: string; code?: string };
  const reason = [code, message].filter((part) => part !== undefined && part !== '').join(' ');
  return new AppError('store_unavailable', `ClickHouse at ${host} does not answer (${reason}); check PITOT_CLICKHOUSE_URL`, {
    cause,
    retryAfterSeconds: 5,
  });
}
