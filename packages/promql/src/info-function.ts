import { AppError, labelsKey, labelValue, METRIC_NAME, type LabelMatcher, type Labels } from '@pitot/core';
import { childExprs, type Expr, type TimeShift, type VectorSelector } from './ast.ts';
import { broadcastRows, onlyLabels, RowTable, withLabel, type Frame, type Row } from './grid.ts';
import { labelsText } from './labels-text.ts';
import { compileMatcher } from './matchers.ts';
import type { QueryContext } from './query-context.ts';
import { evalSelector } from './selectors.ts';

/** The labels that tell which target a series and an info metric belong to. */
const IDENTIFYING = new Set(['instance', 'job']);
const DEFAULT_INFO_METRIC = 'target_info';

/**
 * info(): adds the labels of info metrics (values are not looked at) to series of the same target. The label selector
 * says which info metrics (by name) and which of their labels; without one, all labels of target_info.
 */
export async function infoRows(context: QueryContext, base: readonly Row[], args: readonly Expr[], frame: Frame): Promise<Row[]> {
  const selector = args[1]?.kind === 'step-invariant' ? args[1].expr : args[1];
  const matchers = selector?.kind === 'selector' ? selector.matchers : [];
  const named = matchers.filter((matcher) => matcher.name === METRIC_NAME);
  const names: LabelMatcher[] = named.length > 0 ? named : [{ name: METRIC_NAME, type: '=', value: DEFAULT_INFO_METRIC }];
  const wanted = matchers.filter((matcher) => matcher.name !== METRIC_NAME);
  const nameTests = (selector === undefined ? names : named).map(compileMatcher);
  const isInfo = (row: Row): boolean => nameTests.length > 0 && nameTests.every((test) => test(labelValue(row.labels, METRIC_NAME)));
  const enriched = base.filter((row) => !isInfo(row));
  const infos = await readInfoSeries(context, enriched, [...names, ...wanted], firstShift(args[0]!), frame);
  const join = new InfoJoin(infos, wanted, frame.steps);
  for (const row of base) {
    context.tick();
    if (isInfo(row)) join.pass(row);
    else join.enrich(row);
  }
  return join.rows();
}

/** Info series of the targets that the base series name; cells are the samples' times. */
async function readInfoSeries(
  context: QueryContext,
  base: readonly Row[],
  matchers: readonly LabelMatcher[],
  shift: TimeShift,
  frame: Frame,
): Promise<Row[]> {
  const targets: LabelMatcher[] = [];
  for (const name of IDENTIFYING) {
    const values = new Set(base.map((row) => labelValue(row.labels, name)).filter((value) => value !== ''));
    if (values.size > 0) targets.push({ name, type: '=~', value: [...values].map(escapeRegex).join('|') });
  }
  if (targets.length === 0) return [];
  const position = { start: 0, end: 0 };
  const all = [...matchers, ...targets];
  const selector: VectorSelector = { ...shift, kind: 'selector', name: '', matchers: all, anchored: false, smoothed: false, position };
  const rows = await evalSelector(context, selector, frame, { statsOnly: false, sampleTimes: true });
  return shift.atMs === undefined ? rows : broadcastRows(rows, frame.steps);
}

/** Info series are read at the time of the series they describe: the `@` and offset of the first selector. */
function firstShift(expr: Expr): TimeShift {
  if (expr.kind === 'selector' || expr.kind === 'subquery') return { offsetMs: expr.offsetMs, atMs: expr.atMs };
  for (const child of childExprs(expr)) {
    const shift = firstShift(child);
    if (shift.offsetMs !== 0 || shift.atMs !== undefined) return shift;
  }
  return { offsetMs: 0 };
}

function escapeRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

class InfoJoin {
  readonly #byTarget = new Map<string, Map<string, Row[]>>();
  readonly #wanted: ReadonlySet<string>;
  /** A series without any info metric stays only where the matchers accept a missing label. */
  readonly #keepsUnmatched: boolean;
  readonly #steps: number;
  readonly #table: RowTable;

  constructor(infos: readonly Row[], wanted: readonly LabelMatcher[], steps: number) {
    this.#wanted = new Set(wanted.map((matcher) => matcher.name));
    this.#keepsUnmatched = wanted.every((matcher) => compileMatcher(matcher)(''));
    this.#steps = steps;
    this.#table = new RowTable(steps);
    for (const info of infos) {
      const target = labelsKey(onlyLabels(info.labels, IDENTIFYING));
      const name = labelValue(info.labels, METRIC_NAME);
      let metrics = this.#byTarget.get(target);
      if (!metrics) this.#byTarget.set(target, (metrics = new Map()));
      const rows = metrics.get(name);
      if (rows) rows.push(info);
      else metrics.set(name, [info]);
    }
  }

  rows(): Row[] {
    return this.#table.rows();
  }

  pass(row: Row): void {
    this.#copyCells(row, () => row.labels);
  }

  enrich(row: Row): void {
    const metrics = this.#byTarget.get(labelsKey(onlyLabels(row.labels, IDENTIFYING)));
    const cache = new Map<string, Labels>();
    this.#copyCells(row, (j) => {
      const infos = metrics ? [...metrics.values()].map((rows) => newest(rows, j)).filter((info) => info !== undefined) : [];
      if (infos.length === 0) return this.#keepsUnmatched ? row.labels : undefined;
      const key = infos.map((info) => labelsKey(info.labels)).join('\u{1}');
      let labels = cache.get(key);
      if (!labels) cache.set(key, (labels = this.#join(row.labels, infos)));
      return labels;
    });
  }

  #copyCells(row: Row, labelsAt: (step: number) => Labels | undefined): void {
    for (let j = 0; j < this.#steps; j++) {
      if (row.present[j] === 0) continue;
      const labels = labelsAt(j);
      if (!labels) continue;
      const out = this.#table.row(labels, row.dropName);
      if (out.present[j] !== 0) throw new AppError('query_failed', 'vector cannot contain metrics with the same labelset');
      out.copyCell(j, row);
    }
  }

  #join(base: Labels, infos: readonly Row[]): Labels {
    const added = new Map<string, string>();
    for (const { labels } of infos) {
      for (let i = 0; i < labels.length; i += 2) {
        const name = labels[i]!;
        if (name === METRIC_NAME || (this.#wanted.size > 0 && !this.#wanted.has(name))) continue;
        const known = added.get(name);
        if (known !== undefined && known !== labels[i + 1]) throw new AppError('query_failed', `conflicting label: ${name}`);
        if (labelValue(base, name) === '') added.set(name, labels[i + 1]!);
      }
    }
    let joined = base;
    for (const [name, value] of added) joined = withLabel(joined, name, value);
    return joined;
  }
}

/** Of several info series of one metric and target, the one with the newest sample. */
function newest(rows: readonly Row[], j: number): Row | undefined {
  let best: Row | undefined;
  for (const row of rows) {
    if (row.present[j] === 0) continue;
    if (best && best.values[j] === row.values[j]) throw duplicateInfo(best, row, j);
    if (!best || row.values[j]! > best.values[j]!) best = row;
  }
  return best;
}

function duplicateInfo(a: Row, b: Row, j: number): AppError {
  const timeMs = Math.round(a.values[j]! * 1000);
  const message = `found duplicate series for info metric: existing ${labelsText(a.labels)} @ ${timeMs}, new ${labelsText(b.labels)} @ ${timeMs}`;
  return new AppError('query_failed', message);
}
