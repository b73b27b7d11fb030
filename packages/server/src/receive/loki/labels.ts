/** Labels of a stream, or the structured metadata of a line. */
export type LokiLabels = readonly (readonly [name: string, value: string])[];

const NAME = /[a-zA-Z_][a-zA-Z0-9_.:]*/y;
const SPACE = /\s*/y;
/** A Go string: in double quotes with escapes, or in back quotes as it is. */
const QUOTED = /"((?:[^"\\\n]|\\.)*)"|`([^`]*)`/y;
const ESCAPE = /\\(?:([abfnrtv\\"'])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))|\\./g;
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', '"': '"', "'": "'" };
const MAX_CODE_POINT = 0x10_ffff;

/** Reads `{name="value", …}` as promtail and Alloy write it; answers what is wrong where it is not that. */
export function parseLabels(text: string): LokiLabels | string {
  const labels: [string, string][] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  const takeText = (expected: string): boolean => {
    take(SPACE);
    if (!text.startsWith(expected, at)) return false;
    at += expected.length;
    take(SPACE);
    return true;
  };
  if (!takeText('{')) return problemAt(at, '"{"');
  while (!takeText('}')) {
    if (labels.length > 0 && !takeText(',')) return problemAt(at, '"," or "}"');
    // A comma may stand before the closing brace.
    if (labels.length > 0 && takeText('}')) break;
    const name = take(NAME)?.[0];
    if (name === undefined) return problemAt(at, 'a label name');
    if (!takeText('=')) return problemAt(at, '"="');
    const quoted = take(QUOTED);
    if (quoted === null) return problemAt(at, 'a quoted value');
    labels.push([name, quoted[2] ?? unescaped(quoted[1] ?? '')]);
  }
  return at === text.length ? labels : problemAt(at, 'the end');
}

function problemAt(at: number, expected: string): string {
  return `the stream's labels are malformed at character ${at + 1}: ${expected} was expected`;
}

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(ESCAPE, (all: string, simple?: string, hex?: string, short?: string, long?: string, octal?: string) => {
    if (simple !== undefined) return SIMPLE_ESCAPES[simple]!;
    const digits = hex ?? short ?? long;
    const point = digits === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(digits, 16);
    return point <= MAX_CODE_POINT ? String.fromCodePoint(point) : all;
  });
}
