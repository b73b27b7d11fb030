/**
 * What a stretch of a line without blanks and brackets is: a word that tells lines apart, or a value of some type. Codes of placeholders are positive, of words negative
 * (their hash), so that a token is one 32-bit number.
 */
export const PLACEHOLDERS = ['', 'num', 'ip', 'uuid', 'hex', 'duration', 'size', 'path', 'url', 'email', 'date', 'quoted', '*'] as const;

export const NUM = 1;
const IP = 2;
const UUID = 3;
const HEX = 4;
const DURATION = 5;
const SIZE = 6;
export const PATH = 7;
export const URL_TOKEN = 8;
const EMAIL = 9;
export const DATE = 10;
export const QUOTED = 11;
const ANY = 12;

/** Whether a value of a line fits what a template has in its place. A hash may by chance have digits only. */
export function fits(wanted: number, token: number): boolean {
  return wanted === token || wanted === ANY || (wanted === HEX && token === NUM);
}

/** What a template must have in its place so that both fit. */
export function joined(wanted: number, token: number): number {
  if (fits(wanted, token)) return wanted;
  return wanted === NUM && token === HEX ? HEX : ANY;
}

const MARK = '<num>';
const LONGEST_HEX_WORD = 8;
const DURATION_UNITS = new Set(['ns', 'us', 'µs', 'μs', 'ms', 's', 'm', 'h', 'd', 'sec', 'secs', 'min', 'mins']);
const SIZE_UNITS = new Set(['b', 'kb', 'mb', 'gb', 'tb', 'kib', 'mib', 'gib', 'tib', 'k', 'g', 'bytes']);

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isLetter(code: number): boolean {
  const lower = code | 32;
  return (lower >= 97 && lower <= 122) || code >= 128;
}

/**
 * The token text[start, end) stands for; `end` is within the text. A run of digits, and `<num>` as it stands in a template, are the same, so that a template read
 * back gives the tokens it was made of.
 */
export function shapeOf(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  let length = 0;
  let digits = 0;
  let letters = 0;
  let hexLetters = 0;
  let dots = 0;
  let colons = 0;
  let hyphens = 0;
  let slashes = 0;
  let others = 0;
  let ats = 0;
  /** Places where a letter stands beside a digit: one in `utf8`, many in random names. */
  let turns = 0;
  let last = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    const isMark = code === 60 && text.startsWith(MARK, i);
    length++;
    if (isMark || isDigit(code)) {
      digits++;
      if (isMark) i += MARK.length - 1;
      if (last === 2) turns++;
      if (last !== 1) hash = Math.imul(hash ^ 0x3c6e, 0x01000193);
      last = 1;
      continue;
    }
    hash = Math.imul(hash ^ code, 0x01000193);
    if (isLetter(code)) {
      letters++;
      const lower = code | 32;
      if (lower >= 97 && lower <= 102) hexLetters++;
      if (last === 1) turns++;
      last = 2;
      continue;
    }
    last = 3;
    if (code === 46) dots++;
    else if (code === 58) colons++;
    else if (code === 45) hyphens++;
    else if (code === 47) slashes++;
    else if (code === 64) ats++;
    else others++;
  }
  const word = (hash ^ (hash >>> 15)) | 0x80000000;
  if (digits === 0) {
    if (slashes > 1) return text.indexOf('://', start) + 1 > start && text.indexOf('://', start) < end ? URL_TOKEN : PATH;
    return ats === 1 && dots > 0 && letters > 2 ? EMAIL : word;
  }
  if (letters === 0 && others === 0 && slashes === 0 && ats === 0) {
    const shape = shapeOfDigits(text, start, length, digits, dots, colons, hyphens);
    if (shape !== 0) return shape;
  }
  if (letters === hexLetters && others === 0 && slashes === 0 && ats === 0) {
    if (hyphens === 4 && length === 36 && dots === 0 && colons === 0) return UUID;
    if (hyphens === 0 && dots === 0 && colons === 0 && letters > 0 && length >= LONGEST_HEX_WORD) return HEX;
    if (hyphens === 0 && colons === 5 && length === 17) return HEX;
    if (hyphens === 0 && colons > 1 && (colons === 7 || text.slice(start, end).includes('::'))) return IP;
  }
  return shapeOfMixed(text, start, end, { length, digits, letters, dots, colons, hyphens, slashes, ats, turns, others }, word);
}

