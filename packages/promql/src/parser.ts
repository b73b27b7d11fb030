import { parser as grammar } from '@prometheus-io/lezer-promql';
import { childExprs, type Expr } from './ast.ts';
import { normalizeForGrammar, parseError, tokenize, type Token } from './lexer.ts';
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
    // Long chains without brackets (`- - - … 1`) exhaust the stack.
    if (error instanceof RangeError) throw parseError(query, 0, NESTED_TOO_DEEPLY);
    throw error;
  }
}

function parseTree(query: string): Expr {
  const tokens = tokenize(query);
  checkNesting(query, tokens);
  const tree = grammar.parse(normalizeForGrammar(query, tokens));
  const cursor = tree.cursor();
  do {
    if (cursor.type.isError) throw syntaxError(query, tokens, cursor.from);
  } while (cursor.next());
  const expr = convertTree(query, tree.topNode);
  checkTypes(query, expr);
  return expr;
}

/** The grammar's time grows with the square of the depth; no query people write comes near this. */
const MAX_NESTING = 500;
const NESTED_TOO_DEEPLY = 'the query is nested too deeply';

function checkNesting(query: string, tokens: readonly Token[]): void {
  let depth = 0;
  for (const { kind, text, start } of tokens) {
    if (kind !== 'operator') continue;
    if (text === '(' || text === '[' || text === '{') depth++;
    else if (text === ')' || text === ']' || text === '}') depth--;
    if (depth > MAX_NESTING) throw parseError(query, start, NESTED_TOO_DEEPLY);
  }
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
