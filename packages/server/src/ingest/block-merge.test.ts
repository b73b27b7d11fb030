import { DEFAULT_LIMITS, labelsFromObject, type Labels } from '@pitot/core';
import { encodeNativeBlock } from '@pitot/core/native-block';
import { expect, it } from 'vitest';
import { mergeBlocks } from './block-merge.ts';
import { readNative } from './fixtures/native-reader.ts';
import { MemoryLog, MovedClock } from './fixtures/stage.ts';
import { encodeSeriesBlock, SampleColumns } from './native-columns.ts';
import { FINGERPRINT_LOW, METRIC_HASH, ROW_WORDS, SeriesRegistry } from './series-registry.ts';
import { SourceTable } from './source-table.ts';

function samplesBlock(first: number, rows: number): Uint8Array {
  const numbers = Array.from({ length: rows }, (_, i) => first + i);
  return encodeNativeBlock('metric_samples', rows, {
    metric: Uint32Array.from(numbers),
    series: BigUint64Array.from(numbers, (n) => BigInt(n) << 33n),
    timestamp: BigInt64Array.from(numbers, (n) => BigInt(n)),
    value: Float64Array.from(numbers, (n) => n / 3),
  });
}

it('merges blocks of every kind of column into one with the same rows', () => {
  const samples = [samplesBlock(0, 1), samplesBlock(1, 200), samplesBlock(201, 3)];
  const merged = mergeBlocks('metric_samples', samples);
  expect(readNative('metric_samples', merged)).toEqual(readNative('metric_samples', Buffer.concat(samples)));
  expect(merged).toEqual(samplesBlock(0, 204));

  const histogram = (n: number) =>
    encodeNativeBlock('metric_histograms', 2, {
      metric: Uint32Array.of(n, n),
      series: BigUint64Array.of(1n, 2n),
      timestamp: BigInt64Array.of(3n, 4n),
      schema: Int8Array.of(-4, 8),
      zero_threshold: Float64Array.of(0, 1),
      zero_count: Float64Array.of(0, 1),
      count: Float64Array.of(n, 1),
      sum: Float64Array.of(0, 1),
      positive_offsets: [[-1, n], []],
      positive_lengths: [[1], [1, 2, n]],
      positive_buckets: [[], [n]],
      negative_offsets: [[], []],
      negative_lengths: [[], []],
      negative_buckets: [[], [2.5]],
      custom_values: [[0.1, 0.2], [n]],
      reset_hint: Uint8Array.of(0, 3),
    });
  const histograms = [histogram(1), histogram(2), histogram(3)];
  expect(readNative('metric_histograms', mergeBlocks('metric_histograms', histograms))).toEqual(
    readNative('metric_histograms', Buffer.concat(histograms)),
  );

  const exemplars = [['a'], [], ['b', 'é'.repeat(100)]].map((names) =>
    encodeNativeBlock('metric_exemplars', 1, {
      metric: Uint32Array.of(1),
      series: BigUint64Array.of(1n),
      timestamp: BigInt64Array.of(1n),
      value: Float64Array.of(1),
      label_names: [names],
      label_values: [names],
    }),
  );
  expect(readNative('metric_exemplars', mergeBlocks('metric_exemplars', exemplars))).toEqual(readNative('metric_exemplars', Buffer.concat(exemplars)));
});

it('encodes samples and series as core does', () => {
  const columns = new SampleColumns();
  columns.reserve(2);
  columns.metric.set([7, -1]);
  columns.series.set([1, 2, 3, 4]);
  columns.time.set([5, 0, 6, 0]);
  columns.value.set(new Int32Array(new Float64Array([1.5, -2]).buffer));
  expect(columns.encode(2)).toEqual(
    encodeNativeBlock('metric_samples', 2, {
      metric: Uint32Array.of(7, 0xffffffff),
      series: BigUint64Array.of((2n << 32n) | 1n, (4n << 32n) | 3n),
      timestamp: BigInt64Array.of(5n, 6n),
      value: Float64Array.of(1.5, -2),
    }),
  );

  const registry = new SeriesRegistry({ limits: DEFAULT_LIMITS, clock: new MovedClock(), log: new MemoryLog(), sources: new SourceTable(), onReject: () => {} });
  const sets: Labels[] = [
    labelsFromObject({ __name__: 'a', Zone: 'before __name__', job: 'x' }),
    ['__name__', 'only_a_name'],
    labelsFromObject({ __name__: 'long', text: 'ö'.repeat(300) }),
  ];
  const handles = sets.map((labels) => registry.intern(labels, { receiver: 'test' }) as number);
  const word = (offset: number) => handles.map((handle) => registry.words[handle * ROW_WORDS + offset]! >>> 0);
  const high = word(FINGERPRINT_LOW + 1);
  expect(encodeSeriesBlock(registry, handles, [1, 20_000, 65_535])).toEqual(
    encodeNativeBlock('metric_series', 3, {
      metric: Uint32Array.from(word(METRIC_HASH)),
      series: BigUint64Array.from(word(FINGERPRINT_LOW), (low, i) => (BigInt(high[i]!) << 32n) | BigInt(low)),
      day: Uint16Array.of(1, 20_000, 65_535),
      name: ['a', 'only_a_name', 'long'],
      label_names: [['Zone', 'job'], [], ['text']],
      label_values: [['before __name__', 'x'], [], ['ö'.repeat(300)]],
    }),
  );
});
