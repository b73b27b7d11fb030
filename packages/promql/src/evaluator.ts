import { AppError } from '@pitot/core';
import { absentLabels } from './absent.ts';
import { aggregate } from './aggregation.ts';
import { isSetOp, type AggregateExpr, type BinaryExpr, type CallExpr, type Expr, type VectorSelector } from './ast.ts';
import { ElementOperation, scalarOperation, vectorScalarRow } from './binary-operation.ts';
import { callFunction } from './function-calls.ts';
import { broadcastRows, FLOAT, hasCells, HISTOGRAM, RowBuilder, type Frame, type Row, type Value } from './grid.ts';
import { scaleHistogram } from './histogram/histogram-math.ts';
import { infoRows } from './info-function.ts';
import type { QueryContext } from './query-context.ts';
import { absentRows, evalRangeCall, isRangeFunction } from './range-evaluation.ts';
import { countValues, selectElements } from './selection-aggregation.ts';
import { evalSelector } from './selectors.ts';
import { setOperation, vectorOperation } from './vector-matching.ts';

/**
 * What the functions around a selector need of histograms: everything, or only counts and sums ('stats'); 'all' is
 * final, as something further in or out needs the buckets.
 */
type HistogramNeed = 'unknown' | 'stats' | 'all';

const STATS_FUNCTIONS: ReadonlySet<string> = new Set(['histogram_count', 'histogram_sum', 'histogram_avg']);
const BUCKET_FUNCTIONS: ReadonlySet<string> = new Set(['histogram_quantile', 'histogram_quantiles', 'histogram_fraction']);
const ELEMENT_SELECTORS: ReadonlySet<string> = new Set(['topk', 'bottomk', 'limitk', 'limit_ratio']);

/** Evaluates planned expressions over frames of steps. One instance serves one query. */
export class Evaluator {
  readonly #context: QueryContext;

  constructor(context: QueryContext) {
    this.#context = context;
  }

  async eval(expr: Expr, frame: Frame, need: HistogramNeed = 'unknown'): Promise<Value> {
    await this.#context.breathe();
    switch (expr.kind) {
      case 'number':
        return { kind: 'scalar', values: new Float64Array(frame.steps).fill(expr.value) };
      case 'string':
        return { kind: 'string', value: expr.value };
      case 'paren':
        return this.eval(expr.expr, frame, need);
      case 'step-invariant':
        return this.#invariant(expr.expr, frame, need);
      case 'selector':
        return { kind: 'vector', rows: await this.#selector(expr, frame, need, false) };
      case 'unary':
        return expr.op === '-' ? negate(await this.eval(expr.expr, frame, need), frame.steps) : this.eval(expr.expr, frame, need);
      case 'binary':
        return this.#binary(expr, frame, need);
      case 'aggregate':
        return { kind: 'vector', rows: await this.#aggregate(expr, frame, need) };
      case 'call':
        return this.#call(expr, frame, need);
      case 'matrix':
      case 'subquery':
        throw new AppError('internal', 'a range can only be evaluated as the argument of a function');
    }
  }

  /** The rows of an expression that the type check says is an instant vector. */
  async vector(expr: Expr, frame: Frame, need: HistogramNeed = 'unknown'): Promise<readonly Row[]> {
    const value = await this.eval(expr, frame, need);
    if (value.kind !== 'vector') throw new AppError('internal', `expected an instant vector, got ${value.kind}`);
    return value.rows;
  }

  async #scalar(expr: Expr, frame: Frame): Promise<Float64Array> {
    const value = await this.eval(expr, frame);
    if (value.kind !== 'scalar') throw new AppError('internal', `expected a scalar, got ${value.kind}`);
    return value.values;
  }

  async #invariant(expr: Expr, frame: Frame, need: HistogramNeed): Promise<Value> {
    const value = await this.eval(expr, { ...frame, steps: 1 }, need);
    if (value.kind === 'scalar') return { kind: 'scalar', values: new Float64Array(frame.steps).fill(value.values[0]!) };
    return value.kind === 'string' ? value : { kind: 'vector', rows: broadcastRows(value.rows, frame.steps) };
  }

  async #selector(selector: VectorSelector, frame: Frame, need: HistogramNeed, sampleTimes: boolean): Promise<Row[]> {
    const rows = await evalSelector(this.#context, selector, frame, { statsOnly: need === 'stats', sampleTimes });
    return selector.atMs === undefined ? rows : broadcastRows(rows, frame.steps);
  }

