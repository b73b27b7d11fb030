import { codeAt, isAlphanumeric, isDigit, isUpper } from './characters.ts';

/** Where a check found what it looks for; `end` is exclusive. -1: not found. */
const NONE = -1;

const ZERO = 48;

/** How cards are printed: digits per group, by the length of all. */
const CARD_GROUPS: readonly (readonly number[])[] = [[4, 4, 4, 4, 3], [4, 4, 4, 4], [4, 6, 5], [4, 6, 4], [4, 4, 5]];
const LEAST_CARD_DIGITS = 13;
const MOST_CARD_DIGITS = 19;

/**
 * The end of the payment card number that starts at a digit, or -1. A card has 13 to 19 digits, either in one piece or in the groups cards are printed
 * in, belongs to a known brand in a length that the brand uses, and passes the Luhn check. Its neighbours are neither letters, digits nor a decimal
 * point: hashes, trace ids, fractions and times since the epoch are none.
 */
export function cardEnd(text: string, start: number): number {
  const before = codeAt(text, start - 1);
  if (isAlphanumeric(before) || before === 95 || before === 46) return NONE;
  const blockEnd = digitsEnd(text, start, MOST_CARD_DIGITS + 1);
  const length = blockEnd - start;
  if (length >= LEAST_CARD_DIGITS) {
    const isCard = length <= MOST_CARD_DIGITS && endsCleanly(text, blockEnd) && isBrand(text, start, length) && passesLuhn(text, start, blockEnd) && !isNamedAsId(text, start, length);
    return isCard ? blockEnd : NONE;
  }
  if (length !== 4) return NONE;
  const separator = codeAt(text, blockEnd);
  if (separator !== 32 && separator !== 45) return NONE;
  for (const groups of CARD_GROUPS) {
    const end = groupedEnd(text, start, groups, separator);
    if (end === NONE || !endsCleanly(text, end) || (separator === 45 && (before === 45 || codeAt(text, end) === 45))) continue;
    const digits = groups.reduce((sum, group) => sum + group, 0);
    if (isBrand(text, start, digits) && passesLuhn(text, start, end)) return end;
  }
  return NONE;
}

function digitsEnd(text: string, start: number, most: number): number {
  let i = start;
  while (i - start < most && isDigit(codeAt(text, i))) i++;
  return i;
}

function groupedEnd(text: string, start: number, groups: readonly number[], separator: number): number {
  let at = start;
  for (const [i, group] of groups.entries()) {
    if (i > 0) {
      if (codeAt(text, at) !== separator) return NONE;
      at++;
    }
    const end = digitsEnd(text, at, group + 1);
    if (end - at !== group) return NONE;
    at = end;
  }
  return at;
}

function endsCleanly(text: string, end: number): boolean {
  const after = codeAt(text, end);
  return !isAlphanumeric(after) && after !== 95 && !(after === 46 && isDigit(codeAt(text, end + 1)));
}

/** Issuer ranges by leading digits, each with the lengths in use. Source: ISO/IEC 7812 and the brands' own tables. */
function isBrand(text: string, start: number, length: number): boolean {
  let six = 0;
  for (let i = start, taken = 0; taken < 6; i++) {
    const code = codeAt(text, i);
    if (!isDigit(code)) continue;
    six = six * 10 + (code - ZERO);
    taken++;
  }
  const two = Math.floor(six / 10_000);
  const four = Math.floor(six / 100);
  if (two >= 40 && two <= 49) return length === 13 || length === 16 || length === 19;
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return length === 16;
  if (two === 34 || two === 37) return length === 15;
  if (two === 36 || two === 38 || two === 39 || (four >= 3000 && four <= 3059)) return length === 14;
  if (four >= 3528 && four <= 3589) return length >= 16;
  if (four === 6011 || two === 62 || two === 65 || (four >= 6440 && four <= 6499)) return length >= 16;
  return (two === 50 || (two >= 56 && two <= 58) || two === 63 || two === 67) && length >= 16;
}

function passesLuhn(text: string, start: number, end: number): boolean {
  let sum = 0;
  let isDoubled = false;
  for (let i = end - 1; i >= start; i--) {
    const code = codeAt(text, i);
    if (!isDigit(code)) continue;
    const digit = code - ZERO;
    sum += isDoubled ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
    isDoubled = !isDoubled;
  }
  return sum % 10 === 0;
}

