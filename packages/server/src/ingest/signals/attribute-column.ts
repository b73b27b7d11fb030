import type { WireReader } from '@pitot/core/protobuf-wire';
import { sizedTextEnd } from '../native-columns.ts';
import { ValueView } from './any-value.ts';
import { addBoundedString, addBoundedText } from './bounded-text.ts';
import { ByteColumn } from './byte-column.ts';
import type { Repairs } from './repairs.ts';
import { addValueText } from './value-text.ts';

const KEY = 0x0a;
const VALUE = 0x12;
const STRING_VALUE = 0x0a;
const INT_VALUE = 0x18;
/** A tag and four bytes of a varint: below 2^28, and not negative. */
const SMALL_INT_BYTES = 5;
/** Tag and size of the value, tag and size of its string. */
const VALUE_HEAD_BYTES = 4;
/** Keys are cut where no key that means anything is as long. */
const MOST_KEY_BYTES = 1024;
/** The golden ratio: spreads bits in a product. */
const MULTIPLIER = 0x9e37_79b1;

export interface AttributeLimits {
  readonly attributes_per_record: number;
  readonly attribute_value_bytes: number;
}

/** Sizes of the parts of a column. */
interface ColumnMark {
  readonly count: number;
  readonly ends: number;
  readonly keys: number;
  readonly values: number;
}

/** A `Map(String, Float64)` column: the attributes of an `AttributeColumn` that came as int or double. */
export class NumberColumn {
  readonly ends = new ByteColumn();
  readonly keys = new ByteColumn();
  readonly values = new ByteColumn();
  count = 0;
  readonly parts: readonly ByteColumn[] = [this.ends, this.keys, this.values];

  add(from: ByteColumn, keyStart: number, value: number): void {
    this.keys.raw(from, keyStart, from.size);
    this.values.float64(value);
    this.count++;
  }
}

/**
 * A `Map(String, String)` column made of OTLP attributes. Keys and strings are copied from the request; only other kinds of values
 * become text here. Of a key that comes twice the last value counts. One row is filled at a time: `add…` then `endRow`.
 */
export class AttributeColumn {
  readonly ends = new ByteColumn();
  readonly keys = new ByteColumn();
  readonly values = new ByteColumn();
  readonly numbers: NumberColumn | undefined;
  /** In the order of Native: end offsets, keys, values. */
  readonly parts: readonly ByteColumn[] = [this.ends, this.keys, this.values];
  /** Entries of all rows that are ended. */
  count = 0;
  /** Entries of the row being filled, with those that a later one replaced. */
  entries = 0;
  readonly #limits: AttributeLimits;
  readonly #mostEntries: number;
  /** A value field below this many bytes has a size of one byte and is not to be cut. */
  readonly #shortBytes: number;
  readonly #repairs: Repairs;
  readonly #value = new ValueView();
  /** By entry of the row: hash of the key, where key, value and number start (-1: not a number). A replaced key has hash 0 and start -1. */
  #hashes = new Int32Array(16);
  #keyStarts = new Int32Array(16);
  #valueStarts = new Int32Array(16);
  #numberStarts = new Int32Array(16);
  #replaced = 0;
  /** One bit per hash in the row: where it is not set, the key is new. */
  #seen = 0;
  /** Where the row being filled starts. */
  #rowKeys = 0;
  #rowValues = 0;
  #rowNumbers = 0;
  #rowNumberKeys = 0;
  #mark: ColumnMark = { count: 0, ends: 0, keys: 0, values: 0 };

  constructor(limits: AttributeLimits, repairs: Repairs, numbers?: NumberColumn) {
    this.#limits = limits;
    this.#mostEntries = limits.attributes_per_record;
    this.#shortBytes = Math.min(0x80, limits.attribute_value_bytes + VALUE_HEAD_BYTES + 1);
    this.#repairs = repairs;
    this.numbers = numbers;
  }

  /** Forgets all rows. */
  reset(): void {
    for (const part of this.parts) part.reset();
    this.count = 0;
    for (const part of this.numbers?.parts ?? []) part.reset();
    if (this.numbers !== undefined) this.numbers.count = 0;
    this.#startRow();
  }

