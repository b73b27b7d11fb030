/**
 * Samples per CPU-second of the way from the sink to the store alone: registry, batch, rows, spool (with fdatasync), merge.
 * The store is one that takes everything and does nothing.
 *
 *   node bench/ingest-path.ts [--series 10000] [--samples-per-series 200] [--request 1000] [--rounds 5] [--directory /tmp]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_LIMITS, labelsFromObject, type Labels, type Meter } from '@pitot/core';
import { createIngest, type Ingest } from '../packages/server/src/ingest/ingest.ts';
import { median } from './contestants.ts';

const { values: flags } = parseArgs({
  options: {
    series: { type: 'string', default: '10000' },
    'samples-per-series': { type: 'string', default: '200' },
    request: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const seriesCount = Number(flags.series);
const steps = Number(flags['samples-per-series']);
const requestSize = Number(flags.request);
const SOURCE = { receiver: 'bench' };
const INTERVAL_MS = 15_000;

const meter: Meter = {
  counter: () => ({ inc() {} }),
  gauge: () => ({ set() {} }),
  observe() {},
  histogram: () => ({ observe() {} }),
};
const log = { debug() {}, info() {}, warn: console.warn, error: console.error };

const labelSets: Labels[] = Array.from({ length: seriesCount }, (_, i) =>
  labelsFromObject({
    __name__: `bench_requests_${i % 10}_total`,
    cluster: 'production-eu-central-1',
    container: 'api',
    endpoint: 'http-metrics',
    instance: `10.42.${(i / 250) | 0}.${i % 250}:8080`,
    job: `service-${i % 100}`,
    namespace: `team-${i % 20}`,
    node: `ip-10-0-${i % 50}-17.eu-central-1.compute.internal`,
    pod: `service-${i % 100}-7d9c6b8f5d-${i.toString(36)}`,
    region: 'eu-central-1',
  }),
);

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function timed(work: () => Promise<number> | number): Promise<{ perCpuSecond: number; cpu: number; wall: number }> {
  const cpu = cpuSeconds();
  const wall = performance.now();
  const done = await work();
  const spent = cpuSeconds() - cpu;
  return { perCpuSecond: done / spent, cpu: spent, wall: (performance.now() - wall) / 1000 };
}

function internAll(ingest: Ingest): Int32Array {
  return Int32Array.from(labelSets, (labels) => {
    const handle = ingest.sink.intern(labels, SOURCE);
    if (typeof handle === 'string') throw new Error(handle);
    return handle;
  });
}

async function sendAll(ingest: Ingest, handles: Int32Array, startMs: number): Promise<number> {
  for (let step = 0; step < steps; step++) {
    for (let first = 0; first < seriesCount; first += requestSize) {
      const batch = ingest.sink.begin(SOURCE);
      const end = Math.min(seriesCount, first + requestSize);
      for (let i = first; i < end; i++) batch.addFloat(handles[i]!, startMs + step * INTERVAL_MS, i + step / 10);
      await batch.commit();
    }
  }
  return steps * seriesCount;
}

async function round(): Promise<{ intern: number; samples: number; wall: number }> {
  const dataDirectory = mkdtempSync(join(flags.directory, 'bench-ingest-'));
  let rows = 0;
  const ingest = await createIngest({
    dataDirectory,
    writer: {
      async insert(table, blocks) {
        if (table === 'metric_samples') for (const block of blocks) rows += Math.floor((block.length - 60) / 28);
      },
    },
    limits: DEFAULT_LIMITS,
    clock: { nowMs: () => Date.now() },
    log,
    meter,
    retentionMs: 30 * 86_400_000,
  });
  ingest.start();
  const intern = await timed(() => internAll(ingest).length);
  const handles = internAll(ingest);
  const samples = await timed(async () => {
    const sent = await sendAll(ingest, handles, Date.now() - steps * INTERVAL_MS);
    await ingest.drain(60_000);
    return sent;
  });
  await ingest.close();
  rmSync(dataDirectory, { recursive: true });
  if (rows < steps * seriesCount) throw new Error(`only ${rows} of ${steps * seriesCount} samples reached the store`);
  return { intern: intern.perCpuSecond, samples: samples.perCpuSecond, wall: samples.wall };
}

async function memoryPerSeries(count: number): Promise<number> {
  const dataDirectory = mkdtempSync(join(flags.directory, 'bench-ingest-'));
  const ingest = await createIngest({
    dataDirectory,
    writer: { async insert() {} },
    limits: { ...DEFAULT_LIMITS, new_series_per_minute: 2 * count },
    clock: { nowMs: () => Date.now() },
    log,
    meter,
    retentionMs: 30 * 86_400_000,
  });
  const before = process.memoryUsage.rss();
  for (let i = 0; i < count; i++) {
    const labels = [...labelSets[i % seriesCount]!];
    labels[labels.length - 3] = `pod-${i}`;
    if (typeof ingest.sink.intern(labels, SOURCE) === 'string') throw new Error('a series was turned away');
  }
  const used = process.memoryUsage.rss() - before;
  await ingest.close();
  rmSync(dataDirectory, { recursive: true });
  return used / count;
}

const results: Awaited<ReturnType<typeof round>>[] = [];
for (let i = 0; i < Number(flags.rounds); i++) results.push(await round());
const show = (value: number): string => Math.round(value).toLocaleString('en');
console.log(`new series per CPU-second        ${show(median(results.map((result) => result.intern)))}`);
console.log(`samples per CPU-second           ${show(median(results.map((result) => result.samples)))}`);
console.log(`samples per second, one sender   ${show((steps * seriesCount) / median(results.map((result) => result.wall)))}`);
console.log(`memory per series, 10 labels     ${show(await memoryPerSeries(1_000_000))} bytes`);
