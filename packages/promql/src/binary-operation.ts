import type { NativeHistogram } from '@pitot/core';
import { ANNOTATION_TEXT, type Annotations } from './annotations.ts';
import { isComparison, type BinaryExpr, type BinaryOp } from './ast.ts';
import { HISTOGRAM, RowBuilder, type Row } from './grid.ts';
import {
  addHistograms,
  compactHistogram,
  divHistogram,
  histogramsEqual,
  IncompatibleHistogramsError,
  scaleHistogram,
  subHistograms,
  withHint,
} from './histogram/histogram-math.ts';
import { trimHistogram } from './histogram/histogram-trim.ts';

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': power,
  atan2: Math.atan2,
};

const COMPARISON: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
};

/** Unlike JavaScript, IEEE 754 (and Go) has 1 to any power, and -1 to an infinite one, as 1. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

/** Whether an operator makes a new quantity of its operands, so that the metric's name no longer fits. */
export function changesMetric(op: BinaryOp): boolean {
  return op in ARITHMETIC;
}

export function scalarOperation(op: BinaryOp, lhs: Float64Array, rhs: Float64Array): Float64Array {
  const compare = COMPARISON[op];
  const combine = ARITHMETIC[op] ?? ((a: number, b: number) => (compare!(a, b) ? 1 : 0));
  return lhs.map((a, j) => combine(a, rhs[j]!));
}

/** What an operation on two elements leaves; `histogram` set means the result is one. */
interface ElementResult {
  readonly value: number;
  readonly histogram?: NativeHistogram | undefined;
  /** False where a comparison does not hold. */
  readonly keep: boolean;
}

type Element = number | NativeHistogram;

/** Operations on elements of vectors, with the annotations of one expression. */
export class ElementOperation {
  readonly op: BinaryOp;
  readonly isComparison: boolean;
  readonly arithmetic: ((a: number, b: number) => number) | undefined;
  readonly comparison: ((a: number, b: number) => boolean) | undefined;
  readonly #annotations: Annotations;
  readonly #expr: BinaryExpr;

  constructor(expr: BinaryExpr, annotations: Annotations) {
    this.op = expr.op;
    this.isComparison = isComparison(expr.op);
    this.arithmetic = ARITHMETIC[expr.op];
    this.comparison = COMPARISON[expr.op];
    this.#annotations = annotations;
    this.#expr = expr;
  }

  /** Undefined where the two cannot be combined; an annotation says why. */
  apply(a: Element, b: Element): ElementResult | undefined {
    if (typeof a === 'number' && typeof b === 'number') {
      if (this.arithmetic) return { value: this.arithmetic(a, b), keep: true };
      return this.comparison ? { value: a, keep: this.comparison(a, b) } : this.#incompatible('float', 'float');
    }
    if (typeof a === 'number') {
      const scaled = this.op === '*' && typeof b !== 'number' ? compactHistogram(scaleHistogram(b, a)) : undefined;
      return scaled ? { value: 0, histogram: scaled, keep: true } : this.#incompatible('float', 'histogram');
    }
    return typeof b === 'number' ? this.#histogramFloat(a, b) : this.#histograms(a, b);
  }

