import type { TableName } from '@pitot/core';

/** One Native block of one table. */
export interface SpoolBlock {
  readonly table: TableName;
  readonly bytes: Uint8Array;
}

/**
 * The durable way between doors and store: records go in and are safe, segments come out in order. On disk by default
 * (disk-spool.ts); a Kafka topic fits the same interface (a record is a message, a segment a range of offsets).
 */
export interface Spool {
  /**
   * Resolves when the record is durable, after every record appended before. On failure the record leaves no trace: first
   * every `onFailed` of the records that failed together is called, in one go, then the promises reject with AppError
   * `disk_full` or `store_unavailable`.
   */
  append(blocks: readonly SpoolBlock[], onFailed: () => void): Promise<void>;
  /** The oldest segment that is not removed yet, as soon as there is one that is full or old enough; undefined when aborted. */
  next(signal: AbortSignal): Promise<SpoolSegment | undefined>;
  /** From now on a segment is given out at this age of its first record, unless it is full before. */
  sealAfter(ageMs: number): void;
  /** Ends the segment being filled, whatever its age, so that `next` gives it out. */
  seal(): Promise<void>;
  /** Everything of the segment is in the store. */
  remove(segment: SpoolSegment): Promise<void>;
  /** Puts aside, for a person to look at, a segment that the store will never take. */
  quarantine(segment: SpoolSegment): Promise<void>;
  /** Bytes and records that are durable, or about to be, and not removed. */
  readonly sizeBytes: number;
  readonly records: number;
  /** When the oldest of them came, in ms since the epoch; undefined where there is none. */
  readonly oldestMs: number | undefined;
  close(): Promise<void>;
}

export interface SpoolSegment {
  /** Unique for ever: the prefix of its insert tokens. */
  readonly id: string;
  readonly sizeBytes: number;
  readonly records: number;
  readonly createdMs: number;
  /** Its blocks stay in memory until it is removed. Where not, what `load` gave belongs to the caller. */
  readonly isInMemory: boolean;
  /** All blocks in the order they came. Throws where the disk fails or the bytes are not what was written. */
  load(): Promise<readonly SpoolBlock[]>;
}
