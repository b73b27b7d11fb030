import { AppError, STALE_NAN_HIGH, STALE_NAN_LOW, type ReadBudget, type SelectRequest } from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';
import type { ClickHouse, QueryOptions, QueryParameter } from '../clickhouse/clickhouse.ts';
import { decodeValues } from '../clickhouse/decimal-values.ts';
import { NativeReader } from '../clickhouse/native-reader.ts';
import type { SeriesEntry } from './metric-entry.ts';
import type { MatchedMetric } from './series-index.ts';

export type TimeRange = Pick<SelectRequest, 'minTimeMs' | 'maxTimeMs' | 'windows' | 'memory'>;

/** The floats of one series, ascending, one per timestamp. */
export interface FloatSamples {
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  readonly stale?: Uint8Array;
}

/** Above this share of a metric's series it is faster to read them all than to name them. */
const NAME_SERIES_BELOW = 0.5;
const MOST_NAMED = 50_000;
/** Answers that are guessed to have fewer samples are read in one piece. */
const STREAM_FROM_SAMPLES = 100_000;
const USUAL_INTERVAL_MS = 10_000;

/** What part of the samples tables a selection is: a condition for WHERE with its parameters. */
export function selectionFilter(matched: readonly MatchedMetric[], range: TimeRange): { where: string; params: Record<string, QueryParameter> } {
  const metrics = new Set<number>();
  const ids: bigint[] = [];
  let known = 0;
  for (const { entry, series } of matched) {
    known += entry.series.size;
    for (const one of series) {
      metrics.add(one.metric);
      ids.push(one.id);
    }
  }
  const params: Record<string, QueryParameter> = { metrics: [...metrics], min: Math.ceil(range.minTimeMs), max: Math.floor(range.maxTimeMs) };
  let where =
    'metric IN {metrics:Array(UInt32)} AND timestamp >= fromUnixTimestamp64Milli({min:Int64}) AND timestamp <= fromUnixTimestamp64Milli({max:Int64})';
  if (ids.length <= MOST_NAMED && ids.length < known * NAME_SERIES_BELOW) {
    params['series'] = ids.sort((a, b) => (a < b ? -1 : 1));
    where += ' AND series IN {series:Array(UInt64)}';
  }
  const { windows } = range;
  // Long ranges with wide steps look at little of the time; leaving out the rest is not worth its cost where it is most of it.
  if (windows && windows.windowMs <= windows.stepMs / 2) {
    Object.assign(params, { start: windows.startMs, step: windows.stepMs, window: windows.windowMs });
    // The distance to the next window's end at or after the sample.
    where += ' AND positiveModulo({start:Int64} - toUnixTimestamp64Milli(timestamp), {step:Int64}) < {window:Int64}';
  }
  return { where, params };
}

/** Reads the float samples of series, by series. Series without a sample in the range are not in the map. */
export async function readFloats(
  clickhouse: ClickHouse,
  matched: readonly MatchedMetric[],
  range: TimeRange,
  budget: ReadBudget,
): Promise<Map<SeriesEntry, FloatSamples>> {
  const { where, params } = selectionFilter(matched, range);
  const sql = `SELECT series, timestamp, mantissa, exponent FROM metric_samples WHERE ${where} ORDER BY metric, series, timestamp`;
  const wanted = new Map<bigint, SeriesEntry>();
  for (const { series } of matched) for (const one of series) wanted.set(one.id, one);
  const rows = new RunReader(wanted, range.memory);
  let count = 0;
  const options = { params, ...(budget.signal && { signal: budget.signal }) };
  // To start a stream occupies the event loop while the engine plans the query; a small answer is not worth that.
  const guess = (wanted.size * (range.maxTimeMs - range.minTimeMs)) / USUAL_INTERVAL_MS;
  const stream = guess >= STREAM_FROM_SAMPLES ? clickhouse.queryBlocks?.bind(clickhouse) : undefined;
  for await (const bytes of stream ? stream(sql, options) : wholeAnswer(clickhouse, sql, options, budget.maxSamples)) {
    count += rows.read(bytes);
    // Part of a larger buffer may be what a socket has read, with more behind it.
    if (bytes.byteLength === bytes.buffer.byteLength) releaseBytes(bytes);
    if (count > (budget.maxSamples ?? Infinity)) throw tooManySamples(budget.maxSamples!);
  }
  return rows.finish();
}

/** All at once, but never more than is needed to see that it is too much. */
async function* wholeAnswer(clickhouse: ClickHouse, sql: string, options: QueryOptions, mostRows: number | undefined): AsyncGenerator<Uint8Array> {
  if (mostRows === undefined) yield await clickhouse.query(sql, options);
  else yield await clickhouse.query(`${sql} LIMIT {limit:UInt64}`, { ...options, params: { ...options.params, limit: mostRows + 1 } });
}

