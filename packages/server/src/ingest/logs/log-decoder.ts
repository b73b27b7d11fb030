import type { BatchSource, Limits } from '@pitot/core';
import { encodeNativeBlock } from '@pitot/core/native-block';
import { bytesOf, ValueView } from '../signals/any-value.ts';
import { addBoundedString, addBoundedText } from '../signals/bounded-text.ts';
import type { ByteColumn } from '../signals/byte-column.ts';
import { SignalTally, type DecodedSignals } from '../signals/decoded-signals.ts';
import { msOfWords, wordsOfMs } from '../signals/nanoseconds.ts';
import type { Sequence } from '../signals/sequence.ts';
import { SignalRequest, type RecordHandler } from '../signals/signal-request.ts';
import type { SourceBucket, SourceRates } from '../signals/source-rates.ts';
import { hasId } from '../signals/trace-ids.ts';
import { addValueText } from '../signals/value-text.ts';
import type { SpoolBlock } from '../spool/spool.ts';
import { DecodedRecord, type RecordFields } from './decoded-record.ts';
import { LogColumns } from './log-columns.ts';
import type { LogProcessor, PatternMiner, PatternUpdate } from './log-processor.ts';
import { ERROR_SEVERITY, severityNumberOf, severityOfText } from './severity.ts';

export interface LogDecoderOptions {
  readonly limits: Limits;
  readonly rates: SourceRates;
  readonly sequence: Sequence;
  /** Records older than this are turned away. */
  readonly windowMs: number;
  readonly processor?: LogProcessor;
  readonly miner?: PatternMiner;
}

export interface DecodedLogs extends DecodedSignals {
  /** Templates in the blocks: to be put back when these do not become durable. */
  readonly patterns: readonly PatternUpdate[];
  /** Records that rules dropped, by rule. */
  readonly dropped: ReadonlyMap<string, number>;
}

/** Turns ExportLogsServiceRequests into blocks of `otel_logs` and `log_patterns`. One request at a time. */
export class LogDecoder implements RecordHandler {
  readonly request: SignalRequest;
  readonly #options: LogDecoderOptions;
  readonly #columns: LogColumns;
  readonly #record: DecodedRecord;
  readonly #value = new ValueView();
  readonly #fields: RecordFields = { severityTextStart: 0, severityTextEnd: 0, traceStart: 0, traceEnd: 0, spanStart: 0, spanEnd: 0 };
  #source: BatchSource = { receiver: '' };
  #nowMs = 0;
  #earliestMs = 0;
  #latestMs = 0;
  #tally = new SignalTally();
  #dropped = new Map<string, number>();
  #service = '';
  #bucket: SourceBucket = { bytes: 0, atMs: 0 };
  #isTouched = false;
  #rows = 0;
  #sequence = 0;
  /** Of the scope being read. */
  #scopeRows = 0;
  #scopeAccepted = 0;

  constructor(options: LogDecoderOptions) {
    this.#options = options;
    this.request = new SignalRequest(options.limits);
    this.#columns = new LogColumns(options.limits, this.request);
    this.#record = new DecodedRecord(this.request.reader, this.#columns.attributes, this.#columns.body, this.request.resource.value, this.#fields);
  }

