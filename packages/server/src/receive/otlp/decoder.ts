import type { DecodeTarget } from '../decode-target.ts';
import { WireReader } from '@pitot/core/protobuf-wire';
import { DeltaStore } from './delta.ts';
import { readExponentialPoint } from './exponential-points.ts';
import { readHistogramPoint } from './histogram-points.ts';
import type { MetricKind } from './naming.ts';
import { readNumberPoint, type PointTools } from './number-points.ts';
import { PointWriter } from './point-writer.ts';
import type { Resource } from './resource.ts';
import { Streams, type MetricBytes } from './streams.ts';
import { readSummaryPoint } from './summary-points.ts';

/** Fields of `Metric` that carry the points. */
const GAUGE = 0x2a;
const SUM = 0x3a;
const HISTOGRAM = 0x4a;
const EXPONENTIAL = 0x52;
const SUMMARY = 0x5a;

const DELTA = 1;
const CUMULATIVE = 2;
/** Fits well into the five minutes that an instant query looks back. */
const TARGET_INFO_INTERVAL_MS = 60_000;

/** What became of a request's data points before the batch was committed. */
export interface Decoded {
  readonly points: number;
  readonly refusedPoints: number;
  readonly refusedSamples: number;
}

/**
 * Decodes `ExportMetricsServiceRequest` straight into a batch. Streams that were seen before are found by their raw bytes.
 * Source: opentelemetry-proto collector/metrics/v1 and metrics/v1.
 */
export class OtlpMetricsDecoder {
  readonly #reader = new WireReader();
  readonly #streams: Streams;
  readonly #writer = new PointWriter();
  readonly #deltas = new DeltaStore();
  readonly #tools: PointTools;
  readonly #metric: MetricBytes = { nameStart: 0, nameEnd: 0, unitStart: 0, unitEnd: 0, descriptionStart: 0, descriptionEnd: 0 };
  #target!: DecodeTarget;
  #targetInfoUndo: (() => void)[] = [];

  constructor(maxStreams: number) {
    this.#streams = new Streams(this.#reader, maxStreams);
    this.#tools = { reader: this.#reader, streams: this.#streams, writer: this.#writer, deltas: this.#deltas };
  }

