import type { RE2JS } from 're2js';
import type { MutableLogRecord } from '../logs/log-processor.ts';
import { severityOfText } from '../logs/severity.ts';

/** Bodies above this are not parsed as JSON, in UTF-16 units: what it makes in memory is many times as large. */
const LONGEST_JSON = 65_536;
const DEEPEST = 8;
const MOST_ATTRIBUTES = 128;
const LONGEST_NAME = 256;

const MESSAGE_KEYS = ['message', 'msg'];
const SEVERITY_KEYS = ['level', 'severity', 'severity_text', 'log.level', 'lvl'];
const TRACE_KEYS = ['trace_id', 'traceId', 'trace.id', 'traceid'];
const SPAN_KEYS = ['span_id', 'spanId', 'span.id', 'spanid'];
const HEX = /^[0-9a-f]+$/i;

/** Whether a body looks like a JSON object; false says that parsing would be in vain. */
function looksLikeJson(body: string): boolean {
  return body.length > 1 && body.length <= LONGEST_JSON && firstIs(body, '{') && body.trimEnd().endsWith('}');
}

function firstIs(body: string, wanted: string): boolean {
  const first = body.charAt(0);
  return first === wanted || ((first === ' ' || first === '\n' || first === '\t') && body.trimStart().startsWith(wanted));
}

/**
 * Takes a JSON object apart: message or msg becomes the body, the level the severity where none is set, trace and span ids the ids where none are set,
 * the rest attributes with dots between levels. Attributes that came with the record stay. Answers whether the body was a JSON object.
 */
export function parseJson(record: MutableLogRecord): boolean {
  if (!looksLikeJson(record.body)) return false;
  let object: unknown;
  try {
    object = JSON.parse(record.body);
  } catch {
    return false;
  }
  if (!isObject(object)) return false;
  const fields = new Map(Object.entries(object));
  takeKnown(record, fields);
  const budget = { left: MOST_ATTRIBUTES };
  for (const [name, value] of fields) addFlat(record, name, value, 1, budget);
  const message = takeText(fields, MESSAGE_KEYS);
  if (message !== undefined) record.body = message;
  return true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Severity and ids; what was taken is no attribute any more. The message stays in `fields` until the body is set, but is no attribute either. */
function takeKnown(record: MutableLogRecord, fields: Map<string, unknown>): void {
  for (const key of SEVERITY_KEYS) {
    const level = fields.get(key);
    if ((typeof level !== 'string' && typeof level !== 'number') || record.severityNumber !== 0) continue;
    if (setSeverity(record, String(level))) fields.delete(key);
  }
  if (record.traceId === '') {
    const id = takeHex(fields, TRACE_KEYS, 32);
    if (id !== undefined) record.traceId = id;
  }
  if (record.spanId === '') {
    const id = takeHex(fields, SPAN_KEYS, 16);
    if (id !== undefined) record.spanId = id;
  }
}

/** pino's and bunyan's levels go in tens from trace (10) to fatal (60). Syslog's 0 to 7 and OpenTelemetry's own numbers cannot be told apart and are left. */
function severityOfLevel(level: string): number {
  const number = Number(level);
  return number >= 10 && number <= 60 && number % 10 === 0 ? 1 + 4 * (number / 10 - 1) : severityOfText(level);
}

/** Sets the severity from a level's name or number; false where it is none. */
export function setSeverity(record: MutableLogRecord, level: string): boolean {
  const number = severityOfLevel(level);
  if (number === 0) return false;
  record.severityNumber = number;
  record.severityText = level;
  return true;
}

function takeHex(fields: Map<string, unknown>, keys: readonly string[], digits: number): string | undefined {
  for (const key of keys) {
    const value = fields.get(key);
    if (typeof value !== 'string' || value.length !== digits || !HEX.test(value)) continue;
    fields.delete(key);
    return value.toLowerCase();
  }
  return undefined;
}

function takeText(fields: ReadonlyMap<string, unknown>, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = fields.get(key);
    if (typeof value === 'string') return value;
  }
  return undefined;
}

function addFlat(record: MutableLogRecord, name: string, value: unknown, depth: number, budget: { left: number }): void {
  if (value === null || value === undefined || name.length > LONGEST_NAME || budget.left <= 0) return;
  if (depth === 1 && typeof value === 'string' && MESSAGE_KEYS.includes(name)) return;
  if (isObject(value) && depth < DEEPEST) {
    for (const [key, inner] of Object.entries(value)) addFlat(record, `${name}.${key}`, inner, depth + 1, budget);
    return;
  }
  budget.left--;
  const plain = typeof value === 'object' ? asJson(value) : typeof value === 'number' ? value : String(value);
  if (plain !== undefined) addAttribute(record, name, plain);
}

/** Undefined for what is nested so deeply that JSON can be read but not written. */
function asJson(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function addAttribute(record: MutableLogRecord, name: string, value: string | number): void {
  if (name !== '' && record.attribute(name) === undefined) record.setAttribute(name, value);
}

/** `level=info msg="cart is empty" items=0`; answers whether there was any pair. Message, level and ids go where those of JSON go. */
export function parseLogfmt(record: MutableLogRecord): boolean {
  const { body } = record;
  const fields = new Map<string, unknown>();
  let at = 0;
  while (at < body.length && fields.size < MOST_ATTRIBUTES) {
    const equals = body.indexOf('=', at);
    if (equals < 0) break;
    const nameStart = Math.max(body.lastIndexOf(' ', equals - 1) + 1, at);
    const name = body.slice(nameStart, equals);
    let end: number;
    let value: string;
    if (body.charAt(equals + 1) === '"') {
      end = closingQuote(body, equals + 2);
      value = body.slice(equals + 2, end).replaceAll(/\\(.)/g, '$1');
      end++;
    } else {
      const space = body.indexOf(' ', equals + 1);
      end = space < 0 ? body.length : space;
      value = body.slice(equals + 1, end);
    }
    if (/^[\w.@/-]{1,256}$/.test(name)) fields.set(name, numberOr(value));
    at = end;
  }
  if (fields.size === 0) return false;
  takeKnown(record, fields);
  for (const [name, value] of fields) if (!MESSAGE_KEYS.includes(name)) addAttribute(record, name, value as string | number);
  const message = takeText(fields, MESSAGE_KEYS);
  if (message !== undefined) record.body = message;
  return true;
}

function closingQuote(body: string, start: number): number {
  for (let i = start; i < body.length; i++) {
    const sign = body.charAt(i);
    if (sign === '\\') i++;
    else if (sign === '"') return i;
  }
  return body.length;
}

/** The named groups of a pattern become attributes; answers whether it was found. */
export function parsePattern(record: MutableLogRecord, pattern: RE2JS): boolean {
  const matcher = pattern.matcher(record.body);
  if (!matcher.find()) return false;
  for (const [name, value] of Object.entries(matcher.getNamedGroups())) if (value !== null) record.setAttribute(name, numberOr(value));
  return true;
}

const PLAIN_NUMBER = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/;

/** A decimal number that keeps its digits as a double; anything else stays text, such as `007` and ids of twenty digits. */
function numberOr(value: string): string | number {
  return PLAIN_NUMBER.test(value) && String(Number(value)) === value ? Number(value) : value;
}