  /** Adds the `KeyValue` at the reader's position, which ends at `end`. */
  add(reader: WireReader, end: number): void {
    // Nearly all are so: key, then value, then its string, each with a size of one byte. Then size and bytes are a String value as they stand.
    const { bytes } = reader;
    const at = reader.position;
    const valueAt = at + 2 + bytes[at + 1]!;
    if (
      valueAt + VALUE_HEAD_BYTES <= end &&
      end - valueAt < this.#shortBytes &&
      bytes[at] === KEY &&
      bytes[at + 1]! < 0x80 &&
      bytes[valueAt] === VALUE &&
      bytes[valueAt + 1] === end - valueAt - 2 &&
      bytes[valueAt + 2] === STRING_VALUE &&
      bytes[valueAt + 3] === end - valueAt - VALUE_HEAD_BYTES &&
      this.entries < this.#mostEntries
    ) {
      const { keys, values } = this;
      const keyStart = keys.size;
      const valueStart = values.size;
      if (keys.raw(reader, at + 1, valueAt) && values.raw(reader, valueAt + 3, end)) {
        this.#beginEntry(keyStart, valueStart);
        reader.position = end;
        return;
      }
      // Not ASCII: to be looked at closely.
      keys.size = keyStart;
      values.size = valueStart;
    }
    this.#addAny(reader, end);
  }

