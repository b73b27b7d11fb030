import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AppError, DEFAULT_LIMITS } from '@pitot/core';
import { MemoryLog, MemoryMeter, MemoryWriter, NOW_MS, storeDown, until } from './fixtures/stage.ts';
import { createIngest } from './ingest.ts';

function mountSmallDisk(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'pitot-full-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', directory], { stdio: 'ignore' });
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
    await fillAndRecover(directory);
  } finally {
    execFileSync('umount', ['-l', directory]);
    rmSync(directory, { recursive: true });
  }
});

async function fillAndRecover(directory: string): Promise<void> {
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
  let refused: unknown;
  for (let i = 0; i < 1000 && refused === undefined; i++) await send(1000).catch((error: unknown) => (refused = error));
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
  expect(writer.rows('metric_samples').map((row) => row['timestamp'])).toEqual(acknowledged);
}
