import type { Limits } from '@pitot/core';
import { AttributeColumn, NumberColumn } from '../signals/attribute-column.ts';
import { ByteColumn } from '../signals/byte-column.ts';
import { SignalBlock } from '../signals/signal-block.ts';
import type { SignalRequest } from '../signals/signal-request.ts';

/** The columns of `otel_logs` that differ from record to record. */
export class LogColumns {
  readonly timestamp = new ByteColumn();
  readonly sequence = new ByteColumn();
  readonly traceId = new ByteColumn();
  readonly spanId = new ByteColumn();
  readonly traceFlags = new ByteColumn();
  readonly severityText = new ByteColumn();
  readonly severityNumber = new ByteColumn();
  readonly body = new ByteColumn();
  readonly eventName = new ByteColumn();
  readonly pattern = new ByteColumn();
  readonly attributes: AttributeColumn;
  readonly #block: SignalBlock;

  constructor(limits: Limits, request: SignalRequest) {
    const numbers = new NumberColumn();
    this.attributes = new AttributeColumn(limits, request.repairs, numbers);
    this.#block = new SignalBlock('otel_logs', {
      Timestamp: [this.timestamp],
      Sequence: [this.sequence],
      TraceId: [this.traceId],
      SpanId: [this.spanId],
      TraceFlags: [this.traceFlags],
      SeverityText: [this.severityText],
      SeverityNumber: [this.severityNumber],
      ServiceName: request.service.parts,
      Body: [this.body],
      ResourceSchemaUrl: request.resourceUrl.parts,
      ResourceAttributes: request.resource.parts,
      ScopeSchemaUrl: request.scopeUrl.parts,
      ScopeName: request.scopeName.parts,
      ScopeVersion: request.scopeVersion.parts,
      ScopeAttributes: request.scope.parts,
      LogAttributes: this.attributes.parts,
      LogNumbers: numbers.parts,
      EventName: [this.eventName],
      Pattern: [this.pattern],
    });
  }

  reset(): void {
    const { timestamp, sequence, traceId, spanId, traceFlags, severityText, severityNumber, body, eventName, pattern } = this;
    for (const column of [timestamp, sequence, traceId, spanId, traceFlags, severityText, severityNumber, body, eventName, pattern]) column.reset();
    this.attributes.reset();
  }

  encode(rows: number): Uint8Array {
    return this.#block.encode(rows);
  }
}
