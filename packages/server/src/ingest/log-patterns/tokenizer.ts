import { DATE, NUM, PATH, placeholderAt, PLACEHOLDERS, QUOTED, shapeOf, URL_TOKEN } from './token-shape.ts';

/** Characters of a body that decide its template; what follows varies most and tells least. */
const DECIDING_CHARACTERS = 4_096;
const LOOKAHEAD = 32;
const MOST_TOKENS = 128;
const LONGEST_QUOTED = 1_024;
/** Characters of one body that are looked at for the ends of quotes: quotes that never end would cost the square of their number. */
const MOST_SOUGHT_IN_QUOTES = 4 * DECIDING_CHARACTERS;

/** Ends a token. */
const BLANK = 1;
/** Ends an ordinary token, but not a path or an address. */
const BRACKET = 2;
const QUOTE = 3;
const TRAILING = 4;
const CLASS = new Uint8Array(128);
for (let code = 0; code <= 32; code++) CLASS[code] = BLANK;
for (const sign of '()[]{},;=|<>&') CLASS[sign.charCodeAt(0)] = BRACKET;
for (const sign of '"\'`') CLASS[sign.charCodeAt(0)] = QUOTE;
for (const sign of '.:!?%') CLASS[sign.charCodeAt(0)] = TRAILING;

const METHODS = ['GET ', 'POST ', 'PUT ', 'PATCH ', 'DELETE ', 'HEAD ', 'OPTIONS '];
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
/** Keys of a JSON line whose text tells lines apart. */
const LONGEST_TELLING_KEY = 8;
const TELLING_KEYS = new Set(['msg', 'message', 'event', 'error', 'err', 'level', 'severity', 'logger', 'log']);

/**
 * Cuts the deciding part of a body into tokens: its first line and, of a stack trace, the type of the exception. One object serves for all lines: arrays
 * are overwritten by the next `read`.
 */
export class TokenLine {
  text = '';
  count = 0;
  readonly tokens = new Int32Array(MOST_TOKENS);
  readonly starts = new Int32Array(MOST_TOKENS);
  readonly ends = new Int32Array(MOST_TOKENS);
  /** Where the deciding part ends. */
  end = 0;
  #isJson = false;
  #isTelling = false;
  /** Where a quote closes whose text is read like any other. */
  #closeAt = -1;
  #quotedLeft = 0;

  read(body: string): void {
    // What searches for the end of something shall not go through a megabyte.
    this.text = body.length > DECIDING_CHARACTERS + LOOKAHEAD ? body.slice(0, DECIDING_CHARACTERS + LOOKAHEAD) : body;
    this.count = 0;
    this.#quotedLeft = MOST_SOUGHT_IN_QUOTES;
    let at = 0;
    const limit = Math.min(body.length, DECIDING_CHARACTERS);
    while (at < limit && classOf(body.charCodeAt(at)) === BLANK) at++;
    let lineEnd = this.text.indexOf('\n', at);
    if (lineEnd < 0 || lineEnd > limit) lineEnd = limit;
    this.end = lineEnd;
    this.#isJson = body.charCodeAt(at) === 123 && body.charCodeAt(at + 1) === 34;
    this.#isTelling = false;
    this.#closeAt = -1;
    this.#readLine(at, lineEnd);
    if (lineEnd < limit && this.count < MOST_TOKENS) this.#readException(lineEnd + 1, limit);
  }

  /** The template that these tokens make: the text with every value replaced by its placeholder. */
  template(): string {
    let out = '';
    let from = 0;
    for (let i = 0; i < this.count; i++) {
      const start = this.starts[i]!;
      // Between the line and the exception lies the rest of the trace.
      out += start > this.end && from <= this.end ? `${this.text.slice(from, this.end)}\n` : this.text.slice(from, start);
      out += this.#rendered(i);
      from = this.ends[i]!;
    }
    if (this.count === MOST_TOKENS && from < this.end) return `${out} <*>`;
    return from < this.end ? out + this.text.slice(from, this.end) : out;
  }

