import type { Limits } from '@pitot/core';
import { AttributeColumn, NumberColumn } from '../signals/attribute-column.ts';
import { ByteColumn } from '../signals/byte-column.ts';
import { SignalBlock } from '../signals/signal-block.ts';
import type { SignalRequest } from '../signals/signal-request.ts';

/** Arrays side by side, one element per event or link of a span. */
class ElementColumns {
  readonly columns: readonly ByteColumn[];
  readonly attributes: AttributeColumn;
  readonly ends = new ByteColumn();
  count = 0;
  /** What there was before the row being filled got its first element. */
  #isMarked = false;
  #markedCount = 0;
  readonly #marks: number[];

  constructor(columns: readonly ByteColumn[], attributes: AttributeColumn) {
    this.columns = columns;
    this.attributes = attributes;
    this.#marks = columns.map(() => 0);
  }

  reset(): void {
    for (const column of this.columns) column.reset();
    this.ends.reset();
    this.attributes.reset();
    this.count = 0;
    this.#isMarked = false;
  }

  beginElement(): void {
    if (this.#isMarked) return;
    this.#isMarked = true;
    for (let i = 0; i < this.columns.length; i++) this.#marks[i] = this.columns[i]!.size;
    this.#markedCount = this.count;
    this.attributes.mark();
  }

  endElement(): void {
    this.attributes.endRow();
    this.count++;
  }

  /** Takes back the elements of the row being filled. */
  dropRow(): void {
    if (!this.#isMarked) return;
    this.#isMarked = false;
    for (let i = 0; i < this.columns.length; i++) this.columns[i]!.size = this.#marks[i]!;
    this.count = this.#markedCount;
    this.attributes.rewind();
  }

  endRow(): void {
    this.#isMarked = false;
    this.ends.uint64(this.count);
  }
}

/** The columns of `otel_traces` that differ from span to span. */
export class SpanColumns {
  readonly timestamp = new ByteColumn();
  readonly received = new ByteColumn();
  readonly traceId = new ByteColumn();
  readonly spanId = new ByteColumn();
  readonly parentSpanId = new ByteColumn();
  readonly traceState = new ByteColumn();
  readonly name = new ByteColumn();
  readonly kind = new ByteColumn();
  readonly attributes: AttributeColumn;
  readonly duration = new ByteColumn();
  readonly statusCode = new ByteColumn();
  readonly statusMessage = new ByteColumn();
  readonly eventTime = new ByteColumn();
  readonly eventName = new ByteColumn();
  readonly events: ElementColumns;
  readonly linkTraceId = new ByteColumn();
  readonly linkSpanId = new ByteColumn();
  readonly linkTraceState = new ByteColumn();
  readonly links: ElementColumns;
  readonly sampleWeight = new ByteColumn();
  readonly #block: SignalBlock;

  constructor(limits: Limits, request: SignalRequest) {
    const numbers = new NumberColumn();
    this.attributes = new AttributeColumn(limits, request.repairs, numbers);
    const events = new ElementColumns([this.eventTime, this.eventName], new AttributeColumn(limits, request.repairs));
    const links = new ElementColumns([this.linkTraceId, this.linkSpanId, this.linkTraceState], new AttributeColumn(limits, request.repairs));
    this.events = events;
    this.links = links;
    this.#block = new SignalBlock('otel_traces', {
      Timestamp: [this.timestamp],
      Received: [this.received],
      TraceId: [this.traceId],
      SpanId: [this.spanId],
      ParentSpanId: [this.parentSpanId],
      TraceState: [this.traceState],
      SpanName: [this.name],
      SpanKind: [this.kind],
      ServiceName: request.service.parts,
      ResourceAttributes: request.resource.parts,
      ScopeName: request.scopeName.parts,
      ScopeVersion: request.scopeVersion.parts,
      SpanAttributes: this.attributes.parts,
      SpanNumbers: numbers.parts,
      Duration: [this.duration],
      StatusCode: [this.statusCode],
      StatusMessage: [this.statusMessage],
      'Events.Timestamp': [events.ends, this.eventTime],
      'Events.Name': [events.ends, this.eventName],
      'Events.Attributes': [events.ends, ...events.attributes.parts],
      'Links.TraceId': [links.ends, this.linkTraceId],
      'Links.SpanId': [links.ends, this.linkSpanId],
      'Links.TraceState': [links.ends, this.linkTraceState],
      'Links.Attributes': [links.ends, ...links.attributes.parts],
      SampleWeight: [this.sampleWeight],
    });
  }

  reset(): void {
    const { timestamp, received, traceId, spanId, parentSpanId, traceState, name, kind, duration, statusCode, statusMessage, sampleWeight } = this;
    for (const column of [timestamp, received, traceId, spanId, parentSpanId, traceState, name, kind, duration, statusCode, statusMessage, sampleWeight]) {
      column.reset();
    }
    this.attributes.reset();
    this.events.reset();
    this.links.reset();
  }

  encode(rows: number): Uint8Array {
    return this.#block.encode(rows);
  }
}
