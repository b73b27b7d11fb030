import type { SearchNode } from '@pitot/core/search';
import type { QueryParameter } from '../clickhouse/clickhouse.ts';
import { compileSearch } from '../search/compile-search.ts';
import { SPAN_SEARCH_TABLE } from './span-search-table.ts';

/** Which spans: milliseconds since the epoch, end exclusive. */
export interface SpanSelection {
  readonly startMs: number;
  readonly endMs: number;
  readonly search: SearchNode;
  readonly environment?: string;
  readonly minDurationMs?: number;
  readonly maxDurationMs?: number;
}

/** A condition with what its placeholders stand for. */
export interface Condition {
  readonly sql: string;
  readonly params: Readonly<Record<string, QueryParameter>>;
}

/** What spans are asked for, without the time. Throws AppError `bad_query`. */
export function spanCondition({ search, environment, minDurationMs, maxDurationMs }: SpanSelection): Condition {
  const compiled = compileSearch(search, SPAN_SEARCH_TABLE);
  const parts = [compiled.sql];
  const params: Record<string, QueryParameter> = { ...compiled.params };
  if (environment !== undefined) {
    parts.push('Environment = {environment:String}');
    params['environment'] = environment;
  }
  if (minDurationMs !== undefined) {
    parts.push('Duration >= {min_duration:Float64}');
    params['min_duration'] = minDurationMs * 1e6;
  }
  if (maxDurationMs !== undefined) {
    parts.push('Duration <= {max_duration:Float64}');
    params['max_duration'] = maxDurationMs * 1e6;
  }
  return { sql: parts.join(' AND '), params };
}

const TIME = (name: string) => `toDateTime64(fromUnixTimestamp64Milli({${name}:Int64}), 9)`;

/** Cast to the column's own type, so that the order of the table is made use of. */
export function timeCondition(startMs: number, endMs: number): Condition {
  return { sql: `Timestamp >= ${TIME('start')} AND Timestamp < ${TIME('end')}`, params: { start: Math.floor(startMs), end: Math.ceil(endMs) } };
}

/** Both together. */
export function both(a: Condition, b: Condition): Condition {
  return { sql: `${a.sql} AND ${b.sql}`, params: { ...a.params, ...b.params } };
}
