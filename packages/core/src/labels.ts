/**
 * A label set as one flat, frozen-by-convention array `[name, value, name, value, …]`, sorted by name
 * (code unit order of the UTF-16 strings), without duplicate names and without empty values; the metric name
 * is the label `__name__`. One array per series keeps ten thousand series cheap to hold and to compare.
 */
export type Labels = readonly string[];

export const METRIC_NAME = '__name__';
export const EMPTY_LABELS: Labels = [];

/** The value of a label, or '' where the set has no such label (as Prometheus reads absence). */
export function labelValue(labels: Labels, name: string): string {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1]!;
  return '';
}

/** Builds a label set from an object; sorts, and drops empty values. */
export function labelsFromObject(object: Readonly<Record<string, string>>): Labels {
  return labelsFromPairs(Object.entries(object));
}

/** Builds a label set from pairs; sorts, drops empty values, and lets the last of equal names win. */
export function labelsFromPairs(pairs: Iterable<readonly [string, string]>): Labels {
  const last = new Map<string, string>();
  for (const [name, value] of pairs) last.set(name, value);
  const names = [...last.keys()].filter((name) => last.get(name) !== '').sort(compareCodeUnits);
  const flat: string[] = [];
  for (const name of names) flat.push(name, last.get(name)!);
  return flat;
}

export function labelsToObject(labels: Labels): Record<string, string> {
  const object: Record<string, string> = {};
  for (let i = 0; i < labels.length; i += 2) object[labels[i]!] = labels[i + 1]!;
  return object;
}

/** A string that is equal for two label sets exactly when the sets are equal; for Map keys. */
export function labelsKey(labels: Labels): string {
  return labels.join('\u{0}');
}

export function labelsEqual(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Prometheus' order of label sets: name, value, name, value, then the shorter first. */
export function compareLabels(a: Labels, b: Labels): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    if (a[i] !== b[i]) return compareCodeUnits(a[i]!, b[i]!);
  }
  return a.length - b.length;
}

export function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export type MatchType = '=' | '!=' | '=~' | '!~';

/** One label matcher of a selector; regular expressions are RE2 syntax, fully anchored. */
export interface LabelMatcher {
  readonly name: string;
  readonly type: MatchType;
  readonly value: string;
}
