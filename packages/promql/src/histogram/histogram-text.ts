import { AppError, type BucketSpan, type CounterResetHint, type NativeHistogram } from '@pitot/core';
import { formatFloatG } from './float-format.ts';
import {
  allBuckets,
  negativeSide,
  positiveSide,
  usesCustomBuckets,
  withoutEmpty,
  type Bucket,
  type Side,
} from './histogram-buckets.ts';

export interface ParsedHistogram {
  readonly histogram: NativeHistogram;
  /** Whether the text named a counter_reset_hint; a test that names none does not check it. */
  readonly hintGiven: boolean;
}

const NUMBER_KEYS = ['schema', 'sum', 'count', 'z_bucket', 'z_bucket_w', 'offset', 'n_offset'] as const;
const LIST_KEYS = ['buckets', 'n_buckets', 'custom_values'] as const;
const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];
const ENTRY = /\s*([a-z_]+):(\[[^\]]*\]|[^\s[\]{}]+)\s*/y;

type NumberKey = (typeof NUMBER_KEYS)[number];
type ListKey = (typeof LIST_KEYS)[number];

interface Entries {
  readonly numbers: Partial<Record<NumberKey, number>>;
  readonly lists: Partial<Record<ListKey, number[]>>;
  readonly hint: CounterResetHint | undefined;
}

/**
 * Reads the form of promtool's unit tests: `{{schema:1 sum:3 count:22 buckets:[5 10 7]}}`. Throws `bad_request` naming what
 * is wrong.
 */
export function parseHistogramText(text: string): ParsedHistogram {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{{') || !trimmed.endsWith('}}')) {
    throw new AppError('bad_request', `not a native histogram: "${text}"; write it like {{schema:0 count:3 buckets:[1 2]}}`);
  }
  const { numbers, lists, hint } = readEntries(trimmed.slice(2, -2));
  const positive = lists.buckets ?? [];
  const negative = lists.n_buckets ?? [];
  const histogram: NativeHistogram = {
    schema: numbers.schema ?? 0,
    zeroThreshold: numbers.z_bucket_w ?? 0,
    zeroCount: numbers.z_bucket ?? 0,
    count: numbers.count ?? 0,
    sum: numbers.sum ?? 0,
    positiveSpans: oneSpan(numbers.offset ?? 0, positive),
    positiveBuckets: positive,
    negativeSpans: oneSpan(numbers.n_offset ?? 0, negative),
    negativeBuckets: negative,
    ...(lists.custom_values === undefined ? {} : { customValues: lists.custom_values }),
    counterResetHint: hint ?? 'unknown',
  };
  return { histogram, hintGiven: hint !== undefined };
}

function readEntries(body: string): Entries {
  const seen = new Set<string>();
  const numbers: Partial<Record<NumberKey, number>> = {};
  const lists: Partial<Record<ListKey, number[]>> = {};
  let hint: CounterResetHint | undefined;
  for (let at = 0; body.slice(at).trim() !== ''; at = ENTRY.lastIndex) {
    ENTRY.lastIndex = at;
    const match = ENTRY.exec(body);
    if (match === null) throw new AppError('bad_request', `not a histogram entry: "${body.slice(at).trim()}"`);
    const [, key, value] = match as unknown as [string, string, string];
    if (seen.has(key)) throw new AppError('bad_request', `the histogram names ${key} twice`);
    seen.add(key);
    if (key === 'counter_reset_hint') hint = readHint(value);
    else if (isOneOf(NUMBER_KEYS, key)) numbers[key] = readNumber(value, key);
    else if (isOneOf(LIST_KEYS, key)) lists[key] = readList(value, key);
    else throw new AppError('bad_request', `a histogram has no entry "${key}"`);
  }
  return { numbers, lists, hint };
}

function isOneOf<K extends string>(keys: readonly K[], key: string): key is K {
  return (keys as readonly string[]).includes(key);
}

function readHint(text: string): CounterResetHint {
  if (isOneOf(HINTS, text)) return text;
  throw new AppError('bad_request', `not a counter reset hint: "${text}"; one of ${HINTS.join(', ')}`);
}

function readNumber(text: string, key: string): number {
  const number = parseFloatText(text);
  if (number === undefined) throw new AppError('bad_request', `not a number in the histogram's ${key}: "${text}"`);
  return number;
}

function readList(text: string, key: string): number[] {
  const words = text.replace(/^\[|\]$/g, '').trim();
  return words === '' ? [] : words.split(/\s+/).map((word) => readNumber(word, key));
}

/** A decimal number, NaN or (signed) Inf, in any case; undefined for anything else. */
export function parseFloatText(text: string): number | undefined {
  const special = /^([+-]?)(?:(inf(?:inity)?)|(nan))$/i.exec(text);
  if (special !== null) return special[3] !== undefined ? NaN : special[1] === '-' ? -Infinity : Infinity;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function oneSpan(offset: number, buckets: readonly number[]): BucketSpan[] {
  return buckets.length === 0 ? [] : [{ offset, length: buckets.length }];
}

/** The form parseHistogramText reads, with what is zero left out. Source: FloatHistogram.TestExpression. */
export function testExpression(histogram: NativeHistogram): string {
  const words: string[] = [];
  const number = (key: string, value: number): void => {
    if (value !== 0) words.push(`${key}:${formatFloatG(value)}`);
  };
  number('schema', histogram.schema);
  number('count', histogram.count);
  number('sum', histogram.sum);
  number('z_bucket', histogram.zeroCount);
  number('z_bucket_w', histogram.zeroThreshold);
  if (usesCustomBuckets(histogram)) words.push(`custom_values:${list(histogram.customValues ?? [])}`);
  if (histogram.counterResetHint !== 'unknown') words.push(`counter_reset_hint:${histogram.counterResetHint}`);
  words.push(...sideWords(positiveSide(histogram), 'offset', 'buckets'));
  words.push(...sideWords(negativeSide(histogram), 'n_offset', 'n_buckets'));
  return `{{${words.join(' ')}}}`;
}

/** The test form knows one span only, so gaps become empty buckets. */
function sideWords(full: Side, offsetKey: string, bucketsKey: string): string[] {
  const side = withoutEmpty(full);
  const first = side.indexes[0];
  if (first === undefined) return [];
  const counts: number[] = [];
  side.indexes.forEach((index, i) => {
    while (first + counts.length < index) counts.push(0);
    counts.push(side.counts[i]!);
  });
  return [...(first === 0 ? [] : [`${offsetKey}:${first}`]), `${bucketsKey}:${list(counts)}`];
}

function list(values: readonly number[]): string {
  return `[${values.map((value) => formatFloatG(value)).join(' ')}]`;
}

/** How Prometheus prints a histogram, e.g. in its expression browser: `{count:4, sum:5, (0.5,1]:1, …}`. */
export function formatHistogram(histogram: NativeHistogram): string {
  const buckets = allBuckets(histogram).filter((bucket) => bucket.count !== 0);
  const parts = [`count:${formatFloatG(histogram.count)}`, `sum:${formatFloatG(histogram.sum)}`, ...buckets.map(bucketText)];
  return `{${parts.join(', ')}}`;
}

function bucketText(bucket: Bucket): string {
  const open = bucket.lowerInclusive ? '[' : '(';
  const close = bucket.upperInclusive ? ']' : ')';
  return `${open}${formatFloatG(bucket.lower)},${formatFloatG(bucket.upper)}${close}:${formatFloatG(bucket.count, 21)}`;
}
