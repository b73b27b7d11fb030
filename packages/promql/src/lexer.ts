import { AppError } from '@pitot/core';

type TokenKind = 'identifier' | 'number' | 'duration' | 'string' | 'operator' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SPACE = /(?:\s+|#[^\n]*)+/y;
const IDENTIFIER = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const DURATION = /(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?(?![a-zA-Z0-9_.])/y;
const NUMBER = /0[xX][0-9a-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y;
const OPERATOR = /==|!=|=~|!~|>=|<=|<\/|>\/|[-+*/%^=<>@,:(){}[\]]/y;

/**
 * The tokens of a query, ending with one of kind `end`. It exists beside the grammar for two things: to reject what
 * cannot be a token with Prometheus' words, and to name the token that a syntax error stands on.
 */
export function tokenize(query: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while ((at = skip(query, at)) < query.length) {
    const token = nextToken(query, at);
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: 'end', text: '', start: query.length, end: query.length });
  return tokens;
}

function skip(query: string, at: number): number {
  return at + (match(SPACE, query, at)?.length ?? 0);
}

function nextToken(query: string, start: number): Token {
  const c = query[start]!;
  if (c === '"' || c === "'" || c === '`') return stringToken(query, start, c);
  if (/[0-9]/.test(c) || (c === '.' && /[0-9]/.test(query[start + 1] ?? ''))) return numberToken(query, start);
  const identifier = match(IDENTIFIER, query, start);
  if (identifier !== undefined && identifier !== ':' && c !== ':') {
    return { kind: 'identifier', text: identifier, start, end: start + identifier.length };
  }
  const operator = match(OPERATOR, query, start);
  if (operator !== undefined) return { kind: 'operator', text: operator, start, end: start + operator.length };
  if (c === '!') throw parseError(query, start, `unexpected character after '!': ${charName(query, start + 1)}`);
  throw parseError(query, start, `unexpected character: ${charName(query, start)}`);
}

function numberToken(query: string, start: number): Token {
  const duration = match(DURATION, query, start);
  if (duration) return { kind: 'duration', text: duration, start, end: start + duration.length };
  const text = match(NUMBER, query, start)!;
  const end = start + text.length;
  const rest = /[a-zA-Z0-9_.]*/y;
  const tail = match(rest, query, end) ?? '';
  if (tail !== '') throw parseError(query, start, `bad number or duration syntax: ${JSON.stringify(text + tail)}`);
  return { kind: 'number', text, start, end };
}

function stringToken(query: string, start: number, quote: string): Token {
  for (let i = start + 1; i < query.length; i++) {
    if (query[i] === quote) return { kind: 'string', text: query.slice(start, i + 1), start, end: i + 1 };
    if (quote === '`') continue;
    if (query[i] === '\\') i++;
    else if (query[i] === '\n') break;
  }
  throw parseError(query, start, quote === '`' ? 'unterminated raw string' : 'unterminated quoted string');
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text)?.[0];
  return found === '' ? undefined : found;
}

function charName(query: string, at: number): string {
  const code = query.codePointAt(at);
  return code === undefined ? 'EOF' : `'${String.fromCodePoint(code)}'`;
}

/**
 * Rewrites what Prometheus reads but the grammar does not (`2.`, `2.e5`, `0X1F`, and max_of() and min_of() on numbers) into
 * something of the same length that it does, so that every position in the syntax tree is one in the query. Values and
 * names are always read from the query itself.
 */
export function normalizeForGrammar(query: string, tokens: readonly Token[]): string {
  let out = '';
  let copied = 0;
  tokens.forEach((token, i) => {
    const text = grammarText(tokens, i);
    if (text === token.text) return;
    out += query.slice(copied, token.start) + text;
    copied = token.end;
  });
  return copied === 0 ? query : out + query.slice(copied);
}

const PICKERS: ReadonlySet<string> = new Set(['max_of', 'min_of']);

function grammarText(tokens: readonly Token[], i: number): string {
  const token = tokens[i]!;
  if (token.kind === 'number') return grammarNumber(token.text);
  const isCall = PICKERS.has(token.text) && tokens[i + 1]?.text === '(';
  // Any function that takes two numbers to the grammar will do.
  return isCall && !inDuration(tokens, i) ? 'clamp '.padEnd(token.text.length) : token.text;
}

/** Whether a token stands in a range, step or offset, where the grammar knows max_of() and min_of(). */
function inDuration(tokens: readonly Token[], index: number): boolean {
  let depth = 0;
  for (let i = index - 1; i >= 0; i--) {
    const { text, kind } = tokens[i]!;
    if (kind === 'identifier' && depth <= 0 && text.toLowerCase() === 'offset') return true;
    if (kind !== 'operator') continue;
    if (text === ')' || text === ']') depth++;
    else if (text === '[' && depth === 0) return true;
    else if (text === '(' || text === '[') depth = Math.max(0, depth - 1);
    else if (depth === 0 && !'+-,'.includes(text)) return false;
  }
  return false;
}

function grammarNumber(text: string): string {
  if (/^0x/i.test(text)) return `0x${text.slice(2).replaceAll('_', '0')}`;
  return text.replace(/^([\d_]+)\.(?=$|[eE])/, '0$1').replaceAll('_', '0');
}

/** Line and column as Prometheus counts them: both from 1, columns in UTF-8 bytes. */
export function lineAndColumn(query: string, offset: number): { line: number; column: number } {
  const before = query.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  return { line, column: new TextEncoder().encode(before.slice(lineStart)).length + 1 };
}

/** A `bad_query` error in Prometheus' form, `line:column: parse error: …`. */
export function parseError(query: string, offset: number, message: string): AppError {
  const { line, column } = lineAndColumn(query, offset);
  return new AppError('bad_query', `${line}:${column}: parse error: ${message}`, { fields: { line, column, offset } });
}