  /** Throws AppError `bad_payload`, `too_many_samples` or `body_too_large`. */
  decode(request: Uint8Array, source: BatchSource, nowMs: number): DecodedLogs {
    const { limits, windowMs, sequence, miner } = this.#options;
    this.#source = source;
    this.#nowMs = nowMs;
    this.#earliestMs = nowMs - windowMs;
    this.#latestMs = nowMs + limits.future_tolerance_seconds * 1000;
    this.#tally = new SignalTally();
    this.#dropped = new Map();
    this.#rows = 0;
    this.#scopeRows = 0;
    this.#scopeAccepted = 0;
    this.#columns.reset();
    this.#sequence = sequence.peek(nowMs);
    this.request.read(request, this);
    sequence.taken(this.#sequence);
    const blocks: SpoolBlock[] = [];
    const patterns = miner?.takeUpdates() ?? [];
    if (patterns.length > 0) blocks.push({ table: 'log_patterns', bytes: encodePatterns(patterns) });
    if (this.#rows > 0) blocks.push({ table: 'otel_logs', bytes: this.#columns.encode(this.#rows) });
    const { accepted, rejected, services } = this.#tally;
    return { blocks, accepted, rejected, services, patterns, dropped: this.#dropped };
  }

  enterResource(service: string): void {
    const { rates, processor } = this.#options;
    const { receiver } = this.#source;
    this.#service = service;
    this.#bucket = rates.bucketOf(this.#source, service, this.#nowMs);
    this.#isTouched = processor?.touches(service, receiver) ?? false;
    if (this.#isTouched) this.#record.enterResource(receiver);
  }

  /** Source: opentelemetry-proto logs/v1, LogRecord. */
  readRecord(end: number): void {
    const { reader } = this.request;
    const { attributes } = this.#columns;
    const fields = this.#fields;
    const start = reader.position;
    let timeLow = 0;
    let timeHigh = 0;
    let observedLow = 0;
    let observedHigh = 0;
    let severity = 0;
    let flags = 0;
    let bodyStart = 0;
    let bodyEnd = 0;
    let nameStart = 0;
    let nameEnd = 0;
    fields.severityTextStart = fields.severityTextEnd = 0;
    fields.traceStart = fields.traceEnd = 0;
    fields.spanStart = fields.spanEnd = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x09:
          reader.fixedWords(end);
          timeLow = reader.low;
          timeHigh = reader.high;
          break;
        case 0x59:
          reader.fixedWords(end);
          observedLow = reader.low;
          observedHigh = reader.high;
          break;
        case 0x10:
          severity = severityNumberOf(reader.signedVarint(end));
          break;
        case 0x1a:
          fields.severityTextEnd = reader.length(end);
          fields.severityTextStart = reader.position;
          reader.position = fields.severityTextEnd;
          break;
        case 0x2a:
          bodyEnd = reader.length(end);
          bodyStart = reader.position;
          reader.position = bodyEnd;
          break;
        case 0x32:
          attributes.add(reader, reader.length(end));
          break;
        case 0x45:
          flags = reader.fixed32(end);
          break;
        case 0x4a:
          fields.traceEnd = reader.length(end);
          fields.traceStart = reader.position;
          reader.position = fields.traceEnd;
          break;
        case 0x52:
          fields.spanEnd = reader.length(end);
          fields.spanStart = reader.position;
          reader.position = fields.spanEnd;
          break;
        case 0x62:
          nameEnd = reader.length(end);
          nameStart = reader.position;
          reader.position = nameEnd;
          break;
        default:
          reader.skip(tag, end);
      }
    }
    if (timeLow === 0 && timeHigh === 0) {
      timeLow = observedLow;
      timeHigh = observedHigh;
    }
    let timeMs = msOfWords(timeLow, timeHigh);
    if (timeMs === 0) {
      timeMs = this.#nowMs;
      [timeLow, timeHigh] = wordsOfMs(timeMs);
    }
    if (severity === 0 && fields.severityTextEnd > fields.severityTextStart) {
      severity = severityOfText(bytesOf(reader, fields.severityTextStart, Math.min(fields.severityTextEnd, fields.severityTextStart + 32)).toString());
    }
    if (!this.#isTaken(timeMs, severity, end - start)) {
      attributes.dropRow();
      return;
    }
    this.#checkIds();
    this.#scopeAccepted++;
    const { body } = this.#columns;
    const bodyAt = body.size;
    reader.position = bodyStart;
    const isAscii = addValueText(body, reader, bodyEnd, this.#value, this.#options.limits.log_body_bytes, this.request.repairs);
    reader.position = end;
    if (!this.#isTouched) this.#addUntouched(timeLow, timeHigh, timeMs, severity, bodyAt, isAscii);
    else if (!this.#addProcessed(timeLow, timeHigh, severity, bodyAt)) return;
    this.#columns.traceFlags.uint8(flags & 0xff);
    this.#addText(this.#columns.eventName, nameStart, nameEnd);
  }

  #isTaken(timeMs: number, severity: number, sizeBytes: number): boolean {
    if (timeMs < this.#earliestMs) this.#tally.reject('too_old');
    else if (timeMs > this.#latestMs) this.#tally.reject('too_far_in_future');
    else if (!this.#isWithinRate(severity, sizeBytes)) this.#tally.reject('source_rate');
    else return true;
    return false;
  }

  /** Errors always pass, and take their part of what the source may send. */
  #isWithinRate(severity: number, sizeBytes: number): boolean {
    const bucket = this.#bucket;
    if (this.#source.isOwn === true) return true;
    if (bucket.bytes < sizeBytes && severity < ERROR_SEVERITY) return false;
    bucket.bytes = Math.max(0, bucket.bytes - sizeBytes);
    return true;
  }

  /** A wrong id is left out: the record is worth keeping without it. */
  #checkIds(): void {
    const fields = this.#fields;
    const { bytes } = this.request.reader;
    if (fields.traceStart !== fields.traceEnd && !hasId(bytes, fields.traceStart, fields.traceEnd, 16)) {
      if (fields.traceEnd - fields.traceStart !== 16) this.request.repairs.add('invalid_id');
      fields.traceEnd = fields.traceStart;
    }
    if (fields.spanStart !== fields.spanEnd && !hasId(bytes, fields.spanStart, fields.spanEnd, 8)) {
      if (fields.spanEnd - fields.spanStart !== 8) this.request.repairs.add('invalid_id');
      fields.spanEnd = fields.spanStart;
    }
  }

  #addUntouched(timeLow: number, timeHigh: number, timeMs: number, severity: number, bodyAt: number, isAscii: boolean): void {
    const columns = this.#columns;
    const fields = this.#fields;
    const { bytes } = this.request.reader;
    const { miner } = this.#options;
    columns.timestamp.words(timeLow, timeHigh);
    columns.traceId.hex(bytes, fields.traceStart, fields.traceEnd);
    columns.spanId.hex(bytes, fields.spanStart, fields.spanEnd);
    this.#addText(columns.severityText, fields.severityTextStart, fields.severityTextEnd);
    columns.severityNumber.uint8(severity);
    if (miner === undefined) columns.pattern.words(0, 0);
    else columns.pattern.bigUint64(miner.patternOf(this.#service, severity, sizedText(columns.body, bodyAt, isAscii), timeMs));
    columns.attributes.endRow();
    columns.sequence.uint64(this.#sequence++);
    this.#scopeRows++;
  }

  /** The same for a record that rules may change; answers false, and leaves nothing, where one dropped it. */
  #addProcessed(timeLow: number, timeHigh: number, severity: number, bodyAt: number): boolean {
    const { processor, miner, limits } = this.#options;
    const { repairs } = this.request;
    const columns = this.#columns;
    const record = this.#record;
    const fields = this.#fields;
    const { bytes } = this.request.reader;
    const timeMs = Math.floor(msOfWords(timeLow, timeHigh));
    record.load(this.#service, severity, timeMs, bodyAt, this.#value.kind === 'composite');
    const outcome = processor!.process(record);
    if (outcome !== 'keep') {
      this.#dropped.set(outcome.rule, (this.#dropped.get(outcome.rule) ?? 0) + 1);
      columns.attributes.dropRow();
      columns.body.size = bodyAt;
      return false;
    }
    if (record.hasNewAttributes) record.writeAttributes();
    if (record.hasNewBody) {
      columns.body.size = bodyAt;
      addBoundedString(columns.body, record.body, limits.log_body_bytes, repairs);
    }
    const isMoved = record.timestampMs !== timeMs && record.timestampMs >= this.#earliestMs && record.timestampMs <= this.#latestMs;
    const [low, high] = isMoved ? wordsOfMs(record.timestampMs) : [timeLow, timeHigh];
    columns.timestamp.words(low, high);
    if (record.newTraceId === undefined) columns.traceId.hex(bytes, fields.traceStart, fields.traceEnd);
    else columns.traceId.text(record.newTraceId);
    if (record.newSpanId === undefined) columns.spanId.hex(bytes, fields.spanStart, fields.spanEnd);
    else columns.spanId.text(record.newSpanId);
    if (record.newSeverityText === undefined) this.#addText(columns.severityText, fields.severityTextStart, fields.severityTextEnd);
    else addBoundedString(columns.severityText, record.newSeverityText, limits.attribute_value_bytes, repairs);
    const severityNumber = severityNumberOf(record.severityNumber);
    columns.severityNumber.uint8(severityNumber);
    if (record.service !== this.#service) this.request.service.addOther(this.#scopeRows, record.service);
    columns.pattern.bigUint64(miner?.patternOf(record.service, severityNumber, record.body, timeMs) ?? 0n);
    columns.attributes.endRow();
    columns.sequence.uint64(this.#sequence++);
    this.#scopeRows++;
    return true;
  }

  endScope(): number {
    const rows = this.#scopeRows;
    this.#tally.accept(this.#service, this.#scopeAccepted);
    this.#rows += rows;
    this.#scopeRows = 0;
    this.#scopeAccepted = 0;
    return rows;
  }

  #addText(column: ByteColumn, start: number, end: number): void {
    addBoundedText(column, this.request.reader, start, end, this.#options.limits.attribute_value_bytes, this.request.repairs);
  }
}

/** The String value from `at` to the column's end. */
function sizedText({ bytes, size }: ByteColumn, at: number, isAscii: boolean): string {
  let start = at;
  while (bytes[start++]! >= 0x80);
  return bytes.toString(isAscii ? 'latin1' : 'utf8', start, size);
}

function encodePatterns(updates: readonly PatternUpdate[]): Uint8Array {
  const timesOf = (read: (update: PatternUpdate) => number): BigInt64Array => BigInt64Array.from(updates, (update) => BigInt(Math.floor(read(update))));
  return encodeNativeBlock('log_patterns', updates.length, {
    Pattern: BigUint64Array.from(updates, ({ pattern }) => pattern),
    ServiceName: updates.map(({ service }) => service),
    Template: updates.map(({ template }) => template),
    SeverityNumber: Uint8Array.from(updates, ({ severityNumber }) => severityNumber),
    Sample: updates.map(({ sample }) => sample),
    FirstSeen: timesOf(({ firstSeenMs }) => firstSeenMs),
    Updated: timesOf(({ updatedMs }) => updatedMs),
  });
}
