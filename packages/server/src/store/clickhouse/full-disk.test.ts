import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@pitot/core';
import { afterAll, describe, expect, it } from 'vitest';
import type { ClickHouse } from './clickhouse.ts';
import { openEmbeddedClickHouse } from './embedded.ts';
import { samplesBlock, testSeries, type Sample } from './fixtures/metric-blocks.ts';
import { migrateClickHouse } from './migrate.ts';
import { createTelemetryWriter } from './telemetry-writer.ts';

const nothing = (): void => {};
const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const DAY_MS = 86_400_000;
const directory = mkdtempSync(join(tmpdir(), 'pitot-full-'));
const mounted = mountSmallDisk(directory);

if (!mounted) {
  console.warn('SKIPPED: a small disk cannot be mounted here (that needs root), so the store is not tried on a full one');
}

describe.runIf(mounted)('a full disk', () => {
  let clickhouse: ClickHouse | undefined;
  afterAll(async () => {
    await clickhouse?.close();
    execFileSync('umount', ['--lazy', directory]);
    rmSync(directory, { recursive: true });
  });

  it('is said to be full, loses nothing that was stored, and is used again when there is room', async () => {
    const engine = await openEmbeddedClickHouse({ path: join(directory, 'data'), memoryBytes: 1e9, threads: 1, sessions: 1, log });
    clickhouse = engine;
    await migrateClickHouse(engine, { retentionMs: 30 * DAY_MS });
    const writer = createTelemetryWriter(engine);
    const count = async () => Number(new TextDecoder().decode(await engine.query('SELECT count() FROM metric_samples', { format: 'TabSeparated' })));
    await writer.insert('metric_samples', [randomBlock(0)], 'before');
    const ballast = join(directory, 'ballast');
    fill(ballast);
    await expect(writer.insert('metric_samples', [randomBlock(1)], 'during')).rejects.toMatchObject({ code: 'disk_full', kind: 'unavailable' });
    expect(await count()).toBe(ROWS);
    unlinkSync(ballast);
    await writer.insert('metric_samples', [randomBlock(1)], 'during');
    await writer.insert('metric_samples', [randomBlock(1)], 'during');
    expect(await count()).toBe(2 * ROWS);
  });
});

const ROWS = 200_000;

/** Values that do not compress. */
function randomBlock(number: number): Uint8Array {
  const startMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const series = testSeries(number, ['__name__', 'random']);
  let state = 1n;
  const next = (): bigint => (state = BigInt.asUintN(64, state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n));
  return samplesBlock(Array.from({ length: ROWS }, (_, i): Sample => [series, startMs + i, next()]));
}

/** Writes until nothing more fits. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  const piece = Buffer.alloc(64 * 1024, 1);
  try {
    for (let size = piece.length; size >= 512; ) {
      try {
        writeSync(file, piece, 0, size);
      } catch {
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(file);
  }
}

function mountSmallDisk(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
