/** What a character may begin or end; most characters nothing. */
const NOTHING = 0;
const DIGIT = 1;
const GAP = 2;
const AT = 3;
const UNDERSCORE = 4;
const HYPHEN = 5;
const LETTER = 6;
const DOT = 7;

const CLASS = new Uint8Array(256);
for (let code = 48; code <= 57; code++) CLASS[code] = DIGIT;
CLASS[32] = GAP;
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
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const kind = code < 256 ? CLASS[code]! : NOTHING;
    if (kind === DIGIT) {
      if (++digits >= LEAST_DIGITS) return true;
      if (digits === 2 && isUpper(text.charCodeAt(i - 2)) && isUpper(text.charCodeAt(i - 3))) return true;
      continue;
    }
    if (kind === GAP) continue;
    if (kind === HYPHEN) {
      if (hyphenStarts(text, i)) return true;
      continue;
    }
    digits = 0;
    if (kind === NOTHING) continue;
    if (kind === AT) return true;
    if (kind === LETTER ? letterStarts(text, i, code) : kind === UNDERSCORE ? underscoreStarts(text, i) : text.startsWith('ya29', i - 4)) return true;
  }
  return false;
}

function isUpper(code: number): boolean {
  return code >= 65 && code <= 90;
}

/** xoxb-, xapp-, glpat-, sk-, -----BEGIN */
function hyphenStarts(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  if (before === 45) return text.startsWith('-----', at - 1);
  if (before === 107) return text.charCodeAt(at - 2) === 115;
  if (before === 116) return text.startsWith('glpat', at - 5);
  if (before === 112) return text.startsWith('xapp', at - 4);
  return text.charCodeAt(at - 4) === 120 && text.startsWith('xox', at - 4);
}

/** ghp_, github_pat_, sk_live_, rk_test_, whsec_, npm_ */
function underscoreStarts(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  if (before === 107) return text.charCodeAt(at - 2) === 115 || text.charCodeAt(at - 2) === 114;
  if (before === 109) return text.startsWith('np', at - 3);
  if (before === 99) return text.startsWith('whse', at - 5);
  if (before === 116) return text.startsWith('_pa', at - 4);
  return text.charCodeAt(at - 2) === 104 && text.charCodeAt(at - 3) === 103;
}

function letterStarts(text: string, at: number, code: number): boolean {
  const before = text.charCodeAt(at - 1) | LOWER;
  const after = text.charCodeAt(at + 1) | LOWER;
  switch (code | LOWER) {
    // passWord, pWd
    case 119:
      return before === 115 || before === 112;
    // Key, toKen
    case 107: {
      if (after !== 101) return false;
      const second = text.charCodeAt(at + 2) | LOWER;
      return second === 121 || (second === 110 && before === 111);
    }
    // seCret
    case 99:
      return after === 114 && before === 101 && (text.charCodeAt(at - 2) | LOWER) === 115;
    // authoriZation
    case 122:
      return before === 105 && (text.charCodeAt(at - 2) | LOWER) === 114;
    // passPhrase
    case 112:
      return after === 104 && before === 115;
    // eyJ
    case 106:
      return code === 74 && text.charCodeAt(at - 1) === 121;
    // AKIA, ASIA, AIza
    case 97:
      return (after === 107 || after === 115 ? text.charCodeAt(at + 2) === 73 : after === 105 && text.charCodeAt(at + 2) === 122);
    // Bearer
    default:
      return after === 101 && (text.charCodeAt(at + 2) | LOWER) === 97;
  }
}
