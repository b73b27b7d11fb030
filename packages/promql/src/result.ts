import { compareLabels, type HistogramSample } from '@pitot/core';
import { dropMetadata, FLOAT, hasCells, HISTOGRAM, type Frame, type Row, type Value } from './grid.ts';
import { mergeSameLabels } from './label-functions.ts';
import type { MatrixSeries, MatrixValue, VectorSample, VectorValue } from './value.ts';

/** Drops names that were kept for the functions in between; series that are the same then are joined. */
function finishRows(rows: readonly Row[], steps: number): Row[] {
  let dropped = false;
  const named = rows.map((row) => {
    if (!row.dropName) return row;
    dropped = true;
    return { ...row, labels: dropMetadata(row.labels) };
  });
  return dropped ? mergeSameLabels(named, steps) : named;
}

export function vectorValue(rows: readonly Row[], timestampMs: number, keepOrder: boolean): VectorValue {
  const samples: VectorSample[] = [];
  for (const { labels, values, present, histograms } of finishRows(rows, 1)) {
    if (present[0] === FLOAT) samples.push({ labels, timestampMs, value: values[0]! });
    else if (present[0] === HISTOGRAM) samples.push({ labels, timestampMs, histogram: histograms![0]! });
  }
  if (!keepOrder) sortByLabels(samples);
  return { type: 'vector', samples };
}

export function matrixValue(value: Value, frame: Frame): MatrixValue {
  const times = Float64Array.from({ length: frame.steps }, (_, j) => frame.startMs + j * frame.stepMs);
  if (value.kind === 'scalar') return { type: 'matrix', series: [{ labels: [], timestampsMs: times, values: value.values }] };
  if (value.kind === 'string') return { type: 'matrix', series: [] };
  return rowsToMatrix(value.rows, frame, times);
}

function rowsToMatrix(rows: readonly Row[], frame: Frame, times: Float64Array): MatrixValue {
  const series = finishRows(rows, frame.steps).filter(hasCells).map((row) => rowToSeries(row, frame, times));
  return { type: 'matrix', series: sortByLabels(series) };
}

/** The matrix of rows evaluated over a frame, as a subquery's answer is. */
export function frameMatrix(rows: readonly Row[], frame: Frame): MatrixValue {
  return rowsToMatrix(rows, frame, Float64Array.from({ length: frame.steps }, (_, j) => frame.startMs + j * frame.stepMs));
}

/** Rows without gaps are slices of the array of times and of their own values. */
function rowToSeries(row: Row, frame: Frame, times: Float64Array): MatrixSeries {
  const { present, values, labels } = row;
  if (!row.histograms && !present.includes(0)) return { labels, timestampsMs: times, values };
  let floats = 0;
  const histograms: HistogramSample[] = [];
  for (let j = 0; j < frame.steps; j++) {
    if (present[j] === FLOAT) floats++;
    else if (present[j] === HISTOGRAM) histograms.push({ timestampMs: times[j]!, histogram: row.histograms![j]! });
  }
  const first = present.indexOf(FLOAT);
  if (first >= 0 && present.lastIndexOf(FLOAT) - first + 1 === floats) {
    const run = { labels, timestampsMs: times.subarray(first, first + floats), values: values.subarray(first, first + floats) };
    return histograms.length > 0 ? { ...run, histograms } : run;
  }
  const timestampsMs = new Float64Array(floats);
  const kept = new Float64Array(floats);
  for (let j = 0, n = 0; n < floats; j++) {
    if (present[j] !== FLOAT) continue;
    timestampsMs[n] = times[j]!;
    kept[n++] = values[j]!;
  }
  return { labels, timestampsMs, values: kept, ...(histograms.length > 0 && { histograms }) };
}

/** Sorts in place unless the order is right already, which readers that sort make the usual case. */
export function sortByLabels<T extends { labels: Row['labels'] }>(items: T[]): T[] {
  for (let i = 1; i < items.length; i++) {
    if (compareLabels(items[i - 1]!.labels, items[i]!.labels) > 0) return items.sort((a, b) => compareLabels(a.labels, b.labels));
  }
  return items;
}
