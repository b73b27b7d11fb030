import { AppError, compareLabels, labelsKey, labelValue, METRIC_NAME, type Labels } from '@pitot/core';
import { RE2JS } from 're2js';
import { FLOAT, withLabel, type Row } from './grid.ts';
import { mergeRows } from './vector-matching.ts';

/** label_replace(): sets `destination` from a match of the whole source value. */
export function labelReplace(rows: readonly Row[], steps: number, [destination, replacement, source, pattern]: readonly string[]): Row[] {
  const regex = compileReplacePattern(pattern!);
  if (!isLabelName(destination!)) throw new AppError('query_failed', `invalid destination label name in label_replace(): ${destination}`);
  const changed = rows.map((row) => {
    const matcher = regex.matcher(labelValue(row.labels, source!));
    if (!matcher.matches()) return row;
    const value = expand(replacement!, (group) => matcher.group(group), matcher.groupCount());
    return relabeled(row, destination!, value);
  });
  return mergeSameLabels(changed, steps);
}

/** Any valid UTF-8 text may be a label's name. */
function isLabelName(name: string): boolean {
  return name !== '' && name.isWellFormed();
}

function compileReplacePattern(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (cause) {
    throw new AppError('query_failed', `invalid regular expression in label_replace(): ${pattern}`, { cause });
  }
}

/** Go's Expand: `$1`, `${1}`, `$name`, `${name}`, `$$`; a group that is not there is empty. */
function expand(template: string, group: (which: number | string) => string | null, groups: number): string {
  return template.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole: string, bare?: string, braced?: string) => {
    const name = bare ?? braced;
    if (name === undefined) return whole === '$$' ? '$' : whole;
    if (/^\d+$/.test(name)) return Number(name) <= groups ? (group(Number(name)) ?? '') : '';
    try {
      return group(name) ?? '';
    } catch {
      return '';
    }
  });
}

/** label_join(): sets `destination` to the values of the source labels joined. */
export function labelJoin(rows: readonly Row[], steps: number, [destination, separator, ...sources]: readonly string[]): Row[] {
  const wrong = sources.find((source) => !isLabelName(source));
  if (wrong !== undefined) throw new AppError('query_failed', `invalid source label name in label_join(): ${wrong}`);
  if (!isLabelName(destination!)) throw new AppError('query_failed', `invalid destination label name in label_join(): ${destination}`);
  const changed = rows.map((row) => {
    const value = sources.map((source) => labelValue(row.labels, source)).join(separator);
    return relabeled(row, destination!, value);
  });
  return mergeSameLabels(changed, steps);
}

function relabeled(row: Row, name: string, value: string): Row {
  return { ...row, labels: withLabel(row.labels, name, value), dropName: name === METRIC_NAME ? false : row.dropName };
}

/** Rows that came to have the same labels are one series; two values at one step are an error. */
export function mergeSameLabels(rows: readonly Row[], steps: number): Row[] {
  const byLabels = new Map<string, Row>();
  for (const row of rows) {
    const key = labelsKey(row.labels);
    const known = byLabels.get(key);
    byLabels.set(key, known ? mergeRows(known, row, steps) : row);
  }
  return byLabels.size === rows.length ? [...rows] : [...byLabels.values()];
}

/** sort() and sort_desc(): by value at the only step, NaN last; histograms are left out. */
export function sortByValue(rows: readonly Row[], descending: boolean): Row[] {
  const floats = rows.filter((row) => row.present[0] === FLOAT);
  return floats.sort((a, b) => {
    const x = a.values[0]!;
    const y = b.values[0]!;
    if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : 1;
    if (Number.isNaN(y)) return -1;
    return descending ? y - x || 0 : x - y || 0;
  });
}

/** sort_by_label() and its reverse: natural order of the given labels' values, then of the whole label sets. */
export function sortByLabels(rows: readonly Row[], names: readonly string[], descending: boolean): Row[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => sign * compareBy(a.labels, b.labels, names));
}

function compareBy(a: Labels, b: Labels, names: readonly string[]): number {
  for (const name of names) {
    const order = naturalOrder(labelValue(a, name), labelValue(b, name));
    if (order !== 0) return order;
  }
  return compareLabels(a, b);
}

/** Runs of digits compare as numbers, the rest as text. */
function naturalOrder(a: string, b: string): number {
  if (a === b) return 0;
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compareChunks(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  return left.length - right.length || (a < b ? -1 : 1);
}

function compareChunks(a: string, b: string): number {
  if (/^\d/.test(a) && /^\d/.test(b)) {
    const [x, y] = [BigInt(a), BigInt(b)];
    if (x !== y) return x < y ? -1 : 1;
    return 0;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
