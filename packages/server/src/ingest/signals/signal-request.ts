import { AppError, type Limits } from '@pitot/core';
import { WireReader } from '@pitot/core/protobuf-wire';
import { AttributeColumn } from './attribute-column.ts';
import { Repairs } from './repairs.ts';
import { SharedMap, SharedText } from './shared-columns.ts';

/** Where a resource has no service.name; as OpenTelemetry's SDKs name it. */
const UNKNOWN_SERVICE = 'unknown_service';

/** What a decoder of records is told while a request is read. */
export interface RecordHandler {
  /** The records that follow are of this service. */
  enterResource(service: string): void;
  /** Reads the record from the reader's position to `end`. */
  readRecord(end: number): void;
  /** All records of a scope were read; answers how many rows they became. */
  endScope(): number;
}

/**
 * Reads the frame that ExportLogsServiceRequest and ExportTraceServiceRequest have in common: resources with scopes with records. Holds the
 * columns of what records share. Source: opentelemetry-proto collector/{logs,trace}/v1, {logs,trace}/v1, resource/v1, common/v1.
 */
export class SignalRequest {
  readonly reader = new WireReader();
  readonly repairs = new Repairs();
  readonly service = new SharedText();
  readonly resourceUrl = new SharedText();
  readonly scopeUrl = new SharedText();
  readonly scopeName = new SharedText();
  readonly scopeVersion = new SharedText();
  readonly resource: SharedMap;
  readonly scope: SharedMap;
  readonly #limits: Limits;
  readonly #texts = [this.service, this.resourceUrl, this.scopeUrl, this.scopeName, this.scopeVersion];
  /** What records share is repeated by row, so a small request can grow; beyond this it is refused. */
  readonly #mostSharedBytes: number;
  #sharedBytes = 0;
  #records = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#mostSharedBytes = 2 * limits.decompressed_body_bytes;
    this.resource = new SharedMap(new AttributeColumn(limits, this.repairs));
    this.scope = new SharedMap(new AttributeColumn(limits, this.repairs));
  }

  /** Throws AppError `bad_payload`, `too_many_samples` or `body_too_large`; the columns are then worth nothing until the next `read`. */
  read(request: Uint8Array, handler: RecordHandler): void {
    const { reader } = this;
    for (const text of this.#texts) text.reset();
    this.resource.reset();
    this.scope.reset();
    this.#records = 0;
    this.#sharedBytes = 0;
    reader.reset(request);
    const end = request.length;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) this.#readResourceGroup(reader.length(end), handler);
      else reader.skip(tag, end);
    }
  }

  /** The resource may come after its records, so it is looked for first. */
  #readResourceGroup(end: number, handler: RecordHandler): void {
    const { reader, resource } = this;
    const start = reader.position;
    resource.value.reset();
    this.resourceUrl.clear();
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) this.#readAttributes(resource.value, 0x0a, reader.length(end));
      else if (tag === 0x1a) this.#readText(this.resourceUrl, end);
      else reader.skip(tag, end);
    }
    const service = resource.value.textOf('service.name') || UNKNOWN_SERVICE;
    resource.value.endRow();
    this.service.setText(service);
    handler.enterResource(service);
    reader.position = start;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x12) this.#readScopeGroup(reader.length(end), handler);
      else reader.skip(tag, end);
    }
  }

  #readScopeGroup(end: number, handler: RecordHandler): void {
    const { reader, scope } = this;
    scope.value.reset();
    this.scopeName.clear();
    this.scopeVersion.clear();
    this.scopeUrl.clear();
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x12) {
        if (++this.#records > this.#limits.records_per_request) throw tooManyRecords(this.#limits.records_per_request);
        handler.readRecord(reader.length(end));
      } else if (tag === 0x0a) this.#readScope(reader.length(end));
      else if (tag === 0x1a) this.#readText(this.scopeUrl, end);
      else reader.skip(tag, end);
    }
    scope.value.endRow();
    const rows = handler.endScope();
    this.#checkSharedBytes(rows);
    for (const text of this.#texts) text.endScope(rows);
    this.resource.endScope(rows);
    scope.endScope(rows);
  }

  #readScope(end: number): void {
    const { reader } = this;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) this.#readText(this.scopeName, end);
      else if (tag === 0x12) this.#readText(this.scopeVersion, end);
      else if (tag === 0x1a) this.scope.value.add(reader, reader.length(end));
      else reader.skip(tag, end);
    }
  }

  #readAttributes(into: AttributeColumn, attributeTag: number, end: number): void {
    const { reader } = this;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === attributeTag) into.add(reader, reader.length(end));
      else reader.skip(tag, end);
    }
  }

  #readText(into: SharedText, end: number): void {
    const { reader } = this;
    const textEnd = reader.length(end);
    into.set(reader, reader.position, textEnd, this.#limits.attribute_value_bytes, this.repairs);
    reader.position = textEnd;
  }

  #checkSharedBytes(rows: number): void {
    let bytes = this.resource.valueBytes + this.scope.valueBytes;
    for (const text of this.#texts) bytes += text.valueBytes;
    this.#sharedBytes += rows * bytes;
    if (this.#sharedBytes <= this.#mostSharedBytes) return;
    throw new AppError(
      'body_too_large',
      `the resources and scopes of this request take more than ${this.#mostSharedBytes} bytes when repeated for each of their records, twice what ` +
        'limits.decompressed_body_bytes allows; send fewer records in one request',
      { fields: { limit: 'limits.decompressed_body_bytes', value: this.#limits.decompressed_body_bytes } },
    );
  }
}

function tooManyRecords(limit: number): AppError {
  return new AppError('too_many_samples', `the request carries more than ${limit} records, which is what limits.records_per_request allows`, {
    fields: { limit: 'limits.records_per_request', value: limit },
  });
}
