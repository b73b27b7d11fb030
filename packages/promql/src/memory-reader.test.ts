import { labelsFromObject, type LabelMatcher, type Labels } from '@pitot/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseHistogramText } from './histogram/histogram-text.ts';
import { MemoryReader } from './memory-reader.ts';

const up = (job: string): Labels => labelsFromObject({ __name__: 'up', job });
const matcher = (name: string, type: LabelMatcher['type'], value: string): LabelMatcher => ({ name, type, value });
const everywhen = { minTimeMs: -Infinity, maxTimeMs: Infinity };

describe('MemoryReader', () => {
  let reader: MemoryReader;

  beforeEach(() => {
    reader = new MemoryReader();
    for (const job of ['api', 'web']) for (let i = 0; i < 5; i++) reader.appendFloat(up(job), i * 1000, i);
  });

  it('selects samples with both ends of the window included', async () => {
    const [series, ...others] = await reader.select({ matchers: [matcher('job', '=', 'api')], minTimeMs: 1000, maxTimeMs: 3000 });
    expect(others).toEqual([]);
    expect(series).toEqual({
      labels: up('api'),
      timestampsMs: Float64Array.of(1000, 2000, 3000),
      values: Float64Array.of(1, 2, 3),
    });
  });

  it.each([
    ['!=', 'api', ['web']],
    ['=~', 'a.*|x', ['api']],
    ['=~', 'a', []],
    ['!~', 'a.*', ['web']],
  ] as const)('matches job%s"%s"', async (type, value, jobs) => {
    const found = await reader.select({ matchers: [matcher('job', type, value)], ...everywhen });
    expect(found.map(({ labels }) => labels)).toEqual(jobs.map(up));
  });

  it('leaves out series without a sample in the window', async () => {
    reader.appendFloat(up('late'), 9000, 1);
    expect(await reader.series({ selectors: [], minTimeMs: 5000, maxTimeMs: 9000 })).toEqual([up('late')]);
    expect(await reader.select({ matchers: [], minTimeMs: 5000, maxTimeMs: 9000 })).toHaveLength(1);
  });

  it('marks stale samples and keeps histograms apart', async () => {
    const labels = labelsFromObject({ __name__: 'mixed' });
    const { histogram } = parseHistogramText('{{count:1 buckets:[1]}}');
    reader.appendHistogram(labels, 2000, histogram);
    reader.appendStale(labels, 1000);
    reader.appendHistogram(labels, 3000, histogram);
    reader.appendFloat(labels, 0, 7);
    const [series] = await reader.select({ matchers: [matcher('__name__', '=', 'mixed')], ...everywhen });
    expect(series).toMatchObject({ timestampsMs: Float64Array.of(0, 1000), stale: Uint8Array.of(0, 1) });
    expect(series!.values[0]).toBe(7);
    expect(series!.histograms!.map((sample) => [sample.timestampMs, sample.histogram.counterResetHint])).toEqual([
      [2000, 'unknown'],
      [3000, 'unknown'],
    ]);
  });

  it('sorts late samples in and lets the last of equal times win', async () => {
    reader.appendFloat(up('api'), 500, 42);
    reader.appendFloat(up('api'), 1000, 43);
    const [series] = await reader.select({ matchers: [matcher('job', '=', 'api')], minTimeMs: 0, maxTimeMs: 1000 });
    expect([...series!.values]).toEqual([0, 42, 43]);
  });

  it('lists names and values in order', async () => {
    expect(await reader.labelNames({ selectors: [], ...everywhen })).toEqual(['__name__', 'job']);
    expect(await reader.labelValues('job', { selectors: [], ...everywhen })).toEqual(['api', 'web']);
    expect(await reader.labelValues('job', { selectors: [[matcher('job', '=', 'web')]], ...everywhen })).toEqual(['web']);
    expect(await reader.labelValues('job', { selectors: [], ...everywhen, limit: 1 })).toEqual(['api']);
  });

  it('holds exemplars and metadata', async () => {
    const exemplar = { labels: labelsFromObject({ trace_id: 'a' }), value: 1, timestampMs: 2000 };
    reader.appendExemplar(up('api'), exemplar);
    reader.addMetadata({ metric: 'up', type: 'gauge', help: 'reachable', unit: '' });
    expect(await reader.exemplars({ selectors: [], minTimeMs: 0, maxTimeMs: 2000 })).toEqual([{ labels: up('api'), exemplars: [exemplar] }]);
    expect(await reader.exemplars({ selectors: [], minTimeMs: 0, maxTimeMs: 1999 })).toEqual([]);
    expect(await reader.metadata({ metric: 'up' })).toHaveLength(1);
    expect(await reader.metadata({ metric: 'down' })).toEqual([]);
  });

  it('refuses to read beyond the budget', async () => {
    const request = { matchers: [], ...everywhen };
    await expect(reader.select({ ...request, maxSeries: 1 })).rejects.toMatchObject({ code: 'query_too_large' });
    await expect(reader.select({ ...request, maxSamples: 9 })).rejects.toMatchObject({ code: 'query_too_large' });
    expect(await reader.select({ ...request, maxSeries: 2, maxSamples: 10 })).toHaveLength(2);
  });

  it('is empty after clear', async () => {
    reader.clear();
    expect(await reader.select({ matchers: [], ...everywhen })).toEqual([]);
  });
});
