import type { ByteSource } from './byte-column.ts';
import { ByteColumn } from './byte-column.ts';
import type { AttributeColumn } from './attribute-column.ts';
import { addBoundedText } from './bounded-text.ts';
import type { Repairs } from './repairs.ts';

/** A String column whose value is that of the resource or scope: encoded once, and repeated for the rows of a scope. */
export class SharedText {
  readonly column = new ByteColumn();
  readonly parts: readonly ByteColumn[] = [this.column];
  readonly #value = new ByteColumn();
  /** Rows of the scope that are written already. */
  #written = 0;

  get valueBytes(): number {
    return this.#value.size;
  }

  reset(): void {
    this.column.reset();
    this.#written = 0;
    this.clear();
  }

  clear(): void {
    this.#value.size = 0;
    this.#value.uint8(0);
  }

  setText(text: string): void {
    this.#value.size = 0;
    this.#value.text(text);
  }

  set(from: ByteSource, start: number, end: number, limitBytes: number, repairs: Repairs): void {
    this.#value.size = 0;
    addBoundedText(this.#value, from, start, end, limitBytes, repairs);
  }

  /** The row after `rows` rows of this scope has a value of its own. */
  addOther(rows: number, text: string): void {
    this.#fill(rows);
    this.column.text(text);
    this.#written++;
  }

  /** Ends the scope, which has so many rows. */
  endScope(rows: number): void {
    this.#fill(rows);
    this.#written = 0;
  }

  #fill(rows: number): void {
    const missing = rows - this.#written;
    this.#written = rows;
    if (missing === 0) return;
    const start = this.column.size;
    this.column.column(this.#value);
    this.column.repeat(start, missing);
  }
}

/** A Map(String, String) column whose value is that of the resource or scope. */
export class SharedMap {
  /** One row: the value. */
  readonly value: AttributeColumn;
  readonly #ends = new ByteColumn();
  readonly #keys = new ByteColumn();
  readonly #values = new ByteColumn();
  readonly parts: readonly ByteColumn[] = [this.#ends, this.#keys, this.#values];
  #count = 0;

  constructor(value: AttributeColumn) {
    this.value = value;
  }

  get valueBytes(): number {
    return this.value.keys.size + this.value.values.size;
  }

  reset(): void {
    for (const part of this.parts) part.reset();
    this.#count = 0;
    this.value.reset();
  }

  endScope(rows: number): void {
    if (rows === 0) return;
    const { count, keys, values } = this.value;
    for (let row = 0; row < rows; row++) this.#ends.uint64((this.#count += count));
    if (count === 0) return;
    repeat(this.#keys, keys, rows);
    repeat(this.#values, values, rows);
  }
}

function repeat(column: ByteColumn, value: ByteColumn, rows: number): void {
  const start = column.size;
  column.column(value);
  column.repeat(start, rows);
}
