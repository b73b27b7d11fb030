/**
 * The one port to ClickHouse. Two adapters speak the same SQL to it: `embedded.ts` (chDB in this process) and `server.ts`
 * (ClickHouse over HTTP). Errors are AppErrors: `query_too_large` (memory limit), `query_timeout`, `canceled`, `disk_full`,
 * `store_unavailable` (cannot be reached, is shutting down), and `internal` for everything that is a defect in a statement.
 */
export interface ClickHouse {
  readonly kind: 'embedded' | 'server';
  /** Runs a query and answers its whole output in `format`. */
  query(sql: string, options?: QueryOptions): Promise<Uint8Array>;
  /**
   * Optional capability: the output as Native blocks while it is made, for large answers. Leaving the loop early ends the query.
   * Each piece is one or more whole blocks.
   */
  queryBlocks?(sql: string, options?: Omit<QueryOptions, 'format'>): AsyncGenerator<Uint8Array, void, undefined>;
  /** Runs a statement that has no output. */
  command(sql: string, options?: Omit<QueryOptions, 'format'>): Promise<void>;
  /**
   * Inserts Native blocks that have exactly these columns, in this order, exactly once per token: the same token again is
   * a no-op, also after a restart, as long as the table remembers it (its last 10,000 inserts). Either all of the blocks are
   * stored or the call fails, and the same call again completes it. Names are from code, never from input.
   */
  insertNative(table: string, columns: readonly string[], blocks: readonly Uint8Array[], options: InsertOptions): Promise<void>;
  version(): Promise<string>;
  /** Waits for what still runs. Using the port afterwards throws `store_unavailable`. */
  close(): Promise<void>;
}

/** Values for `{name:Type}` placeholders; they never become part of the statement's text. */
export type QueryParameters = Readonly<Record<string, QueryParameter>>;
export type QueryParameter = string | number | bigint | readonly (string | number | bigint)[];

export interface QueryOptions {
  readonly params?: QueryParameters;
  /** ClickHouse's name of an output format. Default `Native`. */
  readonly format?: 'Native' | 'RowBinary' | 'JSONEachRow' | 'JSONCompactEachRow' | 'TabSeparated';
  /** ClickHouse settings of this query. Names come from code, never from input. */
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly signal?: AbortSignal;
}

export interface InsertOptions {
  readonly token: string;
  readonly signal?: AbortSignal;
}
