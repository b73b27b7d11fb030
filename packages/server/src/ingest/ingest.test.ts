import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labelsFromObject, type MetricBatch, type NativeHistogram } from '@pitot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStage, NOW_MS, storeDown, until, type Stage } from './fixtures/stage.ts';
import type { Ingest } from './ingest.ts';

const SOURCE = { receiver: 'test' };
/** Written down, because it must never change: every stored series would be split. */
const FINGERPRINT_OF_UP = 8_779_230_918_876_491_556n;
const UP = labelsFromObject({ __name__: 'up', job: 'api', instance: 'a:1' });

let stage: Stage;
beforeEach(() => {
  stage = createStage();
});
afterEach(() => stage.remove());

function handleOf(ingest: Ingest, labels = UP): number {
  const handle = ingest.sink.intern(labels, SOURCE);
  if (typeof handle === 'string') throw new Error(handle);
  return handle;
}

/** Fills and commits one batch, and gives the answer. */
function send(ingest: Ingest, fill: (batch: MetricBatch) => void): ReturnType<MetricBatch['commit']> {
  const batch = ingest.sink.begin(SOURCE);
  fill(batch);
  return batch.commit();
}

async function stored(ingest: Ingest): Promise<void> {
  await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');
}

const HISTOGRAM: NativeHistogram = {
  schema: 3,
  zeroThreshold: 0.001,
  zeroCount: 2,
  count: 12,
  sum: 18.5,
  positiveSpans: [{ offset: -2, length: 2 }, { offset: 3, length: 1 }],
  positiveBuckets: [4, 5, 1],
  negativeSpans: [],
  negativeBuckets: [],
  counterResetHint: 'not_reset',
};

