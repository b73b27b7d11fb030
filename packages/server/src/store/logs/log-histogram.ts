import { severityOf, type LogHistogramAnswer, type Severity } from '@pitot/core';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { conditionOf, inWholeSeconds, type LogFilter } from './log-filter.ts';
import { readJsonRows } from './log-rows.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500,
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR_MS),
  ...[1, 2, 7, 14, 28].map((n) => n * DAY_MS),
];

/** The shortest usual step that cuts the range into at most `buckets` pieces; longer than four weeks, a multiple of them. */
function histogramStepMs(startMs: number, endMs: number, buckets: number): number {
  const fits = (stepMs: number): boolean => Math.ceil(endMs / stepMs) - Math.floor(startMs / stepMs) <= buckets;
  const usual = STEPS_MS.find(fits);
  if (usual !== undefined) return usual;
  const longest = STEPS_MS.at(-1)!;
  let times = Math.max(1, Math.floor((endMs - startMs) / longest / buckets));
  // A range that crosses a border of steps is in one bucket only when they are longer than all time.
  while (!fits(times * longest) && times * longest < endMs) times++;
  return times * longest;
}

/** Counts by time and severity; buckets begin at multiples of their step. */
export async function readLogHistogram(clickhouse: ClickHouse, filter: LogFilter, buckets: number, signal: AbortSignal | undefined): Promise<LogHistogramAnswer> {
  const stepMs = histogramStepMs(filter.startMs, filter.endMs, buckets);
  const startMs = Math.floor(filter.startMs / stepMs) * stepMs;
  // Whole seconds are read from the column that is a quarter of the size.
  const inSeconds = stepMs % SECOND_MS === 0;
  const bucket = inSeconds ? 'intDiv(toUnixTimestamp(TimestampTime) - {first:Int64}, {step:Int64})' : 'intDiv(toUnixTimestamp64Milli(Timestamp) - {first:Int64}, {step:Int64})';
  const unitMs = inSeconds ? SECOND_MS : 1;
  const readPiece = (piece: LogFilter) => {
    const where = conditionOf(piece);
    const sql = `SELECT ${bucket} AS bucket, SeverityNumber, count() FROM otel_logs WHERE ${where.sql} GROUP BY bucket, SeverityNumber`;
    const params = { ...where.params, first: startMs / unitMs, step: stepMs / unitMs };
    return readJsonRows<readonly [string, number, string]>(clickhouse, sql, { params, ...(signal && { signal }) });
  };
  const rows = (await Promise.all(inWholeSeconds(filter).map(readPiece))).flat();
  const counts: Partial<Record<Severity, number>>[] = Array.from({ length: Math.ceil((filter.endMs - startMs) / stepMs) }, () => ({}));
  const totals: Partial<Record<Severity, number>> = {};
  let total = 0;
  for (const [at, severityNumber, text] of rows) {
    const count = Number(text);
    const severity = severityOf(severityNumber);
    const cell = counts[Number(at)]!;
    cell[severity] = (cell[severity] ?? 0) + count;
    totals[severity] = (totals[severity] ?? 0) + count;
    total += count;
  }
  return { start_ms: startMs, step_ms: stepMs, buckets: counts, totals, total };
}
