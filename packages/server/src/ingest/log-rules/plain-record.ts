import type { MutableLogRecord } from '../logs/log-processor.ts';

/** A log record that exists on its own, without the bytes of a request: for trying rules out, and for tests of them. */
export class PlainRecord implements MutableLogRecord {
  readonly receiver = 'try';
  readonly isBodyStructured = false;
  body: string;
  service: string;
  severityNumber: number;
  severityText: string;
  timestampMs: number;
  traceId = '';
  spanId = '';
  readonly #values: Map<string, string | number>;
  readonly #resource: Readonly<Record<string, string>>;

  constructor(fields: {
    readonly body: string;
    readonly service?: string;
    readonly severityNumber?: number;
    readonly severityText?: string;
    readonly timestampMs?: number;
    readonly attributes?: Readonly<Record<string, string | number>>;
    readonly resource?: Readonly<Record<string, string>>;
  }) {
    this.body = fields.body;
    this.service = fields.service ?? '';
    this.severityNumber = fields.severityNumber ?? 0;
    this.severityText = fields.severityText ?? '';
    this.timestampMs = fields.timestampMs ?? 0;
    this.#values = new Map(Object.entries(fields.attributes ?? {}));
    this.#resource = fields.resource ?? {};
  }

  /** All attributes with their types. */
  get values(): Readonly<Record<string, string | number>> {
    return Object.fromEntries(this.#values);
  }

  attribute(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === undefined ? undefined : String(value);
  }

  resourceAttribute(name: string): string | undefined {
    return Object.hasOwn(this.#resource, name) ? this.#resource[name] : undefined;
  }

  setAttribute(name: string, value: string | number): void {
    this.#values.set(name, value);
  }

  removeAttribute(name: string): void {
    this.#values.delete(name);
  }

  attributes(): readonly string[] {
    return [...this.#values].flatMap(([name, value]) => [name, String(value)]);
  }

  attributeBytes(): string {
    return Buffer.from(this.attributes().join('\u0001')).toString('latin1');
  }
}
