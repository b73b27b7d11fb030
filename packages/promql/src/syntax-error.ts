import type { AppError } from '@pitot/core';
import { functionSignature } from './function-signatures.ts';
import { parseError, type Token } from './lexer.ts';
import { quote } from './literals.ts';

const AGGREGATES = new Set([
  'sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar', 'topk', 'bottomk', 'quantile', 'count_values', 'limitk', 'limit_ratio',
]);
const KEYWORDS = new Set([
  'by', 'without', 'on', 'ignoring', 'group_left', 'group_right', 'bool', 'offset', 'smoothed', 'anchored', 'fill', 'fill_left', 'fill_right',
]);
const GROUPING_WORDS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const WORD_OPERATORS = new Set(['and', 'or', 'unless', 'atan2']);
const PUNCTUATION = new Set(['(', ')', '{', '}', '[', ']', ',', ':', '=', '@']);

/**
 * Says in Prometheus' words what is wrong at `offset`, the first place the grammar could not go on from. The grammar
 * itself only tells where, so the surrounding construct is found from the brackets that are open there.
 */
export function syntaxError(query: string, tokens: readonly Token[], offset: number): AppError {
  const unknown = unknownFunction(tokens, offset);
  if (unknown) return parseError(query, unknown.start, `unknown function with name ${quote(unknown.text)}`);
  const index = tokens.findIndex((token) => token.end > offset || token.kind === 'end');
  const token = tokens[index]!;
  if (tokens.length === 1) return parseError(query, 0, 'no expression found in input');
  if (token.kind === 'operator' && ')]}'.includes(token.text) && openBracket(tokens, index) === undefined) {
    const name = token.text === ')' ? 'parenthesis' : token.text === ']' ? 'bracket' : 'brace';
    return parseError(query, token.start, `unexpected right ${name} '${token.text}'`);
  }
  if (token.kind === 'end') return unexpectedEnd(query, tokens, index);
  if (token.text === ')' && tokens[index - 1]?.text === ',') {
    return parseError(query, tokens[index - 1]!.start, 'trailing commas not allowed in function call args');
  }
  const context = contextAt(tokens, index);
  return parseError(query, token.start, `unexpected ${describe(token)}${context}`);
}

/** The end comes where a bracket is open, or where a modifier still wants something. */
function unexpectedEnd(query: string, tokens: readonly Token[], index: number): AppError {
  const { start } = tokens[index]!;
  const open = openBracket(tokens, index);
  const bracket = open === undefined ? undefined : tokens[open]!.text;
  if (bracket === '(') return parseError(query, start, 'unclosed left parenthesis');
  if (bracket === '[') return parseError(query, start, 'unclosed left bracket');
  if (bracket === '{') return parseError(query, start, 'unexpected end of input inside braces');
  return parseError(query, start, `unexpected end of input${contextAt(tokens, index)}`);
}

function unknownFunction(tokens: readonly Token[], offset: number): Token | undefined {
  return tokens.find((token, i) => {
    if (token.kind !== 'identifier' || tokens[i + 1]?.text !== '(' || token.start > offset) return false;
    if (GROUPING_WORDS.has(tokens[i - 1]?.text.toLowerCase() ?? '')) return false;
    const name = token.text.toLowerCase();
    return !functionSignature(token.text) && !AGGREGATES.has(name) && !KEYWORDS.has(name) && !WORD_OPERATORS.has(name);
  });
}

function describe(token: Token): string {
  if (token.kind === 'end') return 'end of input';
  if (token.kind === 'operator') return PUNCTUATION.has(token.text) ? quote(token.text) : `<op:${token.text}>`;
  if (token.kind !== 'identifier') return `${token.kind} ${quote(token.text)}`;
  const word = token.text.toLowerCase();
  if (AGGREGATES.has(word)) return `<aggr:${word}>`;
  if (WORD_OPERATORS.has(word)) return `<op:${word}>`;
  return KEYWORDS.has(word) ? `<${word}>` : `identifier ${quote(token.text)}`;
}

/** Index of the innermost bracket open before the token at `index`. */
function openBracket(tokens: readonly Token[], index: number): number | undefined {
  const open: number[] = [];
  for (let i = 0; i < index; i++) {
    const { kind, text } = tokens[i]!;
    if (kind !== 'operator') continue;
    if ('([{'.includes(text)) open.push(i);
    else if (')]}'.includes(text)) open.pop();
  }
  return open.at(-1);
}

/** What a label matcher goes on with, by what stands before. */
function expectedInBraces(before: Token): string {
  if (before.text === '{' || before.text === ',') return 'identifier or "}"';
  if (before.kind === 'string') return '"," or "}"';
  return before.kind === 'operator' ? 'string' : 'label matching operator';
}

/** What the token before wants, whatever brackets are open. */
function wantedAfter(tokens: readonly Token[], index: number): string | undefined {
  const before = tokens[index - 1]?.text.toLowerCase() ?? '';
  if (before === 'offset') return ' in offset, expected duration';
  if (before === '@' || (tokens[index - 2]?.text === '@' && (before === 'start' || before === 'end'))) return ' in @, expected timestamp';
  // Elsewhere than after these, the words are names of metrics and labels.
  if (tokens[index]!.text === '(' || !GROUPING_WORDS.has(before)) return undefined;
  const joins = before !== 'by' && before !== 'without';
  return joins || AGGREGATES.has(tokens[index - 2]?.text.toLowerCase() ?? '') || tokens[index - 2]?.text === ')' ? ' in grouping opts, expected "("' : undefined;
}

function contextAt(tokens: readonly Token[], index: number): string {
  const wanted = wantedAfter(tokens, index);
  if (wanted !== undefined) return wanted;
  const open = openBracket(tokens, index);
  if (open === undefined) return followsGrouping(tokens, index) ? ' in aggregation' : '';
  const { text } = tokens[open]!;
  if (text === '{') return ` in label matching, expected ${expectedInBraces(tokens[index - 1]!)}`;
  if (text === '[') return ' in subquery or range selector';
  const before = tokens[open - 1]?.text.toLowerCase() ?? '';
  if (GROUPING_WORDS.has(before)) return ' in grouping opts';
  if (AGGREGATES.has(before)) return ' in aggregation';
  return functionSignature(before) ? ' in function call' : ' in paren expression';
}

/** Whether `sum by (…)` ends right before the token. */
function followsGrouping(tokens: readonly Token[], index: number): boolean {
  if (tokens[index - 1]?.text !== ')') return false;
  const open = openBracket(tokens, index - 1);
  if (open === undefined) return false;
  return GROUPING_WORDS.has(tokens[open - 1]?.text.toLowerCase() ?? '') && AGGREGATES.has(tokens[open - 2]?.text.toLowerCase() ?? '');
}
