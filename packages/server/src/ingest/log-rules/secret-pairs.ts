import { codeAt, isAlphanumeric, isDigit } from './characters.ts';
import type { Found } from './secret-shapes.ts';

/** How sure a name makes us: `always` whatever the value; `likely` only for values that look like a secret, since `token: 5` is also what a parser says. */
type Certainty = 'always' | 'likely' | 'header';

/** Endings of names, lower-case and without `_`, `-`, `.`. */
const ENDINGS: readonly (readonly [string, Certainty])[] = [
  ['password', 'always'],
  ['passwd', 'always'],
  ['passphrase', 'always'],
  ['pwd', 'always'],
  ['secret', 'always'],
  ['apikey', 'always'],
  ['accesskey', 'always'],
  ['secretkey', 'always'],
  ['privatekey', 'always'],
  ['accountkey', 'always'],
  ['encryptionkey', 'always'],
  ['signingkey', 'always'],
  ['authkey', 'always'],
  ['sharedkey', 'always'],
  ['token', 'likely'],
  ['authorization', 'header'],
];
const LONGEST_NAME = 64;
/** What stands for no value, or for one that somebody else has hidden already. */
const NO_SECRET = /^(?:null|none|nil|undefined|true|false|empty|\*+|x{3,}|<[^>]*>|\$\{.*|\{\{.*|%s|\?)$/i;
const REDACTED = '[redacted';
/** Longer values are no placeholder and no word: they go without a closer look, so that no text is looked at again and again. */
const LONGEST_HARMLESS = 200;
/** Longest value of a header. */
const LONGEST_CREDENTIAL = 8_192;

const QUOTE = 34;
const APOSTROPHE = 39;
const BACKSLASH = 92;
const SPACE = 32;

/** What a name says about its value, if anything: `db.password`, `X-Api-Key`, `clientSecret`. */
export function certaintyOf(name: string): Certainty | undefined {
  const plain = name.replaceAll(/[_.-]/g, '').toLowerCase();
  return ENDINGS.find(([ending]) => plain.endsWith(ending))?.[1];
}

/**
 * The value of `password=…`, `secret: …`, `"api_key":"…"`, `\"token\":\"…\"` with the `=` or `:` at `at`. The text before `from` was
 * replaced already.
 */
export function secretPair(text: string, at: number, from: number, into: Found): boolean {
  let nameEnd = at;
  while (nameEnd > from && isQuoteOrSpace(codeAt(text, nameEnd - 1)) && at - nameEnd < 4) nameEnd--;
  if (!mayEndName(codeAt(text, nameEnd - 1))) return false;
  let nameStart = nameEnd;
  while (nameStart > from && nameEnd - nameStart < LONGEST_NAME && isNameCharacter(codeAt(text, nameStart - 1))) nameStart--;
  const certainty = certaintyOf(text.slice(nameStart, nameEnd));
  if (certainty === undefined) return false;
  return valueAfter(text, at, certainty, into);
}

/** The last letter of every ending: spares the look at names that end otherwise. */
function mayEndName(code: number): boolean {
  const lower = code | 32;
  return lower === 100 || lower === 116 || lower === 110 || lower === 121 || lower === 101;
}

function isQuoteOrSpace(code: number): boolean {
  return code === SPACE || code === QUOTE || code === APOSTROPHE || code === BACKSLASH;
}

function isNameCharacter(code: number): boolean {
  return isAlphanumeric(code) || code === 95 || code === 45 || code === 46;
}

function valueAfter(text: string, at: number, certainty: Certainty, into: Found): boolean {
  let start = at + 1;
  // `:=` and `=>` of several languages.
  if (codeAt(text, start) === 61 || codeAt(text, start) === 62) start++;
  while (codeAt(text, start) === SPACE) start++;
  const quoteAt = codeAt(text, start) === BACKSLASH ? start + 1 : start;
  const quote = codeAt(text, quoteAt);
  const isQuoted = quote === QUOTE || quote === APOSTROPHE;
  if (isQuoted) start = quoteAt + 1;
  else if (quoteAt !== start || text.startsWith('//', start)) return false;
  if (text.startsWith(REDACTED, start)) return false;
  let end = isQuoted ? quotedEnd(text, start, quote, quoteAt > 0 && codeAt(text, quoteAt - 1) === BACKSLASH) : bareEnd(text, start, certainty === 'header');
  if (certainty === 'header') start = afterScheme(text, start, end);
  else if (!isQuoted) while (end > start && codeAt(text, end - 1) === 46) end--;
  if (end <= start || text.startsWith(REDACTED, start)) return false;
  const value = text.slice(start, end);
  if (value.length <= LONGEST_HARMLESS && (NO_SECRET.test(value) || (certainty === 'likely' && !looksSecret(value)))) return false;
  into.kind = 'secret';
  into.start = start;
  into.end = end;
  return true;
}

/** A quoted value ends at its quote; in JSON within JSON that quote is escaped as the first one was. */
function quotedEnd(text: string, start: number, quote: number, isEscaped: boolean): number {
  for (let i = start; i < text.length; i++) {
    const code = codeAt(text, i);
    if (code === BACKSLASH) {
      if (isEscaped && codeAt(text, i + 1) === quote) return i;
      i++;
    } else if (code === quote) return i;
  }
  return text.length;
}

function bareEnd(text: string, start: number, isHeader: boolean): number {
  const limit = isHeader ? Math.min(text.length, start + LONGEST_CREDENTIAL) : text.length;
  for (let i = start; i < limit; i++) {
    const code = codeAt(text, i);
    // A header's value is a scheme and a credential.
    if (code < SPACE || code === QUOTE || code === APOSTROPHE || code === BACKSLASH || code === 44 || code === 59) return i;
    // space & ) ] } < >
    if (!isHeader && (code === SPACE || code === 38 || code === 41 || code === 93 || code === 125 || code === 60 || code === 62)) return i;
  }
  return limit;
}

/** `Basic dXNlcjpwYXNz`: the scheme may stay. */
function afterScheme(text: string, start: number, end: number): number {
  const space = text.indexOf(' ', start);
  return space < 0 || space >= end ? start : space + 1;
}

/** A generated value: eight characters or more with a digit, or sixteen and more. A number alone is a count. */
function looksSecret(value: string): boolean {
  if (value.length < 8) return false;
  let digits = 0;
  for (let i = 0; i < value.length; i++) if (isDigit(value.charCodeAt(i))) digits++;
  return digits < value.length && (digits > 0 || value.length >= 16);
}
