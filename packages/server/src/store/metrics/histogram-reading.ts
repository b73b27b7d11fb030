import { AppError, type BucketSpan, type CounterResetHint, type HistogramSample, type ReadBudget } from '@pitot/core';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { NativeReader } from '../clickhouse/native-reader.ts';
import type { SeriesEntry } from './metric-entry.ts';
import { selectionFilter, tooManySamples, type TimeRange } from './sample-reading.ts';
import type { MatchedMetric } from './series-index.ts';

const RESET_HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];
const COLUMNS =
  'series, timestamp, schema, zero_threshold, zero_count, count, sum, positive_offsets, positive_lengths, positive_buckets, ' +
  'negative_offsets, negative_lengths, negative_buckets, custom_values, reset_hint';

/** Which metrics have native histograms at all: nearly none do, and those that do not are not asked for. */
export class HistogramMetrics {
  readonly #clickhouse: ClickHouse;
  #known: Promise<Set<number>> | undefined;
  readonly #learned = new Set<number>();

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse;
  }

  /** Takes what was just inserted into metric_histograms. */
  learn(blocks: readonly Uint8Array[]): void {
    for (const block of blocks) {
      const reader = new NativeReader(block);
      // One block per insert is what ingest sends; the first column is all that is of interest.
      const { rows } = reader.block();
      reader.column();
      for (const metric of reader.uint32(rows)) this.#learned.add(metric);
    }
  }

  /** Forgets what was read, so that inserts of other processes are seen. */
  refresh(): void {
    this.#known = undefined;
  }

  async among(matched: readonly MatchedMetric[]): Promise<MatchedMetric[]> {
    this.#known ??= this.#read().catch((error: unknown) => {
      this.#known = undefined;
      throw error;
    });
    const known = await this.#known;
    return matched.filter(({ series }) => series.some(({ metric }) => known.has(metric) || this.#learned.has(metric)));
  }

  async #read(): Promise<Set<number>> {
    const reader = new NativeReader(await this.#clickhouse.query('SELECT DISTINCT metric FROM metric_histograms'));
    const known = new Set<number>();
    while (!reader.done) {
      const { rows } = reader.block();
      reader.column();
      for (const metric of reader.uint32(rows)) known.add(metric);
    }
    return known;
  }
}

/** Reads the native histograms of series, ascending, one per timestamp. */
export async function readHistograms(
  clickhouse: ClickHouse,
  matched: readonly MatchedMetric[],
  range: TimeRange,
  budget: ReadBudget,
): Promise<Map<SeriesEntry, HistogramSample[]>> {
  const { where, params } = selectionFilter(matched, range);
  const limit = budget.maxSamples === undefined ? '' : ' LIMIT {limit:UInt64}';
  if (budget.maxSamples !== undefined) params['limit'] = budget.maxSamples + 1;
  const sql = `SELECT ${COLUMNS} FROM metric_histograms WHERE ${where} ORDER BY metric, series, timestamp${limit}`;
  const bytes = await clickhouse.query(sql, { params, ...(budget.signal && { signal: budget.signal }) });
  const wanted = new Map<bigint, SeriesEntry>();
  for (const { series } of matched) for (const one of series) wanted.set(one.id, one);
  const found = new Map<SeriesEntry, HistogramSample[]>();
  const reader = new NativeReader(bytes);
  let total = 0;
  while (!reader.done) total += readBlock(reader, wanted, found);
  if (total > (budget.maxSamples ?? Infinity)) throw tooManySamples(budget.maxSamples!);
  return found;
}

function readBlock(reader: NativeReader, wanted: ReadonlyMap<bigint, SeriesEntry>, found: Map<SeriesEntry, HistogramSample[]>): number {
  const { rows } = reader.block();
  const column = (): NativeReader => {
    reader.column();
    return reader;
  };
  const ids = column().uint64(rows);
  const times = column().safeInt64(rows);
  const schemas = column().int8(rows);
  const [zeroThresholds, zeroCounts, counts, sums] = [0, 0, 0, 0].map(() => column().float64(rows)) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const positive = sideColumns(column, rows);
  const negative = sideColumns(column, rows);
  const customValues = arrays(column(), rows, (n) => reader.float64(n));
  const hints = column().uint8(rows);
  for (let i = 0; i < rows; i++) {
    const series = wanted.get(ids[i]!);
    if (!series) continue;
    const custom = [...customValues(i)];
    const sample: HistogramSample = {
      timestampMs: times[i]!,
      histogram: {
        schema: schemas[i]!,
        zeroThreshold: zeroThresholds[i]!,
        zeroCount: zeroCounts[i]!,
        count: counts[i]!,
        sum: sums[i]!,
        positiveSpans: positive.spans(i),
        positiveBuckets: positive.buckets(i),
        negativeSpans: negative.spans(i),
        negativeBuckets: negative.buckets(i),
        ...(custom.length > 0 && { customValues: custom }),
        counterResetHint: hintOf(hints[i]!),
      },
    };
    append(found, series, sample);
  }
  return rows;
}

function append(found: Map<SeriesEntry, HistogramSample[]>, series: SeriesEntry, sample: HistogramSample): void {
  const list = found.get(series);
  if (!list) found.set(series, [sample]);
  // Copies of a sample are neighbours.
  else if (list.at(-1)!.timestampMs === sample.timestampMs) list[list.length - 1] = sample;
  else list.push(sample);
}

function hintOf(code: number): CounterResetHint {
  const hint = RESET_HINTS[code];
  if (hint === undefined) throw new AppError('internal', `metric_histograms has the reset hint ${code}`);
  return hint;
}

function sideColumns(column: () => NativeReader, rows: number) {
  const offsets = arrays(column(), rows, (n, reader) => reader.int32(n));
  const lengths = arrays(column(), rows, (n, reader) => reader.uint32(n));
  const buckets = arrays(column(), rows, (n, reader) => reader.float64(n));
  return {
    spans(row: number): BucketSpan[] {
      const rowLengths = lengths(row);
      return Array.from(offsets(row), (offset, i) => ({ offset, length: rowLengths[i]! }));
    },
    buckets: (row: number): number[] => [...buckets(row)],
  };
}

type Numbers = Float64Array | Int32Array | Uint32Array;

/** An array column: end offsets, then all elements. */
function arrays<T extends Numbers>(reader: NativeReader, rows: number, elements: (count: number, reader: NativeReader) => T): (row: number) => T {
  const ends = reader.safeInt64(rows);
  const all = elements(ends[rows - 1] ?? 0, reader);
  return (row) => all.subarray(ends[row - 1] ?? 0, ends[row]) as T;
}
