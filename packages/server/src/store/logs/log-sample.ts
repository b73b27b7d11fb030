import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { conditionOf, countLogs, type Condition, type LogFilter } from './log-filter.ts';

/** Records up to this number are counted one by one. */
const MOST_COUNTED = 1_000_000;
/** Where there are more, about this many stand for all: reading a dozen attributes of each takes some seconds of a core. */
const SAMPLED = 400_000;
const PIECES = 288;
const FIVE_MINUTES_S = 300;

/** A condition that a million records meet at most, and how many records stand behind it. */
export interface LogSample {
  readonly condition: Condition;
  readonly total: number;
  readonly isPart: boolean;
}

/**
 * Where more records are found than can be counted by value in time, every n-th piece of the range stands for all. Pieces are five minutes where the
 * range is a day or longer, which is how records lie on disk: what is left out is not read.
 */
export async function sampleLogs(clickhouse: ClickHouse, filter: LogFilter, signal: AbortSignal | undefined): Promise<LogSample> {
  const condition = conditionOf(filter);
  const total = await countLogs(clickhouse, filter, signal);
  if (total <= MOST_COUNTED) return { condition, total, isPart: false };
  const rangeS = (filter.endMs - filter.startMs) / 1000;
  const piece = rangeS / PIECES >= FIVE_MINUTES_S ? FIVE_MINUTES_S : Math.max(1, Math.floor(rangeS / PIECES));
  const every = Math.min(Math.ceil(total / SAMPLED) + 1, Math.max(1, Math.floor(rangeS / piece / 4)));
  const sql = `${condition.sql} AND intDiv(toUnixTimestamp(TimestampTime), {piece:UInt32}) % {every:UInt32} = {chosen:UInt32}`;
  return { condition: { sql, params: { ...condition.params, piece, every, chosen: Math.floor(every / 2) } }, total, isPart: every > 1 };
}
