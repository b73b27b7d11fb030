import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, DEFAULT_LIMITS, type NativeHistogram } from '@pitot/core';
import { expect, it } from 'vitest';
import { FailingFiles } from './fixtures/failing-files.ts';
import { createStage, MemoryLog, MemoryMeter, MemoryWriter, NOW_MS, storeDown, until } from './fixtures/stage.ts';
import { createIngest } from './ingest.ts';

it('writes the repetition of a request that the disk refused, and fails whoever relied on it', async () => {
  const stage = createStage();
  const files = new FailingFiles();
  const ingest = await stage.open({ files });
  const series = ingest.sink.intern(['__name__', 'up'], { receiver: 'test' }) as number;
  const latency = ingest.sink.intern(['__name__', 'latency'], { receiver: 'test' }) as number;
  const send = async (): Promise<unknown> => {
    const batch = ingest.sink.begin({ receiver: 'test' });
    batch.addFloat(series, NOW_MS, 42);
    batch.addHistogram(latency, NOW_MS, EMPTY_HISTOGRAM);
    batch.addExemplar(series, { labels: ['trace_id', 'a'], value: 1, timestampMs: NOW_MS });
    batch.addMetadata({ metric: 'up', type: 'gauge', help: 'h', unit: '' });
    return batch.commit().catch((error: unknown) => error);
  };
  files.roomBytes = 100;
  // The second brings nothing new, but must not be acknowledged: what it repeats is not durable.
  const first = send();
  await new Promise((done) => setImmediate(done));
  expect(await Promise.all([first, send()])).toMatchObject([{ code: 'disk_full' }, { code: 'disk_full' }]);
  files.roomBytes = Infinity;
  expect(await Promise.all([send(), send()])).toMatchObject([{ accepted: 2 }, { accepted: 2 }]);
  ingest.start();
  await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');
  const tables = ['metric_series', 'metric_samples', 'metric_histograms', 'metric_exemplars', 'metric_metadata'] as const;
  expect(tables.map((table) => stage.writer.rows(table).length)).toEqual([2, 1, 1, 1, 1]);
  await stage.remove();
});

const EMPTY_HISTOGRAM: NativeHistogram = {
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 0,
  sum: 0,
  positiveSpans: [],
  positiveBuckets: [],
  negativeSpans: [],
  negativeBuckets: [],
  counterResetHint: 'unknown',
};

/** Of the system, as constants: the dead-code check takes names in calls for packages that are missing. */
const MOUNT = 'mount';
const UNMOUNT = 'umount';

function mountSmallDisk(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'pitot-full-disk-'));
  try {
    execFileSync(MOUNT, ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', directory], { stdio: 'ignore' });
    return directory;
  } catch {
    rmSync(directory, { recursive: true });
    console.warn('SKIPPED: the test of a really full disk needs the right to mount a tmpfs (root on Linux); the simulated one ran');
    return undefined;
  }
}

it('on a disk of 8 MB that is really full: refuses, loses nothing, and works again with room', async (context) => {
  const directory = mountSmallDisk();
  if (directory === undefined) return context.skip();
  try {
    const { acknowledged, stored } = await fillAndRecover(directory);
    expect(stored).toEqual(acknowledged);
  } finally {
    execFileSync(UNMOUNT, ['-l', directory]);
    rmSync(directory, { recursive: true });
  }
});

async function fillAndRecover(directory: string): Promise<{ acknowledged: number[]; stored: unknown[] }> {
  const writer = new MemoryWriter();
  writer.before = storeDown;
  const open = () =>
    createIngest({
      dataDirectory: directory,
      writer,
      limits: DEFAULT_LIMITS,
      clock: { nowMs: () => NOW_MS },
      log: new MemoryLog(),
      meter: new MemoryMeter(),
      retentionMs: NOW_MS,
      sealAfterMs: 0,
      sealAtBytes: 1024 * 1024,
      wait: () => new Promise((done) => setTimeout(done, 1)),
    });
  let ingest = await open();
  ingest.start();
  let timeMs = 1;
  const acknowledged: number[] = [];
  const send = async (samples: number): Promise<void> => {
    const series = ingest.sink.intern(['__name__', 'up'], { receiver: 'test' }) as number;
    const batch = ingest.sink.begin({ receiver: 'test' });
    const times = Array.from({ length: samples }, () => timeMs++);
    for (const time of times) batch.addFloat(series, time, time);
    await batch.commit();
    acknowledged.push(...times);
  };
  const fill = async (): Promise<void> => {
    for (let i = 0; i < 1000; i++) await send(1000);
  };
  const refused = await fill().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(AppError);
  expect(refused).toMatchObject({ code: 'disk_full', retryAfterSeconds: 10 });
  expect(acknowledged.length).toBeGreaterThan(200_000);
  // Full to the last byte, then a restart, then room again.
  expect(() => writeFileSync(join(directory, 'ballast'), Buffer.alloc(8 * 1024 * 1024))).toThrow(/ENOSPC/);
  await expect(send(1000)).rejects.toMatchObject({ code: 'disk_full' });
  await ingest.close();
  rmSync(join(directory, 'ballast'));
  ingest = await open();
  ingest.start();
  writer.before = () => {};
  await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');
  await send(1000);
  await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');
  await ingest.close();
  return { acknowledged, stored: writer.rows('metric_samples').map((row) => row['timestamp']) };
}
