import { accumulated, STALE_NAN_HIGH, STALE_NAN_LOW, type BucketSpan, type CounterResetHint, type NativeHistogram } from '@pitot/core';
import { malformed, type WireReader } from '@pitot/core/protobuf-wire';

/** Far above any histogram: only keeps memory small. */
const MAX_PARTS = 100_000;

const RESET_HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];

/** One histogram of the wire; the message is the same in remote write 1.0 and 2.0. */
export interface WireHistogram {
  readonly timestampMs: number;
  /** Prometheus' stale marker for a histogram series: the sum has its bits. The rest is then meaningless. */
  readonly stale: boolean;
  /** False where integer counts do not add up to the count. With float counts Prometheus does not check either, because they round. */
  readonly isConsistent: boolean;
  readonly histogram: NativeHistogram;
}

/**
 * Reads one `Histogram` message, from the reader's position to `end`. Integer bucket deltas become absolute counts.
 * Source: prometheus/prompb/types.proto and prompb/io/prometheus/write/v2/types.proto.
 */
export function readHistogram(reader: WireReader, end: number): WireHistogram {
  let schema = 0;
  let sum = 0;
  let stale = false;
  let count = 0;
  let zeroThreshold = 0;
  let zeroCount = 0;
  let hint = 0;
  let isFloat = false;
  let timestampMs = 0;
  const positiveSpans: BucketSpan[] = [];
  const negativeSpans: BucketSpan[] = [];
  const positiveDeltas: number[] = [];
  const negativeDeltas: number[] = [];
  const positiveCounts: number[] = [];
  const negativeCounts: number[] = [];
  const customValues: number[] = [];
  while (reader.position < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case 0x08:
        count = reader.varint(end);
        break;
      case 0x11:
        count = reader.double(end);
        isFloat = true;
        break;
      case 0x19:
        sum = reader.double(end);
        stale = reader.low === STALE_NAN_LOW && reader.high === STALE_NAN_HIGH;
        break;
      case 0x20:
        schema = reader.zigzag(end);
        break;
      case 0x29:
        zeroThreshold = reader.double(end);
        break;
      case 0x30:
        zeroCount = reader.varint(end);
        break;
      case 0x39:
        zeroCount = reader.double(end);
        break;
      case 0x42:
        readSpan(reader, reader.length(end), negativeSpans);
        break;
      case 0x4a:
      case 0x48:
        readZigzags(reader, tag, end, negativeDeltas);
        break;
      case 0x52:
      case 0x51:
        readDoubles(reader, tag, end, negativeCounts);
        break;
      case 0x5a:
        readSpan(reader, reader.length(end), positiveSpans);
        break;
      case 0x62:
      case 0x60:
        readZigzags(reader, tag, end, positiveDeltas);
        break;
      case 0x6a:
      case 0x69:
        readDoubles(reader, tag, end, positiveCounts);
        break;
      case 0x70:
        hint = reader.varint(end);
        break;
      case 0x78:
        timestampMs = reader.signedVarint(end);
        break;
      case 0x82:
      case 0x81:
        readDoubles(reader, tag, end, customValues);
        break;
      default:
        reader.skip(tag, end);
    }
  }
  const histogram: NativeHistogram = {
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positiveSpans,
    positiveBuckets: positiveCounts.length > 0 ? positiveCounts : accumulated(positiveDeltas),
    negativeSpans,
    negativeBuckets: negativeCounts.length > 0 ? negativeCounts : accumulated(negativeDeltas),
    ...(customValues.length > 0 ? { customValues } : {}),
    counterResetHint: RESET_HINTS[hint] ?? 'unknown',
  };
  return { timestampMs, stale, histogram, isConsistent: isFloat || addsUp(histogram) };
}

/** Observations of NaN are counted, but are in no bucket. Source: Prometheus `model/histogram`, `Histogram.Validate`. */
function addsUp({ count, sum, zeroCount, positiveBuckets, negativeBuckets }: NativeHistogram): boolean {
  let total = zeroCount;
  for (const inBucket of positiveBuckets) total += inBucket;
  for (const inBucket of negativeBuckets) total += inBucket;
  return Number.isNaN(sum) ? total <= count : total === count;
}

function readSpan(reader: WireReader, end: number, into: BucketSpan[]): void {
  let offset = 0;
  let length = 0;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x08) offset = reader.zigzag(end);
    else if (tag === 0x10) length = reader.varint(end);
    else reader.skip(tag, end);
  }
  add(reader, into, { offset, length });
}

function add<Part>(reader: WireReader, into: Part[], part: Part): void {
  if (into.push(part) > MAX_PARTS) throw malformed(reader.position, `a histogram has more than ${MAX_PARTS} buckets or spans`);
}

/** A repeated sint64 field, packed or not. */
function readZigzags(reader: WireReader, tag: number, end: number, into: number[]): void {
  if ((tag & 7) === 0) {
    add(reader, into, reader.zigzag(end));
    return;
  }
  const packedEnd = reader.length(end);
  while (reader.position < packedEnd) add(reader, into, reader.zigzag(packedEnd));
}

/** A repeated double field, packed or not. */
function readDoubles(reader: WireReader, tag: number, end: number, into: number[]): void {
  if ((tag & 7) === 1) {
    add(reader, into, reader.double(end));
    return;
  }
  const packedEnd = reader.length(end);
  while (reader.position < packedEnd) add(reader, into, reader.double(packedEnd));
}
