import type { WireReader } from '@pitot/core/protobuf-wire';
import { bytesOf, jsonOfValue, type ValueView } from './any-value.ts';
import { addBoundedString, addBoundedText } from './bounded-text.ts';
import { textColumn, type ByteColumn } from './byte-column.ts';
import type { Repairs } from './repairs.ts';

/**
 * Adds the `AnyValue` at the reader's position as text: strings as they are, ints exact, doubles as short as can be, bytes in base64, lists and maps
 * as JSON. `view` holds afterwards what it was. Answers whether the text is surely ASCII.
 */
export function addValueText(column: ByteColumn, reader: WireReader, end: number, view: ValueView, limitBytes: number, repairs: Repairs): boolean {
  const start = reader.position;
  view.read(reader, end);
  switch (view.kind) {
    case 'string':
      return addBoundedText(column, reader, view.start, view.end, limitBytes, repairs);
    case 'int':
      if (view.high === 0 && view.low < 1e9) column.decimal(view.low);
      else column.text(view.intText());
      return true;
    case 'double':
      column.text(String(view.number));
      return true;
    case 'bool':
      column.column(view.number === 0 ? FALSE : TRUE);
      return true;
    case 'bytes':
      addBase64(column, bytesOf(reader, view.start, view.end), limitBytes, repairs);
      return false;
    case 'composite':
      reader.position = start;
      addJson(column, reader, end, limitBytes, repairs);
      return false;
    default:
      column.uint8(0);
      return true;
  }
}

function addBase64(column: ByteColumn, bytes: Buffer, limitBytes: number, repairs: Repairs): void {
  // No more than is kept: the rest would be cut off again.
  const text = bytes.subarray(0, limitBytes).toString('base64');
  addBoundedString(column, text, limitBytes, repairs, 4 * Math.ceil(bytes.length / 3));
}

function addJson(column: ByteColumn, reader: WireReader, end: number, limitBytes: number, repairs: Repairs): void {
  const sizeBytes = end - reader.position;
  const { json, isWhole } = jsonOfValue(reader, end, limitBytes);
  if (isWhole) addBoundedString(column, json, limitBytes, repairs);
  else addBoundedString(column, json, limitBytes, repairs, Math.max(sizeBytes, limitBytes + 1));
}

const TRUE = textColumn('true');
const FALSE = textColumn('false');
