import { requestJson } from './request.ts';

export type Labels = Readonly<Record<string, string>>;

export interface MatrixSeries {
  readonly metric: Labels;
  readonly values?: readonly (readonly [number, string])[];
  readonly histograms?: readonly (readonly [number, HistogramValue])[];
}

interface VectorSample {
  readonly metric: Labels;
  readonly value?: readonly [number, string];
  readonly histogram?: readonly [number, HistogramValue];
}

interface HistogramValue {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [number, string, string, string])[];
}

export type QueryData =
  | { readonly resultType: 'matrix'; readonly result: readonly MatrixSeries[]; readonly stats?: QueryStats }
  | { readonly resultType: 'vector'; readonly result: readonly VectorSample[]; readonly stats?: QueryStats }
  | { readonly resultType: 'scalar' | 'string'; readonly result: readonly [number, string]; readonly stats?: QueryStats };

export interface QueryStats {
  readonly timings?: Readonly<Record<string, number>>;
  readonly samples?: { readonly totalQueryableSamples?: number; readonly peakSamples?: number };
}

interface Envelope<T> {
  readonly data: T;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

export interface QueryAnswer<T = QueryData> {
  readonly data: T;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** Round trip as the browser saw it, in milliseconds. */
  readonly tookMs: number;
}

async function ask<T>(path: string, form: Record<string, string>, signal?: AbortSignal): Promise<QueryAnswer<T>> {
  const startedMs = performance.now();
  const answer = await requestJson<Envelope<T>>(path, { method: 'POST', body: new URLSearchParams(form), signal });
  return {
    data: answer.data,
    warnings: answer.warnings ?? [],
    infos: answer.infos ?? [],
    tookMs: performance.now() - startedMs,
  };
}

const seconds = (ms: number): string => String(ms / 1000);

export interface RangeQuery {
  readonly expression: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export async function queryRange(query: RangeQuery, signal?: AbortSignal): Promise<QueryAnswer<readonly MatrixSeries[]> & { stats?: QueryStats }> {
  const { expression, startMs, endMs, stepMs } = query;
  const answer = await ask<QueryData>(
    '/api/v1/query_range',
    { query: expression, start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs), stats: 'true' },
    signal,
  );
  const data = answer.data;
  return {
    ...answer,
    data: data.resultType === 'matrix' ? data.result : [],
    ...(data.stats && { stats: data.stats }),
  };
}

export async function queryInstant(expression: string, timeMs: number | undefined, signal?: AbortSignal): Promise<QueryAnswer> {
  return await ask<QueryData>(
    '/api/v1/query',
    { query: expression, stats: 'true', ...(timeMs !== undefined && { time: seconds(timeMs) }) },
    signal,
  );
}

export interface MetricMetadata {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

export async function fetchMetadata(signal?: AbortSignal): Promise<Readonly<Record<string, readonly MetricMetadata[]>>> {
  return (await requestJson<Envelope<Record<string, MetricMetadata[]>>>('/api/v1/metadata', { signal })).data;
}

export async function fetchLabelValues(label: string, startMs: number, endMs: number, signal?: AbortSignal): Promise<readonly string[]> {
  const window = new URLSearchParams({ start: seconds(startMs), end: seconds(endMs) });
  const path = `/api/v1/label/${encodeURIComponent(label)}/values?${window}`;
  return (await requestJson<Envelope<string[]>>(path, { signal })).data;
}

/** `1.5`, `+Inf` and `NaN` as the API writes them. */
export function parseSample(text: string): number {
  if (text === '+Inf' || text === 'Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}