describe('what is written', () => {
  it('stores samples with the series they belong to', async () => {
    const ingest = await stage.open();
    ingest.start();
    const receipt = await send(ingest, (batch) => {
      batch.addFloat(handleOf(ingest), NOW_MS - 1000, 1);
      batch.addFloat(handleOf(ingest), NOW_MS, -0.5);
    });
    expect(receipt).toEqual({ accepted: 2, rejected: 0, exemplars: { accepted: 0, rejected: 0 }, reasons: {} });
    await stored(ingest);
    const [series] = stage.writer.rows('metric_series');
    expect(series).toMatchObject({ name: 'up', label_names: ['instance', 'job'], label_values: ['a:1', 'api'], day: Math.floor(NOW_MS / 86_400_000) });
    expect(stage.writer.rows('metric_samples')).toEqual([
      { metric: series!['metric'], series: series!['series'], timestamp: NOW_MS - 1000, value: 1 },
      { metric: series!['metric'], series: series!['series'], timestamp: NOW_MS, value: -0.5 },
    ]);
    expect(stage.writer.inserts.map((insert) => insert.table)).toEqual(['metric_series', 'metric_samples']);
  });

  it('keeps stale markers, ordinary NaN and infinities apart, bit by bit', async () => {
    const ingest = await stage.open();
    ingest.start();
    await send(ingest, (batch) => {
      const series = handleOf(ingest);
      batch.addFloat(series, NOW_MS - 4, NaN);
      batch.addStale(series, NOW_MS - 3);
      batch.addFloat(series, NOW_MS - 2, Infinity);
      batch.addFloat(series, NOW_MS - 1, -Infinity);
    });
    await stored(ingest);
    expect(stage.writer.rows('metric_samples').map((row) => row['value'])).toEqual(['7ff8000000000001', '7ff0000000000002', Infinity, -Infinity]);
  });

  it('gives a series the same fingerprint after a restart', async () => {
    const fingerprints = async (): Promise<unknown> => {
      const ingest = await stage.open();
      ingest.start();
      await send(ingest, (batch) => batch.addFloat(handleOf(ingest), NOW_MS, 1));
      await stored(ingest);
      await ingest.close();
      return stage.writer.rows('metric_series').at(-1)!['series'];
    };
    expect(await fingerprints()).toBe(await fingerprints());
    expect(await fingerprints()).toBe(FINGERPRINT_OF_UP);
  });

  it('writes a series once per UTC day of its samples, also when days alternate', async () => {
    const ingest = await stage.open();
    ingest.start();
    const dayMs = 86_400_000;
    const series = handleOf(ingest);
    await send(ingest, (batch) => {
      for (let i = 0; i < 10; i++) batch.addFloat(series, NOW_MS - (i % 2) * dayMs + i, i);
    });
    await send(ingest, (batch) => batch.addFloat(series, NOW_MS + 100, 1));
    await stored(ingest);
    expect(stage.writer.rows('metric_series').map((row) => row['day'])).toEqual([Math.floor(NOW_MS / dayMs), Math.floor(NOW_MS / dayMs) - 1]);
    expect(stage.writer.rows('metric_samples')).toHaveLength(11);
  });

  it('writes a repeated sample once, and turns away another value for its timestamp', async () => {
    const ingest = await stage.open();
    ingest.start();
    const series = handleOf(ingest);
    const once = (value: number) => send(ingest, (batch) => batch.addFloat(series, NOW_MS, value));
    expect(await once(7)).toMatchObject({ accepted: 1, rejected: 0 });
    expect(await once(7)).toMatchObject({ accepted: 1, rejected: 0 });
    expect(await once(8)).toEqual({ accepted: 0, rejected: 1, exemplars: { accepted: 0, rejected: 0 }, reasons: { duplicate_timestamp: 1 } });
    // Out of order within the window is fine.
    expect(await send(ingest, (batch) => batch.addFloat(series, NOW_MS - 60_000, 6))).toMatchObject({ accepted: 1 });
    await stored(ingest);
    expect(stage.writer.rows('metric_samples').map((row) => row['value'])).toEqual([7, 6]);
  });

  it('turns away what is too old or too far ahead, and says so', async () => {
    const ingest = await stage.open({ limits: { out_of_order_window_seconds: 3600 } });
    const series = handleOf(ingest);
    const receipt = await send(ingest, (batch) => {
      batch.addFloat(series, NOW_MS - 3_600_001, 1);
      batch.addFloat(series, NOW_MS + 600_001, 1);
      batch.addFloat(series, NaN, 1);
      batch.addStale(series, 0);
      batch.addFloat(series, NOW_MS + 600_000, 1);
      batch.reject('unsupported', 3);
    });
    expect(receipt).toEqual({ accepted: 1, rejected: 7, exemplars: { accepted: 0, rejected: 0 }, reasons: { too_old: 3, too_far_in_future: 1, unsupported: 3 } });
    expect(stage.meter.value('pitot_ingest_rejected_total{receiver=test,reason=too_old}')).toBe(3);
    expect(stage.meter.value('pitot_ingest_samples_total{receiver=test}')).toBe(1);
    const line = stage.log.lines.find(({ fields }) => fields['reason'] === 'too_old');
    expect(line).toMatchObject({ level: 'warn', fields: { limit: 'limits.out_of_order_window_seconds', value: 3600 } });
  });

  it('stores histograms and exemplars, and only valid and new ones', async () => {
    const ingest = await stage.open();
    ingest.start();
    const series = handleOf(ingest);
    const exemplar = { labels: ['trace_id', 'abc'], value: 0.3, timestampMs: NOW_MS };
    const receipt = await send(ingest, (batch) => {
      batch.addHistogram(series, NOW_MS, HISTOGRAM);
      batch.addHistogram(series, NOW_MS, HISTOGRAM);
      batch.addHistogram(series, NOW_MS, { ...HISTOGRAM, sum: 19 });
      batch.addHistogram(series, NOW_MS + 1, { ...HISTOGRAM, positiveBuckets: [4, 5] });
      batch.addExemplar(series, exemplar);
      batch.addExemplar(series, exemplar);
      batch.addExemplar(series, { ...exemplar, timestampMs: 0 });
    });
    expect(receipt).toEqual({ accepted: 2, rejected: 2, exemplars: { accepted: 2, rejected: 1 }, reasons: { invalid_histogram: 1, duplicate_timestamp: 1, too_old: 1 } });
    expect(stage.meter.value('pitot_ingest_exemplars_rejected_total{receiver=test,reason=too_old}')).toBe(1);
    await stored(ingest);
    expect(stage.writer.rows('metric_histograms')).toMatchObject([
      {
        timestamp: NOW_MS,
        schema: 3,
        zero_threshold: 0.001,
        count: 12,
        positive_offsets: [-2, 3],
        positive_lengths: [2, 1],
        positive_buckets: [4, 5, 1],
        negative_buckets: [],
        reset_hint: 2,
      },
    ]);
    expect(stage.writer.rows('metric_exemplars')).toMatchObject([{ value: 0.3, label_names: ['trace_id'], label_values: ['abc'] }]);
    expect(stage.writer.rows('metric_series')).toHaveLength(1);
  });

  it('writes metadata when it changes', async () => {
    const ingest = await stage.open();
    ingest.start();
    const metadata = { metric: 'up', type: 'gauge', help: 'Is it up?', unit: '' } as const;
    await send(ingest, (batch) => batch.addMetadata(metadata));
    await send(ingest, (batch) => batch.addMetadata(metadata));
    await send(ingest, (batch) => batch.addMetadata({ ...metadata, help: 'Whether it is up.' }));
    await stored(ingest);
    expect(stage.writer.rows('metric_metadata').map((row) => row['help'])).toEqual(['Is it up?', 'Whether it is up.']);
  });
});

