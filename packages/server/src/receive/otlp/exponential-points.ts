import type { NativeHistogram } from '@pitot/core';
import { malformed, type WireReader } from '@pitot/core/protobuf-wire';
import { added, coarser, layOut, withoutNearZero, type Buckets } from './bucket-layout.ts';
import { deltaOf, type PointTools } from './number-points.ts';
import { msOfNanoseconds } from './point-writer.ts';
import type { Stream } from './streams.ts';

const ATTRIBUTE = 0x0a;
const EXEMPLAR = 0x5a;
const MIN_SCHEMA = -4;
const MAX_SCHEMA = 8;
/** Prometheus' zero threshold for OpenTelemetry histograms that name none. */
const DEFAULT_ZERO_THRESHOLD = 1e-128;
/** A total with more buckets than this is made coarser. */
const MAX_BUCKETS = 1024;
/** Far above what an SDK sends (160): only keeps memory small. */
const MAX_SENT_BUCKETS = 100_000;

/** An exponential histogram, at a schema of native histograms. */
interface Exponential {
  readonly schema: number;
  readonly count: number;
  readonly sum: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
}

/**
 * Reads one `ExponentialHistogramDataPoint` and writes it as a native histogram; answers its time. Scales above 8 are made
 * coarser, below -4 there is no native histogram. Source: opentelemetry-proto metrics/v1/metrics.proto.
 */
export function readExponentialPoint(tools: PointTools, end: number, isDelta: boolean): number {
  const { reader, streams, writer } = tools;
  const start = reader.position;
  let startMs = 0;
  let timeMs = 0;
  let count = 0;
  let sum = 0;
  let scale = 0;
  let zeroCount = 0;
  let zeroThreshold = 0;
  let flags = 0;
  let hasExemplars = false;
  let positive: Buckets = new Map();
  let negative: Buckets = new Map();
  streams.beginPoint();
  while (reader.position < end) {
    const at = reader.position;
    const tag = reader.tag(end);
    switch (tag) {
      case ATTRIBUTE:
        reader.position = reader.length(end);
        streams.attribute(at, reader.position);
        break;
      case 0x11:
        reader.fixedWords(end);
        startMs = msOfNanoseconds(reader.low, reader.high);
        break;
      case 0x19:
        reader.fixedWords(end);
        timeMs = msOfNanoseconds(reader.low, reader.high);
        break;
      case 0x21:
        count = reader.fixed64(end);
        break;
      case 0x29:
        sum = reader.double(end);
        break;
      case 0x30:
        scale = reader.zigzag(end);
        break;
      case 0x39:
        zeroCount = reader.fixed64(end);
        break;
      case 0x42:
        positive = readBuckets(reader, reader.length(end));
        break;
      case 0x4a:
        negative = readBuckets(reader, reader.length(end));
        break;
      case 0x50:
        flags = reader.varint(end);
        break;
      case EXEMPLAR:
        hasExemplars = true;
        reader.position = reader.length(end);
        break;
      case 0x71:
        zeroThreshold = reader.double(end);
        break;
      default:
        reader.skip(tag, end);
    }
  }
  const stream = streams.find(start, end, ATTRIBUTE);
  if (typeof stream === 'string') {
    writer.refuse(stream);
    return timeMs;
  }
  if (!intern(tools, stream)) return timeMs;
  if (flags % 2 === 1) {
    writer.float(stream.series, timeMs, 0, true);
    return timeMs;
  }
  if (scale < MIN_SCHEMA) {
    writer.refuse('unsupported');
    return timeMs;
  }
  const schema = Math.min(scale, MAX_SCHEMA);
  const point: Exponential = {
    schema,
    count,
    sum,
    zeroCount,
    zeroThreshold: zeroThreshold > 0 ? zeroThreshold : DEFAULT_ZERO_THRESHOLD,
    positive: coarser(positive, scale - schema),
    negative: coarser(negative, scale - schema),
  };
  if (!addsUp(point)) writer.refuse('invalid_histogram');
  else if (isDelta) writeDelta(tools, stream, startMs, timeMs, point);
  else writeHistogram(tools, stream, timeMs, point);
  if (hasExemplars) writer.exemplars(reader, start, end, EXEMPLAR, timeMs, () => stream.series);
  return timeMs;
}

/** Observations of NaN are counted, but are in no bucket. A threshold that is not a number would spoil every total. */
function addsUp({ count, zeroCount, zeroThreshold, positive, negative }: Exponential): boolean {
  let total = zeroCount;
  for (const inBucket of positive.values()) total += inBucket;
  for (const inBucket of negative.values()) total += inBucket;
  return total <= count && Number.isFinite(zeroThreshold);
}