  /** The template with some tokens replaced by placeholders; `nameOf` answers undefined for those that stay. `this` must have read that template. */
  generalised(nameOf: (index: number) => string | undefined): string {
    let out = '';
    let from = 0;
    for (let i = 0; i < this.count; i++) {
      const name = nameOf(i);
      if (name === undefined) continue;
      out += `${this.text.slice(from, this.starts[i]!)}<${name}>`;
      from = this.ends[i]!;
    }
    return out + this.text.slice(from);
  }

  #rendered(index: number): string {
    const token = this.tokens[index]!;
    if (token > 0) return `<${PLACEHOLDERS[token]}>`;
    return maskDigits(this.text, this.starts[index]!, this.ends[index]!);
  }

  #add(token: number, start: number, end: number): void {
    let { count } = this;
    // A date and its time are one; so are `Nov 21 11:37:53`.
    if (token === DATE && count > 0) {
      const isNext = start === this.ends[count - 1]! + 1;
      if (isNext && this.tokens[count - 1] === DATE) {
        this.ends[count - 1] = end;
        return;
      }
      if (isNext && count > 1 && this.tokens[count - 1] === NUM && isMonth(this.text, this.starts[count - 2]!, this.ends[count - 2]!)) {
        this.tokens[count - 2] = DATE;
        this.ends[count - 2] = end;
        this.count = count - 1;
        return;
      }
    }
    this.tokens[count] = token;
    this.starts[count] = start;
    this.ends[count++] = end;
    this.count = count;
  }

  #readLine(from: number, to: number): void {
    const { text } = this;
    let at = from;
    while (at < to && this.count < MOST_TOKENS) {
      const code = text.charCodeAt(at);
      const kind = classOf(code);
      if (kind === QUOTE) at = this.#readQuoted(at, to, code);
      else if (code === 60) {
        const placeholder = placeholderAt(text, at);
        if (placeholder === 0) at++;
        else at = this.#readChunk(at, to);
      } else if (kind === BLANK || kind === BRACKET || (kind === TRAILING && !startsChunk(text, at, code))) at++;
      else at = this.#readChunk(at, to);
    }
  }

  #readChunk(start: number, to: number): number {
    const { text } = this;
    const isPath = text.charCodeAt(start) === 47;
    let end = start;
    let isAddress = isPath;
    for (; end < to; end++) {
      const code = text.charCodeAt(end);
      if (code >= 128) continue;
      const kind = CLASS[code]!;
      if (kind === 0 || kind === TRAILING) {
        if (code === 47 && !isAddress && end > start + 1 && text.charCodeAt(end + 1) === 47 && text.charCodeAt(end - 1) === 58) isAddress = true;
        continue;
      }
      if (code === 60) {
        const placeholder = placeholderAt(text, end);
        if (placeholder !== 0) {
          end += PLACEHOLDERS[placeholder]!.length + 1;
          continue;
        }
      }
      // A query string belongs to its address.
      if (isAddress && (code === 61 || code === 38)) continue;
      break;
    }
    let trimmed = end;
    while (trimmed > start + 1 && CLASS[text.charCodeAt(trimmed - 1) & 127] === TRAILING && text.charCodeAt(trimmed - 1) < 128) trimmed--;
    const placeholder = text.charCodeAt(start) === 60 ? placeholderAt(text, start) : 0;
    let token: number;
    if (placeholder !== 0 && trimmed - start === PLACEHOLDERS[placeholder]!.length + 2) token = placeholder;
    else if (isPath) token = PATH;
    else if (isAddress) token = URL_TOKEN;
    else token = shapeOf(text, start, trimmed);
    // Python's 11:37:53,123
    if (token === DATE && text.charCodeAt(trimmed) === 44 && isDigit(text, trimmed + 1) && isDigit(text, trimmed + 3) && trimmed + 4 <= to) {
      trimmed += 4;
      end = Math.max(end, trimmed);
    }
    this.#add(token, start, trimmed);
    return Math.max(end, trimmed);
  }

  /** A quoted value, a key or a text of JSON, or a mere quote. */
  #readQuoted(at: number, to: number, quote: number): number {
    const { text } = this;
    if (at === this.#closeAt) return at + 1;
    if (!this.#isJson && at > 0 && classOf(text.charCodeAt(at - 1)) === 0) return at + 1;
    const sought = Math.min(to, at + LONGEST_QUOTED, at + this.#quotedLeft);
    const close = closingQuote(text, at + 1, sought, quote);
    this.#quotedLeft -= (close < 0 ? sought : close) - at;
    if (close < 0) return at + 1;
    if (this.#isJson && quote === 34) {
      let after = close + 1;
      while (text.charCodeAt(after) === 32) after++;
      if (text.charCodeAt(after) === 58) {
        this.#isTelling = TELLING_KEYS.has(text.slice(at + 1, close));
        if (close > at + 1) this.#add(shapeOf(text, at + 1, close) | 0x80000000, at + 1, close);
        return close + 1;
      }
      if (this.#isTelling) {
        this.#isTelling = false;
        this.#closeAt = close;
        return at + 1;
      }
    } else if (quote === 34 && (METHODS.some((method) => text.startsWith(method, at + 1)) || followsTellingKey(text, at))) {
      this.#closeAt = close;
      return at + 1;
    } else if (quote === 39 && classOf(text.charCodeAt(close + 1)) === 0 && close + 1 < to) {
      return at + 1;
    }
    this.#add(QUOTED, at, close + 1);
    return close + 1;
  }

  /** The first line below that starts with the type of an exception: `java.lang.IllegalStateException: …`, `ValueError: …`. */
  #readException(from: number, to: number): void {
    const { text } = this;
    for (let line = from; line < to; ) {
      let end = line;
      while (end < to && isTypeCharacter(text.charCodeAt(end))) end++;
      const after = end < text.length ? text.charCodeAt(end) : 10;
      if (end - line > 5 && (after === 58 || after === 10 || after === 13) && (text.startsWith('Exception', end - 9) || text.startsWith('Error', end - 5))) {
        this.#add(shapeOf(text, line, end) | 0x80000000, line, end);
        return;
      }
      const next = text.indexOf('\n', end);
      if (next < 0) return;
      line = next + 1;
    }
  }
}

