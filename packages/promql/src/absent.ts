import { labelsFromPairs, METRIC_NAME, type Labels } from '@pitot/core';
import type { Expr } from './ast.ts';

/**
 * The labels of absent()'s answer: those the selector fixes by `=`, the metric name left out. A label that has any other matcher
 * beside is left out too.
 */
export function absentLabels(expr: Expr): Labels {
  const selector = expr.kind === 'matrix' ? expr.selector : expr.kind === 'step-invariant' ? expr.expr : expr;
  if (selector.kind !== 'selector') return [];
  const fixed = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, type, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (type === '=' && !seen.has(name)) {
      seen.add(name);
      fixed.set(name, value);
    } else fixed.delete(name);
  }
  return labelsFromPairs(fixed);
}
