import { AppError, compareLabels, labelsKey, METRIC_NAME, type Labels, type NativeHistogram } from '@pitot/core';
import type { Annotations } from './annotations.ts';
import type { BinaryExpr, VectorMatching } from './ast.ts';
import { changesMetric, ElementOperation } from './binary-operation.ts';
import { dropMetadata, FLOAT, hasCells, HISTOGRAM, onlyLabels, RowBuilder, RowTable, withLabel, withoutLabels, type Row } from './grid.ts';
import { labelsText } from './labels-text.ts';
import type { QueryContext } from './query-context.ts';

/** The labels two elements must share to be matched: those of `on`, or all but those of `ignoring` and the name. */
function matchLabels(labels: Labels, matching: VectorMatching): Labels {
  if (matching.on) return onlyLabels(labels, new Set(matching.labels));
  return withoutLabels(labels, new Set([...matching.labels, METRIC_NAME]));
}

/** As labelsKey of the labels that are matched, without making them. */
function signature(labels: Labels, names: ReadonlySet<string>, on: boolean): string {
  let key = '';
  for (let i = 0; i < labels.length; i += 2) {
    if (names.has(labels[i]!) === on) key += `${labels[i]!}\u{0}${labels[i + 1]!}\u{0}`;
  }
  return key;
}

interface Group {
  readonly left: Row[];
  readonly right: Row[];
}

function groupBySignature(lhs: readonly Row[], rhs: readonly Row[], matching: VectorMatching): Map<string, Group> {
  const names = new Set(matching.on ? matching.labels : [...matching.labels, METRIC_NAME]);
  const groups = new Map<string, Group>();
  const add = (row: Row, side: 'left' | 'right'): void => {
    const key = signature(row.labels, names, matching.on);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { left: [], right: [] }));
    group[side].push(row);
  };
  for (const row of lhs) add(row, 'left');
  for (const row of rhs) add(row, 'right');
  return groups;
}

/** and, or, unless: whole elements of one side, by whether the other side has a match at that step. */
export function setOperation(context: QueryContext, expr: BinaryExpr, lhs: readonly Row[], rhs: readonly Row[], steps: number): Row[] {
  const { left, right, both } = splitGroups(context, lhs, rhs, expr.matching!);
  if (expr.op === 'and') return both.flatMap((group) => maskRows(group.left, presenceOf(group.right, steps), FLOAT));
  if (expr.op === 'unless') {
    return [...left, ...both.flatMap((group) => maskRows(group.left, presenceOf(group.right, steps), 0))];
  }
  const kept = both.flatMap((group) => maskRows(group.right, presenceOf(group.left, steps), 0));
  const rest = [...right, ...kept];
  return uniqueRows([...lhs, ...rest], steps);
}

function splitGroups(
  context: QueryContext,
  lhs: readonly Row[],
  rhs: readonly Row[],
  matching: VectorMatching,
): { left: Row[]; right: Row[]; both: Group[] } {
  const left: Row[] = [];
  const right: Row[] = [];
  const both: Group[] = [];
  for (const group of groupBySignature(lhs, rhs, matching).values()) {
    context.tick();
    if (group.right.length === 0) left.push(...group.left);
    else if (group.left.length === 0) right.push(...group.right);
    else both.push(group);
  }
  return { left, right, both };
}

function presenceOf(rows: readonly Row[], steps: number): Uint8Array {
  const any = new Uint8Array(steps);
  for (const { present } of rows) for (let j = 0; j < steps; j++) if (present[j] !== 0) any[j] = FLOAT;
  return any;
}

/** The rows with only those cells at which the mask has the wanted value. */
function maskRows(rows: readonly Row[], mask: Uint8Array, wanted: number): Row[] {
  return rows
    .map((row) => ({ ...row, present: row.present.map((kind, j) => (mask[j] === wanted ? kind : 0)) }))
    .filter(hasCells);
}

/** Elements of both sides of `or` may have the same labels at different steps; they are one series then. */
function uniqueRows(rows: readonly Row[], steps: number): Row[] {
  const byLabels = new Map<string, Row>();
  for (const row of rows) {
    const key = labelsKey(row.labels) + (row.dropName ? '\u{1}' : '');
    const known = byLabels.get(key);
    byLabels.set(key, known ? mergeRows(known, row, steps) : row);
  }
  return [...byLabels.values()];
}

