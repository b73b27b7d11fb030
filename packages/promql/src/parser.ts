import type { PartialParse, Tree } from '@lezer/common';
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
    // Far longer chains exhaust the stack before their levels are counted.
    if (error instanceof RangeError) throw parseError(query, 0, TOO_MANY_LEVELS);
    throw error;
  }
}

function parseTree(query: string): Expr {
  const tokens = tokenize(query);
  checkNesting(query, tokens);
  const tree = grammarTree(normalizeForGrammar(query, tokens));
  let depth = 0;
  tree.iterate({
    enter(node) {
      if (node.type.isError) throw syntaxError(query, tokens, node.from);
      if (++depth > MAX_DEPTH) throw parseError(query, node.from, TOO_MANY_LEVELS);
    },
    leave() {
      depth--;
    },
  });
  const expr = convertTree(query, tree.topNode);
  checkTypes(query, expr);
  return expr;
}

/**
 * The grammar gives up a chain of more than 300 operators (`a + b + …`) that is 2,000 characters long, as if it had gone wrong
 * there; putting its count of them back keeps it going. What limits us is the depth of the tree, which we check.
 */
function grammarTree(text: string): Tree {
  const parse = grammar.startParse(text) as PartialParse & { bigReductionCount?: number };
  for (;;) {
    const tree = parse.advance();
    if (tree !== null) return tree;
    parse.bigReductionCount = 0;
  }
}

/** The grammar's time grows with the square of the depth; no query people write comes near this. */
const MAX_NESTING = 500;
/** Levels of the syntax tree; a chain of operators has one per operator. From 2,500 on the grammar leaves levels out. */
const MAX_DEPTH = 1200;
const NESTED_TOO_DEEPLY = 'the query is nested too deeply';
const TOO_MANY_LEVELS = `${NESTED_TOO_DEEPLY}: operators and brackets make more than ${MAX_DEPTH} levels`;

function checkNesting(query: string, tokens: readonly Token[]): void {
  let depth = 0;
  let waiting = 0;
  for (const [i, { kind, text, start }] of tokens.entries()) {
    if (kind !== 'operator') continue;
    // Signs and powers wait on the grammar's stack for what is on their right; when that is full, it goes on as after an error.
    if (text === '^' || ((text === '-' || text === '+') && isSign(tokens[i - 1]))) waiting++;
    if (waiting > MAX_DEPTH) throw parseError(query, start, TOO_MANY_LEVELS);
    if (text === '(' || text === '[' || text === '{') depth++;
    else if (text === ')' || text === ']' || text === '}') depth--;
    if (depth > MAX_NESTING) throw parseError(query, start, `${NESTED_TOO_DEEPLY}: more than ${MAX_NESTING} levels of brackets`);
  }
}

/** Whether a plus or minus after this token stands before a value, not between two. */
function isSign(before: Token | undefined): boolean {
  return before === undefined || (before.kind === 'operator' && !')]}'.includes(before.text));
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
