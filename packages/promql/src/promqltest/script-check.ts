import { compareLabels, labelsKey, METRIC_NAME, type Labels } from '@pitot/core';
import { formatFloatG } from '../histogram/float-format.ts';
import { testExpression } from '../histogram/histogram-text.ts';
import type { MatrixSeries, MatrixValue, QueryResult, QueryValue, VectorSample, VectorValue } from '../value.ts';
import { almostEqual, histogramsAlmostEqual } from './almost-equal.ts';
import type { AnnotationKind, EvalCommand, MessageMatch } from './script-parser.ts';
import type { SequenceValue } from './series-notation.ts';

/** All checks answer what is wrong in one sentence, or undefined where everything is as expected. */
type Complaint = string | undefined;

function matches(expected: MessageMatch, actual: string): boolean {
  return expected.search === undefined ? expected.text === actual : expected.search(actual);
}

export function checkFailure(command: EvalCommand, message: string): Complaint {
  const { fail } = command.expectations;
  if (fail === undefined) return `the query failed: ${message}`;
  const missing = fail.find((expected) => !matches(expected, message));
  return missing && `expected an error matching "${missing.text}", but it was: ${message}`;
}

export function checkAnnotations(command: EvalCommand, result: QueryResult): Complaint {
  const { expectations } = command;
  if (expectations.noWarn && result.warnings.length > 0) return `unexpected warnings: ${result.warnings.join('; ')}`;
  if (expectations.noInfo && result.infos.length > 0) return `unexpected infos: ${result.infos.join('; ')}`;
  return (
    checkMessages('warn', expectations.warn, result.warnings) ?? checkMessages('info', expectations.info, result.infos)
  );
}

/** Every expectation must meet an annotation, and where any message is given every annotation an expectation. */
function checkMessages(
  kind: AnnotationKind,
  expected: readonly MessageMatch[] | undefined,
  actual: readonly string[],
): Complaint {
  if (expected === undefined) return undefined;
  if (actual.length === 0) return `expected a ${kind} annotation, but there was none`;
  const unmet = expected.find((one) => !actual.some((message) => matches(one, message)));
  if (unmet !== undefined) return `expected a ${kind} annotation matching "${unmet.text}", found: ${actual.join('; ')}`;
  if (expected.length === 0) return undefined;
  const surplus = actual.find((message) => !expected.some((one) => matches(one, message)));
  return surplus && `unexpected ${kind} annotation: ${surplus}`;
}

export function checkValue(command: EvalCommand, value: QueryValue): Complaint {
  switch (value.type) {
    case 'matrix':
      return checkMatrix(command, value);
    case 'vector':
      return checkVector(command, value);
    case 'scalar':
      if (command.scalar === undefined) return `expected a vector or matrix, but got the scalar ${value.value}`;
      return almostEqual(command.scalar, value.value)
        ? undefined
        : `expected the scalar ${command.scalar}, but got ${value.value}`;
    case 'string':
      return command.string === value.value ? undefined : `expected the string "${command.string}", but got "${value.value}"`;
  }
}

type Point = Exclude<SequenceValue, { kind: 'gap' }>;

function checkMatrix(command: EvalCommand, matrix: MatrixValue): Complaint {
  if (command.expectations.ordered) return 'expected an ordered result, but the query answered a matrix';
  if (command.scalar !== undefined) return 'expected a scalar, but got a matrix';
  const unsorted = unsortedAt(matrix.series);
  if (unsorted !== undefined) return unsorted;
  const expected = new Map(command.series.map((line) => [labelsKey(line.labels), line]));
  const seen = new Set<string>();
  for (const series of matrix.series) {
    const key = labelsKey(series.labels);
    const line = expected.get(key);
    if (line === undefined) return `unexpected series ${seriesText(series.labels)}: ${matrixText(series)}`;
    seen.add(key);
    const complaint = checkPoints(command, line.values, series);
    if (complaint !== undefined) return `${seriesText(series.labels)}: ${complaint} (it has ${matrixText(series)})`;
  }
  return missingSeries(command, seen);
}

/** A matrix is always ordered by labels. */
function unsortedAt(series: readonly MatrixSeries[]): Complaint {
  const at = series.findIndex((one, i) => i > 0 && compareLabels(series[i - 1]!.labels, one.labels) > 0);
  return at < 0 ? undefined : `the matrix is not ordered by labels at ${seriesText(series[at]!.labels)}`;
}

