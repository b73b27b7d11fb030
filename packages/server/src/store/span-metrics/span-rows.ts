import { METRIC_NAME, type LabelMatcher, type Labels, type ReadBudget } from '@pitot/core';
import type { ClickHouse, QueryParameters } from '../clickhouse/clickhouse.ts';
import { NativeReader } from '../clickhouse/native-reader.ts';
import { readRows } from '../metrics/exemplar-reading.ts';
import type { GridTimes } from './counter-grid.ts';
import { leIndex, type SpanFamily, type SpanMetric } from './families.ts';

const HOUR_S = 3600;

/** A condition on the columns that no series outside the selection needs to pass, and its parameters. */
export interface Pushed {
  readonly where: string;
  readonly params: QueryParameters;
}

/**
 * What of the matchers the engine can decide; the caller tries all of them again on the labels. undefined where no series can match.
 * Values are parameters.
 */
export function pushDown(family: SpanFamily, matchers: readonly LabelMatcher[], prefix: string): Pushed | undefined {
  const conditions = [family.where];
  const params: Record<string, string> = {};
  for (const [i, { name, type, value }] of matchers.entries()) {
    if (name === METRIC_NAME || name === 'le' || type !== '=') continue;
    const label = family.labels.find((one) => one.label === name);
    if (label === undefined) {
      if (value !== '') return undefined;
      continue;
    }
    const text = value === '' || label.fromLabel === undefined ? value : label.fromLabel(value);
    if (text === undefined) return undefined;
    conditions.push(`${label.column} = {${prefix}${i}:String}`);
    params[`${prefix}${i}`] = text;
  }
  return { where: conditions.join(' AND '), params };
}

export interface CountedSeries {
  /** Values of the family's label columns. */
  readonly key: readonly string[];
  /** Index into `LE`; 0 for counters. */
  readonly bound: number;
  /** Slots below 0 are hours before the grid's start. */
  readonly counts: ReadonlyMap<number, number>;
}

/** Counts by series and slot of the grid, and by hour before it, as far back as the day of its start and the two hours before it go. */
export async function readCounts(clickhouse: ClickHouse, metric: SpanMetric, pushed: Pushed, grid: GridTimes, { signal }: ReadBudget): Promise<CountedSeries[]> {
  const { family, value, isHistogram } = metric;
  const { startS, stepS, slots } = grid;
  const hours = Math.max(2, (startS % 86_400) / HOUR_S);
  const keys = family.labels.map(({ column }, i) => `${column} AS k${i}`).join(', ');
  const names = family.labels.map((_, i) => `k${i}`).join(', ');
  const texts = family.labels.map((_, i) => `CAST(k${i}, 'String')`).join(', ');
  const piece = (table: string, from: number, to: number, slot: string): string => {
    const source = `SELECT ${keys}, toInt32(${slot}) AS slot, ${isHistogram ? `${leIndex('number')} AS bound, count` : `toInt32(0) AS bound, ${value} AS count`} FROM ${table}`;
    const join = isHistogram ? ` ARRAY JOIN mapKeys(${value}) AS number, mapValues(${value}) AS count` : '';
    return `${source}${join} WHERE Bucket >= toDateTime(${from}) AND Bucket < toDateTime(${to}) AND (${pushed.where})`;
  };
  const recent = piece(stepS < 60 ? family.table : `${family.table}_1m`, startS, startS + slots * stepS, `intDiv(toUnixTimestamp(Bucket) - ${startS}, ${stepS})`);
  const before = piece(`${family.table}_1h`, startS - hours * HOUR_S, startS, `intDiv(toInt64(toUnixTimestamp(Bucket)) - ${startS}, ${HOUR_S})`);
  const sql =
    `SELECT ${texts}, bound, groupArray(slot), groupArray(n) FROM (SELECT ${names}, bound, slot, sum(count) AS n FROM (${recent} UNION ALL ${before}) GROUP BY ${names}, bound, slot) ` +
    `GROUP BY ${names}, bound`;
  return decode(await clickhouse.query(sql, { params: pushed.params, ...(signal && { signal }) }), family.labels.length);
}

