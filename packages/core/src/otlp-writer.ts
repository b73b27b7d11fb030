import { WireWriter } from './protobuf-writer.ts';

/** Values an attribute may have; an array and a map are written as OTLP's. Integers as int, other numbers as double. */
export type OtlpValue = string | number | bigint | boolean | readonly OtlpValue[] | { readonly [key: string]: OtlpValue };
export type OtlpAttributes = Readonly<Record<string, OtlpValue>>;

export interface OtlpResource {
  readonly attributes: OtlpAttributes;
}

export interface OtlpScope {
  readonly name: string;
  readonly version?: string;
}

export interface OtlpLogRecord {
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano?: bigint;
  /** 1–24 by OpenTelemetry's table; 0 where not known. */
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body: OtlpValue;
  readonly attributes?: OtlpAttributes;
  /** Hex. */
  readonly traceId?: string;
  readonly spanId?: string;
  readonly flags?: number;
  readonly eventName?: string;
}

export interface OtlpSpan {
  /** Hex: 32 and 16 digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes?: OtlpAttributes;
  readonly events?: readonly { readonly timeUnixNano: bigint; readonly name: string; readonly attributes?: OtlpAttributes }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string; readonly attributes?: OtlpAttributes }[];
  /** 0 unset, 1 ok, 2 error. */
  readonly statusCode?: number;
  readonly statusMessage?: string;
}

/** One metric with its points; what `type` says decides which fields of a point count. */
export interface OtlpMetric {
  readonly name: string;
  readonly description?: string;
  /** UCUM, e.g. `s`, `By`, `1`. */
  readonly unit?: string;
  /** `sum` is cumulative and monotonic; `histogram` cumulative with explicit bounds. */
  readonly type: 'gauge' | 'sum' | 'histogram';
  readonly points: readonly OtlpPoint[];
}

export interface OtlpPoint {
  readonly attributes?: OtlpAttributes;
  readonly startTimeUnixNano?: bigint;
  readonly timeUnixNano: bigint;
  /** Of a gauge or sum; the sum of the values of a histogram. */
  readonly value: number;
  /** Of a histogram: the upper bounds, and how many values lie in each bucket; the last bucket has no bound. */
  readonly bounds?: readonly number[];
  readonly bucketCounts?: readonly number[];
}

export interface OtlpGroup<T> {
  readonly resource: OtlpResource;
  readonly scope?: OtlpScope;
  readonly records: readonly T[];
}

/** An `ExportLogsServiceRequest` in protobuf. Source: opentelemetry-proto collector/logs/v1 and logs/v1. */
export function writeLogsRequest(groups: readonly OtlpGroup<OtlpLogRecord>[]): Uint8Array {
  return writeRequest(groups, writeLogRecord);
}

/** An `ExportTraceServiceRequest` in protobuf. Source: opentelemetry-proto collector/trace/v1 and trace/v1. */
export function writeTracesRequest(groups: readonly OtlpGroup<OtlpSpan>[]): Uint8Array {
  return writeRequest(groups, writeSpan);
}

/** An `ExportMetricsServiceRequest` in protobuf. Source: opentelemetry-proto collector/metrics/v1 and metrics/v1. */
export function writeMetricsRequest(groups: readonly OtlpGroup<OtlpMetric>[]): Uint8Array {
  return writeRequest(groups, writeMetric);
}

/** All requests have the same frame: resource = 1, scope = 2 { scope = 1, records = 2 }. */
function writeRequest<T>(groups: readonly OtlpGroup<T>[], writeRecord: (out: WireWriter, record: T) => void): Uint8Array {
  const out = new WireWriter(1024);
  for (const { resource, scope, records } of groups) {
    const group = openField(out, 0x0a);
    const resourceStart = openField(out, 0x0a);
    writeAttributes(out, 0x0a, resource.attributes);
    out.close(resourceStart);
    const scoped = openField(out, 0x12);
    if (scope !== undefined) {
      const start = openField(out, 0x0a);
      textField(out, 0x0a, scope.name);
      textField(out, 0x12, scope.version);
      out.close(start);
    }
    for (const record of records) {
      const start = openField(out, 0x12);
      writeRecord(out, record);
      out.close(start);
    }
    out.close(scoped);
    out.close(group);
  }
  return out.finish();
}

function writeLogRecord(out: WireWriter, record: OtlpLogRecord): void {
  fixedField(out, 0x09, record.timeUnixNano);
  if (record.observedTimeUnixNano !== undefined) fixedField(out, 0x59, record.observedTimeUnixNano);
  numberField(out, 0x10, record.severityNumber);
  textField(out, 0x1a, record.severityText);
  const body = openField(out, 0x2a);
  writeValue(out, record.body);
  out.close(body);
  writeAttributes(out, 0x32, record.attributes);
  if (record.flags !== undefined && record.flags !== 0) {
    out.varint(0x45);
    out.fixed32(record.flags);
  }
  hexField(out, 0x4a, record.traceId);
  hexField(out, 0x52, record.spanId);
  textField(out, 0x62, record.eventName);
}