function missingSeries(command: EvalCommand, seen: ReadonlySet<string>): Complaint {
  const missing = command.series.find((line) => !seen.has(labelsKey(line.labels)));
  return missing && `expected ${seriesText(missing.labels)} ${missing.values.map(valueText).join(' ')}, but it was not found`;
}

function checkPoints(command: EvalCommand, values: readonly SequenceValue[], series: MatrixSeries): Complaint {
  const histograms = series.histograms ?? [];
  let floatAt = 0;
  let histogramAt = 0;
  for (const [i, value] of values.entries()) {
    const timeMs = command.startMs + i * command.stepMs;
    if (timeMs > command.endMs) return `expected ${values.length} points, more than the range has steps`;
    if (value.kind === 'gap') continue;
    const isHistogram = value.kind === 'histogram';
    const actualMs = isHistogram ? histograms[histogramAt]?.timestampMs : series.timestampsMs[floatAt];
    if (actualMs !== timeMs) return `expected ${valueText(value)} at ${timeMs} ms`;
    const complaint = isHistogram
      ? checkPoint(value, undefined, histograms[histogramAt++]!.histogram)
      : checkPoint(value, series.values[floatAt++], undefined);
    if (complaint !== undefined) return `at ${timeMs} ms ${complaint}`;
  }
  const surplus = series.timestampsMs.length - floatAt + histograms.length - histogramAt;
  return surplus > 0 ? `${surplus} points more than expected` : undefined;
}

function checkPoint(expected: Point, value: number | undefined, histogram: VectorSample['histogram']): Complaint {
  const actual = histogram === undefined ? formatFloatG(value ?? NaN) : testExpression(histogram);
  const complaint = `expected ${valueText(expected)}, but got ${actual}`;
  switch (expected.kind) {
    case 'histogram':
      if (histogram === undefined) return complaint;
      return histogramsAlmostEqual(expected.histogram, histogram, expected.hintGiven) ? undefined : complaint;
    case 'stale':
      return complaint;
    case 'float':
      return histogram === undefined && almostEqual(expected.value, value!) ? undefined : complaint;
  }
}

function checkVector(command: EvalCommand, vector: VectorValue): Complaint {
  if (command.scalar !== undefined) return 'expected a scalar, but got a vector';
  if (command.string !== undefined) return 'expected a string, but got a vector';
  const positions = new Map(command.series.map((line, i) => [labelsKey(line.labels), i]));
  const seen = new Set<string>();
  for (const [i, sample] of vector.samples.entries()) {
    const key = labelsKey(sample.labels);
    const position = positions.get(key);
    if (position === undefined) return `unexpected ${seriesText(sample.labels)} ${sampleText(sample)}`;
    if (command.expectations.ordered && position !== i) {
      return `expected ${seriesText(sample.labels)} at position ${position + 1}, but it was at ${i + 1}`;
    }
    if (seen.has(key)) return `${seriesText(sample.labels)} is in the result twice`;
    seen.add(key);
    const expected = command.series[position]!.values[0]!;
    const complaint =
      expected.kind === 'gap'
        ? `unexpected ${sampleText(sample)}`
        : checkPoint(expected, sample.value, sample.histogram);
    if (complaint !== undefined) return `${seriesText(sample.labels)}: ${complaint}`;
  }
  return missingSeries(command, seen);
}

function seriesText(labels: Labels): string {
  const pairs: string[] = [];
  let name = '';
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] === METRIC_NAME) name = labels[i + 1]!;
    else pairs.push(`${labels[i]}=${JSON.stringify(labels[i + 1])}`);
  }
  return `${name}{${pairs.join(', ')}}`;
}

function valueText(value: SequenceValue): string {
  switch (value.kind) {
    case 'gap':
      return '_';
    case 'stale':
      return 'stale';
    case 'float':
      return formatFloatG(value.value);
    case 'histogram':
      return testExpression(value.histogram);
  }
}

function sampleText(sample: VectorSample): string {
  return sample.histogram === undefined ? formatFloatG(sample.value ?? NaN) : testExpression(sample.histogram);
}

function matrixText(series: MatrixSeries): string {
  const floats = [...series.values].map((value, i) => `${formatFloatG(value)}@${series.timestampsMs[i]}`);
  const histograms = (series.histograms ?? []).map(({ histogram, timestampMs }) => `${testExpression(histogram)}@${timestampMs}`);
  return [...floats, ...histograms].join(' ');
}
