import { AppError, compareLabels, type HistogramSample, type LabelMatcher, type MatchType, type RawSeries, STALE_NAN_HIGH, STALE_NAN_LOW } from '@pitot/core';
import protobuf from 'protobufjs/minimal.js';
import { compress, uncompress } from 'snappy';
import type { MetricQueries } from '../../query/metric-queries.ts';

interface ReadQuery {
  readonly startMs: number;
  readonly endMs: number;
  readonly matchers: readonly LabelMatcher[];
}

const MATCH_TYPES: readonly MatchType[] = ['=', '!=', '=~', '!~'];
const MOST_DECODED_BYTES = 64 * 1024 * 1024;

/**
 * Answers a remote read request in the SAMPLES form, which every client understands.
 * Field numbers: prometheus prompb/remote.proto and prompb/types.proto.
 * Throws AppError `bad_encoding` or `bad_payload` where the body is not a request.
 */
export async function answerRemoteRead(metrics: MetricQueries, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const queries = decodeRequest(await decompress(body));
  const results: RawSeries[][] = [];
  for (const query of queries) {
    const series = await metrics.samples(query, { signal });
    results.push(series.toSorted((a, b) => compareLabels(a.labels, b.labels)));
  }
  return compress(Buffer.from(encodeResponse(results)));
}

async function decompress(body: Uint8Array): Promise<Uint8Array> {
  const size = decodedSize(body);
  if (size > MOST_DECODED_BYTES) {
    throw new AppError('body_too_large', `the request says it is ${size} bytes after decompression; a read request is at most ${MOST_DECODED_BYTES}`);
  }
  try {
    return (await uncompress(Buffer.from(body), { asBuffer: true })) as Uint8Array;
  } catch (cause) {
    throw new AppError('bad_encoding', 'the body is not snappy-compressed (block format)', { cause });
  }
}

/** The size that a snappy block claims for itself: a varint at its front. */
function decodedSize(body: Uint8Array): number {
  let size = 0;
  for (let i = 0; i < 5 && i < body.length; i++) {
    size += (body[i]! & 0x7f) * 2 ** (7 * i);
    if (body[i]! < 0x80) return size;
  }
  throw new AppError('bad_encoding', 'the body is not snappy-compressed (block format)');
}

function decodeRequest(bytes: Uint8Array): ReadQuery[] {
  try {
    const reader = protobuf.Reader.create(bytes);
    const queries: ReadQuery[] = [];
    readFields(reader, reader.len, (field) => {
      if (field !== 1) return false;
      queries.push(decodeQuery(reader));
      return true;
    });
    return queries;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('bad_payload', 'the body is not a prometheus.ReadRequest', { cause });
  }
}

function decodeQuery(reader: protobuf.Reader): ReadQuery {
  let startMs = 0;
  let endMs = 0;
  const matchers: LabelMatcher[] = [];
  const end = reader.uint32() + reader.pos;
  readFields(reader, end, (field) => {
    if (field === 1) startMs = toNumber(reader.int64());
    else if (field === 2) endMs = toNumber(reader.int64());
    else if (field === 3) matchers.push(decodeMatcher(reader));
    else return false;
    return true;
  });
  if (matchers.length === 0) throw new AppError('bad_request', 'a query of the read request has no matchers');
  return { startMs, endMs, matchers };
}

function decodeMatcher(reader: protobuf.Reader): LabelMatcher {
  let type = 0;
  let name = '';
  let value = '';
  const end = reader.uint32() + reader.pos;
  readFields(reader, end, (field) => {
    if (field === 1) type = reader.int32();
    else if (field === 2) name = reader.string();
    else if (field === 3) value = reader.string();
    else return false;
    return true;
  });
  const matchType = MATCH_TYPES[type];
  if (matchType === undefined) throw new AppError('bad_payload', `matcher type ${type} is not one of 0 to 3`);
  return { name, type: matchType, value };
}

function readFields(reader: protobuf.Reader, end: number, take: (field: number) => boolean): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!take(tag >>> 3)) reader.skipType(tag & 7);
  }
}

/** 64-bit integers come as a number or as two halves; times are far below 2^53 ms. */
function toNumber(value: number | { low: number; high: number }): number {
  return typeof value === 'number' ? value : value.high * 2 ** 32 + (value.low >>> 0);
}

function encodeResponse(results: readonly (readonly RawSeries[])[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const series of results) {
    writer.uint32(tag(1, 2)).fork();
    for (const one of series) encodeSeries(writer, one);
    writer.ldelim();
  }
  return writer.finish();
}

function encodeSeries(writer: protobuf.Writer, series: RawSeries): void {
  writer.uint32(tag(1, 2)).fork();
  for (let i = 0; i < series.labels.length; i += 2) {
    writer.uint32(tag(1, 2)).fork();
    writer.uint32(tag(1, 2)).string(series.labels[i]!);
    writer.uint32(tag(2, 2)).string(series.labels[i + 1]!);
    writer.ldelim();
  }
  for (let i = 0; i < series.values.length; i++) {
    writer.uint32(tag(2, 2)).fork();
    if (series.stale?.[i] === 1) writer.uint32(tag(1, 1)).fixed64(STALE_BITS);
    else writer.uint32(tag(1, 1)).double(series.values[i]!);
    writer.uint32(tag(2, 0)).int64(series.timestampsMs[i]!);
    writer.ldelim();
  }
  for (const sample of series.histograms ?? []) encodeHistogram(writer, sample);
  writer.ldelim();
}

const STALE_BITS = { low: STALE_NAN_LOW, high: STALE_NAN_HIGH, unsigned: true } as unknown as number;
const RESET_HINTS = ['unknown', 'reset', 'not_reset', 'gauge'] as const;

function encodeHistogram(writer: protobuf.Writer, { timestampMs, histogram }: HistogramSample): void {
  writer.uint32(tag(4, 2)).fork();
  writer.uint32(tag(2, 1)).double(histogram.count);
  writer.uint32(tag(3, 1)).double(histogram.sum);
  writer.uint32(tag(4, 0)).sint32(histogram.schema);
  writer.uint32(tag(5, 1)).double(histogram.zeroThreshold);
  writer.uint32(tag(7, 1)).double(histogram.zeroCount);
  encodeSpans(writer, 8, histogram.negativeSpans);
  encodeDoubles(writer, 10, histogram.negativeBuckets);
  encodeSpans(writer, 11, histogram.positiveSpans);
  encodeDoubles(writer, 13, histogram.positiveBuckets);
  writer.uint32(tag(14, 0)).int32(RESET_HINTS.indexOf(histogram.counterResetHint));
  writer.uint32(tag(15, 0)).int64(timestampMs);
  if (histogram.customValues) encodeDoubles(writer, 16, histogram.customValues);
  writer.ldelim();
}

function encodeSpans(writer: protobuf.Writer, field: number, spans: readonly { offset: number; length: number }[]): void {
  for (const span of spans) {
    writer.uint32(tag(field, 2)).fork();
    writer.uint32(tag(1, 0)).sint32(span.offset);
    writer.uint32(tag(2, 0)).uint32(span.length);
    writer.ldelim();
  }
}

function encodeDoubles(writer: protobuf.Writer, field: number, values: readonly number[]): void {
  if (values.length === 0) return;
  writer.uint32(tag(field, 2)).fork();
  for (const value of values) writer.double(value);
  writer.ldelim();
}

function tag(field: number, wireType: number): number {
  return (field << 3) | wireType;
}
