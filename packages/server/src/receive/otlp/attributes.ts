import { isUtf8 } from 'node:buffer';
import { malformed, type WireReader } from '@pitot/core/protobuf-wire';

/** An attribute with its value as text. */
export type Attribute = readonly [key: string, value: string];

/** Values nested deeper than this are refused. */
const MAX_DEPTH = 16;
/** Lists and maps with more elements than this, and messages with more attributes, are refused. */
const MAX_ELEMENTS = 10_000;

type AnyValue = string | boolean | number | bigint | null | Buffer | readonly AnyValue[] | Map<string, AnyValue>;

/** Reads one `KeyValue` into `into`; answers false, and adds nothing, where a string in it is not UTF-8. */
export function addAttribute(reader: WireReader, end: number, into: Attribute[]): boolean {
  const attribute = readAttribute(reader, end);
  if (attribute === undefined) return false;
  if (into.push(attribute) > MAX_ELEMENTS) throw malformed(reader.position, `there are more than ${MAX_ELEMENTS} attributes`);
  return true;
}

/** Reads one `KeyValue`; undefined where a string in it is not UTF-8. Source: opentelemetry-proto common/v1/common.proto. */
function readAttribute(reader: WireReader, end: number): Attribute | undefined {
  const invalid = { found: false, elements: 0 };
  const { key, value } = readKeyValue(reader, end, 0, invalid);
  return invalid.found ? undefined : [key, textOf(value)];
}

/** What one attribute was found to hold. */
interface Invalid {
  /** A string was not UTF-8. */
  found: boolean;
  /** Elements of lists and maps so far. */
  elements: number;
}

function readKeyValue(reader: WireReader, end: number, depth: number, invalid: Invalid): { key: string; value: AnyValue } {
  let key = '';
  let value: AnyValue = null;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) key = readText(reader, reader.length(end), invalid);
    else if (tag === 0x12) value = readValue(reader, reader.length(end), depth, invalid);
    else reader.skip(tag, end);
  }
  return { key, value };
}

function readValue(reader: WireReader, end: number, depth: number, invalid: Invalid): AnyValue {
  if (depth > MAX_DEPTH) throw malformed(reader.position, `an attribute value is nested deeper than ${MAX_DEPTH}`);
  if (++invalid.elements > MAX_ELEMENTS) throw malformed(reader.position, `an attribute value has more than ${MAX_ELEMENTS} elements`);
  let value: AnyValue = null;
  while (reader.position < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case 0x0a:
        value = readText(reader, reader.length(end), invalid);
        break;
      case 0x10:
        value = reader.varint(end) !== 0;
        break;
      case 0x18:
        reader.varintWords(end);
        value = (BigInt(reader.high | 0) << 32n) | BigInt(reader.low);
        break;
      case 0x21:
        value = reader.double(end);
        break;
      case 0x2a:
        value = readList(reader, reader.length(end), depth + 1, invalid);
        break;
      case 0x32:
        value = readMap(reader, reader.length(end), depth + 1, invalid);
        break;
      case 0x3a:
        value = readBytes(reader, reader.length(end));
        break;
      default:
        reader.skip(tag, end);
    }
  }
  return value;
}

function readList(reader: WireReader, end: number, depth: number, invalid: Invalid): AnyValue[] {
  const list: AnyValue[] = [];
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) list.push(readValue(reader, reader.length(end), depth, invalid));
    else reader.skip(tag, end);
  }
  return list;
}

function readMap(reader: WireReader, end: number, depth: number, invalid: Invalid): Map<string, AnyValue> {
  const map = new Map<string, AnyValue>();
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) {
      const { key, value } = readKeyValue(reader, reader.length(end), depth, invalid);
      map.set(key, value);
    } else reader.skip(tag, end);
  }
  return map;
}

/** A string from the reader's position to `end`; bytes that are not UTF-8 set `invalid`. */
function readText(reader: WireReader, end: number, invalid: Invalid): string {
  const bytes = readBytes(reader, end);
  if (!isUtf8(bytes)) invalid.found = true;
  return bytes.toString('utf8');
}

/** A view of the bytes from the reader's position to `end`. */
export function readBytes(reader: WireReader, end: number): Buffer {
  const start = reader.position;
  reader.position = end;
  return Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset + start, end - start);
}

/** Text of a value as the Collector's pdata writes it (`Value.AsString`): JSON for lists and maps, base64 for bytes. */
function textOf(value: AnyValue): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (typeof value === 'object') return JSON.stringify(jsonOf(value));
  return String(value);
}

function jsonOf(value: AnyValue): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map((element: AnyValue) => jsonOf(element));
  if (value instanceof Map) {
    const keys = [...value.keys()].sort();
    return Object.fromEntries(keys.map((key) => [key, jsonOf(value.get(key)!)]));
  }
  return typeof value === 'bigint' ? Number(value) : value;
}
