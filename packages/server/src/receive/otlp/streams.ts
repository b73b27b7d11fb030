import { isUtf8 } from 'node:buffer';
import { METRIC_NAME, type MetricType, type RejectReason } from '@pitot/core';
import type { DecodeTarget } from '../decode-target.ts';
import { PendingMetadata } from '../pending-metadata.ts';
import type { WireReader } from '@pitot/core/protobuf-wire';
import { SeriesTable } from '../series-table.ts';
import { addAttribute, type Attribute } from './attributes.ts';
import type { DeltaSeries } from './delta.ts';
import { metricName, unitName, type MetricKind } from './naming.ts';
import { pointLabels, readResource, type Resource } from './resource.ts';

const MAX_RESOURCES = 100_000;
const MAX_METRICS = 200_000;

/** One metric with one set of attributes of one resource: what a data point belongs to. */
export interface Stream {
  readonly resource: Resource;
  readonly name: string;
  readonly attributes: readonly Attribute[];
  /** The handle of the series under the plain name, -1 before it was asked for. */
  series: number;
  /** Handles of the series that a histogram or summary is split into; empty before they were asked for. */
  parts: readonly number[];
  /** The bounds or quantiles that the parts stand for. */
  bounds: readonly number[];
  /** The running total, where the points are deltas. */
  delta: DeltaSeries<unknown> | undefined;
}

/** The metric whose points are being read. */
interface MetricHead {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly kind: MetricKind;
}

/** A metric's descriptor: where its texts lie in the body, and what kind it is. */
export interface MetricBytes {
  nameStart: number;
  nameEnd: number;
  unitStart: number;
  unitEnd: number;
  descriptionStart: number;
  descriptionEnd: number;
}

const METADATA_TYPE: Readonly<Record<MetricKind, MetricType>> = {
  gauge: 'gauge',
  counter: 'counter',
  updown: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
};

/**
 * Finds the stream of a point by the raw bytes of its resource, metric and attributes, so that nothing is decoded to text
 * twice. Call in order: `begin` per request, `enterResource`, `enterMetric`, and per point `beginPoint`, `attribute`… and `find`.
 */
export class Streams {
  readonly #reader: WireReader;
  readonly #maxStreams: number;
  readonly #table: SeriesTable;
  readonly #resourceTable = new SeriesTable(MAX_RESOURCES + 1);
  readonly #metadata = new PendingMetadata();
  readonly #metadataTable = new SeriesTable(MAX_METRICS);
  #streams: Stream[] = [];
  #resources: Resource[] = [];
  #target!: DecodeTarget;
  #resource!: Resource;
  #resourceA = 0;
  #resourceB = 0;
  #resourceLength = 0;
  #metric!: MetricBytes;
  #kind: MetricKind = 'gauge';
  #metricA = 0;
  #metricB = 0;
  #metricLength = 0;
  #length = 0;

  constructor(reader: WireReader, maxStreams: number) {
    this.#reader = reader;
    this.#maxStreams = maxStreams;
    this.#table = new SeriesTable(maxStreams + 1);
  }