  async #binary(expr: BinaryExpr, frame: Frame, need: HistogramNeed): Promise<Value> {
    const [lhs, rhs] = await Promise.all([this.eval(expr.lhs, frame, need), this.eval(expr.rhs, frame, need)]);
    if (lhs.kind === 'scalar' && rhs.kind === 'scalar') return { kind: 'scalar', values: scalarOperation(expr.op, lhs.values, rhs.values) };
    const { steps } = frame;
    if (lhs.kind === 'vector' && rhs.kind === 'vector') {
      const combine = isSetOp(expr.op) ? setOperation : vectorOperation;
      return { kind: 'vector', rows: combine(this.#context, expr, lhs.rows, rhs.rows, steps) };
    }
    const operation = new ElementOperation(expr, this.#context.annotations);
    const [vector, scalar, swap] = lhs.kind === 'vector' ? [lhs, rhs, false] : [rhs, lhs, true];
    if (vector.kind !== 'vector' || scalar.kind !== 'scalar') throw new AppError('internal', 'a binary operation needs scalars and vectors');
    const rows: Row[] = [];
    for (const row of vector.rows) {
      this.#context.tick();
      const out = vectorScalarRow(operation, row, scalar.values, swap, expr.returnBool);
      if (hasCells(out)) rows.push(out);
    }
    return { kind: 'vector', rows };
  }

  async #aggregate(expr: AggregateExpr, frame: Frame, need: HistogramNeed): Promise<Row[]> {
    if (expr.op === 'count_values') {
      const label = expr.param?.kind === 'string' ? expr.param.value : '';
      return countValues(this.#context, expr, label, await this.vector(expr.expr, frame, need), frame.steps);
    }
    const [rows, params] = await Promise.all([
      this.vector(expr.expr, frame, need),
      expr.param ? this.#scalar(expr.param, frame) : undefined,
    ]);
    if (ELEMENT_SELECTORS.has(expr.op)) return selectElements(this.#context, expr, rows, frame.steps, params!);
    return aggregate(this.#context, expr, rows, frame.steps, params);
  }

  async #call(call: CallExpr, frame: Frame, outer: HistogramNeed): Promise<Value> {
    const { name } = call.func;
    const need = needBelow(name, outer);
    if (isRangeFunction(name)) return { kind: 'vector', rows: await this.#rangeCall(call, frame, need) };
    switch (name) {
      case 'timestamp':
        return { kind: 'vector', rows: await this.#timestamp(call.args[0]!, frame) };
      case 'absent':
        return { kind: 'vector', rows: absentRows(await this.vector(call.args[0]!, frame), absentLabels(call.args[0]!), frame) };
      case 'info':
        return { kind: 'vector', rows: await infoRows(this.#context, await this.vector(call.args[0]!, frame, need), call.args, frame) };
      default:
        return callFunction(this.#context, call, await Promise.all(call.args.map((arg) => this.eval(arg, frame, need))), frame);
    }
  }

  async #rangeCall(call: CallExpr, frame: Frame, need: HistogramNeed): Promise<Row[]> {
    const scalarArgs = call.args.filter((arg) => arg.kind !== 'matrix' && arg.kind !== 'subquery');
    const scalars = await Promise.all(scalarArgs.map((arg) => this.#scalar(arg, frame)));
    const evalInner = (expr: Expr, inner: Frame): Promise<readonly Row[]> => this.vector(expr, inner, 'all');
    return evalRangeCall(this.#context, call, frame, { scalars, statsOnly: need === 'stats', evalInner });
  }

  /** The time of the sample for a plain selector, of the evaluation for anything else; both in seconds. */
  async #timestamp(arg: Expr, frame: Frame): Promise<Row[]> {
    const inner = arg.kind === 'step-invariant' ? arg.expr : arg;
    if (inner.kind === 'selector' && !inner.smoothed) {
      return (await this.#selector(inner, frame, 'stats', true)).map((row) => ({ ...row, dropName: true }));
    }
    return (await this.vector(arg, frame)).map((row) => {
      const out = new RowBuilder(row.labels, frame.steps, true);
      for (let j = 0; j < frame.steps; j++) if (row.present[j] !== 0) out.setFloat(j, (frame.startMs + j * frame.stepMs) / 1000);
      return out;
    });
  }
}

function needBelow(name: string, outer: HistogramNeed): HistogramNeed {
  if (outer === 'all' || BUCKET_FUNCTIONS.has(name)) return 'all';
  return STATS_FUNCTIONS.has(name) ? 'stats' : outer;
}

function negate(value: Value, steps: number): Value {
  if (value.kind === 'scalar') return { kind: 'scalar', values: value.values.map((x) => -x) };
  if (value.kind === 'string') return value;
  const rows = value.rows.map((row) => {
    const out = new RowBuilder(row.labels, steps, true);
    for (let j = 0; j < steps; j++) {
      if (row.present[j] === FLOAT) out.setFloat(j, -row.values[j]!);
      else if (row.present[j] === HISTOGRAM) out.setHistogram(j, scaleHistogram(row.histograms![j]!, -1));
    }
    return out;
  });
  return { kind: 'vector', rows };
}
