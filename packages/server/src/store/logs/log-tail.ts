import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { conditionOf, type LogFilter } from './log-filter.ts';
import { readJsonRows, RECORD_COLUMNS, storedRecord, type RecordRow, type StoredRecord } from './log-rows.ts';

const HOUR_MS = 3_600_000;

/** The highest sequence stored; 0 where nothing is. */
export async function readLastSequence(clickhouse: ClickHouse, nowMs: number, signal: AbortSignal | undefined): Promise<bigint> {
  const options = { params: { since: Math.max(0, Math.floor((nowMs - HOUR_MS) / 1000)) }, ...(signal && { signal }) };
  const lately = await readJsonRows<readonly [string]>(clickhouse, 'SELECT max(Sequence) FROM otel_logs WHERE TimestampTime >= toDateTime({since:UInt32})', options);
  if (lately[0]![0] !== '0') return BigInt(lately[0]![0]);
  const ever = await readJsonRows<readonly [string]>(clickhouse, 'SELECT max(Sequence) FROM otel_logs', signal ? { signal } : {});
  return BigInt(ever[0]![0]);
}

/** The highest sequence after `last`; `last` where nothing came. */
export async function readNewSequence(clickhouse: ClickHouse, last: bigint, signal: AbortSignal | undefined): Promise<bigint> {
  const sql = 'SELECT max(Sequence) FROM otel_logs WHERE Sequence > {last:UInt64}';
  const [row] = await readJsonRows<readonly [string]>(clickhouse, sql, { params: { last }, ...(signal && { signal }) });
  const found = BigInt(row![0]);
  return found > last ? found : last;
}

/** Records that arrived after `from` and not after `to`, whatever their own time: the latest arrivals, oldest first, and how many more there are. */
export async function readArrivals(
  clickhouse: ClickHouse,
  filter: LogFilter,
  { from, to, limit }: { readonly from: bigint; readonly to: bigint; readonly limit: number },
  signal: AbortSignal | undefined,
): Promise<{ readonly records: StoredRecord[]; readonly skipped: number }> {
  const where = conditionOf(filter);
  const sql = `SELECT ${RECORD_COLUMNS}, count() OVER () FROM otel_logs WHERE Sequence > {from:UInt64} AND Sequence <= {to:UInt64} AND ${where.sql} ORDER BY Sequence DESC LIMIT {limit:UInt32}`;
  const rows = await readJsonRows<readonly [...RecordRow, string]>(clickhouse, sql, { params: { ...where.params, from, to, limit }, ...(signal && { signal }) });
  const all = Number(rows[0]?.at(-1) ?? 0);
  return { records: rows.map((row) => storedRecord(row.slice(0, -1) as unknown as RecordRow)).reverse(), skipped: all - rows.length };
}
