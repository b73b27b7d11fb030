import { AppError } from '@pitot/core';
import { OTLP_MESSAGES, type Field, type FieldKind } from './json-schema.ts';

/** Deeper nesting is refused; a request itself needs about ten levels. */
const MAX_DEPTH = 40;
const UINT64 = 1n << 64n;

/**
 * Rewrites an OTLP/JSON request as protobuf, so that there is one decoder for both. Follows the OTLP rules for JSON: names in
 * lowerCamelCase, ids in hex, 64-bit integers as numbers or strings, enums as numbers or names, unknown fields and nulls ignored.
 * Throws `bad_payload` with the position or the path of the wrong field.
 */
export function protobufOfJson(body: Uint8Array): Uint8Array {
  const text = textOf(body);
  if (text.trim() === '') throw new AppError('bad_payload', 'the JSON body is empty; an empty request is {}');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('bad_payload', `the body is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  return messageBytes('ExportMetricsServiceRequest', value, '', 0);
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new AppError('bad_payload', 'the JSON body is not UTF-8', { cause });
  }
}

function wrong(path: string, expected: string): AppError {
  const where = path === '' ? 'the body' : path.slice(1);
  return new AppError('bad_payload', `${where} is not ${expected}`, { fields: { path: where } });
}

function messageBytes(message: string, value: unknown, path: string, depth: number): Buffer {
  if (depth > MAX_DEPTH) throw wrong(path, `nested at most ${MAX_DEPTH} deep`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, 'an object');
  const fields = OTLP_MESSAGES[message]!;
  const parts: Buffer[] = [];
  for (const [name, content] of Object.entries(value)) {
    if (content === null || !Object.hasOwn(fields, name)) continue;
    fieldBytes(fields[name]!, content, `${path}.${name}`, depth, parts);
  }
  return Buffer.concat(parts);
}

function fieldBytes(field: Field, content: unknown, path: string, depth: number, parts: Buffer[]): void {
  if (field.repeated !== true) {
    parts.push(tagOf(field), valueBytes(field.kind, content, path, depth));
    return;
  }
  if (!Array.isArray(content)) throw wrong(path, 'an array');
  content.forEach((element: unknown, i) => parts.push(tagOf(field), valueBytes(field.kind, element, `${path}[${i}]`, depth)));
}

function tagOf({ number, kind }: Field): Buffer {
  return varint(BigInt(number * 8 + wireTypeOf(kind)));
}

function wireTypeOf(kind: FieldKind): number {
  switch (kind) {
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return 1;
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

function valueBytes(kind: FieldKind, value: unknown, path: string, depth: number): Buffer {
  switch (kind) {
    case 'string':
      return prefixed(Buffer.from(stringOf(value, path)));
    case 'hex':
      return prefixed(hexOf(value, path));
    case 'base64':
      return prefixed(Buffer.from(stringOf(value, path), 'base64'));
    case 'bool':
      if (typeof value !== 'boolean') throw wrong(path, 'true or false');
      return Buffer.from([value ? 1 : 0]);
    case 'double':
      return doubleBytes(doubleOf(value, path));
    case 'fixed64':
      return fixed64(integerOf(value, path, 0n, UINT64 - 1n));
    case 'sfixed64':
      return fixed64(BigInt.asUintN(64, integerOf(value, path, -UINT64 / 2n, UINT64 / 2n - 1n)));
    case 'int64':
      return varint(BigInt.asUintN(64, integerOf(value, path, -UINT64 / 2n, UINT64 / 2n - 1n)));
    case 'uint64':
      return varint(integerOf(value, path, 0n, UINT64 - 1n));
    case 'uint32':
      return varint(integerOf(value, path, 0n, 0xffff_ffffn));
    case 'sint32': {
      const integer = integerOf(value, path, -0x8000_0000n, 0x7fff_ffffn);
      return varint(integer < 0n ? -2n * integer - 1n : 2n * integer);
    }
    default:
      return 'message' in kind ? prefixed(messageBytes(kind.message, value, path, depth + 1)) : varint(enumOf(kind, value, path));
  }
}

function stringOf(value: unknown, path: string): string {
  if (typeof value !== 'string') throw wrong(path, 'a string');
  return value;
}

function hexOf(value: unknown, path: string): Buffer {
  const text = stringOf(value, path);
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw wrong(path, 'hexadecimal');
  return Buffer.from(text, 'hex');
}

function doubleOf(value: unknown, path: string): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY;
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  throw wrong(path, 'a number');
}

function integerOf(value: unknown, path: string, least: bigint, most: bigint): bigint {
  const isText = typeof value === 'string' && /^-?\d{1,20}$/.test(value);
  if (!isText && !(typeof value === 'number' && Number.isInteger(value))) throw wrong(path, 'an integer');
  const integer = BigInt(value as string | number);
  if (integer < least || integer > most) throw wrong(path, `an integer from ${least} to ${most}`);
  return integer;
}

function enumOf(names: readonly string[], value: unknown, path: string): bigint {
  if (typeof value !== 'string') return integerOf(value, path, 0n, 0x7fff_ffffn);
  const number = names.indexOf(value);
  if (number < 0) throw wrong(path, `one of ${names.join(', ')}`);
  return BigInt(number);
}

function prefixed(bytes: Buffer): Buffer {
  return Buffer.concat([varint(BigInt(bytes.length)), bytes]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function fixed64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function doubleBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}
