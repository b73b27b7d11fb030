import { codeAt, isDigit, isUpper } from './characters.ts';

/** What a character may begin or end; most characters nothing. */
const NOTHING = 0;
const DIGIT = 1;
const AT = 2;
const UNDERSCORE = 3;
const HYPHEN = 4;
const LETTER = 5;
const DOT = 6;

const CLASS = new Uint8Array(256);
for (let code = 48; code <= 57; code++) CLASS[code] = DIGIT;
CLASS[45] = HYPHEN;
CLASS[46] = DOT;
CLASS[64] = AT;
CLASS[95] = UNDERSCORE;
// Letters that are rare, or rarely stand so, within what is looked for: password, token, secret, key, authorization, passphrase, AKIA, eyJ, bearer.
for (const letter of 'wkczpJWKCZPABb') CLASS[letter.charCodeAt(0)] = LETTER;

/** Makes a letter's code lower-case. */
const LOWER = 32;
/** Fewest digits of a card. */
const LEAST_DIGITS = 13;

/**
 * Whether a text could hold anything that the built-in redactions look for: one pass over its characters, without heed of word boundaries, so
 * that it also serves for names and values with arbitrary bytes between them. A false answer is final, a true one calls for `Redactor`.
 */
export function mayHoldSensitive(text: string): boolean {
  const { length } = text;
  let i = 0;
  while (i < length) {
    const code = text.charCodeAt(i);
    // Characters above 255 fall on others by chance, which costs a closer look at most.
    const kind = CLASS[code & 255]!;
    if (kind === NOTHING) {
      i++;
      continue;
    }
    if (kind === DIGIT) {
      const end = digitsEnd(text, i);
      if (end < 0) return true;
      i = end > i ? end : i + 1;
      continue;
    }
    if (kind === LETTER) {
      if (letterStarts(text, i, code)) return true;
    } else if (kind === HYPHEN) {
      if (hyphenStarts(text, i)) return true;
    } else if (kind === AT || (kind === UNDERSCORE ? underscoreStarts(text, i) : dotEndsGooglePrefix(text, i))) return true;
    i++;
  }
  return false;
}

/**
 * The end of the digits that start here, with single spaces or hyphens between groups of four to six as on a card; -1 where they could be a card or
 * the start of an IBAN.
 */
function digitsEnd(text: string, start: number): number {
  let end = start;
  let digits = 0;
  for (;;) {
    const groupStart = end;
    while (isDigit(codeAt(text, end))) end++;
    const group = end - groupStart;
    digits += group;
    if (digits >= LEAST_DIGITS) return -1;
    if (group < 4 || group > 6) break;
    const gap = codeAt(text, end);
    if ((gap !== 32 && gap !== 45) || !isDigit(codeAt(text, end + 1))) break;
    end++;
  }
  return end - start >= 2 && isUpper(codeAt(text, start - 1)) && isUpper(codeAt(text, start - 2)) ? -1 : end;
}

function dotEndsGooglePrefix(text: string, at: number): boolean {
  return codeAt(text, at - 1) === 57 && codeAt(text, at - 2) === 50 && codeAt(text, at - 3) === 97;
}

/** Whether a key's prefix may end here: xoxb-, xapp-, glpat-, sk-; or a private key block start: -----BEGIN. */
export function hyphenStarts(text: string, at: number): boolean {
  const before = codeAt(text, at - 1);
  const second = codeAt(text, at - 2);
  if (before === 45) return second === 45 && codeAt(text, at - 3) === 45 && codeAt(text, at + 1) === 45;
  if (before === 107) return second === 115;
  if (before === 116) return second === 97 && codeAt(text, at - 3) === 112;
  if (before === 112) return second === 112;
  return second === 120 && codeAt(text, at - 3) === 111;
}

/** Whether a key's prefix may lie here: ghp_, github_pat_, sk_live_, rk_test_, whsec_, npm_ */
export function underscoreStarts(text: string, at: number): boolean {
  const before = codeAt(text, at - 1);
  const second = codeAt(text, at - 2);
  if (before === 107) return second === 115 || second === 114;
  if (before === 109) return second === 112;
  if (before === 99) return second === 101 && codeAt(text, at - 3) === 115;
  if (before === 98) return second === 117 && codeAt(text, at - 3) === 104;
  return second === 104 && codeAt(text, at - 3) === 103;
}

function letterStarts(text: string, at: number, code: number): boolean {
  const before = codeAt(text, at - 1) | LOWER;
  const after = codeAt(text, at + 1) | LOWER;
  switch (code | LOWER) {
    // passWord, pWd
    case 119:
      return before === 115 ? (codeAt(text, at - 2) | LOWER) === 115 : before === 112 && after === 100;
    // Key, toKen
    case 107: {
      if (after !== 101) return false;
      const second = codeAt(text, at + 2) | LOWER;
      return second === 121 || (second === 110 && before === 111);
    }
    // seCret
    case 99:
      return after === 114 && before === 101 && (codeAt(text, at - 2) | LOWER) === 115;
    // authoriZation
    case 122:
      return before === 105 && (codeAt(text, at - 2) | LOWER) === 114;
    // passPhrase
    case 112:
      return after === 104 && before === 115;
    // eyJ
    case 106:
      return code === 74 && codeAt(text, at - 1) === 121;
    // AKIA, ASIA, AIza
    case 97:
      return after === 107 || after === 115 ? codeAt(text, at + 2) === 73 : after === 105 && codeAt(text, at + 2) === 122;
    // Bearer
    default:
      return after === 101 && (codeAt(text, at + 2) | LOWER) === 97 && (codeAt(text, at + 3) | LOWER) === 114;
  }
}
