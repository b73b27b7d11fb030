import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_LIMITS } from '@pitot/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { folderStore, storedRows } from './fixtures/folder-store.ts';
import { seededRandom } from './fixtures/seeded-random.ts';
import { MemoryLog, MemoryMeter, NOW_MS } from './fixtures/stage.ts';
import { createIngest } from './ingest.ts';

const CHILD = fileURLToPath(new URL('./fixtures/crash-child.ts', import.meta.url));
const KILLS = 20;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pitot-crash-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Runs a child that sends from batch `first` on, kills it after so many acknowledgements, and answers what it acknowledged. */
async function sendUntilKilled(first: number, seed: number, acknowledgements: number): Promise<number[]> {
  const child = spawn(process.execPath, [CHILD, directory, String(first), String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let complaints = '';
  child.stderr.on('data', (chunk) => (complaints += String(chunk)));
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
    if (output.split('\n').length > acknowledgements) child.kill('SIGKILL');
  });
  const signal = await new Promise((done) => child.once('close', (_code, signalName) => done(signalName)));
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself: ${complaints}`);
  // A line cut off by the kill was not acknowledged in full.
  return output.split('\n').slice(0, -1).map(Number);
}

/** Each record of an acknowledged batch is there once; what was not acknowledged is there as whole requests, or not at all. */
function checkNames(table: 'otel_logs' | 'otel_traces', column: string, acknowledged: ReadonlySet<number>): void {
  const counts = new Map<string, number>();
  for (const row of storedRows(join(directory, 'store'), table)) {
    const name = row[column] as string;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    expect(row).toMatchObject(table === 'otel_logs' ? { LogAttributes: { body: name } } : { 'Events.Attributes': [{ name }] });
  }
  expect([...counts].filter(([, count]) => count !== 1)).toEqual([]);
  const namesOf = (number: number): string[] => Array.from({ length: (number % 7) + 1 }, (_, i) => `${number}/${i}`);
  expect([...acknowledged].flatMap(namesOf).filter((name) => !counts.has(name))).toEqual([]);
  const whole = new Set([...counts.keys()].map((name) => Number(name.split('/')[0])));
  expect([...whole].flatMap(namesOf).length).toBe(counts.size);
}

it(`loses nothing acknowledged and stores nothing twice through ${KILLS} kills`, async () => {
  const random = seededRandom(7);
  const acknowledged = new Set<number>();
  let first = 0;
  for (let round = 0; round < KILLS; round++) {
    for (const number of await sendUntilKilled(first, round, 1 + Math.floor(random() * 120))) acknowledged.add(number);
    // Far enough that a batch that was sent but not acknowledged is never sent again.
    first += 10_000;
  }
  const ingest = await createIngest({
    dataDirectory: directory,
    writer: folderStore(join(directory, 'store')),
    limits: DEFAULT_LIMITS,
    clock: { nowMs: () => NOW_MS },
    log: new MemoryLog(),
    meter: new MemoryMeter(),
    retentionMs: NOW_MS,
  });
  ingest.start();
  await ingest.drain(30_000);
  await ingest.close();
  expect(readdirSync(join(directory, 'spool')).sort()).toEqual(['known-series', 'quarantine']);
  expect(readdirSync(join(directory, 'spool', 'quarantine'))).toEqual([]);

  const times = new Map<number, number>();
  for (const row of storedRows(join(directory, 'store'), 'metric_samples')) {
    const timeMs = row['timestamp'] as number;
    times.set(timeMs, (times.get(timeMs) ?? 0) + 1);
    expect(row['value']).toBe(Math.floor(timeMs / 10) + (timeMs % 10) / 10);
  }
  expect([...times].filter(([, count]) => count !== 1)).toEqual([]);
  const samplesOf = (number: number): number[] => Array.from({ length: (number % 7) + 1 }, (_, i) => 10 * number + i);
  expect([...acknowledged].flatMap(samplesOf).filter((timeMs) => !times.has(timeMs))).toEqual([]);
  // What was on its way when the kill came may be there too, but only as whole batches.
  const whole = new Set([...times.keys()].map((timeMs) => Math.floor(timeMs / 10)));
  expect([...whole].flatMap(samplesOf).length).toBe(times.size);
  // Every sample's series is known.
  const known = new Set(storedRows(join(directory, 'store'), 'metric_series').map((row) => row['series']));
  expect(storedRows(join(directory, 'store'), 'metric_samples').filter((row) => !known.has(row['series']))).toEqual([]);
  for (const [table, column] of [['otel_logs', 'Body'], ['otel_traces', 'SpanName']] as const) checkNames(table, column, acknowledged);
  expect(acknowledged.size).toBeGreaterThan(KILLS);
}, 120_000);
