import type { RejectReason } from '@pitot/core';
import type { WireReader } from '@pitot/core/protobuf-wire';
import type { DecodeTarget } from '../decode-target.ts';

/** The field tags of a time series, which differ between the two versions of the protocol. */
interface SeriesTags {
  readonly sample: number;
  readonly histogram: number;
  readonly exemplar: number;
}

/** Counts what a refused series carries, from the reader's position to `end`. */
export function refuseSeries(reader: WireReader, end: number, { batch, budget }: DecodeTarget, reason: RejectReason, tags: SeriesTags): void {
  let count = 0;
  let exemplars = 0;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === tags.sample || tag === tags.histogram) count++;
    else if (tag === tags.exemplar) exemplars++;
    reader.skip(tag, end);
  }
  budget.take(count);
  if (count > 0) batch.reject(reason, count);
  if (exemplars > 0) batch.rejectExemplars(reason, exemplars);
}
