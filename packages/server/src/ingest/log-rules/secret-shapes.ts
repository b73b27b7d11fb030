import { codeAt, isAlphanumeric, isDigit, isUpper } from './characters.ts';

/** What a match is called and where it lies; `end` exclusive. One object, overwritten by the next match: making one per match would cost more than finding it. */
export interface Found {
  kind: 'email' | 'card' | 'token' | 'key' | 'secret' | 'iban' | 'ipv4';
  start: number;
  end: number;
}

const UNDERSCORE = 95;
const HYPHEN = 45;

/** Letters, digits, `_` and `-`: base64url and most keys. */
function isKeyCharacter(code: number): boolean {
  return isAlphanumeric(code) || code === UNDERSCORE || code === HYPHEN;
}

function keyEnd(text: string, start: number): number {
  let i = start;
  while (isKeyCharacter(codeAt(text, i))) i++;
  return i;
}

function found(into: Found, kind: Found['kind'], start: number, end: number): boolean {
  into.kind = kind;
  into.start = start;
  into.end = end;
  return true;
}

/** Whether the word that starts here is not the tail of a longer one. `_` may stand before: `token_ghp_…` does not occur, `KEY_AKIA…` does. */
function startsWord(text: string, start: number): boolean {
  return !isAlphanumeric(codeAt(text, start - 1));
}

interface Prefix {
  readonly text: string;
  readonly kind: 'token' | 'key';
  /** Characters after the prefix, at least. */
  readonly least: number;
}

const prefix = (text: string, kind: 'token' | 'key', least: number): Prefix => ({ text, kind, least });

/** By the character that ends the prefix, which is where a scan notices it. Lengths are the shortest that the issuer has used. */
const AFTER_UNDERSCORE: readonly Prefix[] = [
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((text) => prefix(text, 'key', 30)),
  prefix('github_pat_', 'key', 22),
  ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'].map((text) => prefix(text, 'key', 10)),
  prefix('whsec_', 'key', 16),
  prefix('npm_', 'key', 30),
];
const AFTER_HYPHEN: readonly Prefix[] = [
  ...['xoxa-', 'xoxb-', 'xoxe-', 'xoxo-', 'xoxp-', 'xoxr-', 'xoxs-', 'xapp-'].map((text) => prefix(text, 'key', 10)),
  prefix('glpat-', 'key', 20),
  prefix('sk-', 'key', 20),
];

/** A key whose prefix ends with the `_` or `-` at `at`. */
export function prefixedKey(text: string, at: number, into: Found): boolean {
  for (const { text: word, kind, least } of codeAt(text, at) === UNDERSCORE ? AFTER_UNDERSCORE : AFTER_HYPHEN) {
    const start = wordStart(text, word, at);
    if (start < 0 || !startsWord(text, start)) continue;
    const end = keyEnd(text, start + word.length);
    if (end - start - word.length < least || !holdsDigit(text, start + word.length, end)) continue;
    return found(into, kind, start, end);
  }
  return false;
}

/** Where `word` starts, if the character at `at` is its first one of that sort: `sk_live_` is noticed at its first `_`. */
function wordStart(text: string, word: string, at: number): number {
  const start = at - word.indexOf(text.charAt(at));
  return start >= 0 && text.startsWith(word, start) ? start : -1;
}

function holdsDigit(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (isDigit(codeAt(text, i))) return true;
  return false;
}

const BLOCK_START = '-----BEGIN ';
/** `-----BEGIN RSA PRIVATE KEY-----`, `-----BEGIN ENCRYPTED PRIVATE KEY-----`, `-----BEGIN PGP PRIVATE KEY BLOCK-----`. */
const LONGEST_BLOCK_NAME = 40;

/** A private key block that starts at `at`; without an end it goes to the end of the text, as one line of several holds only its start. */
export function privateKeyBlock(text: string, at: number, into: Found): boolean {
  if (!text.startsWith(BLOCK_START, at)) return false;
  if (!text.slice(at, at + BLOCK_START.length + LONGEST_BLOCK_NAME).includes('PRIVATE KEY')) return false;
  const last = text.indexOf('-----END ', at);
  const close = last < 0 ? -1 : text.indexOf('-----', last + 9);
  return found(into, 'key', at, close < 0 ? text.length : close + 5);
}

/** `AKIA…` and `ASIA…` (AWS: 16 more), `AIza…` (Google: 35 more), with the first `A` at `at`. */
export function cloudKey(text: string, at: number, into: Found): boolean {
  if (!startsWord(text, at)) return false;
  if (text.startsWith('AIza', at)) {
    const end = keyEnd(text, at + 4);
    return end - at === 39 && found(into, 'key', at, end);
  }
  if (!text.startsWith('AKIA', at) && !text.startsWith('ASIA', at)) return false;
  let end = at + 4;
  while (isUpper(codeAt(text, end)) || isDigit(codeAt(text, end))) end++;
  return end - at === 20 && !isAlphanumeric(codeAt(text, end)) && found(into, 'key', at, end);
}

