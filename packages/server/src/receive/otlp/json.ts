import { AppError } from '@pitot/core';
import { OTLP_MESSAGES, type Field, type FieldKind, type MessageName } from './json-schema.ts';
import { WireWriter } from '@pitot/core/protobuf-writer';
import { parsedJson } from '../body.ts';

/** Deeper nesting is refused; objects and arrays count, and a request itself needs about twenty levels. */
const MAX_DEPTH = 80;
const UINT64 = 1n << 64n;

/**
 * Rewrites an OTLP/JSON request (`message`) as protobuf, so that there is one decoder for both. Follows the OTLP rules for JSON: names in
 * lowerCamelCase, ids in hex, 64-bit integers as numbers or strings, enums as numbers or names, unknown fields and nulls ignored.
 * Throws `bad_payload` with the position or the path of the wrong field.
 */
export function protobufOfJson(body: Uint8Array, message: MessageName): Uint8Array {
  if (isBlank(body)) throw new AppError('bad_payload', 'the JSON body is empty; an empty request is {}');
  const value = parsedJson(body);
  const out = new WireWriter(body.length);
  writeMessage(out, message, value, ROOT);
  return out.finish();
}

function isBlank(body: Uint8Array): boolean {
  return body.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

/** Where a value stands in the body; only put into words for an error. */
class Path {
  readonly depth: number;
  readonly #parent: Path | undefined;
  readonly #step: string | number;

  constructor(parent: Path | undefined, step: string | number) {
    this.#parent = parent;
    this.#step = step;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  toString(): string {
    if (this.#parent === undefined) return '';
    const before = this.#parent.toString();
    if (typeof this.#step === 'number') return `${before}[${this.#step}]`;
    return before === '' ? this.#step : `${before}.${this.#step}`;
  }
}

const ROOT = new Path(undefined, '');

function wrong(path: Path, expected: string): AppError {
  const where = path.toString() || 'the body';
  return new AppError('bad_payload', `${where} is not ${expected}`, { fields: { path: where } });
}

function writeMessage(out: WireWriter, message: MessageName, value: unknown, path: Path): void {
  if (path.depth > MAX_DEPTH) throw wrong(path, `nested at most ${MAX_DEPTH} deep`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, 'an object');
  const fields = OTLP_MESSAGES[message];
  for (const name in value) {
    const content = (value as Record<string, unknown>)[name];
    if (content === null || !Object.hasOwn(fields, name)) continue;
    const field = fields[name]!;
    const at = new Path(path, name);
    if (field.repeated !== true) writeField(out, field, content, at);
    else if (!Array.isArray(content)) throw wrong(at, 'an array');
    else for (let i = 0; i < content.length; i++) writeField(out, field, content[i], new Path(at, i));
  }
}

function writeField(out: WireWriter, { number, kind }: Field, value: unknown, path: Path): void {
  out.varint(number * 8 + wireTypeOf(kind));
  switch (kind) {
    case 'string':
      if (typeof value !== 'string') throw wrong(path, 'a string');
      out.text(value);
      return;
    case 'hex':
      out.bytes(hexOf(value, path));
      return;
    case 'base64':
      if (typeof value !== 'string') throw wrong(path, 'a string');
      out.bytes(Buffer.from(value, 'base64'));
      return;
    case 'bool':
      if (typeof value !== 'boolean') throw wrong(path, 'true or false');
      out.varint(value ? 1 : 0);
      return;
    case 'double':
      out.double(doubleOf(value, path));
      return;
    case 'fixed64':
      out.fixed64(integerOf(value, path, 0n, UINT64 - 1n));
      return;
    case 'sfixed64':
      out.fixed64(integerOf(value, path, -UINT64 / 2n, UINT64 / 2n - 1n));
      return;
    case 'int64':
      out.varint64(integerOf(value, path, -UINT64 / 2n, UINT64 / 2n - 1n));
      return;
    case 'uint64':
      out.varint64(integerOf(value, path, 0n, UINT64 - 1n));
      return;
    case 'uint32':
      out.varint64(integerOf(value, path, 0n, 0xffff_ffffn));
      return;
    case 'fixed32':
      out.fixed32(Number(integerOf(value, path, 0n, 0xffff_ffffn)));
      return;
    case 'sint32': {
      const integer = Number(integerOf(value, path, -0x8000_0000n, 0x7fff_ffffn));
      out.varint(integer < 0 ? -2 * integer - 1 : 2 * integer);
      return;
    }
    default:
      if ('message' in kind) {
        const start = out.open();
        writeMessage(out, kind.message, value, path);
        out.close(start);
      } else out.varint64(enumOf(kind, value, path));
  }
}

function wireTypeOf(kind: FieldKind): number {
  switch (kind) {
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return 1;
    case 'fixed32':
      return 5;
    case 'bool':
    case 'int64':
    case 'uint32':
    case 'uint64':
    case 'sint32':
      return 0;
    case 'string':
    case 'hex':
    case 'base64':
      return 2;
    default:
      return 'message' in kind ? 2 : 0;
  }
}

function hexOf(value: unknown, path: Path): Buffer {
  const text = value;
  if (typeof text !== 'string' || !/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw wrong(path, 'hexadecimal');
  return Buffer.from(text, 'hex');
}

function doubleOf(value: unknown, path: Path): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY;
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  throw wrong(path, 'a number');
}

function integerOf(value: unknown, path: Path, least: bigint, most: bigint): bigint {
  const isText = typeof value === 'string' && /^-?\d{1,20}$/.test(value);
  if (!isText && !(typeof value === 'number' && Number.isInteger(value))) throw wrong(path, 'an integer');
  const integer = BigInt(value as string | number);
  if (integer < least || integer > most) throw wrong(path, `an integer from ${least} to ${most}`);
  return integer;
}

function enumOf(names: readonly string[], value: unknown, path: Path): bigint {
  if (typeof value !== 'string') return integerOf(value, path, 0n, 0x7fff_ffffn);
  const number = names.indexOf(value);
  if (number < 0) throw wrong(path, `one of ${names.join(', ')}`);
  return BigInt(number);
}
