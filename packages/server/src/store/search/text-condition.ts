import type { TextTerm } from '@pitot/core/search';
import type { RankedCondition } from './ranked-condition.ts';
import type { SearchParameters } from './search-parameters.ts';
import type { TextColumn } from './search-table.ts';
import { escapeLike, escapeRegex, patternPieces } from './wildcard.ts';

/** What the tokenizer `splitByNonAlpha` keeps together: letters and digits of ASCII, and everything beyond ASCII. */
const TOKEN = /[0-9a-z\u0080-\u{10ffff}]+/gu;
const TOKEN_CHARACTER = /^[0-9a-z\u0080-\u{10ffff}]$/u;
/** The same for RE2, negated. */
const NO_TOKEN_CHARACTER = '[\\x00-/:-`{-\\x7f]';
/** The index scans its dictionary for pieces of a word of at least this length. */
const SHORTEST_SCANNED = 4;

/**
 * Words in a text, whatever their case. A word is found as a whole word; what holds more than one word (`time-out`, `10.0.0.1`, a phrase) is found as it stands,
 * its words as whole words somewhere. In a pattern `*` stands for any characters but spaces, and its ends are ends of words unless they are wildcards.
 */
export function compileText({ form, text }: Pick<TextTerm, 'form' | 'text'>, { column, indexed }: TextColumn, params: SearchParameters): RankedCondition[] {
  const folded = `lowerUTF8(${column})`;
  if (form === 'like') return compilePattern(text.toLowerCase(), folded, indexed, params);
  const wanted = text.toLowerCase();
  if (wanted === '') return [{ sql: 'true', reads: 'index' }];
  const tokens = [...new Set(wanted.match(TOKEN))];
  const whole = tokens.length === 0 ? [] : [{ sql: `hasAllTokens(${folded}, ${params.add(tokens, 'Array(String)')})`, reads: indexed ? 'index' : 'text' } as const];
  if (tokens[0] === wanted) return whole;
  return [...whole, { sql: `(position(${folded}, ${params.add(wanted, 'String')}) > 0)`, reads: 'text' }];
}

function compilePattern(pattern: string, folded: string, indexed: boolean, params: SearchParameters): RankedCondition[] {
  const pieces = patternPieces(pattern);
  const conditions: RankedCondition[] = [];
  if (indexed) {
    const tokens = wholeTokens(pieces);
    if (tokens.length > 0) conditions.push({ sql: `hasAllTokens(${folded}, ${params.add(tokens, 'Array(String)')})`, reads: 'index' });
    // The index answers this from its dictionary, where the expression below must read the text.
    const scanned = pieces.filter((piece) => piece !== undefined && piece.length >= SHORTEST_SCANNED && [...piece].every((character) => TOKEN_CHARACTER.test(character)));
    for (const piece of scanned) conditions.push({ sql: `${folded} LIKE ${params.add(`%${escapeLike(piece!)}%`, 'String')}`, reads: 'index' });
  }
  return [...conditions, { sql: `match(${folded}, ${params.add(patternRegex(pieces), 'String')})`, reads: 'text' }];
}

function patternRegex(pieces: readonly (string | undefined)[]): string {
  const first = pieces[0];
  const last = pieces.at(-1);
  const begins = first !== undefined && TOKEN_CHARACTER.test([...first][0]!) ? `(?:^|${NO_TOKEN_CHARACTER})` : '';
  const ends = last !== undefined && TOKEN_CHARACTER.test([...last].at(-1)!) ? `(?:$|${NO_TOKEN_CHARACTER})` : '';
  return `${begins}${pieces.map((piece) => (piece === undefined ? '[^\\s]*' : escapeRegex(piece))).join('')}${ends}`;
}

/** The tokens of a pattern that no wildcard touches. */
function wholeTokens(pieces: readonly (string | undefined)[]): string[] {
  const tokens = new Set<string>();
  pieces.forEach((piece, i) => {
    for (const found of piece?.matchAll(TOKEN) ?? []) {
      const touchesStart = found.index === 0 && i > 0;
      const touchesEnd = found.index + found[0].length === piece!.length && i < pieces.length - 1;
      if (!touchesStart && !touchesEnd) tokens.add(found[0]);
    }
  });
  return [...tokens];
}
