import { searchError } from './search-error.ts';
import type { TextSpan } from './ast.ts';

export type SearchTokenKind = 'text' | 'phrase' | 'field' | 'operator' | 'value' | 'parenthesis' | 'error';

/** A piece of a query to highlight. */
export interface SearchToken extends TextSpan {
  readonly kind: SearchTokenKind;
}

/** A piece of text without quotes: what it says, and the same as a pattern in which only wildcards are bare stars. */
export interface BareText extends TextSpan {
  readonly text: string;
  readonly pattern: string;
  readonly hasWildcard: boolean;
  /** As it stands in the query, escapes included. */
  readonly raw: string;
}

const SPACE = /\s/;
/** What may follow a term. */
const BOUNDARY = /[\s)]/;
const FIELD_NAME = /^[@_\p{L}][\p{L}\p{N}_.\-/@$]*$/u;
const COMPARISON = /^(?:>=|<=|>|<)/;

/** Reads a query's text piece by piece, and remembers the pieces for whoever highlights them. */
export class Scanner {
  readonly text: string;
  at = 0;
  readonly tokens: SearchToken[] = [];

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  peek(ahead = 0): string {
    return this.text[this.at + ahead] ?? '';
  }

  skipSpaces(): void {
    while (!this.done && SPACE.test(this.peek())) this.at++;
  }

  isAtBoundary(at = this.at): boolean {
    return at >= this.text.length || BOUNDARY.test(this.text[at]!);
  }

  mark(kind: SearchTokenKind, from: number): TextSpan {
    const span = { from, to: this.at };
    this.tokens.push({ kind, ...span });
    return span;
  }

  /** Takes one of the words (`AND`) where it stands alone. */
  takeKeyword(...words: readonly string[]): string | undefined {
    for (const word of words) {
      const end = this.at + word.length;
      if (!this.text.startsWith(word, this.at) || !(this.isAtBoundary(end) || this.text[end] === '(')) continue;
      const from = this.at;
      this.at = end;
      this.mark('operator', from);
      return word;
    }
    return undefined;
  }

  take(character: string, kind: SearchTokenKind): boolean {
    if (this.peek() !== character) return false;
    this.at++;
    this.mark(kind, this.at - 1);
    return true;
  }

  takeComparison(): '>=' | '<=' | '>' | '<' | undefined {
    const found = COMPARISON.exec(this.text.slice(this.at, this.at + 2))?.[0];
    if (found === undefined) return undefined;
    this.at += found.length;
    this.mark('operator', this.at - found.length);
    return found as '>=' | '<=' | '>' | '<';
  }

  /** Reads `"…"`, in which `\"` and `\\` stand for themselves and any other backslash for a backslash. Not marked. */
  quoted(): string {
    const from = this.at++;
    let value = '';
    for (; !this.done; this.at++) {
      const character = this.peek();
      if (character === '"') {
        this.at++;
        return value;
      }
      if (character === '\\' && (this.peek(1) === '"' || this.peek(1) === '\\')) this.at++;
      value += this.peek();
    }
    throw searchError('a quote is opened and not closed', { from, to: this.text.length }, 'write " at its end, or \\" for the character itself');
  }

  /** Reads a word, up to where `ends` says so or the text ends. Not marked. */
  bare(ends: (character: string, wordSoFar: string) => boolean): BareText {
    const from = this.at;
    let text = '';
    let pattern = '';
    let hasWildcard = false;
    for (; !this.done; this.at++) {
      let character = this.peek();
      if (SPACE.test(character) || ends(character, text)) break;
      if (character === '\\') {
        if (this.at + 1 >= this.text.length) throw searchError('a backslash at the end escapes nothing', { from: this.at, to: this.at + 1 }, 'write \\\\ for the character itself');
        this.at++;
        character = this.peek();
        text += character;
        pattern += character === '*' || character === '\\' ? `\\${character}` : character;
      } else if (character === '*') {
        hasWildcard = true;
        text += character;
        if (!endsInWildcard(pattern)) pattern += character;
      } else {
        text += character;
        pattern += character;
      }
    }
    return { text, pattern, hasWildcard, raw: this.text.slice(from, this.at), from, to: this.at };
  }

  /**
   * Reads `/regex/` where one begins here: it ends at the first slash that no backslash escapes, and only if the term ends there, too. So `/health` and
   * `/api/cart` are paths. Answers undefined, and reads nothing, where it is none.
   */
  regex(): string | undefined {
    const from = this.at;
    let pattern = '';
    let firstSpace = -1;
    for (let at = from + 1; at < this.text.length; at++) {
      const character = this.text[at]!;
      if (character === '\\' && at + 1 < this.text.length) {
        const next = this.text[++at]!;
        pattern += next === '/' ? '/' : `\\${next}`;
        continue;
      }
      if (firstSpace < 0 && SPACE.test(character)) firstSpace = at;
      if (character === '"' || (firstSpace >= 0 && character === ':')) return undefined;
      if (character === '/') {
        if (!this.isAtBoundary(at + 1) || pattern === '') return undefined;
        if (firstSpace >= 0) throw searchError('a space in a regular expression ends the term', { from: firstSpace, to: firstSpace + 1 }, 'write \\s for it; or, if this is a path, quote it');
        this.at = at + 1;
        return pattern;
      }
      pattern += character;
    }
    return undefined;
  }
}

export function isFieldName(text: string): boolean {
  return FIELD_NAME.test(text) && !text.endsWith('-') && text.length <= 256;
}

function endsInWildcard(pattern: string): boolean {
  // `\*` and `\\` are pairs: a star is a wildcard where an even number of backslashes stands before it.
  const found = /(\\*)\*$/.exec(pattern);
  return found !== null && found[1]!.length % 2 === 0;
}
