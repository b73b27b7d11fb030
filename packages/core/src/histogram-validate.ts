import { CUSTOM_BUCKETS_SCHEMA, type BucketSpan, type NativeHistogram } from './histogram.ts';

const MIN_EXPONENTIAL_SCHEMA = -4;
const MAX_EXPONENTIAL_SCHEMA = 8;
/** Bucket indexes live in 32 bits on the wire and in Prometheus. */
const MAX_INDEX = 0x7fff_ffff;

/**
 * What contradicts itself in a histogram, in words for an error message; undefined when it is sound. The count is not
 * compared with the buckets' total, because rounding and NaN observations make them differ rightly.
 * Source: Prometheus FloatHistogram.Validate.
 */
export function histogramFault(histogram: NativeHistogram): string | undefined {
  if (!(histogram.count >= 0)) return `the count of observations is ${histogram.count}`;
  if (histogram.schema === CUSTOM_BUCKETS_SCHEMA) return customFault(histogram);
  const { schema } = histogram;
  if (!Number.isInteger(schema) || schema < MIN_EXPONENTIAL_SCHEMA || schema > MAX_EXPONENTIAL_SCHEMA) {
    return `schema ${schema} is neither ${CUSTOM_BUCKETS_SCHEMA} nor in ${MIN_EXPONENTIAL_SCHEMA}…${MAX_EXPONENTIAL_SCHEMA}`;
  }
  if (!(histogram.zeroCount >= 0)) return `the zero bucket counts ${histogram.zeroCount} observations`;
  if (!(histogram.zeroThreshold >= 0)) return `the zero threshold is ${histogram.zeroThreshold}`;
  if (histogram.customValues !== undefined && histogram.customValues.length > 0) return 'an exponential histogram has custom bounds';
  return (
    sideFault('positive', histogram.positiveSpans, histogram.positiveBuckets) ??
    sideFault('negative', histogram.negativeSpans, histogram.negativeBuckets)
  );
}

function sideFault(side: string, spans: readonly BucketSpan[], buckets: readonly number[]): string | undefined {
  let covered = 0;
  let index = 0;
  for (let i = 0; i < spans.length; i++) {
    const { offset, length } = spans[i]!;
    if (i > 0 && offset < 0) return `the ${side} span ${i + 1} overlaps the one before it`;
    if (!Number.isInteger(length) || length < 0) return `the ${side} span ${i + 1} has length ${length}`;
    if (!Number.isInteger(offset)) return `the ${side} span ${i + 1} has offset ${offset}`;
    covered += length;
    index += offset + length;
    if (Math.abs(offset) > MAX_INDEX || Math.abs(index) > MAX_INDEX) return `the ${side} span ${i + 1} ends beyond the possible bucket indexes`;
  }
  if (covered !== buckets.length) return `the ${side} spans cover ${covered} buckets, but there are ${buckets.length}`;
  const bad = buckets.findIndex((count) => !(count >= 0));
  return bad < 0 ? undefined : `the ${side} bucket ${bad + 1} counts ${buckets[bad]} observations`;
}

function customFault(histogram: NativeHistogram): string | undefined {
  const bounds = histogram.customValues ?? [];
  const unordered = bounds.findIndex((bound, i) => Number.isNaN(bound) || (i > 0 && bound <= bounds[i - 1]!));
  if (unordered >= 0) return `the custom bound ${bounds[unordered]} is not above the one before it`;
  if (bounds.at(-1) === Infinity) return 'the custom bounds include +Inf, which is implied';
  if (histogram.zeroCount !== 0 || histogram.zeroThreshold !== 0) return 'a histogram with custom buckets has a zero bucket';
  if (histogram.negativeSpans.length > 0 || histogram.negativeBuckets.length > 0) {
    return 'a histogram with custom buckets has negative buckets';
  }
  const fault = sideFault('positive', histogram.positiveSpans, histogram.positiveBuckets);
  if (fault !== undefined) return fault;
  if ((histogram.positiveSpans[0]?.offset ?? 0) < 0) return 'a custom bucket lies before the first bound';
  const reach = histogram.positiveSpans.reduce((sum, span) => sum + span.offset + span.length, 0);
  return reach > bounds.length + 1 ? `buckets reach to number ${reach}, but the bounds make ${bounds.length + 1}` : undefined;
}
