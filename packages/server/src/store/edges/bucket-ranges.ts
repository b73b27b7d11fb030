/** Tables of aggregates per 10 s that are rolled up into `<name>_1m` and `<name>_1h`. */
export type RolledUpTable = 'service_edges' | 'span_metrics';

const MINUTE_S = 60;
const HOUR_S = 3600;
/** Up to here ten-second buckets are few enough. */
const SHORT_S = 10 * MINUTE_S;
const MEDIUM_S = 6 * HOUR_S;

/**
 * A subquery of the rows of [startMs, endMs) from the coarsest tables that have them: ranges above ten minutes are widened to whole minutes.
 * Buckets are numbers from here, hence safe in the statement's text. With a step, buckets are no coarser than it.
 */
export function bucketRange(table: RolledUpTable, startMs: number, endMs: number, columns: string, where: string, stepS?: number): string {
  const fine = stepS !== undefined ? stepS < MINUTE_S : endMs - startMs <= SHORT_S * 1000;
  const unitS = fine ? 10 : MINUTE_S;
  const start = Math.floor(startMs / 1000 / unitS) * unitS;
  const end = Math.ceil(endMs / 1000 / unitS) * unitS;
  const piece = (name: string, from: number, to: number): string =>
    from >= to ? '' : `SELECT ${columns} FROM ${name} WHERE Bucket >= toDateTime(${from}) AND Bucket < toDateTime(${to}) AND ${where}`;
  const byHours = !fine && end - start > MEDIUM_S && (stepS === undefined || stepS % HOUR_S === 0);
  if (!byHours) return `(${piece(fine ? table : `${table}_1m`, start, end) || `SELECT ${columns} FROM ${table} WHERE 0`})`;
  const firstHour = Math.ceil(start / HOUR_S) * HOUR_S;
  const lastHour = Math.floor(end / HOUR_S) * HOUR_S;
  const pieces = [piece(`${table}_1m`, start, firstHour), piece(`${table}_1h`, firstHour, lastHour), piece(`${table}_1m`, lastHour, end)];
  return `(${pieces.filter((sql) => sql !== '').join(' UNION ALL ')})`;
}
