import { AppError } from '@pitot/core';
import { parseSearch, printSearch, tokenizeSearch } from '@pitot/core/search';

/** What is being written where the cursor stands: the name of a field, or one of its values. */
type Completing =
  | { readonly kind: 'field'; readonly from: number; readonly text: string }
  | { readonly kind: 'value'; readonly from: number; readonly text: string; readonly field: string };

const FIELD_PREFIX = /^-?([@_\p{L}][\p{L}\p{N}_.\-/@$]*)?$/u;
const FIELD_AND_VALUE = /^-?(?:"([^"]+)"|([@_\p{L}][\p{L}\p{N}_.\-/@$]*))(?::(?:>=|<=|>|<)?|!=|>=|<=|=|>|<)("?[^"]*)$/u;
const INSIDE_LIST = /^.*?(?:"([^"]+)"|([@_\p{L}][\p{L}\p{N}_.\-/@$]*)):\((?:[^()]*\s)?("?[^\s()"]*)$/su;

/** Looks at the query up to the cursor; undefined where nothing can be offered (in a phrase, in a number). */
export function completingAt(query: string, cursor: number): Completing | undefined {
  const before = query.slice(0, cursor);
  const open = INSIDE_LIST.exec(before.slice(lastTopLevel(before)));
  if (open) return { kind: 'value', from: cursor - open[3]!.length, text: unquoted(open[3]!), field: (open[1] ?? open[2])! };
  const word = before.slice(wordStart(before));
  const value = FIELD_AND_VALUE.exec(word);
  if (value) return { kind: 'value', from: cursor - value[3]!.length, text: unquoted(value[3]!), field: (value[1] ?? value[2])! };
  const field = FIELD_PREFIX.exec(word);
  return field ? { kind: 'field', from: cursor - (field[1] ?? '').length, text: field[1] ?? '' } : undefined;
}

/** Where the word under the cursor begins: after the last space or parenthesis outside quotes. */
function wordStart(before: string): number {
  let start = 0;
  let quoted = false;
  for (let i = 0; i < before.length; i++) {
    const character = before[i]!;
    if (character === '\\') i++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && /[\s()]/.test(character)) start = i + 1;
  }
  return start;
}

/** Where the term begins whose `field:(` is still open; the end where none is. */
function lastTopLevel(before: string): number {
  const at = before.lastIndexOf(':(');
  if (at < 0 || before.indexOf(')', at) >= 0) return before.length;
  return wordStart(before.slice(0, at));
}

const unquoted = (text: string): string => text.replace(/^"/, '');

/** A value as it is written in a query: quoted where it must be. */
export function writtenValue(value: string): string {
  return printSearch({ kind: 'field', field: 'f', condition: { op: 'is', value }, from: 0, to: 0 }).slice(2);
}

/** The query without the term at the cursor, to count the values it could have; empty where what is left cannot be read. */
export function queryWithout(query: string, at: number): string {
  const words = tokenizeSearch(query);
  const term = words.findLast((token) => token.from <= at && (token.kind === 'field' || token.kind === 'error'));
  const rest = term === undefined ? query : query.slice(0, term.from).replace(/-\s*$/, '');
  return problemOf(rest) === undefined ? rest.trim() : '';
}

/** What is wrong with a query, where, in the language's own words. */
export interface QueryProblem {
  readonly message: string;
  readonly from: number;
  readonly to: number;
}

/** Undefined where the query can be read. */
export function problemOf(query: string): QueryProblem | undefined {
  try {
    parseSearch(query);
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return problemFrom(error.message, error.fields);
  }
}

/** Of an answer `bad_query`; the whole query is meant where it does not say which part. */
export function problemFrom(message: string, fields: Readonly<Record<string, unknown>>): QueryProblem {
  const { from, to } = fields;
  return { message, from: typeof from === 'number' ? from : 0, to: typeof to === 'number' ? to : Number.MAX_SAFE_INTEGER };
}