function writeSpan(out: WireWriter, span: OtlpSpan): void {
  hexField(out, 0x0a, span.traceId);
  hexField(out, 0x12, span.spanId);
  textField(out, 0x1a, span.traceState);
  hexField(out, 0x22, span.parentSpanId);
  textField(out, 0x2a, span.name);
  numberField(out, 0x30, span.kind);
  fixedField(out, 0x39, span.startTimeUnixNano);
  fixedField(out, 0x41, span.endTimeUnixNano);
  writeAttributes(out, 0x4a, span.attributes);
  for (const event of span.events ?? []) {
    const start = openField(out, 0x5a);
    fixedField(out, 0x09, event.timeUnixNano);
    textField(out, 0x12, event.name);
    writeAttributes(out, 0x1a, event.attributes);
    out.close(start);
  }
  for (const link of span.links ?? []) {
    const start = openField(out, 0x6a);
    hexField(out, 0x0a, link.traceId);
    hexField(out, 0x12, link.spanId);
    writeAttributes(out, 0x22, link.attributes);
    out.close(start);
  }
  if (span.statusCode !== undefined || span.statusMessage !== undefined) {
    const start = openField(out, 0x7a);
    textField(out, 0x12, span.statusMessage);
    numberField(out, 0x18, span.statusCode);
    out.close(start);
  }
}

/** The field of `Metric` that holds the points: gauge = 5, sum = 7, histogram = 9. */
const POINTS_TAG = { gauge: 0x2a, sum: 0x3a, histogram: 0x4a } as const;
const CUMULATIVE = 2;

function writeMetric(out: WireWriter, metric: OtlpMetric): void {
  textField(out, 0x0a, metric.name);
  textField(out, 0x12, metric.description);
  textField(out, 0x1a, metric.unit);
  const data = openField(out, POINTS_TAG[metric.type]);
  for (const point of metric.points) {
    const start = openField(out, 0x0a);
    writePoint(out, point, metric.type === 'histogram');
    out.close(start);
  }
  if (metric.type !== 'gauge') numberField(out, 0x10, CUMULATIVE);
  if (metric.type === 'sum') numberField(out, 0x18, 1);
  out.close(data);
}

function writePoint(out: WireWriter, point: OtlpPoint, isHistogram: boolean): void {
  if (point.startTimeUnixNano !== undefined) fixedField(out, 0x11, point.startTimeUnixNano);
  fixedField(out, 0x19, point.timeUnixNano);
  if (!isHistogram) {
    out.varint(0x21);
    out.double(point.value);
    writeAttributes(out, 0x3a, point.attributes);
    return;
  }
  const counts = point.bucketCounts ?? [];
  fixedField(out, 0x21, BigInt(counts.reduce((sum, count) => sum + count, 0)));
  out.varint(0x29);
  out.double(point.value);
  const bucketStart = openField(out, 0x32);
  for (const count of counts) {
    // Two words are several times as fast as one BigInt, and a histogram has many of them.
    out.fixed32(count);
    out.fixed32(Math.floor(count / 0x1_0000_0000));
  }
  out.close(bucketStart);
  const boundStart = openField(out, 0x3a);
  for (const bound of point.bounds ?? []) out.double(bound);
  out.close(boundStart);
  writeAttributes(out, 0x4a, point.attributes);
}

function writeAttributes(out: WireWriter, tag: number, attributes: OtlpAttributes | undefined): void {
  for (const key in attributes) {
    const start = openField(out, tag);
    writeKeyValue(out, key, attributes[key]!);
    out.close(start);
  }
}

function writeKeyValue(out: WireWriter, key: string, value: OtlpValue): void {
  textField(out, 0x0a, key);
  const start = openField(out, 0x12);
  writeValue(out, value);
  out.close(start);
}

/** The fields of one `AnyValue`. */
function writeValue(out: WireWriter, value: OtlpValue): void {
  switch (typeof value) {
    case 'string':
      out.varint(0x0a);
      out.text(value);
      return;
    case 'boolean':
      out.varint(0x10);
      out.varint(value ? 1 : 0);
      return;
    case 'bigint':
      out.varint(0x18);
      out.varint64(value);
      return;
    case 'number':
      if (Number.isSafeInteger(value)) {
        out.varint(0x18);
        if (value >= 0) out.varint(value);
        else out.varint64(BigInt(value));
      } else {
        out.varint(0x21);
        out.double(value);
      }
      return;
    default:
      writeComposite(out, value);
  }
}

function writeComposite(out: WireWriter, value: readonly OtlpValue[] | { readonly [key: string]: OtlpValue }): void {
  const isList = Array.isArray(value);
  const outer = openField(out, isList ? 0x2a : 0x32);
  for (const [key, element] of Object.entries(value)) {
    const start = openField(out, 0x0a);
    if (isList) writeValue(out, element as OtlpValue);
    else writeKeyValue(out, key, element as OtlpValue);
    out.close(start);
  }
  out.close(outer);
}

function openField(out: WireWriter, tag: number): number {
  out.varint(tag);
  return out.open();
}

function textField(out: WireWriter, tag: number, value: string | undefined): void {
  if (value === undefined || value === '') return;
  out.varint(tag);
  out.text(value);
}

function hexField(out: WireWriter, tag: number, value: string | undefined): void {
  if (value === undefined || value === '') return;
  out.varint(tag);
  out.bytes(Buffer.from(value, 'hex'));
}

function numberField(out: WireWriter, tag: number, value: number | undefined): void {
  if (value === undefined || value === 0) return;
  out.varint(tag);
  out.varint(value);
}

function fixedField(out: WireWriter, tag: number, value: bigint): void {
  out.varint(tag);
  out.fixed64(value);
}
