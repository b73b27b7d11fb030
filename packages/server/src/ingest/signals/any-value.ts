import type { WireReader } from '@pitot/core/protobuf-wire';

/** Fields of `AnyValue`. Source: opentelemetry-proto common/v1/common.proto. */
const STRING = 0x0a;
const BOOL = 0x10;
const INT = 0x18;
const DOUBLE = 0x21;
const ARRAY = 0x2a;
const MAP = 0x32;
const BYTES = 0x3a;
const ELEMENT = 0x0a;
const KEY = 0x0a;
const VALUE = 0x12;

/** Lists and maps nested deeper than this, and elements after so many, are shown as "…". */
const MOST_DEPTH = 16;
const MOST_ELEMENTS = 10_000;
const LEFT_OUT = '"…"';

export type ValueKind = 'none' | 'string' | 'bool' | 'int' | 'double' | 'composite' | 'bytes';

/** What one `AnyValue` holds. Reused, so that nothing is allocated per value. */
export class ValueView {
  kind: ValueKind = 'none';
  /** Where the bytes of a string, of bytes or of a whole composite `AnyValue` are. */
  start = 0;
  end = 0;
  /** A bool (0 or 1), an int as far as it is exact, or a double. */
  number = 0;
  /** The words of an int. */
  low = 0;
  high = 0;

  /** Reads the fields of the `AnyValue` at the reader's position; the last one counts. */
  read(reader: WireReader, end: number): void {
    const from = reader.position;
    this.kind = 'none';
    while (reader.position < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case STRING:
          this.#range('string', reader, end);
          break;
        case BYTES:
          this.#range('bytes', reader, end);
          break;
        case ARRAY:
        case MAP:
          reader.position = reader.length(end);
          this.kind = 'composite';
          this.start = from;
          this.end = end;
          break;
        case BOOL:
          this.number = reader.varint(end) === 0 ? 0 : 1;
          this.kind = 'bool';
          break;
        case INT:
          reader.varintWords(end);
          this.low = reader.low;
          this.high = reader.high;
          this.number = (reader.high | 0) * 0x1_0000_0000 + reader.low;
          this.kind = 'int';
          break;
        case DOUBLE:
          this.number = reader.double(end);
          this.kind = 'double';
          break;
        default:
          reader.skip(tag, end);
      }
    }
  }

  /** An int as exact decimal text. */
  intText(): string {
    return Number.isSafeInteger(this.number) ? String(this.number) : String((BigInt(this.high | 0) << 32n) | BigInt(this.low >>> 0));
  }

  #range(kind: ValueKind, reader: WireReader, end: number): void {
    this.end = reader.length(end);
    this.start = reader.position;
    this.kind = kind;
    reader.position = this.end;
  }
}

interface Budget {
  elements: number;
  /** UTF-16 units that may still be written; what comes after is left out. */
  characters: number;
}

/**
 * The JSON of the `AnyValue` at the reader's position: numbers exact, bytes in base64, NaN and infinities as strings. Bounded in
 * depth, elements and length; what is above is "…". `isWhole` says whether that happened.
 */
export function jsonOfValue(reader: WireReader, end: number, mostCharacters: number): { json: string; isWhole: boolean } {
  const budget = { elements: MOST_ELEMENTS, characters: mostCharacters };
  const json = valueJson(reader, end, 0, budget);
  return { json, isWhole: budget.characters >= 0 && budget.elements >= 0 };
}

function valueJson(reader: WireReader, end: number, depth: number, budget: Budget): string {
  if (depth > MOST_DEPTH || --budget.elements < 0 || budget.characters < 0) {
    reader.position = end;
    return LEFT_OUT;
  }
  const view = new ValueView();
  view.read(reader, end);
  if (view.kind !== 'composite') return spend(scalarJson(reader, view, budget), budget);
  const { start } = view;
  reader.position = start;
  let json = 'null';
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === ARRAY) json = listJson(reader, reader.length(end), depth, budget);
    else if (tag === MAP) json = mapJson(reader, reader.length(end), depth, budget);
    else reader.skip(tag, end);
  }
  return json;
}

function scalarJson(reader: WireReader, view: ValueView, budget: Budget): string {
  switch (view.kind) {
    case 'string':
      return JSON.stringify(sliceText(reader, view.start, view.end, budget));
    case 'bytes':
      return JSON.stringify(bytesOf(reader, view.start, Math.min(view.end, view.start + budget.characters)).toString('base64'));
    case 'bool':
      return view.number === 0 ? 'false' : 'true';
    case 'int':
      return view.intText();
    case 'double':
      return Number.isFinite(view.number) ? String(view.number) : `"${view.number}"`;
    default:
      return 'null';
  }
}

function spend(json: string, budget: Budget): string {
  budget.characters -= json.length;
  return json;
}

function listJson(reader: WireReader, end: number, depth: number, budget: Budget): string {
  const parts: string[] = [];
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag !== ELEMENT) reader.skip(tag, end);
    else if (isSpent(budget)) reader.position = end;
    else parts.push(valueJson(reader, reader.length(end), depth + 1, budget));
  }
  return `[${parts.join(',')}]`;
}

function mapJson(reader: WireReader, end: number, depth: number, budget: Budget): string {
  const parts = new Map<string, string>();
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag !== ELEMENT) {
      reader.skip(tag, end);
    } else if (isSpent(budget)) {
      reader.position = end;
    } else {
      const entryEnd = reader.length(end);
      let key = '';
      let json = 'null';
      while (reader.position < entryEnd) {
        const field = reader.tag(entryEnd);
        if (field === KEY) {
          const keyEnd = reader.length(entryEnd);
          key = sliceText(reader, reader.position, keyEnd, budget);
          reader.position = keyEnd;
        } else if (field === VALUE) json = valueJson(reader, reader.length(entryEnd), depth + 1, budget);
        else reader.skip(field, entryEnd);
      }
      parts.set(spend(JSON.stringify(key), budget), json);
    }
  }
  return `{${[...parts].map(([key, json]) => `${key}:${json}`).join(',')}}`;
}

function isSpent(budget: Budget): boolean {
  return budget.elements < 0 || budget.characters < 0;
}

/** No longer than what may still be written. */
function sliceText(reader: WireReader, start: number, end: number, budget: Budget): string {
  const most = start + Math.max(0, budget.characters) + 1;
  return bytesOf(reader, start, Math.min(end, most)).toString();
}

/** A view of a piece of the request. */
export function bytesOf({ bytes }: WireReader, start: number, end: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.max(0, end - start));
}
