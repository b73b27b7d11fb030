import { AppError, labelsFromPairs, METRIC_NAME, type Labels, type NativeHistogram } from '@pitot/core';
import { addHistograms, subHistograms } from '../histogram/histogram-math.ts';
import { parseFloatText, parseHistogramText } from '../histogram/histogram-text.ts';

/** One point of a series line. A gap (`_`) is a value like any other, because it takes up a step. */
export type SequenceValue =
  | { readonly kind: 'gap' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'histogram'; readonly histogram: NativeHistogram; readonly hintGiven: boolean };

export interface SeriesLine {
  readonly labels: Labels;
  readonly values: readonly SequenceValue[];
}

/** Most points one item may expand to, so that a typing error does not take all memory. */
const MAX_REPEAT = 10_000_000;

/**
 * Reads a line like `metric{label="value"} 1+2x3 _ stale {{schema:0 count:1}}x2`: a series and its points. `axn` gives
 * n + 1 points, because the first one stands for time 0. Throws `bad_request` with what is wrong.
 */
export function parseSeriesLine(line: string): SeriesLine {
  const { labels, rest } = readSeries(line.trim());
  return { labels, values: parseSequence(rest) };
}

interface SeriesHead {
  readonly labels: Labels;
  readonly rest: string;
}

const NAME = /^[A-Za-z_:][\w:]*/;
const STRING = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)/s;

function readSeries(line: string): SeriesHead {
  const pairs: [string, string][] = [];
  const name = NAME.exec(line)?.[0];
  let rest = line.slice(name?.length ?? 0).trimStart();
  if (name !== undefined) pairs.push([METRIC_NAME, name]);
  if (rest.startsWith('{') && !rest.startsWith('{{')) rest = readLabels(rest.slice(1), pairs);
  else if (name === undefined) throw new AppError('bad_request', `no series at the start of "${line}"`);
  return { labels: labelsFromPairs(pairs), rest };
}

/** Reads `a="b", "quoted name"="c", "metric.name"}` and answers what follows the brace. */
function readLabels(text: string, pairs: [string, string][]): string {
  let rest = text.trimStart();
  while (!rest.startsWith('}')) {
    const quoted = STRING.exec(rest)?.[0];
    const name = quoted ?? /^[A-Za-z_][\w]*/.exec(rest)?.[0];
    if (name === undefined) throw new AppError('bad_request', `expected a label name at "${rest}"`);
    rest = rest.slice(name.length).trimStart();
    if (rest.startsWith('=')) {
      rest = rest.slice(1).trimStart();
      const value = STRING.exec(rest)?.[0];
      if (value === undefined) throw new AppError('bad_request', `expected a quoted label value at "${rest}"`);
      pairs.push([quoted === undefined ? name : unquote(quoted), unquote(value)]);
      rest = rest.slice(value.length).trimStart();
    } else if (quoted === undefined) throw new AppError('bad_request', `expected = after label ${name}`);
    else pairs.push([METRIC_NAME, unquote(quoted)]);
    if (rest.startsWith(',')) rest = rest.slice(1).trimStart();
    else if (!rest.startsWith('}')) throw new AppError('bad_request', `expected , or } at "${rest}"`);
  }
  return rest.slice(1).trimStart();
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** A string literal's content: Go's escapes within "…" and '…', nothing within `…`. Throws on anything else. */
export function unquote(literal: string): string {
  if (STRING.exec(literal)?.[0] !== literal) throw new AppError('bad_request', `not a quoted string: ${literal}`);
  const content = literal.slice(1, -1);
  if (literal.startsWith('`')) return content;
  return content.replace(
    /\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|.)/gs,
    (_, escape: string) => decodeEscape(escape),
  );
}

function decodeEscape(escape: string): string {
  if (/^[xuU]./.test(escape)) return String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
  if (/^[0-7]{3}$/.test(escape)) return String.fromCodePoint(Number.parseInt(escape, 8));
  return ESCAPES[escape] ?? escape;
}

/** Reads the points of a series line. */
export function parseSequence(text: string): SequenceValue[] {
  const values: SequenceValue[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const item = /^(?:\{\{.*?\}\}[+-]?)+(?:x\d+)?|^\S+/.exec(rest)![0];
    values.push(...(item.startsWith('{{') ? histogramItem(item) : plainItem(item)));
    rest = rest.slice(item.length);
    if (rest !== '' && !/^\s/.test(rest)) throw new AppError('bad_request', `expected a space at "${rest}"`);
    rest = rest.trimStart();
  }
  return values;
}

function repeatCount(text: string): number {
  const count = Number(text);
  if (count > MAX_REPEAT) throw new AppError('bad_request', `a repetition of ${text} is more than ${MAX_REPEAT}`);
  return count;
}

const GAPS = /^_(?:x(\d+))?$/;
const STALES = /^stale(?:x(\d+))?$/;
const NUMBER = String.raw`[+-]?(?:inf|nan|\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)`;
const FLOATS = new RegExp(`^(${NUMBER})(?:([+-])(${NUMBER}))?(?:x(\\d+))?$`, 'i');

function plainItem(item: string): SequenceValue[] {
  const gaps = GAPS.exec(item);
  if (gaps !== null) return Array.from({ length: repeatCount(gaps[1] ?? '1') }, () => ({ kind: 'gap' }));
  const stales = STALES.exec(item);
  if (stales !== null) return Array.from({ length: repeatCount(stales[1] ?? '0') + 1 }, () => ({ kind: 'stale' }));
  const floats = FLOATS.exec(item);
  if (floats === null) throw new AppError('bad_request', `not a point or a sequence of points: "${item}"`);
  const [, start, operator, step, times] = floats;
  if (operator !== undefined && times === undefined) {
    throw new AppError('bad_request', `"${item}" has a step but no count; write it like 1+2x3`);
  }
  const increment = step === undefined ? 0 : parseFloatText(step)! * (operator === '-' ? -1 : 1);
  return floatSequence(parseFloatText(start!)!, step === undefined ? undefined : increment, repeatCount(times ?? '0'));
}

/** Adds step by step, as upstream does, so that rounding agrees. */
function floatSequence(start: number, increment: number | undefined, times: number): SequenceValue[] {
  const values: SequenceValue[] = [];
  let value = start;
  for (let i = 0; i <= times; i++) {
    values.push({ kind: 'float', value });
    if (increment !== undefined) value += increment;
  }
  return values;
}

const HISTOGRAMS = /^(\{\{.*?\}\})(?:([+-])(\{\{.*?\}\}))?(?:x(\d+))?$/;

function histogramItem(item: string): SequenceValue[] {
  const match = HISTOGRAMS.exec(item);
  if (match === null) throw new AppError('bad_request', `not a histogram or a sequence of histograms: "${item}"`);
  const [, startText, operator, stepText, times] = match;
  const { histogram: start, hintGiven } = parseHistogramText(startText!);
  const step = stepText === undefined ? undefined : parseHistogramText(stepText).histogram;
  const combine = operator === '-' ? subHistograms : addHistograms;
  const values: SequenceValue[] = [];
  let histogram = start;
  for (let i = 0; i <= repeatCount(times ?? '0'); i++) {
    if (i > 0 && step !== undefined) histogram = combine(histogram, step).histogram;
    values.push({ kind: 'histogram', histogram, hintGiven });
  }
  return values;
}
