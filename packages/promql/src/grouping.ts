import { METRIC_NAME, labelsKey, type Labels } from '@pitot/core';
import type { AggregateExpr } from './ast.ts';
import { onlyLabels, withoutLabels, type Row } from './grid.ts';

/** Which group each input row belongs to; computed once per series, not per step. */
export interface Grouping {
  /** Labels of each group. */
  readonly labels: readonly Labels[];
  /** Whether any member's name is to be dropped. */
  readonly dropName: readonly boolean[];
  /** groupOf[i] is the group of row i. */
  readonly groupOf: Uint32Array;
}

export function groupRows(expr: Pick<AggregateExpr, 'grouping' | 'without'>, rows: readonly Row[]): Grouping {
  const labelsOf = groupLabels(expr);
  const labels: Labels[] = [];
  const dropName: boolean[] = [];
  const groupOf = new Uint32Array(rows.length);
  const byKey = new Map<string, number>();
  for (let i = 0; i < rows.length; i++) {
    const group = labelsOf(rows[i]!.labels);
    const key = labelsKey(group);
    let index = byKey.get(key);
    if (index === undefined) {
      byKey.set(key, (index = labels.length));
      labels.push(group);
      dropName.push(false);
    }
    groupOf[i] = index;
    if (rows[i]!.dropName) dropName[index] = true;
  }
  return { labels, dropName, groupOf };
}

/** The labels of the group that a series is in. */
export function groupLabels(expr: Pick<AggregateExpr, 'grouping' | 'without'>): (labels: Labels) => Labels {
  if (expr.without) {
    const dropped = new Set([...expr.grouping, METRIC_NAME]);
    return (labels) => withoutLabels(labels, dropped);
  }
  if (expr.grouping.length === 0) return () => [];
  const kept = new Set(expr.grouping);
  return (labels) => onlyLabels(labels, kept);
}