  #histogramFloat(a: NativeHistogram, b: number): ElementResult | undefined {
    const histogram = (result: NativeHistogram): ElementResult => ({ value: 0, histogram: result, keep: true });
    switch (this.op) {
      case '*':
        return histogram(compactHistogram(scaleHistogram(a, b)));
      case '/':
        return histogram(compactHistogram(divHistogram(a, b)));
      case '</':
        return histogram(trimHistogram(a, b, 'upper'));
      case '>/':
        return histogram(trimHistogram(a, b, 'lower'));
      default:
        return this.#incompatible('histogram', 'float');
    }
  }

  #histograms(a: NativeHistogram, b: NativeHistogram): ElementResult | undefined {
    switch (this.op) {
      case '+':
      case '-':
        return this.#combine(a, b, this.op);
      case '==':
        return { value: 0, histogram: a, keep: histogramsEqual(a, b) };
      case '!=':
        return { value: 0, histogram: a, keep: !histogramsEqual(a, b) };
      default:
        return this.#incompatible('histogram', 'histogram');
    }
  }

  #combine(a: NativeHistogram, b: NativeHistogram, op: '+' | '-'): ElementResult | undefined {
    const { position } = this.#expr;
    const during = op === '+' ? 'addition' : 'subtraction';
    try {
      const { histogram, counterResetCollision, nhcbBoundsReconciled } = op === '+' ? addHistograms(a, b) : subHistograms(a, b);
      if (counterResetCollision) this.#annotations.warn(ANNOTATION_TEXT.counterResetCollision(during), position);
      if (nhcbBoundsReconciled) this.#annotations.info(ANNOTATION_TEXT.reconciledBuckets(during), position);
      const result = op === '-' ? withHint(histogram, 'gauge') : histogram;
      return { value: 0, histogram: compactHistogram(result), keep: true };
    } catch (error) {
      if (!(error instanceof IncompatibleHistogramsError)) throw error;
      this.#annotations.warn(ANNOTATION_TEXT.incompatibleBuckets(this.op), position);
      return undefined;
    }
  }

  #incompatible(lhs: string, rhs: string): undefined {
    this.#annotations.info(ANNOTATION_TEXT.incompatibleTypes(lhs, this.op, rhs), this.#expr.position);
  }
}

/** A vector against a scalar; `swap` where the scalar is on the left. The vector's element is what a comparison keeps. */
export function vectorScalarRow(operation: ElementOperation, row: Row, scalar: Float64Array, swap: boolean, returnBool: boolean): RowBuilder {
  const dropName = row.dropName || changesMetric(operation.op) || returnBool;
  const out = new RowBuilder(row.labels, scalar.length, dropName);
  const { arithmetic, comparison } = operation;
  const floatsOnly = row.histograms === undefined;
  if (floatsOnly && arithmetic) {
    arithmeticRow(operation.op, arithmetic, row, scalar, swap, out);
    return out;
  }
  for (let j = 0; j < scalar.length; j++) {
    const kind = row.present[j];
    if (kind === 0) continue;
    const s = scalar[j]!;
    if (floatsOnly && comparison) {
      const v = row.values[j]!;
      const holds = swap ? comparison(s, v) : comparison(v, s);
      if (returnBool) out.setFloat(j, holds ? 1 : 0);
      else if (holds) out.setFloat(j, v);
      continue;
    }
    const element = kind === HISTOGRAM ? row.histograms![j]! : row.values[j]!;
    const result = swap ? operation.apply(s, element) : operation.apply(element, s);
    if (!result) continue;
    if (returnBool) out.setFloat(j, result.keep ? 1 : 0);
    else if (result.keep && operation.isComparison) out.copyCell(j, row);
    else if (result.keep && result.histogram) out.setHistogram(j, result.histogram);
    else if (result.keep) out.setFloat(j, result.value);
  }
  return out;
}

/** Cells that are not present are computed too: their values mean nothing, and a loop without branches is faster. */
function arithmeticRow(
  op: BinaryOp,
  arithmetic: (a: number, b: number) => number,
  row: Row,
  scalar: Float64Array,
  swap: boolean,
  out: RowBuilder,
): void {
  const { values } = row;
  const result = out.values;
  out.present.set(row.present);
  const steps = scalar.length;
  if (op === '*') for (let j = 0; j < steps; j++) result[j] = values[j]! * scalar[j]!;
  else if (op === '+') for (let j = 0; j < steps; j++) result[j] = values[j]! + scalar[j]!;
  else if (op === '/' && !swap) for (let j = 0; j < steps; j++) result[j] = values[j]! / scalar[j]!;
  else if (op === '-' && !swap) for (let j = 0; j < steps; j++) result[j] = values[j]! - scalar[j]!;
  else for (let j = 0; j < steps; j++) result[j] = swap ? arithmetic(scalar[j]!, values[j]!) : arithmetic(values[j]!, scalar[j]!);
}