  /** Everything in the body goes to the target's batch, or it throws. Either way call `takeUndo` next. */
  decode(bytes: Uint8Array, target: DecodeTarget, nowMs: number): Decoded {
    this.#reader.reset(bytes);
    this.#target = target;
    this.#streams.begin(target, nowMs);
    this.#writer.begin(target, nowMs);
    const reader = this.#reader;
    const end = bytes.length;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) this.#resourceMetrics(reader.length(end));
      else reader.skip(tag, end);
    }
    const { points, refusedPoints, refusedSamples } = this.#writer;
    return { points, refusedPoints, refusedSamples };
  }

  /** Takes what the last `decode` remembered for later requests; call the answer where its batch was not committed. */
  takeUndo(): () => void {
    const undoDeltas = this.#deltas.takeUndo();
    const undoMetadata = this.#streams.takeUndo();
    const undoTargetInfo = this.#targetInfoUndo;
    this.#targetInfoUndo = [];
    return () => {
      undoDeltas();
      for (const undo of undoTargetInfo) undo();
      undoMetadata();
    };
  }

  #resourceMetrics(end: number): void {
    const reader = this.#reader;
    this.#target.budget.takeHolder();
    const start = reader.position;
    let resourceStart = start;
    let resourceEnd = start;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) {
        resourceEnd = reader.length(end);
        resourceStart = reader.position;
        reader.position = resourceEnd;
      } else reader.skip(tag, end);
    }
    this.#streams.enterResource(resourceStart, resourceEnd);
    const { resource } = this.#streams;
    let latestMs = Number.NEGATIVE_INFINITY;
    reader.position = start;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x12) latestMs = Math.max(latestMs, this.#scopeMetrics(reader.length(end)));
      else reader.skip(tag, end);
    }
    if (latestMs > 0) this.#targetInfo(resource, latestMs);
  }

  /** Answers the latest time of a point. */
  #scopeMetrics(end: number): number {
    const reader = this.#reader;
    this.#target.budget.takeHolder();
    let latestMs = Number.NEGATIVE_INFINITY;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x12) latestMs = Math.max(latestMs, this.#metricPoints(reader.length(end)));
      else reader.skip(tag, end);
    }
    return latestMs;
  }

  #metricPoints(end: number): number {
    const reader = this.#reader;
    this.#target.budget.takeHolder();
    const metric = this.#metric;
    metric.nameStart = metric.nameEnd = metric.unitStart = metric.unitEnd = metric.descriptionStart = metric.descriptionEnd = reader.position;
    let dataTag = 0;
    let dataStart = 0;
    let dataEnd = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if ((tag & 7) !== 2) {
        reader.skip(tag, end);
        continue;
      }
      const fieldEnd = reader.length(end);
      const fieldStart = reader.position;
      reader.position = fieldEnd;
      if (tag === 0x0a) [metric.nameStart, metric.nameEnd] = [fieldStart, fieldEnd];
      else if (tag === 0x12) [metric.descriptionStart, metric.descriptionEnd] = [fieldStart, fieldEnd];
      else if (tag === 0x1a) [metric.unitStart, metric.unitEnd] = [fieldStart, fieldEnd];
      else if (tag === GAUGE || tag === SUM || tag === HISTOGRAM || tag === EXPONENTIAL || tag === SUMMARY) {
        [dataTag, dataStart, dataEnd] = [tag, fieldStart, fieldEnd];
      }
    }
    let latestMs = Number.NEGATIVE_INFINITY;
    if (dataTag !== 0) {
      reader.position = dataStart;
      latestMs = this.#points(dataTag, dataEnd);
    }
    reader.position = end;
    return latestMs;
  }

  #points(dataTag: number, end: number): number {
    const reader = this.#reader;
    const start = reader.position;
    let temporality = 0;
    let isMonotonic = false;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x10) temporality = reader.varint(end);
      else if (tag === 0x18) isMonotonic = reader.varint(end) !== 0;
      else reader.skip(tag, end);
    }
    const isDelta = temporality === DELTA;
    const hasTemporality = dataTag !== GAUGE && dataTag !== SUMMARY;
    const isRefused = hasTemporality && !isDelta && temporality !== CUMULATIVE;
    this.#streams.enterMetric(this.#metric, kindOf(dataTag, isMonotonic), dataTag * 8 + temporality * 2 + (isMonotonic ? 1 : 0));
    let latestMs = Number.NEGATIVE_INFINITY;
    reader.position = start;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag !== 0x0a) {
        reader.skip(tag, end);
        continue;
      }
      const pointEnd = reader.length(end);
      this.#writer.beginPoint();
      if (isRefused) this.#writer.refuse('unsupported');
      else latestMs = Math.max(latestMs, this.#point(dataTag, pointEnd, hasTemporality && isDelta, isMonotonic));
      reader.position = pointEnd;
    }
    return latestMs;
  }

  #point(dataTag: number, end: number, isDelta: boolean, isMonotonic: boolean): number {
    switch (dataTag) {
      case HISTOGRAM:
        return readHistogramPoint(this.#tools, end, isDelta);
      case EXPONENTIAL:
        return readExponentialPoint(this.#tools, end, isDelta);
      case SUMMARY:
        return readSummaryPoint(this.#tools, end);
      default:
        return readNumberPoint(this.#tools, end, isDelta, isMonotonic);
    }
  }

  #targetInfo(resource: Resource, latestMs: number): void {
    const before = resource.targetInfoWrittenMs;
    if (resource.targetInfo === undefined || Math.abs(latestMs - before) < TARGET_INFO_INTERVAL_MS) return;
    const { sink, source } = this.#target;
    this.#writer.float(sink.intern(resource.targetInfo, source), latestMs, 1, false);
    resource.targetInfoWrittenMs = latestMs;
    this.#targetInfoUndo.push(() => (resource.targetInfoWrittenMs = before));
  }
}

function kindOf(dataTag: number, isMonotonic: boolean): MetricKind {
  if (dataTag === GAUGE) return 'gauge';
  if (dataTag === SUM) return isMonotonic ? 'counter' : 'updown';
  return dataTag === SUMMARY ? 'summary' : 'histogram';
}
