import { AppError } from '@pitot/core';
import { ANNOTATION_TEXT } from './annotations.ts';
import type { CallExpr } from './ast.ts';
import { FLOAT, RowBuilder, type Frame, type Row, type Value } from './grid.ts';
import { fractionRows, quantileRows, quantilesRows } from './histogram-functions.ts';
import { clampRows, floatFunction, goMax, goMin, histogramFunction, mapFloats, mapHistograms, roundRows, scalarOf } from './instant-functions.ts';
import { labelJoin, labelReplace, sortByLabels, sortByValue } from './label-functions.ts';
import type { QueryContext } from './query-context.ts';

/** The evaluated arguments of one call, taken out by position and type. */
class Arguments {
  readonly #values: readonly Value[];

  constructor(values: readonly Value[]) {
    this.#values = values;
  }

  vector(i: number): readonly Row[] {
    const value = this.#values[i];
    if (value?.kind !== 'vector') throw new AppError('internal', `argument ${i + 1} is not an instant vector`);
    return value.rows;
  }

  scalar(i: number): Float64Array {
    const value = this.#values[i];
    if (value?.kind !== 'scalar') throw new AppError('internal', `argument ${i + 1} is not a scalar`);
    return value.values;
  }

  optionalScalar(i: number): Float64Array | undefined {
    return i < this.#values.length ? this.scalar(i) : undefined;
  }

  /** The string arguments from position i on. */
  strings(i: number): string[] {
    return this.#values.slice(i).map((value) => (value.kind === 'string' ? value.value : ''));
  }

  scalarsFrom(i: number): Float64Array[] {
    return this.#values.slice(i).map((_, k) => this.scalar(i + k));
  }
}

/** Calls a function whose arguments are scalars, strings and instant vectors. */
export function callFunction(context: QueryContext, call: CallExpr, values: readonly Value[], frame: Frame): Value {
  const { name } = call.func;
  const { steps } = frame;
  const args = new Arguments(values);
  switch (name) {
    case 'time':
      return { kind: 'scalar', values: timesOf(frame) };
    case 'pi':
      return { kind: 'scalar', values: new Float64Array(steps).fill(Math.PI) };
    case 'max_of':
    case 'min_of': {
      const pick = name === 'max_of' ? goMax : goMin;
      const other = args.scalar(1);
      return { kind: 'scalar', values: args.scalar(0).map((value, j) => pick(value, other[j]!)) };
    }
    case 'scalar':
      return { kind: 'scalar', values: scalarOf(args.vector(0), steps) };
    default:
      return { kind: 'vector', rows: vectorFunction(context, call, args, frame) };
  }
}

function vectorFunction(context: QueryContext, call: CallExpr, args: Arguments, frame: Frame): readonly Row[] {
  const { name } = call.func;
  const { steps } = frame;
  switch (name) {
    case 'vector':
      return [labelless(args.scalar(0))];
    case 'clamp':
      return clampRows(args.vector(0), steps, args.scalar(1), args.scalar(2));
    case 'clamp_min':
      return clampRows(args.vector(0), steps, args.scalar(1), undefined);
    case 'clamp_max':
      return clampRows(args.vector(0), steps, undefined, args.scalar(1));
    case 'round':
      return roundRows(args.vector(0), steps, args.optionalScalar(1));
    case 'label_replace':
      return labelReplace(args.vector(0), steps, args.strings(1));
    case 'label_join':
      return labelJoin(args.vector(0), steps, args.strings(1));
    case 'histogram_quantile':
      return quantileRows(context, call, args.scalar(0), args.vector(1), frame);
    case 'histogram_quantiles':
      return quantilesRows(context, call, args.strings(1)[0]!, args.scalarsFrom(2), args.vector(0), frame);
    case 'histogram_fraction':
      return fractionRows(context, call, { lower: args.scalar(0), upper: args.scalar(1) }, args.vector(2), frame);
    case 'sort':
    case 'sort_desc':
    case 'sort_by_label':
    case 'sort_by_label_desc':
      return sortRows(context, call, args, steps);
    case 'start_timestamp':
      // Start timestamps are not stored, which Prometheus answers with nothing too.
      return [];
    default:
      return elementFunction(call, args, frame);
  }
}

function elementFunction(call: CallExpr, args: Arguments, frame: Frame): readonly Row[] {
  const { name } = call.func;
  const ofFloat = floatFunction(name);
  if (ofFloat && call.args.length === 0) return [labelless(timesOf(frame).map((seconds) => ofFloat(Math.floor(seconds))))];
  if (ofFloat) return mapFloats(args.vector(0), frame.steps, ofFloat);
  const ofHistogram = histogramFunction(name);
  if (ofHistogram) return mapHistograms(args.vector(0), frame.steps, ofHistogram);
  throw new AppError('internal', `function ${name}() is known to the parser but not to the evaluator`);
}

/** Sorting means something for a single step only; a range answer is always ordered by labels. */
function sortRows(context: QueryContext, call: CallExpr, args: Arguments, steps: number): readonly Row[] {
  const { name } = call.func;
  if (steps > 1) context.annotations.warn(ANNOTATION_TEXT.sortInRange, call.position);
  const byLabel = name.startsWith('sort_by_label');
  if (byLabel) return sortByLabels(args.vector(0), args.strings(1), name === 'sort_by_label_desc');
  if (steps === 1) return sortByValue(args.vector(0), name === 'sort_desc');
  return args.vector(0).map((row) => (row.histograms ? { ...row, present: row.present.map((kind) => (kind === FLOAT ? kind : 0)) } : row));
}

function timesOf(frame: Frame): Float64Array {
  return Float64Array.from({ length: frame.steps }, (_, j) => (frame.startMs + j * frame.stepMs) / 1000);
}

function labelless(values: Float64Array): Row {
  const row = new RowBuilder([], values.length);
  row.values.set(values);
  row.present.fill(FLOAT);
  return row;
}
