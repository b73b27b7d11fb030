import type { SearchNode } from '@pitot/core/search';
import type { QueryParameter } from '../clickhouse/clickhouse.ts';
import { compileSearch } from '../search/compile-search.ts';
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

export function timeCondition(startMs: number, endMs: number): Condition {
  return {
    sql:
      'TimestampTime >= toDateTime({start_s:UInt32}) AND TimestampTime <= toDateTime({end_s:UInt32}) AND ' +
      'Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64}) AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})',
    params: { start_s: Math.floor(startMs / 1000), end_s: Math.floor(endMs / 1000), start_ns: nanoseconds(startMs), end_ns: nanoseconds(endMs) },
  };
}
