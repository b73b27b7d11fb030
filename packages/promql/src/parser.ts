import { parser as grammar } from '@prometheus-io/lezer-promql';
import { AppError } from '@pitot/core';
import { childExprs, type Expr } from './ast.ts';
import { normalizeForGrammar, parseError, tokenize } from './lexer.ts';
import { syntaxError } from './syntax-error.ts';
import { convertTree } from './tree-conversion.ts';
import { checkTypes } from './type-check.ts';

export type * from './ast.ts';
export { childExprs, unwrapParens, valueType } from './ast.ts';
export { functionSignature, functionSignatures, type FunctionSignature } from './function-signatures.ts';
export { exprToJson } from './expr-json.ts';
export { exprText, formatExpr } from './printer.ts';
export { lineAndColumn } from './lexer.ts';

export interface ParseOptions {
  /** Whether experimental functions and aggregations may be used; true when absent. */
  readonly experimental?: boolean;
}

/**
 * Parses and type-checks a query. Throws AppError `bad_query` with Prometheus' message (`1:5: parse error: …`) and the
 * fields `line`, `column` (from 1, in UTF-8 bytes) and `offset` (UTF-16, from 0).
 */
export function parse(query: string, options: ParseOptions = {}): Expr {
  try {
    const expr = parseTree(query);
    if (options.experimental === false) refuseExperimental(query, expr);
    return expr;
  } catch (error) {
    if (error instanceof RangeError) throw new AppError('bad_query', '1:1: parse error: the query is nested too deeply', { cause: error });
    throw error;
  }
}

function parseTree(query: string): Expr {
  const tokens = tokenize(query);
  const tree = grammar.parse(normalizeForGrammar(query, tokens));
  const cursor = tree.cursor();
  do {
    if (cursor.type.isError) throw syntaxError(query, tokens, cursor.from);
  } while (cursor.next());
  const expr = convertTree(query, tree.topNode);
  checkTypes(query, expr);
  return expr;
}

function refuseExperimental(query: string, expr: Expr): void {
  const name =
    expr.kind === 'call' && expr.func.experimental
      ? expr.func.name
      : expr.kind === 'aggregate' && (expr.op === 'limitk' || expr.op === 'limit_ratio')
        ? expr.op
        : undefined;
  if (name !== undefined) throw parseError(query, expr.position.start, `${name}() is experimental and is switched off here`);
  for (const child of childExprs(expr)) refuseExperimental(query, child);
}
