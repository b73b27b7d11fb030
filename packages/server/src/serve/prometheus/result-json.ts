import type { HistogramSample, Labels } from '@pitot/core';
import { histogramToJson, type MatrixSeries, type QueryOutcome, type QueryValue, type VectorSample } from '../../query/metric-queries.ts';
import { formatTimestamp, formatValue } from './numbers.ts';

/** Bytes gathered before they are handed to the socket: large enough to be cheap, small enough to free soon. */
const CHUNK_BYTES = 1 << 18;
/** A character takes at most this many bytes in UTF-8. */
const MOST_CHARACTER_BYTES = 3;

/**
 * Writes the answer of a query as chunks of UTF-8, straight from the values: an object tree of ten thousand series costs
 * several times as much. The form is Prometheus' `{"status":"success","data":{"resultType":…,"result":…}}`.
 */
export function* resultChunks(outcome: QueryOutcome, statistics?: object): Generator<Buffer> {
  let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let length = 0;
  for (const text of resultTexts(outcome, statistics)) {
    const mostBytes = text.length * MOST_CHARACTER_BYTES;
    if (length + mostBytes > chunk.length) {
      if (length > 0) yield chunk.subarray(0, length);
      chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, mostBytes));
      length = 0;
    }
    length += chunk.write(text, length);
  }
  yield chunk.subarray(0, length);
}

function* resultTexts(outcome: QueryOutcome, statistics?: object): Generator<string> {
  const { value } = outcome;
  yield `{"status":"success","data":{"resultType":"${value.type}","result":`;
  yield* valueTexts(value);
  if (statistics !== undefined) yield `,"stats":${JSON.stringify(statistics)}`;
  yield `}${notices(outcome)}}`;
}

/** `,"warnings":[…],"infos":[…]`; absent where there are none. */
export function notices(outcome: { readonly warnings?: readonly string[]; readonly infos?: readonly string[] }): string {
  const { warnings = [], infos = [] } = outcome;
  return (warnings.length > 0 ? `,"warnings":${JSON.stringify(warnings)}` : '') + (infos.length > 0 ? `,"infos":${JSON.stringify(infos)}` : '');
}

function* valueTexts(value: QueryValue): Generator<string> {
  switch (value.type) {
    case 'scalar':
      yield `[${formatTimestamp(value.timestampMs)},"${formatValue(value.value)}"]`;
      return;
    case 'string':
      yield `[${formatTimestamp(value.timestampMs)},${JSON.stringify(value.value)}]`;
      return;
    case 'vector':
      yield* listTexts(value.samples, vectorSampleJson);
      return;
    case 'matrix': {
      const openings = new PointOpenings();
      yield* listTexts(value.series, (series) => matrixSeriesJson(series, openings));
    }
  }
}

function* listTexts<Item>(items: readonly Item[], toJson: (item: Item) => string): Generator<string> {
  yield '[';
  for (let i = 0; i < items.length; i++) yield i === 0 ? toJson(items[i]!) : `,${toJson(items[i]!)}`;
  yield ']';
}

function vectorSampleJson(sample: VectorSample): string {
  const time = formatTimestamp(sample.timestampMs);
  const metric = `{"metric":${labelsJson(sample.labels)},`;
  if (sample.histogram) return `${metric}"histogram":[${time},${JSON.stringify(histogramToJson(sample.histogram))}]}`;
  return `${metric}"value":[${time},"${formatValue(sample.value ?? NaN)}"]}`;
}

function matrixSeriesJson(series: MatrixSeries, openings: PointOpenings): string {
  let text = `{"metric":${labelsJson(series.labels)}`;
  const { timestampsMs, values, histograms } = series;
  if (values.length > 0) {
    const opening = openings.of(timestampsMs);
    text += ',"values":[';
    for (let i = 0; i < values.length; i++) text += opening[i]! + formatValue(values[i]!);
    text += '"]]';
  }
  if (histograms && histograms.length > 0) text += `,"histograms":[${histograms.map(histogramPointJson).join(',')}]`;
  return `${text}}`;
}

/** What stands before each value of a series: `[1700000000.5,"` and so on. A range query repeats its steps in every series, so it is kept. */
class PointOpenings {
  #timestampsMs: Float64Array = new Float64Array(0);
  #texts: string[] = [];

  of(timestampsMs: Float64Array): readonly string[] {
    if (!sameTimes(this.#timestampsMs, timestampsMs)) {
      this.#timestampsMs = timestampsMs;
      this.#texts = Array.from(timestampsMs, (timeMs, i) => `${i === 0 ? '' : '"],'}[${formatTimestamp(timeMs)},"`);
    }
    return this.#texts;
  }
}

function sameTimes(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function histogramPointJson({ timestampMs, histogram }: HistogramSample): string {
  return `[${formatTimestamp(timestampMs)},${JSON.stringify(histogramToJson(histogram))}]`;
}

function labelsJson(labels: Labels): string {
  let text = '{';
  for (let i = 0; i < labels.length; i += 2) {
    text += `${i === 0 ? '' : ','}${JSON.stringify(labels[i])}:${JSON.stringify(labels[i + 1])}`;
  }
  return `${text}}`;
}
