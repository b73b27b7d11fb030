import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { readRows } from '../metrics/exemplar-reading.ts';
import { timeCondition } from './span-filter.ts';

/** Minutes, in seconds since the epoch, and what counts in them are multiplied with. */
export interface MinuteSample {
  readonly minutes: readonly number[];
  readonly factor: number;
}

const FEWEST_MINUTES = 30;
const MINUTE_MS = 60_000;

/**
 * One of every n minutes of a range that holds more than `most` spans, so that about `most` are left; undefined where there are not so many. The table is in the
 * order of minutes, so that the others are not read.
 */
export async function sampleOfMinutes(
  clickhouse: ClickHouse,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  most: number,
  signal?: AbortSignal,
): Promise<MinuteSample | undefined> {
  const first = Math.floor(startMs / MINUTE_MS);
  const minutes = Math.ceil(endMs / MINUTE_MS) - first;
  const { sql, params } = timeCondition(startMs, endMs);
  const [[count = 0] = []] = await readRows<[number]>(clickhouse, `SELECT count() FROM otel_traces WHERE ${sql}`, { params, ...(signal && { signal }) });
  const every = Math.min(Math.ceil(count / most), Math.floor(minutes / FEWEST_MINUTES));
  if (every <= 1) return undefined;
  const chosen: number[] = [];
  // Odd strides of a hash, so that work done at each full hour is neither always nor never among them.
  for (let block = 0; block * every < minutes; block++) {
    const minute = first + block * every + ((block * 2_654_435_761) >>> 8) % every;
    if (minute < first + minutes) chosen.push(minute * 60);
  }
  return { minutes: chosen, factor: minutes / chosen.length };
}
