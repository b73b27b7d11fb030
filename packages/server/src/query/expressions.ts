import { AppError, type LabelMatcher, type Labels } from '@pitot/core';
import { compileMatchers } from '@pitot/promql';
import { childExprs, exprToJson, formatExpr, parse, type Expr } from '@pitot/promql/parser';

export type Expression = Expr;

/** Parses a PromQL expression. Throws AppError `bad_query`. */
export function parseExpression(query: string): Expression {
  return parse(query);
}

/** As Prometheus' `/api/v1/format_query` writes it. */
export function formatExpression(expression: Expression): string {
  return formatExpr(expression);
}

/** The syntax tree, as Prometheus' `/api/v1/parse_query` shows it. */
export function expressionTree(expression: Expression): unknown {
  return exprToJson(expression);
}

/** The matchers of every selector in the expression. */
export function expressionSelectors(expression: Expression): (readonly LabelMatcher[])[] {
  if (expression.kind === 'selector') return [expression.matchers];
  return childExprs(expression).flatMap(expressionSelectors);
}

/** The matchers of a bare series selector such as `up{job="x"}`. Throws AppError `bad_query` on anything else. */
export function parseSelector(text: string): readonly LabelMatcher[] {
  const expression = parse(text);
  if (expression.kind !== 'selector' || expression.offsetMs !== 0 || expression.atMs !== undefined || expression.atEdge !== undefined) {
    throw new AppError('bad_query', `${JSON.stringify(text)} is not a plain series selector such as up{job="api"}`);
  }
  return expression.matchers;
}

/** Whether a label set satisfies every matcher; regular expressions are RE2 and anchored. */
export function matchesLabels(labels: Labels, matchers: readonly LabelMatcher[]): boolean {
  return compileMatchers(matchers)(labels);
}
