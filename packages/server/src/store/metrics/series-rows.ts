import { METRIC_NAME, type Labels } from '@pitot/core';
import { NativeReader } from '../clickhouse/native-reader.ts';
import type { SeriesEntry } from './metric-entry.ts';

/** Equal strings once in memory: label values repeat over thousands of series. */
export class Interner {
  readonly #texts = new Map<string, string>();
  readonly #days = new Map<string, readonly number[]>();

  text(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size > 2_000_000) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }

  days(days: readonly number[]): readonly number[] {
    const key = days.join();
    const known = this.#days.get(key);
    if (known) return known;
    if (this.#days.size > 10_000) this.#days.clear();
    this.#days.set(key, days);
    return days;
  }
}

export interface SeriesRow extends SeriesEntry {
  readonly name: string;
}

/** The columns that `readSeriesRows` expects. */
export const SERIES_COLUMNS =
  "metric, series, arraySort(groupUniqArray(day)) AS days, CAST(name, 'String') AS metric_name, CAST(any(label_names), 'Array(String)') AS names, any(label_values) AS label_values_";

/** Rows of a query for SERIES_COLUMNS. */
export function readSeriesRows(bytes: Uint8Array, interner: Interner): SeriesRow[] {
  const reader = new NativeReader(bytes);
  const found: SeriesRow[] = [];
  while (!reader.done) {
    const { rows } = reader.block();
    const metrics = next(reader).uint32(rows);
    const ids = next(reader).uint64(rows);
    const dayEnds = next(reader).safeInt64(rows);
    const days = reader.uint16(dayEnds[rows - 1] ?? 0);
    const names = next(reader).strings(rows);
    const labelNames = textArrays(next(reader), rows, interner);
    const labelValues = textArrays(next(reader), rows, interner);
    for (let i = 0; i < rows; i++) {
      found.push({
        metric: metrics[i]!,
        id: ids[i]!,
        days: interner.days([...days.subarray(dayEnds[i - 1] ?? 0, dayEnds[i])]),
        name: interner.text(names[i]!),
        labels: mergeLabels(interner.text(names[i]!), labelNames[i]!, labelValues[i]!),
      });
    }
  }
  return found;
}

/** Rows of blocks as the doors make them; labels are only decoded for the names that are wanted. */
export function readInsertedSeries(bytes: Uint8Array, interner: Interner, wanted: (name: string, metric: number) => boolean): SeriesRow[] {
  const reader = new NativeReader(bytes);
  const found: SeriesRow[] = [];
  while (!reader.done) {
    const { rows } = reader.block();
    const metrics = next(reader).uint32(rows);
    const ids = next(reader).uint64(rows);
    const days = next(reader).uint16(rows);
    const names = next(reader).strings(rows);
    const picked = new Uint8Array(rows);
    names.forEach((name, i) => (picked[i] = wanted(name, metrics[i]!) ? 1 : 0));
    const labelNames = textArrays(next(reader), rows, interner, picked);
    const labelValues = textArrays(next(reader), rows, interner, picked);
    for (let i = 0; i < rows; i++) {
      if (picked[i] === 0) continue;
      const name = interner.text(names[i]!);
      found.push({ metric: metrics[i]!, id: ids[i]!, days: interner.days([days[i]!]), name, labels: mergeLabels(name, labelNames[i]!, labelValues[i]!) });
    }
  }
  return found;
}

function next(reader: NativeReader): NativeReader {
  reader.column();
  return reader;
}

const NONE: readonly string[] = [];

function textArrays(reader: NativeReader, rows: number, interner: Interner, picked?: Uint8Array): (readonly string[])[] {
  const ends = reader.safeInt64(rows);
  const arrays: (readonly string[])[] = [];
  for (let i = 0; i < rows; i++) {
    const count = ends[i]! - (ends[i - 1] ?? 0);
    if (picked?.[i] === 0) {
      for (let k = 0; k < count; k++) reader.skipText();
      arrays.push(NONE);
      continue;
    }
    const texts: string[] = [];
    for (let k = 0; k < count; k++) texts.push(interner.text(reader.text()));
    arrays.push(texts);
  }
  return arrays;
}

/** Puts the metric name among the labels, which are sorted by name already. */
function mergeLabels(metricName: string, names: readonly string[], values: readonly string[]): Labels {
  const flat: string[] = [];
  let placed = metricName === '';
  for (let i = 0; i < names.length; i++) {
    if (!placed && names[i]! > METRIC_NAME) {
      flat.push(METRIC_NAME, metricName);
      placed = true;
    }
    flat.push(names[i]!, values[i]!);
  }
  if (!placed) flat.push(METRIC_NAME, metricName);
  return flat;
}
