import { AppError, type Limits } from '@pitot/core';
import { bytesOf } from '../signals/any-value.ts';
import { addBoundedText } from '../signals/bounded-text.ts';
import { textColumn, type ByteColumn } from '../signals/byte-column.ts';
import { SignalTally, type DecodedSignals } from '../signals/decoded-signals.ts';
import { msOfWords } from '../signals/nanoseconds.ts';
import { SignalRequest, type RecordHandler } from '../signals/signal-request.ts';
import { hasId } from '../signals/trace-ids.ts';
import { sampleWeightOf } from './sample-weight.ts';
import { SpanColumns } from './span-columns.ts';

export interface SpanDecoderOptions {
  readonly limits: Limits;
  /** Spans that started before this are turned away. */
  readonly windowMs: number;
}

/** As the Collector's exporter writes them, as String values; by the numbers of opentelemetry-proto trace/v1. */
const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'].map(textColumn);
const STATUS_CODES = ['Unset', 'Ok', 'Error'].map(textColumn);
/** Events and links in one request, per span allowed in it: each takes several times its own bytes as a row. */
const ELEMENTS_PER_RECORD = 10;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** Turns ExportTraceServiceRequests into blocks of `otel_traces`. One request at a time. */
export class SpanDecoder implements RecordHandler {
  readonly request: SignalRequest;
  readonly #limits: Limits;
  readonly #windowMs: number;
  readonly #columns: SpanColumns;
  #nowMs = 0;
  #earliestMs = 0;
  #latestMs = 0;
  #tally = new SignalTally();
  #service = '';
  #rows = 0;
  /** Of the scope being read. */
  #scopeRows = 0;
  /** Events and links of the request. */
  #elements = 0;
  #statusCode = 0;
  #messageStart = 0;
  #messageEnd = 0;

  constructor({ limits, windowMs }: SpanDecoderOptions) {
    this.#limits = limits;
    this.#windowMs = windowMs;
    this.request = new SignalRequest(limits);
    this.#columns = new SpanColumns(limits, this.request);
  }

  /** Throws AppError `bad_payload`, `too_many_samples` or `body_too_large`. */
  decode(request: Uint8Array, nowMs: number): DecodedSignals {
    this.#nowMs = nowMs;
    this.#earliestMs = nowMs - this.#windowMs;
    this.#latestMs = nowMs + this.#limits.future_tolerance_seconds * 1000;
    this.#tally = new SignalTally();
    this.#rows = 0;
    this.#scopeRows = 0;
    this.#elements = 0;
    this.#columns.reset();
    this.request.read(request, this);
    const { accepted, rejected, services } = this.#tally;
    const bytes = this.#rows > 0 ? this.#columns.encode(this.#rows) : undefined;
    return { blocks: bytes === undefined ? [] : [{ table: 'otel_traces', bytes }], accepted, rejected, services };
  }

  enterResource(service: string): void {
    this.#service = service;
  }

  endScope(): number {
    const rows = this.#scopeRows;
    this.#tally.accept(this.#service, rows);
    this.#rows += rows;
    this.#scopeRows = 0;
    return rows;
  }

