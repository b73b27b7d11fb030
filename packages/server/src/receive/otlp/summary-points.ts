import type { RejectReason } from '@pitot/core';
import type { WireReader } from '@pitot/core/protobuf-wire';
import { decimal } from './histogram-points.ts';
import type { PointTools } from './number-points.ts';
import { msOfNanoseconds } from './point-writer.ts';
import type { Stream } from './streams.ts';

const ATTRIBUTE = 0x3a;

/**
 * Reads one `SummaryDataPoint` and writes `_sum`, `_count` and one series per quantile; answers its time.
 * Source: opentelemetry-proto metrics/v1/metrics.proto.
 */
export function readSummaryPoint(tools: PointTools, end: number): number {
  const { reader, streams, writer } = tools;
  const start = reader.position;
  let timeMs = 0;
  let count = 0;
  let sum = 0;
  let flags = 0;
  const quantiles: number[] = [];
  const values: number[] = [];
  streams.beginPoint();
  while (reader.position < end) {
    const at = reader.position;
    const tag = reader.tag(end);
    switch (tag) {
      case ATTRIBUTE:
        reader.position = reader.length(end);
        streams.attribute(at, reader.position);
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
      case 0x32:
        readQuantile(reader, reader.length(end), quantiles, values);
        break;
      case 0x40:
        flags = reader.varint(end);
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
  const parts = partsOf(tools, stream, quantiles);
  writer.float(parts[0]!, timeMs, count, stale);
  writer.float(parts[1]!, timeMs, sum, stale);
  for (let i = 0; i < values.length; i++) writer.float(parts[i + 2]!, timeMs, values[i]!, stale);
  return timeMs;
}

function readQuantile(reader: WireReader, end: number, quantiles: number[], values: number[]): void {
  let quantile = 0;
  let value = 0;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x09) quantile = reader.double(end);
    else if (tag === 0x11) value = reader.double(end);
    else reader.skip(tag, end);
  }
  quantiles.push(quantile);
  values.push(value);
}

function partsOf({ streams }: PointTools, stream: Stream, quantiles: readonly number[]): readonly (number | RejectReason)[] {
  const same = stream.bounds.length === quantiles.length && stream.bounds.every((bound, i) => Object.is(bound, quantiles[i]));
  if (stream.parts.length > 0 && same) return stream.parts;
  const parts: (number | RejectReason)[] = [
    streams.intern(stream, '_count'),
    streams.intern(stream, '_sum'),
    ...quantiles.map((quantile) => streams.intern(stream, '', ['quantile', decimal(quantile)])),
  ];
  if (parts.every((part) => typeof part === 'number')) {
    stream.parts = parts;
    stream.bounds = quantiles;
  }
  return parts;
}