describe('limits', () => {
  it('rejects series by limit, says which, and counts only what the decoder rejects', async () => {
    const ingest = await stage.open({ limits: { active_series: 5, active_series_per_key: 2, labels_per_series: 3 } });
    const intern = (i: number, keyId?: string) =>
      ingest.sink.intern(labelsFromObject({ __name__: 'm', i: String(i) }), keyId === undefined ? SOURCE : { ...SOURCE, keyId });
    expect([1, 2, 3].map((i) => intern(i, 'key-1'))).toEqual([0, 1, 'key_series_limit']);
    expect([4, 5, 6, 7].map((i) => intern(i))).toEqual([2, 3, 4, 'active_series_limit']);
    expect(intern(1, 'key-1')).toBe(0);
    expect(ingest.sink.intern(['__name__', 'm', 'a', '1', 'b', '2', 'c', '3'], SOURCE)).toBe('too_many_labels');
    expect(ingest.monitor.activeSeries()).toBe(5);
    const line = stage.log.lines.find(({ fields }) => fields['reason'] === 'key_series_limit')!;
    expect(line.fields).toMatchObject({ limit: 'limits.active_series_per_key', value: 2 });
    expect(line.message).toContain('Raise limits.active_series_per_key');
  });

  it('allows so many new series a minute, and logs it once in ten seconds', async () => {
    const ingest = await stage.open({ limits: { new_series_per_minute: 10 } });
    const intern = (i: number) => ingest.sink.intern(['__name__', 'm', 'i', String(i)], SOURCE);
    const answers = Array.from({ length: 1000 }, (_, i) => intern(i));
    expect(answers.filter((answer) => answer === 'new_series_rate')).toHaveLength(990);
    expect(stage.log.lines.filter(({ fields }) => fields['reason'] === 'new_series_rate')).toHaveLength(1);
    stage.clock.advance(60_000);
    expect(intern(5000)).toBe(10);
  });

  it('does not count series as new that it knew before a restart', async () => {
    const limits = { new_series_per_minute: 10 };
    const intern = (ingest: Ingest, i: number) => ingest.sink.intern(['__name__', 'm', 'i', String(i)], SOURCE);
    const first = await stage.open({ limits });
    for (let i = 0; i < 10; i++) intern(first, i);
    stage.clock.advance(60_000);
    for (let i = 10; i < 20; i++) intern(first, i);
    await first.drain(1000);
    await first.close();
    // Restarted twice in a row: those that did not come in between are still known.
    const second = await stage.open({ limits });
    intern(second, 5);
    await second.drain(1000);
    await second.close();
    const third = await stage.open({ limits });
    for (let i = 0; i < 30; i++) expect(intern(third, i)).toBe(i);
    expect(intern(third, 30)).toBe('new_series_rate');
  });

  it('does without the list of known series where that is damaged', async () => {
    const first = await stage.open();
    handleOf(first);
    await first.drain(1000);
    await first.close();
    const path = join(stage.directory, 'spool', 'known-series');
    const bytes = readFileSync(path);
    bytes[6]! ^= 1;
    writeFileSync(path, bytes);
    const second = await stage.open({ limits: { new_series_per_minute: 1 } });
    expect(handleOf(second)).toBe(0);
    expect(second.sink.intern(['__name__', 'another'], SOURCE)).toBe('new_series_rate');
  });

  it.each([
    [['a', '1'], 'missing_metric_name'],
    [['__name__', 'm', 'b', '1', 'a', '2'], 'invalid_label'],
    [['__name__', 'm', 'a', '1', 'a', '2'], 'invalid_label'],
    [['', 'x', '__name__', 'm'], 'invalid_label'],
    [['__name__', 'm', 'a', ''], 'invalid_label'],
    [['__name__', 'm', 'a', '\ud800'], 'invalid_label'],
    [['__name__', 'm', 'a'], 'invalid_label'],
    [['__name__', 'm', 'a', 'é'.repeat(2049)], 'label_value_too_long'],
    [['__name__', 'm', 'a', 'x'.repeat(1_000_000)], 'label_value_too_long'],
    [['__name__', 'm', 'a'.repeat(1025), 'x'], 'label_name_too_long'],
  ] as const)('turns away a bad label set %#', async (labels, reason) => {
    const ingest = await stage.open();
    expect(ingest.sink.intern(labels, SOURCE)).toBe(reason);
  });

  it('takes UTF-8 names and values up to the limit in bytes', async () => {
    const ingest = await stage.open();
    ingest.start();
    const labels = ['__name__', 'température', 'ville', 'é'.repeat(2048)];
    await send(ingest, (batch) => batch.addFloat(handleOf(ingest, labels), NOW_MS, 1));
    await stored(ingest);
    expect(stage.writer.rows('metric_series')).toMatchObject([{ name: 'température', label_names: ['ville'], label_values: ['é'.repeat(2048)] }]);
  });
});

