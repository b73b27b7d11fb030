import { DEFAULT_LIMITS } from '@pitot/core';
import { beforeEach, expect, it } from 'vitest';
import { MemoryLog, MovedClock } from './fixtures/stage.ts';
import { encodeSeriesBlock } from './native-columns.ts';
import { readNative } from './fixtures/native-reader.ts';
import { SeriesRegistry } from './series-registry.ts';
import { SourceTable } from './source-table.ts';

const HOUR_MS = 3_600_000;
const SOURCE = { receiver: 'test', keyId: 'key' };

let clock: MovedClock;
let sources: SourceTable;
let registry: SeriesRegistry;
beforeEach(() => {
  clock = new MovedClock();
  sources = new SourceTable();
  registry = new SeriesRegistry({ limits: DEFAULT_LIMITS, clock, log: new MemoryLog(), sources, onReject: () => {} });
});

/** Long labels, so that there are many pages to compact. */
function intern(i: number): number {
  return registry.intern(['__name__', `metric_${i % 7}`, 'filler', 'x'.repeat(400), 'i', String(i)], SOURCE) as number;
}

function nameOf(handle: number): unknown {
  return readNative('metric_series', encodeSeriesBlock(registry, [handle], [1]))[0]!['label_values'];
}

it('gives equal label sets one handle and different ones different handles, through every growth', () => {
  const handles = Array.from({ length: 20_000 }, (_, i) => intern(i));
  expect(new Set(handles).size).toBe(20_000);
  expect(Array.from({ length: 20_000 }, (_, i) => intern(i))).toEqual(handles);
  expect(registry.activeSeries).toBe(20_000);
});

it('keeps apart what only differs in where names and values end', () => {
  const sets = [
    ['__name__', 'm', 'a', 'bc'],
    ['__name__', 'm', 'ab', 'c'],
    ['__name__', 'm', 'a', 'b', 'c', 'd'],
    ['__name__', 'm', 'a', 'b\u0000c\u0000d'],
    ['__name__', 'm', 'a', 'b\u0001c'],
  ];
  expect(new Set(sets.map((labels) => registry.intern(labels, SOURCE))).size).toBe(sets.length);
});

it('always has room for what Pitot says of itself', () => {
  const full = new SeriesRegistry({ limits: { ...DEFAULT_LIMITS, active_series: 1 }, clock, log: new MemoryLog(), sources, onReject: () => {} });
  expect(full.intern(['__name__', 'a'], SOURCE)).toBe(0);
  expect(full.intern(['__name__', 'b'], SOURCE)).toBe('active_series_limit');
  expect(full.intern(['__name__', 'b'], { receiver: 'host', isOwn: true })).toBe(1);
});

it('evicts idle series, bumps the epoch, and gives handles out again only later', () => {
  const idle = Array.from({ length: 10_000 }, (_, i) => intern(i));
  clock.advance(HOUR_MS / 2);
  const live = Array.from({ length: 10_000 }, (_, i) => intern(10_000 + i));
  registry.sweep();
  expect(registry.epoch).toBe(0);
  clock.advance(HOUR_MS / 2 + 120_000);
  registry.sweep();
  expect(registry.epoch).toBe(1);
  expect(registry.activeSeries).toBe(10_000);
  expect(sources.activeByKey[1]).toBe(10_000);
  // What is still alive keeps its handle; what was evicted is a new series, but not under a handle a late batch may hold.
  expect(intern(10_500)).toBe(live[500]);
  expect(idle).not.toContain(intern(500));
  expect(nameOf(idle[500]!)).toContain('500');

  const before = registry.sizeBytes;
  for (let i = 0; i < 10_000; i += 1) intern(10_000 + i);
  clock.advance(600_000);
  registry.sweep();
  expect(registry.sizeBytes).toBeLessThan(before - 3_000_000);
  expect(idle).toContain(intern(501));
  for (const i of [0, 777, 9_999]) expect(nameOf(live[i]!)).toContain(String(10_000 + i));
});

it('is frugal: less than 100 bytes per series beside the bytes of its labels', () => {
  const count = 50_000;
  for (let i = 0; i < count; i++) intern(i);
  const labelBytes = '__name__ metric_1 filler i 12345'.length + 400;
  expect(registry.sizeBytes / count - labelBytes).toBeLessThan(100);
});