/** A JWT whose `J` of `eyJ` is at `at`: two or more parts of base64url, of which the first two are longer than a few characters. */
export function jsonWebToken(text: string, at: number, into: Found): boolean {
  const start = at - 2;
  if (!text.startsWith('ey', start) || isKeyCharacter(codeAt(text, start - 1))) return false;
  let end = keyEnd(text, at);
  let parts = 0;
  if (end - start < 10) return false;
  while (codeAt(text, end) === 46 && parts < 4) {
    const next = keyEnd(text, end + 1);
    if (parts === 0 && next - end < 10) return false;
    end = next;
    parts++;
  }
  return parts > 0 && found(into, 'token', start, end);
}

/** `Bearer <credential>` with the `B` at `at`. What is too short or plain prose ("bearer of news") is left. */
export function bearerToken(text: string, at: number, into: Found): boolean {
  if ((codeAt(text, at + 1) | 32) !== 101 || !startsWord(text, at) || text.slice(at + 1, at + 7).toLowerCase() !== 'earer ') return false;
  let start = at + 7;
  while (codeAt(text, start) === 32) start++;
  const end = credentialEnd(text, start);
  return end - start >= 12 && (end - start >= 40 || holdsDigit(text, start, end)) && found(into, 'token', start, end);
}

/** RFC 6750's `b64token`. */
function credentialEnd(text: string, start: number): number {
  let i = start;
  for (; ; i++) {
    const code = codeAt(text, i);
    // . ~ + / =
    if (!isKeyCharacter(code) && code !== 46 && code !== 126 && code !== 43 && code !== 47 && code !== 61) return i;
  }
}

/** Google's access tokens: `ya29.` with the dot at `at`. */
export function googleToken(text: string, at: number, into: Found): boolean {
  if (!text.startsWith('ya29', at - 4) || !startsWord(text, at - 4)) return false;
  const end = keyEnd(text, at + 1);
  return end - at > 20 && found(into, 'token', at - 4, end);
}

const LONGEST_LOCAL_PART = 64;
const LONGEST_PASSWORD_IN_URL = 256;
/** Last parts of names with `@` that are files or systemd units. */
const NOT_A_DOMAIN = new Set(['service', 'socket', 'timer', 'target', 'mount', 'slice', 'scope', 'device', 'path', 'png', 'jpg', 'jpeg', 'svg', 'webp', 'gif', 'js', 'ts', 'mjs', 'css', 'tgz', 'gz', 'zip', 'whl']);

/** An e-mail address with its `@` at `at`. */
export function emailAddress(text: string, at: number, from: number, into: Found): boolean {
  let start = at;
  while (start > from && at - start < LONGEST_LOCAL_PART && isLocalCharacter(codeAt(text, start - 1))) start--;
  while (start < at && (codeAt(text, start) === 46 || codeAt(text, start) === HYPHEN)) start++;
  if (start === at) return false;
  let end = at + 1;
  let lastDot = -1;
  for (; ; end++) {
    const code = codeAt(text, end);
    if (code === 46) {
      if (end === at + 1 || codeAt(text, end - 1) === 46) break;
      lastDot = end;
    } else if (!isAlphanumeric(code) && code !== HYPHEN && !(code >= 128)) break;
  }
  while (end > at + 1 && (codeAt(text, end - 1) === 46 || codeAt(text, end - 1) === HYPHEN)) {
    end--;
    if (lastDot === end) lastDot = text.lastIndexOf('.', end - 1);
  }
  if (lastDot <= at + 1 || end - lastDot < 3) return false;
  for (let i = lastDot + 1; i < end; i++) if (isDigit(codeAt(text, i))) return false;
  if (isVersion(text, at + 1) || NOT_A_DOMAIN.has(text.slice(lastDot + 1, end).toLowerCase())) return false;
  return found(into, 'email', start, end);
}

/** `lodash@4.17.21.tgz` */
function isVersion(text: string, start: number): boolean {
  let i = start;
  while (isDigit(codeAt(text, i))) i++;
  return i > start && codeAt(text, i) === 46 && isDigit(codeAt(text, i + 1));
}

function isLocalCharacter(code: number): boolean {
  return isAlphanumeric(code) || code === 46 || code === UNDERSCORE || code === HYPHEN || code === 43 || code === 37 || code >= 128;
}

/** The password of `scheme://user:password@host` with the `@` at `at`. */
export function urlPassword(text: string, at: number, from: number, into: Found): boolean {
  let colon = -1;
  const least = Math.max(from, at - LONGEST_PASSWORD_IN_URL);
  for (let i = at - 1; i >= least; i--) {
    const code = codeAt(text, i);
    if (code <= 32 || code === 34 || code === 39) return false;
    if (code === 58) colon = i;
    if (code === 47) return colon > i && text.startsWith('://', i - 2) && at > colon + 1 && found(into, 'secret', colon + 1, at);
  }
  return false;
}