/** Decimal ids of 64 bits have 17 to 19 digits, and one in ten passes Luhn; where the text calls such a number an id, it is one: `trace_id=4611…`. */
function isNamedAsId(text: string, start: number, length: number): boolean {
  if (length < 17) return false;
  let i = start - 1;
  for (; i >= 0 && start - i < 6; i--) {
    const code = codeAt(text, i);
    if (code !== 32 && code !== 34 && code !== 39 && code !== 58 && code !== 61 && code !== 92) break;
  }
  return (codeAt(text, i) | 32) === 100 && (codeAt(text, i - 1) | 32) === 105;
}

/** Characters of a whole IBAN by country. Source: the SWIFT IBAN registry. */
const IBAN_LENGTH: Readonly<Record<string, number>> = {
  AD: 24, AE: 23, AL: 28, AT: 20, AZ: 28, BA: 20, BE: 16, BG: 22, BH: 22, BI: 27, BR: 29, BY: 28, CH: 21, CR: 22, CY: 28, CZ: 24, DE: 22, DJ: 27, DK: 18, DO: 28,
  EE: 20, EG: 29, ES: 24, FI: 18, FK: 18, FO: 18, FR: 27, GB: 22, GE: 22, GI: 23, GL: 18, GR: 27, GT: 28, HR: 21, HU: 28, IE: 22, IL: 23, IQ: 23, IS: 26, IT: 27,
  JO: 30, KW: 30, KZ: 20, LB: 28, LC: 32, LI: 21, LT: 20, LU: 20, LV: 21, LY: 25, MC: 27, MD: 24, ME: 22, MK: 19, MN: 20, MR: 27, MT: 31, MU: 30, NI: 28, NL: 18,
  NO: 15, OM: 23, PK: 24, PL: 28, PS: 29, PT: 25, QA: 29, RO: 24, RS: 22, RU: 33, SA: 24, SC: 31, SD: 18, SE: 24, SI: 19, SK: 24, SM: 27, SO: 23, ST: 25, SV: 28,
  TL: 23, TN: 24, TR: 26, UA: 29, VA: 22, VG: 24, XK: 20, YE: 30,
};

/** The end of the IBAN whose check digits start at `digitsAt`, or -1: of a country's length, in one piece or in groups of four, with remainder 1 by 97. */
export function ibanEnd(text: string, digitsAt: number): number {
  const start = digitsAt - 2;
  if (start < 0 || !isUpper(codeAt(text, start)) || !isUpper(codeAt(text, start + 1)) || !isDigit(codeAt(text, digitsAt + 1))) return NONE;
  if (isAlphanumeric(codeAt(text, start - 1)) || codeAt(text, start - 1) === 95) return NONE;
  const length = IBAN_LENGTH[text.slice(start, digitsAt)];
  if (length === undefined) return NONE;
  const isGrouped = codeAt(text, start + 4) === 32;
  let at = start;
  let rest = 0;
  const first: number[] = [];
  for (let taken = 0; taken < length; taken++) {
    if (isGrouped && taken > 0 && taken % 4 === 0) {
      if (codeAt(text, at) !== 32) return NONE;
      at++;
    }
    const code = codeAt(text, at++);
    if (!isDigit(code) && !isUpper(code)) return NONE;
    // Country and check digits count last.
    if (taken < 4) first.push(code);
    else rest = remainder(rest, code);
  }
  if (isAlphanumeric(codeAt(text, at)) || codeAt(text, at) === 95) return NONE;
  for (const code of first) rest = remainder(rest, code);
  return rest === 1 ? at : NONE;
}

function remainder(rest: number, code: number): number {
  return isDigit(code) ? (rest * 10 + code - ZERO) % 97 : (rest * 100 + code - 55) % 97;
}

/** The end of the IPv4 address that starts at a digit, or -1. */
export function ipv4End(text: string, start: number): number {
  const before = codeAt(text, start - 1);
  if (isAlphanumeric(before) || before === 46 || before === 95) return NONE;
  let at = start;
  for (let octet = 0; octet < 4; octet++) {
    if (octet > 0 && codeAt(text, at++) !== 46) return NONE;
    const end = digitsEnd(text, at, 4);
    if (end === at || end - at > 3 || Number(text.slice(at, end)) > 255) return NONE;
    at = end;
  }
  const after = codeAt(text, at);
  return isAlphanumeric(after) || (after === 46 && isDigit(codeAt(text, at + 1))) ? NONE : at;
}