/** Joins two rows of the same series; throws where both have a value at one step. */
export function mergeRows(a: Row, b: Row, steps: number): Row {
  const out = new RowBuilder(a.labels, steps, a.dropName);
  for (let j = 0; j < steps; j++) {
    if (a.present[j] !== 0 && b.present[j] !== 0) throw sameLabelset();
    out.copyCell(j, a);
    out.copyCell(j, b);
  }
  return out;
}

export function sameLabelset(): AppError {
  return new AppError('query_failed', 'vector cannot contain metrics with the same labelset');
}

/** Arithmetic, comparison and trimming between two vectors. */
export function vectorOperation(context: QueryContext, expr: BinaryExpr, lhs: readonly Row[], rhs: readonly Row[], steps: number): Row[] {
  const matcher = new VectorOperation(expr, context.annotations, lhs, rhs, steps);
  for (const group of groupBySignature(lhs, rhs, expr.matching!).values()) {
    context.tick();
    matcher.combine(group);
  }
  return matcher.rows();
}

class VectorOperation {
  readonly #expr: BinaryExpr;
  readonly #matching: VectorMatching;
  readonly #operation: ElementOperation;
  readonly #steps: number;
  readonly #table: RowTable;
  readonly #sides: { readonly lhs: readonly Row[]; readonly rhs: readonly Row[] };
  readonly #swapped: boolean;

  constructor(expr: BinaryExpr, annotations: Annotations, lhs: readonly Row[], rhs: readonly Row[], steps: number) {
    this.#expr = expr;
    this.#matching = expr.matching!;
    this.#operation = new ElementOperation(expr, annotations);
    this.#steps = steps;
    this.#table = new RowTable(steps);
    this.#sides = { lhs, rhs };
    this.#swapped = this.#matching.cardinality === 'one-to-many';
  }

  rows(): Row[] {
    return this.#table.rows();
  }

  /** All elements with one signature. The "many" side of group_left/group_right is the first. */
  combine(group: Group): void {
    const { fillLeft, fillRight } = this.#matching;
    const [many, one] = this.#swapped ? [group.right, group.left] : [group.left, group.right];
    const [fillMany, fillOne] = this.#swapped ? [fillRight, fillLeft] : [fillLeft, fillRight];
    if (many.length === 0 && fillMany === undefined) {
      this.#checkOneSide(one);
      return;
    }
    if (one.length === 0 && fillOne === undefined) return;
    if (many.length === 1 && one.length === 1 && fillMany === undefined && fillOne === undefined) this.#pair(many[0]!, one[0]!);
    else for (let j = 0; j < this.#steps; j++) this.#step(many, one, j, fillMany, fillOne);
  }

  /** The usual case, without any object per step. */
  #pair(many: Row, one: Row): void {
    const { arithmetic, comparison } = this.#operation;
    const plain = !many.histograms && !one.histograms && (arithmetic ?? comparison) !== undefined;
    if (!plain) {
      for (let j = 0; j < this.#steps; j++) if (many.present[j] && one.present[j]) this.#emit(many, one, j);
      return;
    }
    const out = this.#resultRow(many, one.labels);
    const [left, right] = this.#swapped ? [one, many] : [many, one];
    const both = left.present.map((kind, j) => kind & right.present[j]!);
    if (hasCells(out)) both.forEach((kind, j) => this.#refuseOverlap(kind, out, j));
    if (arithmetic) fillArithmetic(out, both, left.values, right.values, arithmetic);
    else fillComparison(out, both, left.values, right.values, comparison!, this.#expr.returnBool);
  }

  #refuseOverlap(kind: number, out: Row, step: number): void {
    if (kind !== 0 && out.present[step] !== 0) throw this.#duplicateResult();
  }

  #duplicateResult(): AppError {
    if (this.#matching.cardinality === 'one-to-one') return sameLabelset();
    return new AppError('query_failed', 'multiple matches for labels: grouping labels must ensure unique matches');
  }

  #step(many: readonly Row[], one: readonly Row[], j: number, fillMany: number | undefined, fillOne: number | undefined): void {
    const single = this.#singleAt(one, j);
    const present = many.filter((row) => row.present[j] !== 0);
    if (present.length === 0) {
      if (single && fillMany !== undefined) this.#emitFilled(single, fillMany, j, 'many');
      return;
    }
    if (!single && fillOne === undefined) return;
    if (present.length > 1 && this.#matching.cardinality === 'one-to-one') {
      throw new AppError('query_failed', 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)');
    }
    for (const row of present) {
      if (single) this.#emit(row, single, j);
      else this.#emitFilled(row, fillOne!, j, 'one');
    }
  }

  #checkOneSide(one: readonly Row[]): void {
    if (one.length > 1) for (let j = 0; j < this.#steps; j++) this.#singleAt(one, j);
  }

  /** The only element of the "one" side at a step; two are an error where the operation looks at them at all. */
  #singleAt(one: readonly Row[], j: number): Row | undefined {
    let single: Row | undefined;
    for (const row of one) {
      if (row.present[j] === 0) continue;
      if (single) this.#duplicateOnOneSide(single, row, j);
      single ??= row;
    }
    return single;
  }

