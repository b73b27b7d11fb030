import type { WireReader } from '@pitot/core/protobuf-wire';
import { bytesOf } from '../signals/any-value.ts';
import { textAt, type AttributeColumn } from '../signals/attribute-column.ts';
import type { ByteColumn } from '../signals/byte-column.ts';
import type { MutableLogRecord } from './log-processor.ts';

/** Where the fields of a record are that become strings only when asked for. */
export interface RecordFields {
  severityTextStart: number;
  severityTextEnd: number;
  /** Empty where the id is not valid. */
  traceStart: number;
  traceEnd: number;
  spanStart: number;
  spanEnd: number;
}

/** The record that rules see: a view of columns and request, with what rules changed on top. One is reused for all records. */
export class DecodedRecord implements MutableLogRecord {
  receiver = '';
  isBodyStructured = false;
  service = '';
  severityNumber = 0;
  timestampMs = 0;
  hasNewBody = false;
  hasNewAttributes = false;
  #body: string | undefined;
  #severityText: string | undefined;
  #traceId: string | undefined;
  #spanId: string | undefined;
  #attributes: Map<string, string> | undefined;
  readonly #numbers = new Map<string, number>();
  #resource: ReadonlyMap<string, string> | undefined;
  #bodyAt = 0;
  readonly #reader: WireReader;
  readonly #column: AttributeColumn;
  readonly #bodies: ByteColumn;
  readonly #resourceColumn: AttributeColumn;
  readonly #fields: RecordFields;

  constructor(reader: WireReader, column: AttributeColumn, bodies: ByteColumn, resourceColumn: AttributeColumn, fields: RecordFields) {
    this.#reader = reader;
    this.#column = column;
    this.#bodies = bodies;
    this.#resourceColumn = resourceColumn;
    this.#fields = fields;
  }

  enterResource(receiver: string): void {
    this.receiver = receiver;
    this.#resource = undefined;
  }

  /** The record whose attributes fill the column's row and whose body starts at `bodyAt`. */
  load(service: string, severityNumber: number, timestampMs: number, bodyAt: number, isBodyStructured: boolean): void {
    this.service = service;
    this.severityNumber = severityNumber;
    this.timestampMs = timestampMs;
    this.isBodyStructured = isBodyStructured;
    this.hasNewBody = false;
    this.hasNewAttributes = false;
    this.#bodyAt = bodyAt;
    this.#body = undefined;
    this.#severityText = undefined;
    this.#traceId = undefined;
    this.#spanId = undefined;
    this.#attributes = undefined;
    this.#numbers.clear();
  }

  get body(): string {
    return (this.#body ??= textAt(this.#bodies, this.#bodyAt));
  }

  set body(text: string) {
    if (text === this.body) return;
    this.#body = text;
    this.hasNewBody = true;
  }

  get severityText(): string {
    const { severityTextStart, severityTextEnd } = this.#fields;
    return this.#severityText ?? bytesOf(this.#reader, severityTextStart, severityTextEnd).toString();
  }

  set severityText(text: string) {
    this.#severityText = text;
  }

  /** Undefined where no rule set it. */
  get newSeverityText(): string | undefined {
    return this.#severityText;
  }

  get traceId(): string {
    return this.#traceId ?? bytesOf(this.#reader, this.#fields.traceStart, this.#fields.traceEnd).toString('hex');
  }

  set traceId(id: string) {
    if (isId(id, 32)) this.#traceId = id.toLowerCase();
  }

  get newTraceId(): string | undefined {
    return this.#traceId;
  }

  get spanId(): string {
    return this.#spanId ?? bytesOf(this.#reader, this.#fields.spanStart, this.#fields.spanEnd).toString('hex');
  }

  set spanId(id: string) {
    if (isId(id, 16)) this.#spanId = id.toLowerCase();
  }

  get newSpanId(): string | undefined {
    return this.#spanId;
  }

  attribute(name: string): string | undefined {
    return this.#entries().get(name);
  }

  resourceAttribute(name: string): string | undefined {
    this.#resource ??= pairs(this.#resourceColumn.endedTexts());
    return this.#resource.get(name);
  }

  setAttribute(name: string, value: string | number): void {
    this.#entries().set(name, String(value));
    if (typeof value === 'number') this.#numbers.set(name, value);
    else this.#numbers.delete(name);
    this.hasNewAttributes = true;
  }

  removeAttribute(name: string): void {
    if (!this.#entries().delete(name)) return;
    this.#numbers.delete(name);
    this.hasNewAttributes = true;
  }

  attributes(): readonly string[] {
    return [...this.#entries()].flat();
  }

  attributeBytes(): string {
    return this.#column.rowBytes();
  }

  /** Puts the changed attributes in place of those of the column's row. */
  writeAttributes(): void {
    const entries = this.#entries();
    this.#column.dropRow();
    for (const [name, value] of entries) this.#column.addText(name, value, this.#numbers.get(name));
  }

  #entries(): Map<string, string> {
    return (this.#attributes ??= pairs(this.#column.rowTexts(this.#numbers)));
  }
}

function pairs(flat: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i < flat.length; i += 2) map.set(flat[i]!, flat[i + 1]!);
  return map;
}

function isId(text: string, digits: number): boolean {
  return text.length === digits && /^[\da-f]*$/i.test(text) && !/^0*$/.test(text);
}
