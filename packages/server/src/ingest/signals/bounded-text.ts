import { isUtf8 } from 'node:buffer';
import type { ByteColumn, ByteSource } from './byte-column.ts';
import type { Repairs } from './repairs.ts';

/** Adds a piece of a request as a String value: made valid UTF-8, and cut where it is longer than the limit. Answers whether it is ASCII. */
export function addBoundedText(column: ByteColumn, from: ByteSource, start: number, end: number, limitBytes: number, repairs: Repairs): boolean {
  const before = column.size;
  if (end - start <= limitBytes) {
    if (column.sized(from, start, end)) return true;
    if (isUtf8(from.bytes.subarray(start, end))) return false;
    column.size = before;
  }
  addRepaired(column, Buffer.from(from.bytes.buffer, from.bytes.byteOffset + start, end - start), limitBytes, end - start, repairs);
  return false;
}

/** Adds a text of our own making as a String value. `originalBytes` is what the mark of a cut says. */
export function addBoundedString(column: ByteColumn, text: string, limitBytes: number, repairs: Repairs, originalBytes?: number): void {
  const bytes = Buffer.from(text);
  const isLonger = bytes.length > limitBytes || (originalBytes !== undefined && originalBytes > bytes.length);
  if (isLonger) addRepaired(column, bytes, limitBytes, originalBytes ?? bytes.length, repairs);
  else column.buffer(bytes);
}

function addRepaired(column: ByteColumn, bytes: Buffer, limitBytes: number, originalBytes: number, repairs: Repairs): void {
  let kept = bytes.subarray(0, boundary(bytes, limitBytes));
  if (!isUtf8(kept)) {
    repairs.add('invalid_utf8');
    const valid = Buffer.from(kept.toString());
    kept = valid.subarray(0, boundary(valid, limitBytes));
    if (valid.length === kept.length && bytes.length <= limitBytes) {
      column.buffer(valid);
      return;
    }
  }
  repairs.add('cut');
  column.buffer(Buffer.concat([kept, Buffer.from(`…[cut, ${originalBytes} bytes]`)]));
}

/** The last position up to `limitBytes` that does not lie within a character. */
function boundary(bytes: Uint8Array, limitBytes: number): number {
  if (bytes.length <= limitBytes) return bytes.length;
  for (let at = limitBytes; at > Math.max(0, limitBytes - 4); at--) {
    if ((bytes[at]! & 0xc0) !== 0x80) return at;
  }
  return limitBytes;
}
