import { AppError } from '@pitot/core';

/** `protobuf` is what `metric-family.ts` makes of a protobuf answer: OpenMetrics with the metric names of the text format. */
export type Dialect = 'text' | 'openmetrics' | 'protobuf';

/** What the parser found at the cursor. */
export type LineKind = 'series' | 'comment' | 'end';

const TAB = 9;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const EQUALS = 61;
const BACKSLASH = 92;
const UNDERSCORE = 95;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Mantissas below 2^53 and powers of ten up to 22 are exact doubles, so that one division rounds correctly (Clinger 1990). */
const MOST_EXACT_DIGITS = 15;
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** What JavaScript's Number takes and the formats do not. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Reads Prometheus' text format 0.0.4 or OpenMetrics 1.0 with one cursor over the whole body. The caller drives it line by line:
 * `next()`, then for a series either `expect(raw)` (the text of a series it already knows) or `scanSeries()`, then `readValue()`.
 * So a target that has not changed is read without looking into its labels. Every error is an AppError `bad_payload` with the line.
 */
export class ExpositionParser {
  readonly text: string;
  readonly #openMetrics: boolean;
  #position = 0;
  #sawEnd = false;
  /** The text of the series last scanned: everything before the value. */
  seriesStart = 0;
  seriesEnd = 0;
  /** Of the last `readValue`. */
  value = 0;
  /** Milliseconds since the epoch; NaN where the line carries no timestamp. */
  timestampMs = Number.NaN;
  /** The exemplar's text (`{labels} value [timestamp]`), or '' where there is none. */
  exemplar = '';

  constructor(text: string, dialect: Dialect) {
    this.text = text;
    this.#openMetrics = dialect !== 'text';
  }

