import type { RejectReason } from '@pitot/core';
import type { WireReader } from '@pitot/core/protobuf-wire';
import { deltaOf, type PointTools } from './number-points.ts';
import { msOfNanoseconds } from './point-writer.ts';
import type { Stream } from './streams.ts';

const ATTRIBUTE = 0x4a;
const EXEMPLAR = 0x42;
/** A point with more bounds than this is not a histogram anyone reads. */
const MAX_BOUNDS = 10_000;

/** A histogram with explicit bounds: `buckets` has one count more than there are bounds, or is empty. */
interface Explicit {
  readonly count: number;
  /** Undefined where the sender gives none; there is no `_sum` then. */
  readonly sum: number | undefined;
  readonly bounds: readonly number[];
  readonly buckets: readonly number[];
}

/**
 * Reads one `HistogramDataPoint` and writes classic `_bucket`, `_sum` and `_count` samples; answers its time.
 * Source: opentelemetry-proto metrics/v1/metrics.proto.
 */
export function readHistogramPoint(tools: PointTools, end: number, isDelta: boolean): number {
  const { reader, streams, writer } = tools;
  const start = reader.position;
  let startMs = 0;
  let timeMs = 0;
  let count = 0;
  let sum: number | undefined;
  let flags = 0;
  let hasExemplars = false;
  const buckets: number[] = [];
  const bounds: number[] = [];
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
      case 0x31:
        buckets.push(reader.fixed64(end));
        break;
      case 0x32:
        readCounts(reader, reader.length(end), buckets);
        break;
      case 0x39:
        bounds.push(reader.double(end));
        break;
      case 0x3a:
        readBounds(reader, reader.length(end), bounds);
        break;
      case 0x50:
        flags = reader.varint(end);
        break;
      case EXEMPLAR:
        hasExemplars = true;
        reader.position = reader.length(end);
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
  const stale = flags % 2 === 1;
  if (!stale && !isConsistent(count, bounds, buckets)) {
    writer.refuse('invalid_histogram');
    return timeMs;
  }
  const point: Explicit = { count, sum, bounds, buckets };
  const parts =
    stale || !isDelta ? writeHistogram(tools, stream, timeMs, point, stale) : writeDelta(tools, stream, startMs, timeMs, point);
  if (hasExemplars && parts !== undefined) {
    writer.exemplars(reader, start, end, EXEMPLAR, timeMs, (value) => {
      const bucket = bounds.findIndex((bound) => value <= bound);
      return parts[2 + (bucket < 0 ? bounds.length : bucket)] ?? 'unsupported';
    });
  }
  return timeMs;
}

function readCounts(reader: WireReader, end: number, into: number[]): void {
  while (reader.position < end) into.push(reader.fixed64(end));
}

function readBounds(reader: WireReader, end: number, into: number[]): void {
  while (reader.position < end) into.push(reader.double(end));
}

function isConsistent(count: number, bounds: readonly number[], buckets: readonly number[]): boolean {
  if (bounds.length > MAX_BOUNDS) return false;
  for (let i = 0; i < bounds.length; i++) {
    if (Number.isNaN(bounds[i]) || (i > 0 && bounds[i]! <= bounds[i - 1]!)) return false;
  }
  if (buckets.length === 0) return bounds.length === 0;
  if (buckets.length !== bounds.length + 1) return false;
  return buckets.reduce((sum, inBucket) => sum + inBucket, 0) === count;
}

/** The series of a point: count, sum, then the buckets with +Inf last. Kept with the stream when all may be. */
function partsOf({ streams }: PointTools, stream: Stream, bounds: readonly number[]): readonly (number | RejectReason)[] {
  if (stream.parts.length > 0 && sameNumbers(stream.bounds, bounds)) return stream.parts;
  const parts: (number | RejectReason)[] = [streams.intern(stream, '_count'), streams.intern(stream, '_sum')];
  for (const bound of bounds) {
    if (bound !== Number.POSITIVE_INFINITY) parts.push(streams.intern(stream, '_bucket', ['le', decimal(bound)]));
  }
  parts.push(streams.intern(stream, '_bucket', ['le', '+Inf']));
  if (parts.every((part) => typeof part === 'number')) {
    stream.parts = parts;
    stream.bounds = bounds;
  }
  return parts;
}

function writeHistogram(tools: PointTools, stream: Stream, timeMs: number, point: Explicit, stale: boolean) {
  const { writer } = tools;
  const { count, sum, bounds, buckets } = point;
  const parts = partsOf(tools, stream, bounds);
  writer.float(parts[0]!, timeMs, count, stale);
  if (sum !== undefined) writer.float(parts[1]!, timeMs, sum, stale);
  let cumulative = 0;
  const last = parts.length - 1;
  for (let i = 2; i < last; i++) {
    cumulative += buckets[i - 2] ?? 0;
    writer.float(parts[i]!, timeMs, cumulative, stale);
  }
  writer.float(parts[last]!, timeMs, count, stale);
  return parts;
}

function writeDelta(tools: PointTools, stream: Stream, startMs: number, timeMs: number, point: Explicit) {
  const { writer, deltas } = tools;
  const delta = deltaOf<Explicit>(tools, stream, 'histogram');
  const refusal = delta === undefined ? 'active_series_limit' : deltas.refusal(delta, startMs, timeMs);
  if (delta === undefined || refusal !== undefined) {
    writer.refuse(refusal ?? 'active_series_limit');
    return undefined;
  }
  const total = sumOf(delta.total, point);
  deltas.replace(delta, total, startMs, timeMs, writer.nowMs);
  return writeHistogram(tools, stream, timeMs, total, false);
}

/** Other bounds than before begin anew. */
function sumOf(total: Explicit | undefined, point: Explicit): Explicit {
  if (total === undefined || !sameNumbers(total.bounds, point.bounds) || total.buckets.length !== point.buckets.length) return point;
  return {
    count: total.count + point.count,
    sum: total.sum === undefined || point.sum === undefined ? undefined : total.sum + point.sum,
    bounds: point.bounds,
    buckets: total.buckets.map((inBucket, i) => inBucket + point.buckets[i]!),
  };
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The shortest digits that name the number, never with an exponent, as Go's FormatFloat 'f' writes `le` and `quantile`. */
export function decimal(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  const text = Object.is(value, -0) ? '-0' : String(value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}
