import type { HistogramSample, NativeHistogram } from '@pitot/core';
import {
  exponentialBound,
  filterSide,
  negativeSide,
  positiveSide,
  reduceSide,
  usesCustomBuckets,
  type Side,
} from './histogram-buckets.ts';
import { sameNumbers, toCustomBounds, withHint, zeroCountForThreshold } from './histogram-math.ts';

/**
 * Whether the counter behind the histogram was reset between the two samples: an explicit hint of the current one
 * decides; otherwise any count (never the sum) that went down, or a populated bucket that is gone. A finer schema or a
 * smaller zero threshold can only come from a restart. Source: FloatHistogram.DetectReset.
 */
export function detectReset(current: NativeHistogram, previous: NativeHistogram): boolean {
  if (current.counterResetHint === 'reset') return true;
  if (current.counterResetHint === 'not_reset') return false;
  if (current.count < previous.count) return true;
  if (usesCustomBuckets(current)) return !usesCustomBuckets(previous) || customBucketDecreased(current, previous);
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  const zero = zeroCountForThreshold(previous, current.zeroThreshold);
  // A populated bucket would be cut by the new threshold: not the same counter going on.
  if (zero.threshold !== current.zeroThreshold || current.zeroCount < zero.count) return true;
  return (
    sideDecreased(positiveSide(current), visibleSide(positiveSide(previous), previous, current)) ||
    sideDecreased(negativeSide(current), visibleSide(negativeSide(previous), previous, current))
  );
}

/**
 * The previous side in the current one's resolution, without what the current zero bucket now holds. That is taken out
 * before buckets are merged (upstream does it after, and then sees resets that are none).
 */
function visibleSide(side: Side, previous: NativeHistogram, current: NativeHistogram): Side {
  const outside =
    current.zeroThreshold === previous.zeroThreshold
      ? side
      : filterSide(side, (index) => exponentialBound(index, previous.schema) > current.zeroThreshold);
  return reduceSide(outside, previous.schema, current.schema);
}

function sideDecreased(current: Side, previous: Side): boolean {
  let at = 0;
  for (let i = 0; i < previous.indexes.length; i++) {
    const index = previous.indexes[i]!;
    while (at < current.indexes.length && current.indexes[at]! < index) at++;
    const now = current.indexes[at] === index ? current.counts[at]! : 0;
    if (now < previous.counts[i]!) return true;
  }
  return false;
}

function customBucketDecreased(current: NativeHistogram, previous: NativeHistogram): boolean {
  const bounds = current.customValues ?? [];
  const before = previous.customValues ?? [];
  if (sameNumbers(bounds, before)) return sideDecreased(positiveSide(current), positiveSide(previous));
  const kept = new Set(before);
  const common = bounds.filter((bound) => kept.has(bound));
  return sideDecreased(positiveSide(toCustomBounds(current, common)), positiveSide(toCustomBounds(previous, common)));
}

/**
 * Hints as Prometheus' storage reports them for samples that were appended in this order: a gauge stays a gauge; a
 * counter that goes on from the sample before says `not_reset`; everything else starts a new chunk and is `unknown`, because
 * a reset that happened across chunks is never claimed. `breaks` holds times of floats and stale markers between the
 * histograms, ascending; they start a new chunk, too.
 */
export function withStorageHints(samples: readonly HistogramSample[], breaks: ArrayLike<number> = []): HistogramSample[] {
  let at = 0;
  return samples.map(({ timestampMs, histogram }, i) => {
    const previous = samples[i - 1];
    let broken = previous === undefined;
    while (at < breaks.length && breaks[at]! < timestampMs) {
      if (previous !== undefined && breaks[at]! > previous.timestampMs) broken = true;
      at++;
    }
    if (histogram.counterResetHint === 'gauge') return { timestampMs, histogram };
    const goesOn = !broken && continues(histogram, previous!.histogram);
    return { timestampMs, histogram: withHint(histogram, goesOn ? 'not_reset' : 'unknown') };
  });
}

/** Whether a counter histogram fits behind the previous one in one chunk: same layout parameters and no reset. */
function continues(histogram: NativeHistogram, previous: NativeHistogram): boolean {
  return (
    previous.counterResetHint !== 'gauge' &&
    histogram.counterResetHint !== 'reset' &&
    histogram.schema === previous.schema &&
    histogram.zeroThreshold === previous.zeroThreshold &&
    sameNumbers(histogram.customValues ?? [], previous.customValues ?? []) &&
    !detectReset(withHint(histogram, 'unknown'), previous)
  );
}

/**
 * Hints as PromQL sees them below histogram_count, histogram_sum and histogram_avg, where upstream reads samples one
 * after the other and fills in unknown hints, including `reset`. Source: promql.HistogramStatsIterator.
 */
export function withStatsHints(samples: readonly HistogramSample[]): HistogramSample[] {
  return samples.map(({ timestampMs, histogram }, i) => {
    const previous = samples[i - 1];
    if (previous === undefined || histogram.counterResetHint !== 'unknown') return { timestampMs, histogram };
    const hint = detectReset(histogram, previous.histogram) ? 'reset' : 'not_reset';
    return { timestampMs, histogram: withHint(histogram, hint) };
  });
}