describe('the monitor', () => {
  it('tells who sends', async () => {
    const ingest = await stage.open();
    const other = labelsFromObject({ __name__: 'up', job: 'web' });
    await send(ingest, (batch) => {
      for (let i = 0; i < 30; i++) batch.addFloat(handleOf(ingest), NOW_MS + i, i);
      batch.addFloat(handleOf(ingest, other), NOW_MS, 1);
    });
    stage.clock.advance(10_000);
    expect(ingest.monitor.sources()).toMatchObject([
      { receiver: 'test', service: 'api', activeSeries: 1, samplesTotal: 30, samplesPerSecond: 3, lastReceivedMs: NOW_MS },
      { receiver: 'test', service: 'web', activeSeries: 1, samplesTotal: 1 },
    ]);
  });

  it('tells what is in the spool and how old it is', async () => {
    const ingest = await stage.open();
    expect(ingest.monitor.spool()).toMatchObject({ sizeBytes: 0, records: 0, oldestAgeMs: 0, lastError: '' });
    await send(ingest, (batch) => batch.addFloat(handleOf(ingest), NOW_MS, 1));
    stage.clock.advance(1500);
    expect(ingest.monitor.spool()).toMatchObject({ records: 1, oldestAgeMs: 1500 });
    expect(stage.meter.value('pitot_spool_oldest_seconds')).toBe(1.5);
    expect(stage.meter.value('pitot_spool_bytes')).toBeGreaterThan(100);
    expect(stage.meter.value('pitot_active_series')).toBe(1);
  });
});

describe('stopping', () => {
  it('drains: takes nothing more, stores what is there', async () => {
    const ingest = await stage.open({ sealAfterMs: 3_600_000 });
    ingest.start();
    await send(ingest, (batch) => batch.addFloat(handleOf(ingest), NOW_MS, 1));
    await ingest.drain(10_000);
    expect(stage.writer.rows('metric_samples')).toHaveLength(1);
    await expect(send(ingest, (batch) => batch.addFloat(handleOf(ingest), NOW_MS + 1, 1))).rejects.toMatchObject({ code: 'shutting_down', retryAfterSeconds: 5 });
    expect(await send(ingest, () => {})).toEqual({ accepted: 0, rejected: 0, exemplars: { accepted: 0, rejected: 0 }, reasons: {} });
  });

  it('leaves what the store does not take for the next start', async () => {
    stage.writer.before = storeDown;
    const first = await stage.open();
    first.start();
    await send(first, (batch) => batch.addFloat(handleOf(first), NOW_MS, 1));
    await first.drain(10_000);
    await first.close();
    stage.writer.before = () => {};
    const second = await stage.open();
    second.start();
    await stored(second);
    expect(stage.writer.rows('metric_samples')).toHaveLength(1);
  });

  it('does not wait longer than it was given for a store that hangs', async () => {
    stage.writer.before = () => new Promise(() => {});
    const ingest = await stage.open();
    ingest.start();
    await send(ingest, (batch) => batch.addFloat(handleOf(ingest), NOW_MS, 1));
    await ingest.drain(20);
    await ingest.close();
    expect(stage.writer.rows('metric_samples')).toHaveLength(0);
  });
});