function decode(bytes: Uint8Array, keyColumns: number): CountedSeries[] {
  const reader = new NativeReader(bytes);
  const column = (): NativeReader => (reader.column(), reader);
  const found: CountedSeries[] = [];
  while (!reader.done) {
    const { rows } = reader.block();
    if (rows === 0) {
      for (let i = 0; i < keyColumns + 3; i++) reader.column();
      continue;
    }
    const keys = Array.from({ length: keyColumns }, () => column().strings(rows));
    const bounds = column().int32(rows);
    const slotEnds = column().safeInt64(rows);
    const slots = reader.int32(slotEnds[rows - 1]!);
    column().safeInt64(rows);
    const counts = reader.float64(slotEnds[rows - 1]!);
    for (let row = 0; row < rows; row++) {
      const bySlot = new Map<number, number>();
      for (let i = slotEnds[row - 1] ?? 0; i < slotEnds[row]!; i++) bySlot.set(slots[i]!, counts[i]!);
      found.push({ key: keys.map((values) => values[row]!), bound: bounds[row]!, counts: bySlot });
    }
  }
  return found;
}

/** Keys with rows in the hours that the window touches. */
export async function readKeys(clickhouse: ClickHouse, family: SpanFamily, pushed: Pushed, minMs: number, maxMs: number, { signal }: ReadBudget): Promise<string[][]> {
  const columns = family.labels.map(({ column }, i) => `${column} AS k${i}`).join(', ');
  const sql = `SELECT DISTINCT ${columns} FROM ${family.table}_1h WHERE ${inWindow} AND (${pushed.where})`;
  return readRows<string[]>(clickhouse, sql, { params: { ...pushed.params, ...windowParams(minMs, maxMs) }, ...(signal && { signal }) });
}

export type ExemplarRow = readonly [key: string[], durationNs: number, traceId: string, spanId: string, endMs: number];
const MOST_EXEMPLARS = 2000;
const SHORT_MS = 600_000;

/** The slowest span of each key and bucket. */
export async function readExamples(clickhouse: ClickHouse, family: SpanFamily, pushed: Pushed, minMs: number, maxMs: number, { signal }: ReadBudget): Promise<ExemplarRow[]> {
  const columns = family.labels.map(({ column }) => column).join(', ');
  const table = maxMs - minMs <= SHORT_MS ? family.table : `${family.table}_1m`;
  const [duration, trace, span, end] = family.exemplar;
  const sql =
    `SELECT [${columns}], ${duration}, ${trace}, ${span}, ${end} AS endMs FROM ${table} ` +
    `WHERE ${inWindow} AND endMs >= {minMs:Int64} AND endMs <= {maxMs:Int64} AND ${trace} != '' AND (${pushed.where}) ORDER BY ${duration} DESC LIMIT ${MOST_EXEMPLARS}`;
  return readRows<[string[], number, string, string, number]>(clickhouse, sql, { params: { ...pushed.params, ...windowParams(minMs, maxMs), minMs, maxMs }, ...(signal && { signal }) });
}

const inWindow = 'Bucket >= toStartOfHour(toDateTime({fromS:Int64})) AND Bucket <= toDateTime({toS:Int64})';
/** The engine's seconds are 32 bits wide. */
const windowParams = (minMs: number, maxMs: number) => ({ fromS: clampedSeconds(minMs), toS: clampedSeconds(maxMs) });
function clampedSeconds(ms: number): number {
  return Math.min(4_294_960_000, Math.max(0, Math.floor(ms / 1000)));
}

/** The label set of a key, sorted by name, without empty values. */
export function labelsOfKey(family: SpanFamily, key: readonly string[], extra: readonly (readonly [string, string])[]): Labels {
  const pairs = family.labels.map(({ label, toLabel }, i): readonly [string, string] => [label, key[i] === '' || toLabel === undefined ? key[i]! : toLabel(key[i]!)]);
  const sorted = [...pairs, ...extra].filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.flat();
}
