import type { WireReader } from '@pitot/core/protobuf-wire';
import type { DeltaSeries, DeltaStore } from './delta.ts';
import { msOfNanoseconds, type PointWriter } from './point-writer.ts';
import { pointLabels } from './resource.ts';
import type { Stream, Streams } from './streams.ts';

const ATTRIBUTE = 0x3a;
const EXEMPLAR = 0x2a;

/** What every reader of points works with. */
export interface PointTools {
  readonly reader: WireReader;
  readonly streams: Streams;
  readonly writer: PointWriter;
  readonly deltas: DeltaStore;
}

/** Reads one `NumberDataPoint` and writes its sample; answers its time. Source: opentelemetry-proto metrics/v1/metrics.proto. */
export function readNumberPoint(tools: PointTools, end: number, isDelta: boolean, isMonotonic: boolean): number {
  const { reader, streams, writer } = tools;
  const start = reader.position;
  let startMs = 0;
  let timeMs = 0;
  let value = 0;
  let hasValue = false;
  let flags = 0;
  let hasExemplars = false;
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
        value = reader.double(end);
        hasValue = true;
        break;
      case 0x31:
        value = reader.signedFixed64(end);
        hasValue = true;
        break;
      case 0x40:
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
  const stale = flags % 2 === 1;
  const stream = streams.find(start, end, ATTRIBUTE);
  if (typeof stream === 'string') writer.refuse(stream);
  else if (!stale && !hasValue) writer.refuse('invalid_value');
  else if (stale || !isDelta) writePoint(tools, stream, timeMs, value, stale);
  else writeDelta(tools, stream, startMs, timeMs, value, isMonotonic);
  if (hasExemplars && typeof stream !== 'string') {
    writer.exemplars(reader, start, end, EXEMPLAR, timeMs, () => (stream.series >= 0 ? stream.series : 'unsupported'));
  }
  return timeMs;
}

function writePoint({ streams, writer }: PointTools, stream: Stream, timeMs: number, value: number, stale: boolean): void {
  if (stream.series < 0) {
    const series = streams.intern(stream, '');
    if (typeof series !== 'number') {
      writer.refuse(series);
      return;
    }
    stream.series = series;
  }
  writer.float(stream.series, timeMs, value, stale);
}

function writeDelta(tools: PointTools, stream: Stream, startMs: number, timeMs: number, value: number, isMonotonic: boolean): void {
  const { writer } = tools;
  if (!Number.isFinite(value) || (isMonotonic && value < 0)) {
    writer.refuse('invalid_value');
    return;
  }
  const delta = deltaOf<number>(tools, stream, 'number');
  if (delta === undefined) {
    writer.refuse('active_series_limit');
    return;
  }
  const refusal = tools.deltas.refusal(delta, startMs, timeMs);
  if (refusal !== undefined) {
    writer.refuse(refusal);
    return;
  }
  const total = (delta.total ?? 0) + value;
  tools.deltas.replace(delta, total, startMs, timeMs, writer.nowMs);
  writePoint(tools, stream, timeMs, total, false);
}

/** The running total of a stream; `Total` belongs to the kind. */
export function deltaOf<Total>({ deltas, writer }: PointTools, stream: Stream, kind: string): DeltaSeries<Total> | undefined {
  stream.delta ??= deltas.find(pointLabels(stream.resource, stream.attributes, [['__name__', stream.name]]), kind, writer.nowMs);
  return stream.delta as DeltaSeries<Total> | undefined;
}
