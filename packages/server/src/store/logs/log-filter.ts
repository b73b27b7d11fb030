import type { SearchNode } from '@pitot/core/search';
import type { ClickHouse, QueryParameter } from '../clickhouse/clickhouse.ts';
import { compileSearch } from '../search/compile-search.ts';
import { readJsonRows } from './log-rows.ts';
import { LOG_SEARCH_TABLE } from './log-search-table.ts';

/** Which records are meant: times in milliseconds since the epoch, `startMs` inclusive, `endMs` exclusive. */
export interface LogFilter {
  readonly node: SearchNode;
  readonly startMs: number;
  readonly endMs: number;
  /** Value of `deployment.environment.name`; all where absent. */
  readonly environment?: string | undefined;
}

export interface Condition {
  readonly sql: string;
  readonly params: Readonly<Record<string, QueryParameter>>;
}

const SECOND_MS = 1000;
/** Shorter ranges are read in one go. */
const WORTH_SPLITTING_MS = 3_600_000;

const nanoseconds = (timeMs: number): bigint => BigInt(Math.floor(timeMs)) * 1_000_000n;

/** What stands in a WHERE. `TimestampTime` is what the primary key goes by, `Timestamp` is exact. */
export function conditionOf({ node, startMs, endMs, environment }: LogFilter): Condition {
  const search = compileSearch(node, LOG_SEARCH_TABLE);
  const time = timeCondition(startMs, endMs);
  const inEnvironment = environment === undefined ? [] : ['Environment = {environment:String}'];
  return {
    sql: [time.sql, ...inEnvironment, ...(node.kind === 'all' ? [] : [search.sql])].join(' AND '),
    params: { ...time.params, ...search.params, ...(environment !== undefined && { environment }) },
  };
}

/** A border on a whole second is told by `TimestampTime` alone, which is less to read. */
export function timeCondition(startMs: number, endMs: number): Condition {
  const exactStart = startMs % SECOND_MS !== 0;
  const exactEnd = endMs % SECOND_MS !== 0;
  const conditions = [
    'TimestampTime >= toDateTime({start_s:UInt32})',
    `TimestampTime ${exactEnd ? '<=' : '<'} toDateTime({end_s:UInt32})`,
    ...(exactStart ? ['Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})'] : []),
    ...(exactEnd ? ['Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})'] : []),
  ];
  return {
    sql: conditions.join(' AND '),
    params: {
      start_s: Math.floor(startMs / SECOND_MS),
      end_s: Math.floor(endMs / SECOND_MS),
      ...(exactStart && { start_ns: nanoseconds(startMs) }),
      ...(exactEnd && { end_ns: nanoseconds(endMs) }),
    },
  };
}

/** The same records in pieces of which the longest begins and ends with a second; one piece where that gains nothing. */
export function inWholeSeconds(filter: LogFilter): LogFilter[] {
  const firstMs = Math.ceil(filter.startMs / SECOND_MS) * SECOND_MS;
  const lastMs = Math.floor(filter.endMs / SECOND_MS) * SECOND_MS;
  if (lastMs - firstMs < WORTH_SPLITTING_MS) return [filter];
  const pieces = [{ ...filter, endMs: firstMs }, { ...filter, startMs: firstMs, endMs: lastMs }, { ...filter, startMs: lastMs }];
  return pieces.filter(({ startMs, endMs }) => startMs < endMs);
}

/** How many records are meant. */
export async function countLogs(clickhouse: ClickHouse, filter: LogFilter, signal: AbortSignal | undefined): Promise<number> {
  const counts = await Promise.all(
    inWholeSeconds(filter).map(async (piece) => {
      const { sql, params } = conditionOf(piece);
      const [row] = await readJsonRows<readonly [string]>(clickhouse, `SELECT count() FROM otel_logs WHERE ${sql}`, { params, ...(signal && { signal }) });
      return Number(row![0]);
    }),
  );
  return counts.reduce((a, b) => a + b);
}