function intern({ streams, writer }: PointTools, stream: Stream): boolean {
  if (stream.series >= 0) return true;
  const series = streams.intern(stream, '');
  if (typeof series === 'number') stream.series = series;
  else writer.refuse(series);
  return typeof series === 'number';
}

/** OpenTelemetry's bucket i is (base^i, base^(i+1)], Prometheus' is (base^(i-1), base^i]: one further. */
function readBuckets(reader: WireReader, end: number): Buckets {
  const counts: number[] = [];
  let offset = 0;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x08) offset = reader.zigzag(end);
    else if (tag === 0x10) counts.push(reader.varint(end));
    else if (tag === 0x12) {
      const packedEnd = reader.length(end);
      while (reader.position < packedEnd) counts.push(reader.varint(packedEnd));
    } else reader.skip(tag, end);
  }
  if (counts.length > MAX_SENT_BUCKETS) throw malformed(end, `a histogram has more than ${MAX_SENT_BUCKETS} buckets`);
  const buckets = new Map<number, number>();
  for (let i = 0; i < counts.length; i++) if (counts[i] !== 0) buckets.set(offset + i + 1, counts[i]!);
  return buckets;
}

function writeHistogram({ writer }: PointTools, stream: Stream, timeMs: number, point: Exponential): void {
  const positive = layOut(point.positive);
  const negative = layOut(point.negative);
  const histogram: NativeHistogram = {
    schema: point.schema,
    zeroThreshold: point.zeroThreshold,
    zeroCount: point.zeroCount,
    count: point.count,
    sum: point.sum,
    positiveSpans: positive.spans,
    positiveBuckets: positive.counts,
    negativeSpans: negative.spans,
    negativeBuckets: negative.counts,
    counterResetHint: 'unknown',
  };
  writer.histogram(stream.series, timeMs, histogram);
}

function writeDelta(tools: PointTools, stream: Stream, startMs: number, timeMs: number, point: Exponential): void {
  const { writer, deltas } = tools;
  const delta = deltaOf<Exponential>(tools, stream, 'exponential');
  const refusal = delta === undefined ? 'active_series_limit' : deltas.refusal(delta, startMs, timeMs);
  if (delta === undefined || refusal !== undefined) {
    writer.refuse(refusal ?? 'active_series_limit');
    return;
  }
  const total = bounded(delta.total === undefined ? point : sumOf(delta.total, point));
  if (total === undefined) {
    writer.refuse('invalid_histogram');
    return;
  }
  deltas.replace(delta, total, startMs, timeMs, writer.nowMs);
  writeHistogram(tools, stream, timeMs, total);
}

/** Both at the coarser schema and the wider zero bucket of the two. */
function sumOf(a: Exponential, b: Exponential): Exponential {
  const schema = Math.min(a.schema, b.schema);
  const zeroThreshold = Math.max(a.zeroThreshold, b.zeroThreshold);
  const left = widened(atSchema(a, schema), zeroThreshold);
  const right = widened(atSchema(b, schema), zeroThreshold);
  return {
    schema,
    zeroThreshold,
    count: a.count + b.count,
    sum: a.sum + b.sum,
    zeroCount: left.zeroCount + right.zeroCount,
    positive: added(left.positive, right.positive),
    negative: added(left.negative, right.negative),
  };
}

function atSchema(histogram: Exponential, schema: number): Exponential {
  const steps = histogram.schema - schema;
  if (steps === 0) return histogram;
  return { ...histogram, schema, positive: coarser(histogram.positive, steps), negative: coarser(histogram.negative, steps) };
}

function widened(histogram: Exponential, zeroThreshold: number): Exponential {
  if (histogram.zeroThreshold === zeroThreshold) return histogram;
  const positive = withoutNearZero(histogram.positive, histogram.schema, zeroThreshold);
  const negative = withoutNearZero(histogram.negative, histogram.schema, zeroThreshold);
  return {
    ...histogram,
    zeroThreshold,
    zeroCount: histogram.zeroCount + positive.count + negative.count,
    positive: positive.buckets,
    negative: negative.buckets,
  };
}

/** Undefined where even the coarsest schema has too many buckets. */
function bounded(histogram: Exponential): Exponential | undefined {
  let current = histogram;
  while (current.positive.size + current.negative.size > MAX_BUCKETS) {
    if (current.schema === MIN_SCHEMA) return undefined;
    current = atSchema(current, current.schema - 1);
  }
  return current;
}
