import { describe, expect, it } from 'vitest';
import { COUNTER, encodeFamilies, GAUGE, GAUGE_HISTOGRAM, HISTOGRAM, PROTOBUF, SUMMARY, UNTYPED } from './fixtures/families.ts';
import { isMetricFamilies, readMetricFamilies } from './metric-family.ts';

const EXEMPLAR = { label: [{ name: 'trace_id', value: 'abc' }], value: 0.7, timestamp: { seconds: 1_700_000_000, nanos: 250_000_000 } };
const NATIVE = {
  sample_count: 7,
  sample_sum: 12.5,
  schema: 3,
  zero_threshold: 0.001,
  zero_count: 1,
  positive_span: [{ offset: -4, length: 2 }, { offset: 1, length: 1 }],
  positive_delta: [1, 1, 0],
  negative_span: [{ offset: 0, length: 1 }],
  negative_delta: [1],
};
const CLASSIC = [{ cumulative_count: 2, upper_bound: 0.00001, exemplar: EXEMPLAR }, { cumulative_count: 6, upper_bound: 2_500_000 }];
const native = (more: object = {}, type = HISTOGRAM) => encodeFamilies([{ name: 'h', type, metric: [{ label: [{ name: 'a', value: 'b' }], histogram: { ...NATIVE, ...more } }] }]);

describe('metric families', () => {
  it('become the text that the target would have written', () => {
    const body = encodeFamilies([
      { name: 'c_total', help: 'Counts "things"\nand more.', type: COUNTER, metric: [{ label: [{ name: 'x', value: 'a "b" \\ \n' }], counter: { value: 3, exemplar: EXEMPLAR }, timestamp_ms: 1_700_000_000_123 }] },
      { name: 'g_bytes', type: GAUGE, unit: 'bytes', metric: [{ gauge: { value: -0.5 } }, { label: [{ name: 'x.y', value: '1' }], gauge: { value: NaN } }] },
      { name: 'u.dotted', type: UNTYPED, metric: [{ untyped: { value: Infinity } }] },
      { name: 's', type: SUMMARY, metric: [{ summary: { sample_count: 4, sample_sum: 8, quantile: [{ quantile: 0.5, value: 2 }] } }] },
      { name: 'h', type: HISTOGRAM, metric: [{ histogram: { sample_count: 7, sample_sum: 9, bucket: CLASSIC } }] },
    ]);
    expect(readMetricFamilies(body, false)).toEqual({
      dialect: 'protobuf',
      histograms: new Map(),
      text: [
        '# TYPE c_total counter',
        '# HELP c_total Counts \\"things\\"\\nand more.',
        'c_total{x="a \\"b\\" \\\\ \\n"} 3 1700000000.123 # {trace_id="abc"} 0.7 1700000000.25',
        '# TYPE g_bytes gauge',
        '# UNIT g_bytes bytes',
        'g_bytes -0.5',
        'g_bytes{"x.y"="1"} NaN',
        '# TYPE "u.dotted" unknown',
        '{"u.dotted"} Infinity',
        '# TYPE s summary',
        's{quantile="0.5"} 2',
        's_sum 8',
        's_count 4',
        '# TYPE h histogram',
        'h_bucket{le="1e-05"} 2 # {trace_id="abc"} 0.7 1700000000.25',
        'h_bucket{le="2.5e+06"} 6',
        'h_bucket{le="+Inf"} 7',
        'h_sum 9',
        'h_count 7',
        '# EOF\n',
      ].join('\n'),
    });
  });

  it('have native histograms, alone or with their classic buckets', () => {
    const histogram = {
      schema: 3,
      zeroThreshold: 0.001,
      zeroCount: 1,
      count: 7,
      sum: 12.5,
      positiveSpans: [{ offset: -4, length: 2 }, { offset: 1, length: 1 }],
      positiveBuckets: [1, 2, 2],
      negativeSpans: [{ offset: 0, length: 1 }],
      negativeBuckets: [1],
      counterResetHint: 'unknown',
    };
    const body = native({ bucket: CLASSIC, exemplars: [EXEMPLAR] });
    const alone = readMetricFamilies(body, false);
    expect(alone.histograms).toEqual(new Map([[0, histogram]]));
    expect(alone.text).toBe('# TYPE h histogram\nh{a="b"} 7 # {trace_id="abc"} 0.7 1700000000.25\n# EOF\n');
    const both = readMetricFamilies(body, true);
    expect(both.histograms).toEqual(alone.histograms);
    expect(both.text).toContain('\nh_bucket{a="b",le="+Inf"} 7\nh_sum{a="b"} 12.5\nh_count{a="b"} 7\n');
    const floats = { sample_count: 0, sample_count_float: 7.5, zero_count: 0, zero_count_float: 0.5, positive_delta: [], positive_count: [1, 2, 2.5], negative_delta: [], negative_count: [1.5] };
    expect(readMetricFamilies(native(floats, GAUGE_HISTOGRAM), false).histograms!.get(0)).toEqual({
      ...histogram,
      count: 7.5,
      zeroCount: 0.5,
      positiveBuckets: [1, 2, 2.5],
      negativeBuckets: [1.5],
      counterResetHint: 'gauge',
    });
    const empty = { sample_count: 0, sample_sum: 0, zero_threshold: 0, zero_count: 0, positive_span: [{ offset: 0, length: 0 }], positive_delta: [], negative_span: [], negative_delta: [] };
    expect(readMetricFamilies(native(empty), false).histograms!.get(0)).toMatchObject({ count: 0, positiveBuckets: [] });
  });

  it('are refused where they are cut off or are something else', () => {
    const body = native({ bucket: CLASSIC });
    for (let end = 1; end < body.length; end++) expect(() => readMetricFamilies(body.subarray(0, end), true)).toThrow(/malformed at byte \d+/);
    expect(() => readMetricFamilies(encodeFamilies([{ help: 'x' }]), false)).toThrow('has no name');
    expect(() => readMetricFamilies(Buffer.from([4, 0x0a, 2, 0xff, 0xfe]), false)).toThrow('not UTF-8');
  });

  it('are known by their content type', () => {
    expect(isMetricFamilies(PROTOBUF)).toBe(true);
    for (const other of ['text/plain; version=0.0.4', 'application/vnd.google.protobuf', 'application/openmetrics-text']) expect(isMetricFamilies(other)).toBe(false);
  });
});
