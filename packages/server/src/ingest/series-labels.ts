import { METRIC_NAME, type Labels, type Limits, type RejectReason } from '@pitot/core';

/**
 * A label set as bytes: per label the name and the value, each as a varint of its UTF-8 size and the bytes (as ClickHouse
 * Native writes a String), in the order of the label set. This is what the fingerprint is taken of, what the registry
 * keeps and compares, and what the rows of metric_series are copied from. The sizes keep {a="bc"} and {ab="c"} apart.
 */
export class LabelEncoder {
  /** The last encoded set: bytes[0, size). Overwritten by the next. */
  bytes = Buffer.alloc(64 * 1024);
  view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  size = 0;
  /** Where the metric name's bytes are. */
  nameStart = 0;
  nameEnd = 0;
  /** The label that broke a rule in the last `encode`, for the log. */
  offender = '';
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Checks a label set against the rules and limits, and encodes it. Answers undefined when all is well. */
  encode(labels: Labels): RejectReason | undefined {
    const limits = this.#limits;
    this.size = 0;
    this.nameEnd = 0;
    this.offender = '';
    if (labels.length > 2 * limits.labels_per_series) return 'too_many_labels';
    if (labels.length % 2 !== 0) return 'invalid_label';
    let previous = '';
    for (let i = 0; i < labels.length; i += 2) {
      const name = labels[i]!;
      const value = labels[i + 1]!;
      const reason = this.#encodeLabel(name, value, previous);
      if (reason !== undefined) {
        this.offender = name.slice(0, 100);
        return reason;
      }
      previous = name;
    }
    return this.nameEnd === 0 ? 'missing_metric_name' : undefined;
  }

  #encodeLabel(name: string, value: string, previous: string): RejectReason | undefined {
    // Names ascend strictly, so that an empty, a repeated or a misplaced name is found by one comparison.
    if (name <= previous || value === '') return 'invalid_label';
    if (name.length > this.#limits.label_name_length) return 'label_name_too_long';
    if (value.length > this.#limits.label_value_length) return 'label_value_too_long';
    this.#reserve(3 * (name.length + value.length) + 20);
    const nameSize = this.#text(name);
    if (nameSize < 0) return 'invalid_label';
    if (nameSize > this.#limits.label_name_length) return 'label_name_too_long';
    const valueSize = this.#text(value);
    if (valueSize < 0) return 'invalid_label';
    if (valueSize > this.#limits.label_value_length) return 'label_value_too_long';
    if (name === METRIC_NAME) {
      this.nameEnd = this.size;
      this.nameStart = this.size - valueSize;
    }
    return undefined;
  }

  /** Answers the UTF-8 size, or -1 where the string has no UTF-8 (lone surrogates). */
  #text(text: string): number {
    const bytes = this.bytes;
    const start = this.size;
    let at = writeVarint(bytes, start, text.length);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return this.#wideText(text, start);
      bytes[at++] = unit;
    }
    this.size = at;
    return text.length;
  }

  #wideText(text: string, start: number): number {
    if (!text.isWellFormed()) return -1;
    const size = Buffer.byteLength(text);
    const at = writeVarint(this.bytes, start, size);
    this.bytes.write(text, at);
    this.size = at + size;
    return size;
  }

  #reserve(sizeBytes: number): void {
    if (this.size + sizeBytes <= this.bytes.length) return;
    const grown = Buffer.alloc(Math.max(2 * this.bytes.length, this.size + sizeBytes));
    this.bytes.copy(grown, 0, 0, this.size);
    this.bytes = grown;
    this.view = new DataView(grown.buffer, grown.byteOffset, grown.length);
  }
}

/** Answers the position after the varint (LEB128, unsigned). */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  while (value >= 0x80) {
    bytes[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  bytes[at++] = value;
  return at;
}