export function tooManySamples(most: number): AppError {
  return new AppError('query_too_large', `the query reads more than ${most} samples; ask for less time or fewer series, or raise limits.query_max_samples`, {
    fields: { limit: 'limits.query_max_samples', value: most },
  });
}

/** Rows come ordered by series and time: each run of rows with the same series id is (a part of) one series. */
class RunReader {
  readonly #wanted: ReadonlyMap<bigint, SeriesEntry>;
  readonly #found = new Map<SeriesEntry, FloatSamples>();

  readonly #memory: ArrayBufferView[] | undefined;

  constructor(wanted: ReadonlyMap<bigint, SeriesEntry>, memory: ArrayBufferView[] | undefined) {
    this.#wanted = wanted;
    this.#memory = memory;
  }

  /** Answers the number of rows. */
  read(bytes: Uint8Array): number {
    const reader = new NativeReader(bytes);
    let total = 0;
    while (!reader.done) {
      const { rows } = reader.block();
      reader.column();
      const ids = reader.words(rows);
      reader.column();
      const times = reader.safeInt64(rows);
      reader.column();
      const mantissas = reader.words(rows);
      reader.column();
      const values = decodeValues({ mantissas, exponents: reader.int8View(rows) });
      this.#memory?.push(times, values);
      this.#runs(rows, ids, times, values);
      releaseBytes(ids);
      total += rows;
    }
    return total;
  }

  finish(): Map<SeriesEntry, FloatSamples> {
    return this.#found;
  }

  #runs(rows: number, ids: Int32Array, times: Float64Array, values: Float64Array): void {
    const big = new BigUint64Array(ids.buffer);
    for (let start = 0; start < rows; ) {
      const low = ids[2 * start];
      const high = ids[2 * start + 1];
      let end = start + 1;
      let ascending = true;
      for (; end < rows && ids[2 * end] === low && ids[2 * end + 1] === high; end++) {
        if (times[end]! <= times[end - 1]!) ascending = false;
      }
      const series = this.#wanted.get(big[start]!);
      if (series) this.#add(series, floatSamples(times.subarray(start, end), values.subarray(start, end), ascending));
      start = end;
    }
  }

  #add(series: SeriesEntry, samples: FloatSamples): void {
    const before = this.#found.get(series);
    this.#found.set(series, before ? joined(before, samples) : samples);
  }
}

function floatSamples(times: Float64Array, values: Float64Array, ascending: boolean): FloatSamples {
  const unique = ascending ? { timestampsMs: times, values } : withoutCopies(times, values);
  const stale = staleMarkers(unique.values);
  return stale ? { ...unique, stale } : unique;
}

/** A sender's retry stores a sample twice until parts are merged; copies are neighbours. The last one counts. */
function withoutCopies(times: Float64Array, values: Float64Array): FloatSamples {
  const keptTimes = new Float64Array(times.length);
  const keptValues = new Float64Array(times.length);
  let kept = 0;
  for (let i = 0; i < times.length; i++) {
    if (i + 1 < times.length && times[i + 1] === times[i]) continue;
    keptTimes[kept] = times[i]!;
    copyDouble(values, i, keptValues, kept++);
  }
  return { timestampsMs: keptTimes.subarray(0, kept), values: keptValues.subarray(0, kept) };
}

/** Copies the bits: passing a number may quieten the stale marker's NaN. */
function copyDouble(from: Float64Array, i: number, to: Float64Array, k: number): void {
  to.set(from.subarray(i, i + 1), k);
}

function staleMarkers(values: Float64Array): Uint8Array | undefined {
  let stale: Uint8Array | undefined;
  let words: Int32Array | undefined;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value === value) continue;
    words ??= new Int32Array(values.buffer, values.byteOffset, values.length * 2);
    if (words[2 * i] !== STALE_NAN_LOW || words[2 * i + 1] !== STALE_NAN_HIGH) continue;
    stale ??= new Uint8Array(values.length);
    stale[i] = 1;
  }
  return stale;
}

/** A series that two blocks share. A copy may lie on their border. */
function joined(a: FloatSamples, b: FloatSamples): FloatSamples {
  const skip = a.timestampsMs.at(-1) === b.timestampsMs[0] ? 1 : 0;
  const length = a.values.length - skip;
  const timestampsMs = new Float64Array(length + b.values.length);
  timestampsMs.set(a.timestampsMs.subarray(0, length));
  timestampsMs.set(b.timestampsMs, length);
  const values = new Float64Array(length + b.values.length);
  values.set(a.values.subarray(0, length));
  values.set(b.values, length);
  const stale = staleMarkers(values);
  return stale ? { timestampsMs, values, stale } : { timestampsMs, values };
}