  #addAny(reader: WireReader, end: number): void {
    let keyStart = 0;
    let keyEnd = 0;
    let valueStart = 0;
    let valueEnd = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === KEY) {
        keyEnd = reader.length(end);
        keyStart = reader.position;
        reader.position = keyEnd;
      } else if (tag === VALUE) {
        valueEnd = reader.length(end);
        valueStart = reader.position;
        reader.position = valueEnd;
      } else reader.skip(tag, end);
    }
    if (this.#isFull()) return;
    const { keys } = this;
    const { attribute_value_bytes: limitBytes } = this.#limits;
    const keyAt = keys.size;
    addBoundedText(keys, reader, keyStart, keyEnd, MOST_KEY_BYTES, this.#repairs);
    this.#beginEntry(keyAt, this.values.size);
    if (valueStart < valueEnd && reader.bytes[valueStart] === STRING_VALUE) {
      reader.position = valueStart + 1;
      const textEnd = reader.length(valueEnd);
      if (textEnd === valueEnd) {
        addBoundedText(this.values, reader, reader.position, textEnd, limitBytes, this.#repairs);
        reader.position = end;
        return;
      }
    }
    const sizeBytes = valueEnd - valueStart;
    if (sizeBytes > 1 && sizeBytes <= SMALL_INT_BYTES && reader.bytes[valueStart] === INT_VALUE) {
      reader.position = valueStart + 1;
      const value = reader.varint(valueEnd);
      if (reader.position === valueEnd) {
        this.values.decimal(value);
        this.#addNumber(keyAt, value);
        reader.position = end;
        return;
      }
    }
    reader.position = valueStart;
    this.#addValue(reader, valueEnd, keyAt);
    reader.position = end;
  }

  /** Adds an entry of our own making. */
  addText(key: string, value: string, number?: number): void {
    if (this.#isFull()) return;
    const keyAt = this.keys.size;
    addBoundedString(this.keys, key, MOST_KEY_BYTES, this.#repairs);
    this.#beginEntry(keyAt, this.values.size);
    addBoundedString(this.values, value, this.#limits.attribute_value_bytes, this.#repairs);
    if (number !== undefined) this.#addNumber(keyAt, number);
  }

  #isFull(): boolean {
    if (this.entries < this.#mostEntries) return false;
    this.#repairs.add('too_many_attributes');
    return true;
  }

  #addValue(reader: WireReader, end: number, keyAt: number): void {
    const value = this.#value;
    addValueText(this.values, reader, end, value, this.#limits.attribute_value_bytes, this.#repairs);
    if (value.kind === 'int' || value.kind === 'double') this.#addNumber(keyAt, value.number);
  }

  #addNumber(keyAt: number, value: number): void {
    const { numbers } = this;
    if (numbers === undefined) return;
    this.#numberStarts[this.entries - 1] = numbers.values.size;
    numbers.add(this.keys, keyAt, value);
  }

  /** Notes the entry whose key was just added at `keyAt`, and marks an earlier one with the same key as replaced. */
  #beginEntry(keyAt: number, valueAt: number): void {
    const { keys, entries } = this;
    if (entries === this.#hashes.length) this.#growEntries();
    const { view, size } = keys;
    // The size of the key goes into the hash with the byte before its text. A column has slack behind its end, so that whole words can be read.
    let hash = 1;
    let at = keyAt;
    for (; at + 4 <= size; at += 4) hash = Math.imul(hash ^ view.getInt32(at, true), MULTIPLIER);
    if (at < size) hash = Math.imul(hash ^ (view.getInt32(at, true) << (8 * (at + 4 - size))), MULTIPLIER);
    hash ^= hash >>> 15;
    // 0 is for an entry that was replaced.
    hash |= 0x40;
    const bit = 1 << (hash & 31);
    if ((this.#seen & bit) !== 0) this.#replace(hash, keyAt);
    this.#seen |= bit;
    this.#hashes[entries] = hash;
    this.#keyStarts[entries] = keyAt;
    this.#valueStarts[entries] = valueAt;
    this.#numberStarts[entries] = -1;
    this.entries = entries + 1;
  }

  #replace(hash: number, keyAt: number): void {
    const hashes = this.#hashes;
    for (let i = 0; i < this.entries; i++) {
      if (hashes[i] !== hash || !this.#isSameKey(i, keyAt)) continue;
      hashes[i] = 0;
      this.#replaced++;
      return;
    }
  }

  #isSameKey(entry: number, keyAt: number): boolean {
    const { bytes, size } = this.keys;
    const start = this.#keyStarts[entry]!;
    const end = this.#keyStarts[entry + 1]!;
    // The last entry's key ends where the new one starts.
    return bytes.compare(bytes, start, entry + 1 === this.entries ? keyAt : end, keyAt, size) === 0;
  }

  #growEntries(): void {
    const grown = (array: Int32Array): Int32Array<ArrayBuffer> => {
      const larger = new Int32Array(2 * array.length);
      larger.set(array);
      return larger;
    };
    this.#hashes = grown(this.#hashes);
    this.#keyStarts = grown(this.#keyStarts);
    this.#valueStarts = grown(this.#valueStarts);
    this.#numberStarts = grown(this.#numberStarts);
  }

  endRow(): void {
    if (this.#replaced > 0) this.#compact();
    this.count += this.entries;
    this.ends.uint64(this.count);
    this.numbers?.ends.uint64(this.numbers.count);
    this.#startRow();
  }

  /** Takes back what was added to the row being filled. */
  dropRow(): void {
    this.keys.size = this.#rowKeys;
    this.values.size = this.#rowValues;
    const { numbers } = this;
    if (numbers !== undefined) {
      numbers.count = this.#rowNumbers;
      numbers.values.size = 8 * this.#rowNumbers;
      numbers.keys.size = this.#rowNumberKeys;
    }
    this.#startRow();
  }

  #startRow(): void {
    this.entries = 0;
    this.#replaced = 0;
    this.#seen = 0;
    this.#rowKeys = this.keys.size;
    this.#rowValues = this.values.size;
    if (this.numbers === undefined) return;
    this.#rowNumbers = this.numbers.count;
    this.#rowNumberKeys = this.numbers.keys.size;
  }

  /** Remembers the rows ended so far, for `rewind`. Not for a column with numbers. */
  mark(): void {
    this.#mark = { count: this.count, ends: this.ends.size, keys: this.keys.size, values: this.values.size };
  }

  /** Takes back the rows ended since `mark`. */
  rewind(): void {
    const { count, ends, keys, values } = this.#mark;
    this.count = count;
    this.ends.size = ends;
    this.keys.size = keys;
    this.values.size = values;
    this.#startRow();
  }

  /** The value of an attribute of the row being filled, or ''. */
  textOf(name: string): string {
    const wanted = sizedBytes(name);
    const { keys } = this;
    for (let i = this.entries - 1; i >= 0; i--) {
      const start = this.#keyStarts[i]!;
      const end = i + 1 === this.entries ? keys.size : this.#keyStarts[i + 1]!;
      if (end - start === wanted.length && keys.bytes.compare(wanted, 0, wanted.length, start, end) === 0) return textAt(this.values, this.#valueStarts[i]!);
    }
    return '';
  }

  /** Names and values of the row being filled, flat; numbers by name into `numbers`. */
  rowTexts(numbers: Map<string, number>): string[] {
    if (this.#replaced > 0) this.#compact();
    const texts: string[] = [];
    for (let i = 0; i < this.entries; i++) {
      const key = textAt(this.keys, this.#keyStarts[i]!);
      texts.push(key, textAt(this.values, this.#valueStarts[i]!));
      const numberAt = this.#numberStarts[i]!;
      if (numberAt >= 0) numbers.set(key, this.numbers!.values.view.getFloat64(numberAt, true));
    }
    return texts;
  }

  /** Names and values of all rows that are ended, flat. */
  endedTexts(): string[] {
    const texts: string[] = [];
    let keyAt = 0;
    let valueAt = 0;
    for (let i = 0; i < this.count; i++) {
      texts.push(textAt(this.keys, keyAt), textAt(this.values, valueAt));
      keyAt = sizedTextEnd(this.keys.bytes, keyAt);
      valueAt = sizedTextEnd(this.values.bytes, valueAt);
    }
    return texts;
  }

  /** The bytes of names and values of the row being filled, one character per byte, with their sizes between them. */
  rowBytes(): string {
    return this.keys.bytes.toString('latin1', this.#rowKeys, this.keys.size) + this.values.bytes.toString('latin1', this.#rowValues, this.values.size);
  }

  /** Leaves out what was replaced. Rare: senders do not repeat keys. */
  #compact(): void {
    const keys = Buffer.from(this.keys.bytes.subarray(this.#rowKeys, this.keys.size));
    const values = Buffer.from(this.values.bytes.subarray(this.#rowValues, this.values.size));
    const { numbers } = this;
    const numberValues = numbers === undefined ? undefined : Buffer.from(numbers.values.bytes.subarray(8 * this.#rowNumbers, numbers.values.size));
    const [rowKeys, rowValues, rowNumbers, entries] = [this.#rowKeys, this.#rowValues, this.#rowNumbers, this.entries];
    const source = { bytes: keys, view: new DataView(keys.buffer, keys.byteOffset, keys.length) };
    const valueSource = { bytes: values, view: new DataView(values.buffer, values.byteOffset, values.length) };
    this.dropRow();
    for (let i = 0; i < entries; i++) {
      if (this.#hashes[i] === 0) continue;
      const [keyStart, valueStart, numberAt] = [this.#keyStarts[i]! - rowKeys, this.#valueStarts[i]! - rowValues, this.#numberStarts[i]!];
      const keyAt = this.keys.size;
      this.keys.raw(source, keyStart, sizedTextEnd(keys, keyStart));
      // Entries only move down, so that what is read is not written yet.
      this.#beginEntry(keyAt, this.values.size);
      this.values.raw(valueSource, valueStart, sizedTextEnd(values, valueStart));
      if (numberAt >= 0) this.#addNumber(keyAt, numberValues!.readDoubleLE(numberAt - 8 * rowNumbers));
    }
  }
}

/** The String value that starts at `at`. */
export function textAt({ bytes }: ByteColumn, at: number): string {
  const end = sizedTextEnd(bytes, at);
  let start = at;
  while (bytes[start++]! >= 0x80);
  return bytes.toString('utf8', start, end);
}

/** A short text as a String value. */
function sizedBytes(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}