  next(): LineKind {
    const { text } = this;
    for (;;) {
      if (this.#position >= text.length) {
        if (this.#openMetrics && !this.#sawEnd) this.#fail('the body ends without "# EOF"');
        return 'end';
      }
      if (this.#sawEnd) this.#fail('there is something after "# EOF"');
      const code = text.charCodeAt(this.#position);
      if (code === HASH) return 'comment';
      if (code !== NEWLINE && code !== SPACE && code !== TAB && code !== CARRIAGE_RETURN) return 'series';
      if (this.#openMetrics) this.#fail('empty lines and spaces before a line are not OpenMetrics');
      this.#position++;
    }
  }

  /** Takes a comment that reads exactly like `raw`. */
  expectComment(raw: string | undefined): boolean {
    if (raw === undefined || !this.text.startsWith(raw, this.#position)) return false;
    const end = this.#position + raw.length;
    if (this.text.charCodeAt(end) !== NEWLINE) return false;
    this.#position = end + 1;
    return true;
  }

  /** The comment at the cursor, whole, without its line end. */
  readComment(): string {
    let end = this.text.indexOf('\n', this.#position);
    if (end < 0) end = this.text.length;
    const comment = this.text.slice(this.#position, end);
    if (this.#openMetrics) {
      if (comment === '# EOF') this.#sawEnd = true;
      else if (!/^# (?:HELP|TYPE|UNIT) /.test(comment)) this.#fail(`expected "# HELP", "# TYPE", "# UNIT" or "# EOF", got "${shortened(comment)}"`);
    }
    this.#position = end + 1;
    return comment;
  }

  /** Takes a series that reads exactly like `raw`, and is followed by its value. */
  expect(raw: string): boolean {
    const start = this.#position;
    if (!this.text.startsWith(raw, start)) return false;
    const end = start + raw.length;
    const code = this.text.charCodeAt(end);
    if (code !== SPACE && code !== TAB) return false;
    this.seriesStart = start;
    this.seriesEnd = end;
    this.#position = end;
    return true;
  }

  /** Finds where the series at the cursor ends; does not check what is in it (`parseSeries` does). */
  scanSeries(): void {
    const { text } = this;
    this.seriesStart = this.#position;
    let at = this.#position;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === OPEN_BRACE || code === SPACE || code === TAB || code === NEWLINE) break;
    }
    let nameEnd = at;
    while (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB) at++;
    if (text.charCodeAt(at) === OPEN_BRACE) nameEnd = closingBrace(text, at) + 1;
    if (nameEnd <= 0) this.#fail('the labels are not closed with }');
    this.seriesEnd = nameEnd;
    this.#position = nameEnd;
  }

  /** Reads value, timestamp and exemplar, and goes to the next line. */
  readValue(): void {
    const { text } = this;
    this.#skipSpaces();
    this.value = this.#number('a value');
    this.timestampMs = Number.NaN;
    this.exemplar = '';
    let code = text.charCodeAt(this.#position);
    if (code === SPACE || code === TAB) {
      this.#skipSpaces();
      code = text.charCodeAt(this.#position);
      if (code !== HASH && code !== NEWLINE && code === code) {
        const timestamp = this.#number('a timestamp');
        this.timestampMs = this.#openMetrics ? Math.round(timestamp * 1000) : timestamp;
        if (!Number.isSafeInteger(this.timestampMs)) this.#fail('the timestamp is not a time');
        this.#skipSpaces();
        code = text.charCodeAt(this.#position);
      }
    }
    if (code === HASH && this.#openMetrics) code = this.#readExemplar();
    if (code === CARRIAGE_RETURN && !this.#openMetrics) code = text.charCodeAt(++this.#position);
    // NaN is the end of the body: text 0.0.4 forgives a missing last line end.
    if (code === code && code !== NEWLINE) this.#fail('there is something after the value and timestamp');
    this.#position++;
  }

  /** The labels of the series last scanned, as pairs in the order of the text, the name as `__name__`. */
  seriesPairs(): [string, string][] {
    return parseSeries(this.text.slice(this.seriesStart, this.seriesEnd), (message) => this.#fail(message));
  }

  /** The exemplar of the last line; its timestamp is NaN where it has none. */
  exemplarParts(): { pairs: [string, string][]; value: number; timestampMs: number } {
    const close = closingBrace(this.exemplar, 0);
    const pairs = parseLabels(this.exemplar.slice(0, close + 1), 0, (message) => this.#fail(`in the exemplar: ${message}`)).pairs;
    const [value = '', timestamp] = this.exemplar.slice(close + 1).trim().split(/\s+/);
    const timestampMs = timestamp === undefined ? Number.NaN : Math.round(this.#parse(timestamp, 'a timestamp') * 1000);
    return { pairs, value: this.#parse(value, 'a value'), timestampMs };
  }

  #readExemplar(): number {
    const start = this.#position + 1;
    let end = this.text.indexOf('\n', start);
    if (end < 0) end = this.text.length;
    const exemplar = this.text.slice(start, end).trim();
    const close = exemplar.charCodeAt(0) === OPEN_BRACE ? closingBrace(exemplar, 0) : -1;
    if (close < 0 || close === exemplar.length - 1) this.#fail('expected an exemplar such as # {trace_id="…"} 0.5');
    this.exemplar = exemplar;
    this.#position = end;
    return this.text.charCodeAt(end);
  }

  #skipSpaces(): void {
    let code = this.text.charCodeAt(this.#position);
    while (code === SPACE || code === TAB) code = this.text.charCodeAt(++this.#position);
  }

  /** Reads the number at the cursor. Short decimals are computed in place, without making a string. */
  #number(what: string): number {
    const { text } = this;
    const start = this.#position;
    let at = start;
    let code = text.charCodeAt(at);
    const negative = code === MINUS;
    if (negative || code === PLUS) code = text.charCodeAt(++at);
    let mantissa = 0;
    let digits = 0;
    let decimals = 0;
    let sawPoint = false;
    for (; ; code = text.charCodeAt(++at)) {
      if (code >= ZERO && code <= NINE) {
        mantissa = mantissa * 10 + (code - ZERO);
        digits++;
        if (sawPoint) decimals++;
      } else if (code === POINT && !sawPoint) sawPoint = true;
      else break;
    }
    const ended = code === SPACE || code === NEWLINE || code === TAB || code === CARRIAGE_RETURN || code !== code;
    if (ended && digits > 0 && digits <= MOST_EXACT_DIGITS) {
      this.#position = at;
      const value = mantissa / POWERS_OF_TEN[decimals]!;
      return negative ? -value : value;
    }
    while (code !== SPACE && code !== NEWLINE && code !== TAB && code !== CARRIAGE_RETURN && code === code) code = text.charCodeAt(++at);
    this.#position = at;
    return this.#parse(text.slice(start, at), what);
  }

  #parse(token: string, what: string): number {
    if (NUMBER.test(token)) return Number(token);
    switch (token.toLowerCase()) {
      case 'nan':
        return Number.NaN;
      case 'inf':
      case '+inf':
      case 'infinity':
      case '+infinity':
        return Number.POSITIVE_INFINITY;
      case '-inf':
      case '-infinity':
        return Number.NEGATIVE_INFINITY;
      default:
        return this.#fail(`expected ${what}, got "${shortened(token)}"`);
    }
  }

  #fail(message: string): never {
    let line = 1;
    const end = Math.min(this.#position, this.text.length - 1);
    for (let at = this.text.indexOf('\n'); at >= 0 && at < end; at = this.text.indexOf('\n', at + 1)) line++;
    throw new AppError('bad_payload', `line ${line}: ${message}`, { fields: { line } });
  }
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** The index of the brace that closes the one at `open`, minding quotes and escapes; -1 where the line ends before. */
function closingBrace(text: string, open: number): number {
  let quoted = false;
  for (let at = open + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === CLOSE_BRACE) return at;
    else if (code === NEWLINE) return -1;
  }
  return -1;
}

function isNameCode(code: number, first: boolean, colon: boolean): boolean {
  const lower = code | 32;
  return (lower >= 97 && lower <= 122) || code === UNDERSCORE || (colon && code === COLON) || (!first && code >= ZERO && code <= NINE);
}

function nameEnd(text: string, start: number, colon: boolean): number {
  let at = start;
  while (at < text.length && isNameCode(text.charCodeAt(at), at === start, colon)) at++;
  return at;
}

/** Parses `name{label="value",…}`, `name`, or with a quoted UTF-8 name `{"name",label="value"}`. */
function parseSeries(raw: string, fail: (message: string) => never): [string, string][] {
  const end = nameEnd(raw, 0, true);
  let at = end;
  while (raw.charCodeAt(at) === SPACE || raw.charCodeAt(at) === TAB) at++;
  if (at < raw.length && raw.charCodeAt(at) !== OPEN_BRACE) fail(`"${shortened(raw)}" is not a metric name`);
  const pairs: [string, string][] = [];
  let name = raw.slice(0, end);
  if (at < raw.length) {
    const labels = parseLabels(raw, at, fail);
    pairs.push(...labels.pairs);
    if (labels.metric !== undefined) {
      if (name !== '') fail('the metric name is given twice');
      name = labels.metric;
    }
  }
  if (name === '') fail('the metric name is missing');
  pairs.push(['__name__', name]);
  if (new Set(pairs.map(([label]) => label)).size < pairs.length) fail(`a label name is repeated in "${shortened(raw)}"`);
  return pairs;
}

function parseLabels(raw: string, open: number, fail: (message: string) => never): { pairs: [string, string][]; metric?: string } {
  const pairs: [string, string][] = [];
  let metric: string | undefined;
  let at = open + 1;
  const skip = () => {
    while (raw.charCodeAt(at) === SPACE || raw.charCodeAt(at) === TAB) at++;
  };
  for (;;) {
    skip();
    if (raw.charCodeAt(at) === CLOSE_BRACE) break;
    let name: string;
    const quotedName = raw.charCodeAt(at) === QUOTE;
    if (quotedName) [name, at] = quoted(raw, at, fail);
    else {
      const end = nameEnd(raw, at, false);
      if (end === at) fail(`expected a label name, got "${shortened(raw.slice(at))}"`);
      name = raw.slice(at, end);
      at = end;
    }
    skip();
    if (quotedName && raw.charCodeAt(at) !== EQUALS) {
      if (metric !== undefined) fail('the metric name is given twice');
      metric = name;
    } else {
      if (raw.charCodeAt(at) !== EQUALS) fail(`expected = after the label name "${shortened(name)}"`);
      at++;
      skip();
      if (raw.charCodeAt(at) !== QUOTE) fail(`expected a quoted value for the label "${shortened(name)}"`);
      let value: string;
      [value, at] = quoted(raw, at, fail);
      pairs.push([name, value]);
    }
    skip();
    if (raw.charCodeAt(at) === COMMA) at++;
    else if (raw.charCodeAt(at) !== CLOSE_BRACE) fail('expected , or } after a label');
  }
  return metric === undefined ? { pairs } : { pairs, metric };
}

/** The unescaped string that opens at `start`, and the index after its closing quote. */
function quoted(raw: string, start: number, fail: (message: string) => never): [string, number] {
  let at = start + 1;
  let escaped = false;
  for (; at < raw.length && raw.charCodeAt(at) !== QUOTE; at++) {
    if (raw.charCodeAt(at) === BACKSLASH) {
      escaped = true;
      at++;
    }
  }
  if (at >= raw.length) fail('a quote is not closed');
  const inner = raw.slice(start + 1, at);
  return [escaped ? unescape(inner) : inner, at + 1];
}

/** `\\`, `\"` and `\n`; any other backslash stands for itself. */
export function unescape(text: string): string {
  return text.replaceAll(/\\([\\"n])/g, (_, code: string) => (code === 'n' ? '\n' : code));
}