/** Digits with dots, colons and hyphens only; 0 where they are none of the types. */
function shapeOfDigits(text: string, start: number, length: number, digits: number, dots: number, colons: number, hyphens: number): number {
  const isSigned = hyphens === 1 && text.charCodeAt(start) === 45;
  if (colons === 0 && dots <= 1 && (hyphens === 0 || isSigned)) return NUM;
  if (dots === 3 && hyphens === 0 && colons <= 1 && length <= 21 && digits >= 4) return IP;
  if (hyphens === 2 && isDigit(text.charCodeAt(start)) && text.charCodeAt(start + 4) === 45 && digits >= 6) return DATE;
  if (colons === 2 && hyphens === 0 && text.charCodeAt(start + 2) === 58 && text.charCodeAt(start + 5) === 58) return DATE;
  return 0;
}

interface Tally {
  readonly length: number;
  readonly digits: number;
  readonly letters: number;
  readonly dots: number;
  readonly colons: number;
  readonly hyphens: number;
  readonly slashes: number;
  readonly ats: number;
  readonly turns: number;
  readonly others: number;
}

function shapeOfMixed(text: string, start: number, end: number, tally: Tally, word: number): number {
  const first = text.charCodeAt(start);
  if (first === 48 && (text.charCodeAt(start + 1) | 32) === 120 && tally.length > 3 && tally.others === 0) return HEX;
  if (tally.slashes > 0) {
    // 21/Nov/2026:13:55:36 and 2026/11/21
    if (tally.slashes === 2 && isDigit(first) && (tally.letters === 0 ? tally.digits === 8 : tally.letters === 3 && tally.colons === 3)) return DATE;
    const scheme = text.indexOf('://', start);
    if (scheme > start && scheme < end) return URL_TOKEN;
    return tally.slashes > 1 ? PATH : word;
  }
  if (tally.ats === 1 && tally.dots > 0 && tally.letters > 2) return EMAIL;
  if (isDigit(first)) {
    // 2026-11-21T11:37:53.123Z
    if (tally.hyphens >= 2 && tally.colons >= 2 && tally.letters <= 2 && text.charCodeAt(start + 4) === 45) return DATE;
    const unit = shapeOfUnit(text, start, end, tally);
    if (unit !== 0) return unit;
  }
  return tally.turns > 2 ? ANY : word;
}

/** `12ms`, `1m30.5s`, `4KiB`; 0 where the letters are no unit. */
function shapeOfUnit(text: string, start: number, end: number, tally: Tally): number {
  if (tally.letters > 6 || tally.letters === 0 || tally.colons > 0 || tally.hyphens > 0 || tally.others > 0) return 0;
  let at = start;
  let shape = 0;
  while (at < end) {
    const numberStart = at;
    while (at < end && (isDigit(text.charCodeAt(at)) || text.charCodeAt(at) === 46)) at++;
    if (at === numberStart) return 0;
    const unitStart = at;
    while (at < end && isLetter(text.charCodeAt(at))) at++;
    const unit = text.slice(unitStart, at);
    if (DURATION_UNITS.has(unit)) shape = DURATION;
    else if (shape === 0 && at === end && SIZE_UNITS.has(unit.toLowerCase())) shape = SIZE;
    else return 0;
  }
  return shape;
}

const LONGEST_PLACEHOLDER = 8;

/** The code of the placeholder that stands at `at`, such as `<ip>`; 0 for none. */
export function placeholderAt(text: string, at: number): number {
  let close = at + 1;
  while (close - at <= LONGEST_PLACEHOLDER + 1 && text.charCodeAt(close) !== 62) close++;
  if (close - at > LONGEST_PLACEHOLDER + 1) return 0;
  const name = text.slice(at + 1, close);
  for (let code = 1; code < PLACEHOLDERS.length; code++) if (PLACEHOLDERS[code] === name) return code;
  return 0;
}