  #duplicateOnOneSide(first: Row, second: Row, j: number): void {
    const manySide = this.#swapped ? this.#sides.rhs : this.#sides.lhs;
    const { fillLeft, fillRight } = this.#matching;
    const looked = fillLeft !== undefined || fillRight !== undefined || manySide.some((row) => row.present[j] !== 0);
    if (!looked) return;
    const side = this.#swapped ? 'left' : 'right';
    const group = labelsText(matchLabels(second.labels, this.#matching));
    const [a, b] = [first.labels, second.labels].sort(compareLabels).map(labelsText);
    throw new AppError(
      'query_failed',
      `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: ` +
        `[${a}, ${b}];many-to-many matching not allowed: matching labels must be unique on one side`,
    );
  }

  #element(row: Row, j: number): number | NativeHistogram {
    return row.present[j] === HISTOGRAM ? row.histograms![j]! : row.values[j]!;
  }

  #emit(many: Row, one: Row, j: number): void {
    const a = this.#element(many, j);
    const b = this.#element(one, j);
    this.#write(this.#swapped ? this.#operation.apply(b, a) : this.#operation.apply(a, b), many, one.labels, j);
  }

  #emitFilled(row: Row, fill: number, j: number, missing: 'many' | 'one'): void {
    const element = this.#element(row, j);
    const filledIsLeft = (missing === 'many') !== this.#swapped;
    const result = filledIsLeft ? this.#operation.apply(fill, element) : this.#operation.apply(element, fill);
    const shared = matchLabels(row.labels, this.#matching);
    if (missing === 'one') this.#write(result, row, shared, j);
    else this.#write(result, { ...row, labels: shared }, row.labels, j);
  }

  #write(result: ReturnType<ElementOperation['apply']>, many: Row, oneLabels: Labels, j: number): void {
    if (!result) return;
    const { returnBool } = this.#expr;
    if (!result.keep && !returnBool) return;
    const out = this.#resultRow(many, oneLabels);
    if (out.present[j] !== 0) throw this.#duplicateResult();
    if (returnBool) out.setFloat(j, result.keep ? 1 : 0);
    else if (result.histogram) out.setHistogram(j, result.histogram);
    else out.setFloat(j, result.value);
  }

  #resultRow(many: Row, oneLabels: Labels): RowBuilder {
    const { cardinality, on, labels: names, include } = this.#matching;
    let labels = changesMetric(this.#expr.op) ? dropMetadata(many.labels) : many.labels;
    if (cardinality === 'one-to-one') {
      const set = new Set(names);
      labels = on ? onlyLabels(labels, set) : withoutLabels(labels, set);
    }
    for (const name of include) labels = withLabel(labels, name, valueOf(oneLabels, name));
    return this.#table.row(labels, many.dropName || this.#expr.returnBool);
  }
}

function fillArithmetic(out: RowBuilder, both: Uint8Array, a: Float64Array, b: Float64Array, combine: (a: number, b: number) => number): void {
  const { values, present } = out;
  for (let j = 0; j < both.length; j++) {
    if (both[j] === 0) continue;
    values[j] = combine(a[j]!, b[j]!);
    present[j] = FLOAT;
  }
}

function fillComparison(
  out: RowBuilder,
  both: Uint8Array,
  a: Float64Array,
  b: Float64Array,
  holds: (a: number, b: number) => boolean,
  returnBool: boolean,
): void {
  const { values, present } = out;
  for (let j = 0; j < both.length; j++) {
    if (both[j] === 0) continue;
    const kept = holds(a[j]!, b[j]!);
    if (!kept && !returnBool) continue;
    values[j] = returnBool ? Number(kept) : a[j]!;
    present[j] = FLOAT;
  }
}

function valueOf(labels: Labels, name: string): string {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1]!;
  return '';
}
