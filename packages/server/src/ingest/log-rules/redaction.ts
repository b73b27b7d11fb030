import type { RE2JS } from 're2js';
import { codeAt, isDigit, isUpper } from './characters.ts';
import { cardEnd, ibanEnd, ipv4End } from './number-checks.ts';
import { compilePattern } from './pattern.ts';
import { hyphenStarts, mayHoldSensitive, underscoreStarts } from './redact-prescan.ts';
import type { RedactSettings } from './schema.ts';
import { certaintyOf, secretPair } from './secret-pairs.ts';
import { bearerToken, cloudKey, emailAddress, googleToken, jsonWebToken, prefixedKey, privateKeyBlock, urlPassword, type Found } from './secret-shapes.ts';

/** Kinds that are looked for, and how many of each were replaced. */
export type RedactionCounts = Record<string, number>;

/** Replaces what must not be written. Made once from the settings; holds no state of a record. */
export interface Redactor {
  /** False where nothing is redacted at all. */
  readonly isActive: boolean;
  /** Attributes that are replaced whole. */
  readonly attributes: readonly string[];
  /** Whether values need `text` even where `mayHoldSensitive` is false of them: own patterns and addresses have no cheap sign. */
  readonly needsEveryValue: boolean;
  /** The text with everything replaced; the same string where there was nothing. What was replaced before stays as it is. */
  text(text: string, counts?: RedactionCounts): string;
  /** The value of an attribute, whose name may say that it is a secret. */
  value(name: string, value: string, counts?: RedactionCounts): string;
}

interface CustomPattern {
  readonly name: string;
  readonly pattern: RE2JS;
  readonly replacement: string;
}

/** What a character may begin or end; see `Scan`. */
const LEADS = new Uint8Array(128);
for (let code = 48; code <= 57; code++) LEADS[code] = 1;
for (const sign of '@_-=:.JABb') LEADS[sign.charCodeAt(0)] = 2;

const MARK = '[redacted:';

/** Makes the redactor of `logs.redact`. Throws nothing: patterns were checked with the configuration. */
export function createRedactor(settings: RedactSettings): Redactor {
  const found: Found = { kind: 'email', start: 0, end: 0 };
  const custom: CustomPattern[] = [];
  for (const { name, pattern: source, replace_with: replacement } of settings.custom) {
    const { pattern } = compilePattern(source);
    if (pattern !== undefined) custom.push({ name, pattern, replacement: replacement ?? `${MARK}${name}]` });
  }
  const needsEveryValue = settings.enabled && (custom.length > 0 || settings.ipv4);
  const find = settings.enabled ? finder(settings, found) : undefined;

  function builtIn(text: string, counts: RedactionCounts | undefined): string {
    if (find === undefined || !(settings.ipv4 || mayHoldSensitive(text))) return text;
    let out = '';
    let from = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127 || LEADS[code] === 0 || !find(text, i, code, from)) continue;
      out += `${text.slice(from, found.start)}${MARK}${found.kind}]`;
      count(counts, found.kind);
      from = found.end;
      i = found.end - 1;
    }
    return from === 0 ? text : out + text.slice(from);
  }

  function redact(text: string, counts?: RedactionCounts): string {
    let result = builtIn(text, counts);
    if (settings.enabled) for (const pattern of custom) result = replaceCustom(result, pattern, counts);
    return result;
  }

  return {
    isActive: settings.enabled,
    attributes: settings.enabled ? settings.attributes : [],
    needsEveryValue,
    text: redact,
    value: (name, value, counts) => {
      if (!settings.enabled || value === '' || value.startsWith(MARK)) return value;
      if (settings.attributes.includes(name)) {
        count(counts, 'attribute');
        return `${MARK}attribute]`;
      }
      if (settings.secret && certaintyOf(name) !== undefined) {
        // The rules for `name=value` decide, so that `token_count` or `has_password=true` stay.
        const pair = `${name.slice(-40)}="${value.replaceAll('"', "'").replaceAll('\\', '/')}"`;
        if (secretPair(pair, pair.indexOf('='), 0, found)) {
          count(counts, 'secret');
          return `${MARK}secret]`;
        }
      }
      return redact(value, counts);
    },
  };
}

function count(counts: RedactionCounts | undefined, kind: string): void {
  if (counts !== undefined) counts[kind] = (counts[kind] ?? 0) + 1;
}

/** Looks at one position; `from` is where the text that is not yet replaced starts. */
type Find = (text: string, at: number, code: number, from: number) => boolean;

function finder(settings: RedactSettings, found: Found): Find {
  const { email, card, token, key, secret, iban, ipv4 } = settings;
  const number = (kind: Found['kind'], start: number, end: number, from: number): boolean => {
    if (end < 0 || start < from) return false;
    found.kind = kind;
    found.start = start;
    found.end = end;
    return true;
  };
  const digit: Find = (text, at, _code, from) => {
    const before = codeAt(text, at - 1);
    if (isDigit(before)) return false;
    if (isUpper(before)) return iban && number('iban', at - 2, ibanEnd(text, at), from);
    return (card && number('card', at, cardEnd(text, at), from)) || (ipv4 && number('ipv4', at, ipv4End(text, at), from));
  };
  const isFresh = (from: number): boolean => found.start >= from;
  return (text, at, code, from) => {
    switch (code) {
      case 64:
        return (secret && urlPassword(text, at, from, found)) || (email && emailAddress(text, at, from, found));
      case 95:
        return key && underscoreStarts(text, at) && prefixedKey(text, at, found) && isFresh(from);
      case 45:
        return key && (codeAt(text, at + 1) === 45 || hyphenStarts(text, at)) && (prefixedKey(text, at, found) || privateKeyBlock(text, at, found)) && isFresh(from);
      case 61:
      case 58:
        return secret && secretPair(text, at, from, found);
      case 46:
        return token && googleToken(text, at, found) && isFresh(from);
      case 74:
        return token && jsonWebToken(text, at, found) && isFresh(from);
      case 65:
        return key && cloudKey(text, at, found);
      case 66:
      case 98:
        return token && bearerToken(text, at, found);
      default:
        return digit(text, at, code, from);
    }
  };
}

/** Replaces what a pattern finds, but nothing within a mark that stands there already. */
function replaceCustom(text: string, custom: CustomPattern, counts: RedactionCounts | undefined): string {
  if (!custom.pattern.test(text)) return text;
  const matcher = custom.pattern.matcher(text);
  let out = '';
  let from = 0;
  while (matcher.find()) {
    const start = matcher.start();
    const end = matcher.end();
    if (end === start || touchesMark(text, start, end)) continue;
    out += text.slice(from, start) + custom.replacement;
    count(counts, custom.name);
    from = end;
  }
  return from === 0 ? text : out + text.slice(from);
}

const LONGEST_MARK = 64;

function touchesMark(text: string, start: number, end: number): boolean {
  const open = text.lastIndexOf(MARK, end - 1);
  if (open < 0 || open < start - LONGEST_MARK) return false;
  const close = text.indexOf(']', open);
  return close >= start;
}