  /** Source: opentelemetry-proto trace/v1, Span. */
  readRecord(end: number): void {
    const { reader } = this.request;
    const columns = this.#columns;
    const { attributes, events, links } = columns;
    let traceStart = 0;
    let traceEnd = 0;
    let spanStart = 0;
    let spanEnd = 0;
    let parentStart = 0;
    let parentEnd = 0;
    let stateStart = 0;
    let stateEnd = 0;
    let nameStart = 0;
    let nameEnd = 0;
    let kind = 0;
    let startLow = 0;
    let startHigh = 0;
    let endLow = 0;
    let endHigh = 0;
    this.#statusCode = 0;
    this.#messageStart = this.#messageEnd = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x0a:
          traceEnd = reader.length(end);
          traceStart = reader.position;
          reader.position = traceEnd;
          break;
        case 0x12:
          spanEnd = reader.length(end);
          spanStart = reader.position;
          reader.position = spanEnd;
          break;
        case 0x1a:
          stateEnd = reader.length(end);
          stateStart = reader.position;
          reader.position = stateEnd;
          break;
        case 0x22:
          parentEnd = reader.length(end);
          parentStart = reader.position;
          reader.position = parentEnd;
          break;
        case 0x2a:
          nameEnd = reader.length(end);
          nameStart = reader.position;
          reader.position = nameEnd;
          break;
        case 0x30:
          kind = reader.signedVarint(end);
          break;
        case 0x39:
          reader.fixedWords(end);
          startLow = reader.low;
          startHigh = reader.high;
          break;
        case 0x41:
          reader.fixedWords(end);
          endLow = reader.low;
          endHigh = reader.high;
          break;
        case 0x4a:
          attributes.add(reader, reader.length(end));
          break;
        case 0x5a:
          this.#readEvent(reader.length(end));
          break;
        case 0x6a:
          this.#readLink(reader.length(end));
          break;
        case 0x7a:
          this.#readStatus(reader.length(end));
          break;
        default:
          reader.skip(tag, end);
      }
    }
    const { bytes } = reader;
    const hasIds = hasId(bytes, traceStart, traceEnd, TRACE_ID_BYTES) && hasId(bytes, spanStart, spanEnd, SPAN_ID_BYTES);
    if (!this.#isTaken(hasIds, msOfWords(startLow, startHigh), msOfWords(endLow, endHigh))) {
      attributes.dropRow();
      events.dropRow();
      links.dropRow();
      return;
    }
    columns.timestamp.words(startLow, startHigh);
    columns.received.uint64(this.#nowMs);
    columns.traceId.hex(bytes, traceStart, traceEnd);
    columns.spanId.hex(bytes, spanStart, spanEnd);
    this.#addId(columns.parentSpanId, parentStart, parentEnd, SPAN_ID_BYTES);
    this.#addText(columns.traceState, stateStart, stateEnd);
    columns.sampleWeight.float64(stateEnd > stateStart ? sampleWeightOf(bytesOf(reader, stateStart, stateEnd).toString('latin1')) : 1);
    this.#addText(columns.name, nameStart, nameEnd);
    columns.kind.column(KINDS[kind] ?? KINDS[0]!);
    this.#addDuration(startLow, startHigh, endLow, endHigh);
    columns.statusCode.column(STATUS_CODES[this.#statusCode] ?? STATUS_CODES[0]!);
    this.#addText(columns.statusMessage, this.#messageStart, this.#messageEnd);
    attributes.endRow();
    events.endRow();
    links.endRow();
    this.#scopeRows++;
  }

  #isTaken(hasIds: boolean, startMs: number, endMs: number): boolean {
    if (!hasIds) this.#tally.reject('invalid_id');
    else if (startMs < this.#earliestMs) this.#tally.reject('too_old');
    else if (startMs > this.#latestMs || endMs > this.#latestMs) this.#tally.reject('too_far_in_future');
    else return true;
    return false;
  }

  #addDuration(startLow: number, startHigh: number, endLow: number, endHigh: number): void {
    const { duration } = this.#columns;
    if (endHigh < startHigh || (endHigh === startHigh && endLow < startLow)) {
      this.request.repairs.add('negative_duration');
      duration.words(0, 0);
      return;
    }
    const borrow = endLow < startLow ? 1 : 0;
    duration.words((endLow - startLow) | 0, endHigh - startHigh - borrow);
  }

  #readEvent(end: number): void {
    const { reader } = this.request;
    const { events, eventTime, eventName } = this.#columns;
    this.#countElement();
    events.beginElement();
    let timeLow = 0;
    let timeHigh = 0;
    let nameStart = 0;
    let nameEnd = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x09:
          reader.fixedWords(end);
          timeLow = reader.low;
          timeHigh = reader.high;
          break;
        case 0x12:
          nameEnd = reader.length(end);
          nameStart = reader.position;
          reader.position = nameEnd;
          break;
        case 0x1a:
          events.attributes.add(reader, reader.length(end));
          break;
        default:
          reader.skip(tag, end);
      }
    }
    eventTime.words(timeLow, timeHigh);
    this.#addText(eventName, nameStart, nameEnd);
    events.endElement();
  }

  #readLink(end: number): void {
    const { reader } = this.request;
    const { links, linkTraceId, linkSpanId, linkTraceState } = this.#columns;
    this.#countElement();
    links.beginElement();
    let traceStart = 0;
    let traceEnd = 0;
    let spanStart = 0;
    let spanEnd = 0;
    let stateStart = 0;
    let stateEnd = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x0a:
          traceEnd = reader.length(end);
          traceStart = reader.position;
          reader.position = traceEnd;
          break;
        case 0x12:
          spanEnd = reader.length(end);
          spanStart = reader.position;
          reader.position = spanEnd;
          break;
        case 0x1a:
          stateEnd = reader.length(end);
          stateStart = reader.position;
          reader.position = stateEnd;
          break;
        case 0x22:
          links.attributes.add(reader, reader.length(end));
          break;
        default:
          reader.skip(tag, end);
      }
    }
    this.#addId(linkTraceId, traceStart, traceEnd, TRACE_ID_BYTES);
    this.#addId(linkSpanId, spanStart, spanEnd, SPAN_ID_BYTES);
    this.#addText(linkTraceState, stateStart, stateEnd);
    links.endElement();
  }

  #readStatus(end: number): void {
    const { reader } = this.request;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x12) {
        this.#messageEnd = reader.length(end);
        this.#messageStart = reader.position;
        reader.position = this.#messageEnd;
      } else if (tag === 0x18) this.#statusCode = reader.signedVarint(end);
      else reader.skip(tag, end);
    }
  }

  #countElement(): void {
    const most = ELEMENTS_PER_RECORD * this.#limits.records_per_request;
    if (++this.#elements <= most) return;
    throw new AppError('too_many_samples', `the request carries more than ${most} events and links, which is ${ELEMENTS_PER_RECORD} times what limits.records_per_request allows`, {
      fields: { limit: 'limits.records_per_request', value: this.#limits.records_per_request },
    });
  }

  /** Of a parent or a link: one of the wrong size or all zeros is left out, and the span kept. */
  #addId(column: ByteColumn, start: number, end: number, sizeBytes: number): void {
    const { reader, repairs } = this.request;
    if (hasId(reader.bytes, start, end, sizeBytes)) {
      column.hex(reader.bytes, start, end);
      return;
    }
    // All zeros is how some senders say that there is none.
    if (start !== end && end - start !== sizeBytes) repairs.add('invalid_id');
    column.uint8(0);
  }

  #addText(column: ByteColumn, start: number, end: number): void {
    if (start === end) column.uint8(0);
    else addBoundedText(column, this.request.reader, start, end, this.#limits.attribute_value_bytes, this.request.repairs);
  }
}
