/** Numbers, durations and strings as PromQL (that is, Go) writes them. */

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};
const DURATION = /^(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/;
const DURATION_PART = /(\d+)(ms|[smhdwy])/g;

function isDurationText(text: string): boolean {
  return /[a-z]/.test(text) && DURATION.test(text);
}

/** Milliseconds first, so that sums of parts stay exact. */
function durationSeconds(text: string): number {
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(DURATION_PART)) totalMs += Number(count) * Math.round(UNIT_SECONDS[unit!]! * 1000);
  return totalMs / 1000;
}

/** Reads an unsigned number literal; undefined where it is not one. */
export function parseNumber(text: string): { value: number; isDuration: boolean } | undefined {
  const lower = text.toLowerCase();
  if (lower === 'inf') return { value: Infinity, isDuration: false };
  if (lower === 'nan') return { value: NaN, isDuration: false };
  if (isDurationText(text)) return { value: durationSeconds(text), isDuration: true };
  const plain = lower.replaceAll('_', '');
  if (/^0x[0-9a-f]+$/.test(plain)) return { value: Number(plain), isDuration: false };
  if (/^0[0-7]+$/.test(plain)) return { value: parseInt(plain, 8), isDuration: false };
  if (!/^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(plain)) return undefined;
  return { value: Number(plain), isDuration: false };
}

/** Formats as Go's %v and %g do: shortest digits, an exponent below 1e-4 and from 1e6 (by magnitude of digits) on. */
export function formatGoFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return plainDecimal(value);
  const sign = exponent < 0 ? '-' : '+';
  return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** Formats without an exponent, as Go's %f with the shortest precision. */
export function plainDecimal(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const text = String(value);
  if (!text.includes('e')) return Object.is(value, -0) ? '-0' : text;
  const [mantissa, exponentText] = text.split('e') as [string, string];
  const negative = mantissa.startsWith('-');
  const [whole, fraction = ''] = mantissa.replace('-', '').split('.') as [string, string?];
  const exponent = Number(exponentText);
  const digits = whole + fraction;
  const point = whole.length + exponent;
  const body =
    point <= 0
      ? `0.${'0'.repeat(-point)}${digits}`
      : point >= digits.length
        ? digits + '0'.repeat(point - digits.length)
        : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return negative ? `-${body}` : body;
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** Removes quotes and resolves escapes of a complete string literal; undefined where an escape is not valid. */
export function unquote(literal: string): string | undefined {
  const quote = literal[0]!;
  const body = literal.slice(1, -1);
  if (quote === '`' || !body.includes('\\')) return body;
  const bytes: (string | number)[] = [];
  for (let i = 0; i < body.length; ) {
    if (body[i] !== '\\') {
      bytes.push(body[i++]!);
      continue;
    }
    const escape = readEscape(body, i + 1, quote);
    if (escape === undefined) return undefined;
    bytes.push(escape.value);
    i = escape.next;
  }
  return joinBytes(bytes);
}

/** A number stands for one raw byte (`\xff`, `\377`), text for itself. */
function readEscape(body: string, at: number, quote: string): { value: string | number; next: number } | undefined {
  const c = body[at];
  if (c === undefined) return undefined;
  if ((c === '"' || c === "'") && c !== quote) return undefined;
  const simple = SIMPLE_ESCAPES[c];
  if (simple !== undefined) return { value: simple, next: at + 1 };
  const hexLength = c === 'x' ? 2 : c === 'u' ? 4 : c === 'U' ? 8 : 0;
  if (hexLength > 0) {
    const hex = body.slice(at + 1, at + 1 + hexLength);
    if (hex.length !== hexLength || !/^[0-9a-fA-F]+$/.test(hex)) return undefined;
    const code = parseInt(hex, 16);
    if (c === 'x') return { value: code, next: at + 3 };
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
    return { value: String.fromCodePoint(code), next: at + 1 + hexLength };
  }
  const octal = /^[0-7]{3}/.exec(body.slice(at, at + 3));
  if (!octal) return undefined;
  const code = parseInt(octal[0], 8);
  return code > 255 ? undefined : { value: code, next: at + 3 };
}

/**
 * Decodes runs of raw bytes as UTF-8. A byte that is not part of valid UTF-8 becomes the lone surrogate U+DC00 + byte, so that
 * nothing is lost and `isWellFormed()` tells that the text is not valid.
 */
function joinBytes(parts: readonly (string | number)[]): string {
  let text = '';
  let run: number[] = [];
  const flush = (): void => {
    if (run.length > 0) text += decodeBytes(run);
    run = [];
  };
  for (const part of parts) {
    if (typeof part === 'number') {
      run.push(part);
      continue;
    }
    flush();
    text += part;
  }
  flush();
  return text;
}

const LOSSLESS_BYTE = 0xdc00;

function decodeBytes(bytes: readonly number[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return bytes.map((byte) => String.fromCharCode(byte < 0x80 ? byte : LOSSLESS_BYTE + byte)).join('');
  }
}

/** Quotes as Go's %q does. */
export function quote(text: string): string {
  let out = '"';
  for (const c of text) {
    const code = c.codePointAt(0)!;
    if (c === '"' || c === '\\') out += `\\${c}`;
    else if (code >= 0x20 && code < 0x7f) out += c;
    else out += escapeRune(c, code);
  }
  return `${out}"`;
}

const CONTROL_NAMES: Readonly<Record<number, string>> = { 7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r' };

function escapeRune(c: string, code: number): string {
  const name = CONTROL_NAMES[code];
  if (name !== undefined) return `\\${name}`;
  if (code >= LOSSLESS_BYTE + 0x80 && code <= LOSSLESS_BYTE + 0xff) return `\\x${(code - LOSSLESS_BYTE).toString(16)}`;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (/\p{L}|\p{M}|\p{N}|\p{P}|\p{S}/u.test(c)) return c;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
