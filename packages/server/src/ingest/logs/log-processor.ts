/**
 * What stands between the decoder of log records and the store: rules (parse, enrich, drop, sample, redact) and the miner of
 * patterns. Both are optional: without them a record's bytes go from the request to the block without becoming JavaScript strings.
 */
export interface LogProcessor {
  /**
   * Whether any rule or redaction could touch records of this service. Asked once per resource of a request, so it may cost a
   * little; where it answers false, `process` is not called for these records.
   */
  touches(service: string, receiver: string): boolean;
  /**
   * Changes the record in place. Answers 'keep', or what dropped it: a record that is dropped or sampled away counts as taken.
   * Runs once per record; must not keep the record, which is reused for the next one. Must not throw.
   */
  process(record: MutableLogRecord): 'keep' | DroppedByRule;
}

/** The name of the rule that dropped the record or sampled it away; a label of `pitot_ingest_log_records_dropped_total`. */
export interface DroppedByRule {
  readonly rule: string;
}

/** A log record as rules see it. Strings are made when first asked for; what is not set keeps its bytes as they came. */
export interface MutableLogRecord {
  readonly receiver: string;
  /** Cut to `limits.log_body_bytes` already. A body that came as a map or list is JSON. */
  body: string;
  /** Whether the body came as a map or list; `body` is then its JSON. */
  readonly isBodyStructured: boolean;
  /** From the resource. Setting it changes `ServiceName`, not the resource attribute. */
  service: string;
  /** 1–24 by OpenTelemetry's table; 0 where not known. Where only a text came, already derived from it. */
  severityNumber: number;
  severityText: string;
  /** Milliseconds since the epoch. Setting it loses what is finer than that. */
  timestampMs: number;
  /** Lower-case hex, or ''. Setting anything but 32 (16) hex digits is ignored. */
  traceId: string;
  spanId: string;
  /** The value as text, or undefined. Of the record only: not of its resource or scope. */
  attribute(name: string): string | undefined;
  resourceAttribute(name: string): string | undefined;
  /** Adds or replaces. A number is text in `LogAttributes` and also goes to `LogNumbers`. */
  setAttribute(name: string, value: string | number): void;
  removeAttribute(name: string): void;
  /** Names and values in order, flat: name, value, name, value, … A copy: it does not follow later changes. */
  attributes(): readonly string[];
  /**
   * All attribute names and values with one or more arbitrary bytes between them, one character per byte (latin1): to see in one pass that
   * nothing in them needs a closer look (`attributes()`). Does not follow changes.
   */
  attributeBytes(): string;
}

/** Groups bodies into templates as they stream in. */
export interface PatternMiner {
  /**
   * The id of the template the body belongs to, 0n for none. Called after the processor, with the body as it is stored.
   * Runs once per record. Must not throw.
   */
  patternOf(service: string, severityNumber: number, body: string, timestampMs: number): bigint;
  /** Templates found or made more general since the last call; written as `log_patterns` in the same commit as the records. */
  takeUpdates(): readonly PatternUpdate[];
  /** These updates were not made durable: they must come again from a later `takeUpdates`, unless newer ones of the same pattern do. */
  putBack(updates: readonly PatternUpdate[]): void;
}

/** One row of `log_patterns`. */
export interface PatternUpdate {
  readonly pattern: bigint;
  readonly service: string;
  readonly template: string;
  readonly severityNumber: number;
  /** One real body. */
  readonly sample: string;
  readonly firstSeenMs: number;
  readonly updatedMs: number;
}