function classOf(code: number): number {
  return code < 128 ? CLASS[code]! : 0;
}

/** `::1`, `./run`, `../lib` and `.5` start with what otherwise ends a token. */
function startsChunk(text: string, at: number, code: number): boolean {
  const next = at + 1 < text.length ? text.charCodeAt(at + 1) : 32;
  return code === 58 ? next === 58 : code === 46 && (next === 46 || next === 47 || isDigit(text, at + 1));
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

function isTypeCharacter(code: number): boolean {
  const lower = code | 32;
  return (lower >= 97 && lower <= 122) || (code >= 48 && code <= 57) || code === 46 || code === 95 || code === 36;
}

function isMonth(text: string, start: number, end: number): boolean {
  return end - start === 3 && MONTHS.indexOf(text.slice(start, end)) % 3 === 0;
}

/** `msg="…"` of logfmt. */
function followsTellingKey(text: string, at: number): boolean {
  if (text.charCodeAt(at - 1) !== 61) return false;
  const from = Math.max(0, at - 2 - LONGEST_TELLING_KEY);
  const blank = text.slice(from, at).lastIndexOf(' ');
  if (blank < 0 && from > 0) return false;
  return TELLING_KEYS.has(text.slice(from + blank + 1, at - 1));
}

function closingQuote(text: string, start: number, to: number, quote: number): number {
  for (let i = start; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code === 92) i++;
    else if (code === quote) return i;
  }
  return -1;
}

/** A word with its runs of digits replaced. */
function maskDigits(text: string, start: number, end: number): string {
  const word = text.slice(start, end);
  return /\d/.test(word) ? word.replaceAll(/\d+/g, '<num>') : word;
}