  begin(target: DecodeTarget, nowMs: number): void {
    this.#target = target;
    const { epoch } = target.sink;
    if (this.#table.refresh(epoch, nowMs) || this.#streams.length >= this.#maxStreams) this.#forgetStreams();
    if (this.#resourceTable.refresh(epoch, nowMs) || this.#resources.length >= MAX_RESOURCES) {
      this.#resourceTable.clear();
      this.#resources = [];
    }
    this.#metadataTable.refresh(epoch, nowMs);
    this.#metadata.begin(target.batch);
  }

  /** Ends the request; call the answer where its batch was not committed. */
  takeUndo(): () => void {
    return this.#metadata.takeUndo();
  }

  get resource(): Resource {
    return this.#resource;
  }

  /** The resource's bytes; start = end where there is none. */
  enterResource(start: number, end: number): void {
    const table = this.#resourceTable;
    table.seed(this.#target.seed);
    table.mixBytes(this.#reader.view, start, end);
    this.#resourceA = table.a;
    this.#resourceB = table.b;
    this.#resourceLength = end - start;
    const known = table.find(this.#resourceLength);
    if (known >= 0) {
      this.#resource = this.#resources[known]!;
      return;
    }
    this.#reader.position = start;
    this.#resource = readResource(this.#reader, end);
    table.put(this.#resourceA, this.#resourceB, this.#resourceLength, this.#resources.push(this.#resource) - 1);
  }

  /** `variant` tells metrics apart that have the same name and unit: the kind of data, temporality and monotony. */
  enterMetric(metric: MetricBytes, kind: MetricKind, variant: number): void {
    const { view } = this.#reader;
    const table = this.#table;
    this.#metric = metric;
    this.#kind = kind;
    table.a = this.#resourceA;
    table.b = this.#resourceB;
    table.mixBytes(view, metric.nameStart, metric.nameEnd);
    table.mixBytes(view, metric.unitStart, metric.unitEnd);
    table.mixWords(variant, metric.nameEnd - metric.nameStart);
    this.#metricA = table.a;
    this.#metricB = table.b;
    this.#metricLength = this.#resourceLength + (metric.nameEnd - metric.nameStart) + (metric.unitEnd - metric.unitStart);
  }

  beginPoint(): void {
    this.#table.a = this.#metricA;
    this.#table.b = this.#metricB;
    this.#length = this.#metricLength;
  }

  /** One attribute field of the point, from its tag to its end. */
  attribute(start: number, end: number): void {
    this.#table.mixBytes(this.#reader.view, start, end);
    this.#length += end - start;
  }

  /** The point's stream; its message is [start, end), its attributes have this tag. Leaves the reader anywhere within. */
  find(start: number, end: number, attributeTag: number): Stream | RejectReason {
    const table = this.#table;
    const { a, b } = table;
    const length = this.#length;
    const known = table.find(length);
    if (known >= 0) return this.#streams[known]!;
    const stream = this.#create(start, end, attributeTag);
    if (typeof stream === 'string') return stream;
    if (this.#streams.length >= this.#maxStreams) this.#forgetStreams();
    table.put(a, b, length, this.#streams.push(stream) - 1);
    return stream;
  }

  /** The handle of one of a stream's series, or why it may not be. */
  intern(stream: Stream, suffix: string, label?: Attribute): number | RejectReason {
    const name: Attribute = [METRIC_NAME, stream.name + suffix];
    const labels = pointLabels(stream.resource, stream.attributes, label === undefined ? [name] : [name, label]);
    return this.#target.sink.intern(labels, this.#target.source);
  }

  #create(start: number, end: number, attributeTag: number): Stream | RejectReason {
    if (!this.#resource.valid) return 'invalid_label';
    const head = this.#head();
    if (head === undefined) return 'invalid_label';
    const name = metricName(head.name, head.unit, head.kind);
    if (name === '') return 'missing_metric_name';
    const reader = this.#reader;
    const attributes: Attribute[] = [];
    reader.position = start;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag !== attributeTag) reader.skip(tag, end);
      else if (!addAttribute(reader, reader.length(end), attributes)) return 'invalid_label';
    }
    this.#sayMetadata(name, head);
    return { resource: this.#resource, name, attributes, series: -1, parts: [], bounds: [], delta: undefined };
  }

  #head(): MetricHead | undefined {
    const { nameStart, nameEnd, unitStart, unitEnd, descriptionStart, descriptionEnd } = this.#metric;
    const name = this.#bytes(nameStart, nameEnd);
    const unit = this.#bytes(unitStart, unitEnd);
    if (!isUtf8(name) || !isUtf8(unit)) return undefined;
    const description = this.#bytes(descriptionStart, descriptionEnd).toString();
    return { name: name.toString(), unit: unit.toString(), description, kind: this.#kind };
  }

  #sayMetadata(metric: string, head: MetricHead): void {
    const table = this.#metadataTable;
    const bytes = Buffer.from(`${metric}\0${head.kind}\0${head.unit}\0${head.description}`);
    table.seed(this.#target.seed);
    table.mixBytes(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
    const { a, b } = table;
    if (table.find(bytes.length) >= 0) return;
    table.put(a, b, bytes.length, 1);
    this.#metadata.say(this.#target.batch, { metric, type: METADATA_TYPE[head.kind], help: head.description, unit: unitName(head.unit) });
  }

  #bytes(start: number, end: number): Buffer {
    const { buffer, byteOffset } = this.#reader.bytes;
    return Buffer.from(buffer, byteOffset + start, end - start);
  }

  #forgetStreams(): void {
    this.#table.clear();
    this.#streams = [];
  }
}
