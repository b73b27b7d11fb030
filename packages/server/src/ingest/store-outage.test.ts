import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@pitot/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createStage, NOW_MS, storeDown, until, type Stage } from './fixtures/stage.ts';
import type { Ingest } from './ingest.ts';

const SOURCE = { receiver: 'test' };

let stage: Stage;
beforeEach(() => {
  stage = createStage();
});
afterEach(() => stage.remove());

/** A wait that the test ends: the clock moves by what was to be waited. */
class ScriptedWaits {
  readonly durationsMs: number[] = [];
  #pending: (() => void) | undefined;

  readonly wait = (durationMs: number, signal: AbortSignal): Promise<void> => {
    this.durationsMs.push(durationMs);
    return new Promise((done) => {
      this.#pending = done;
      signal.addEventListener('abort', () => done());
    });
  };

  async next(): Promise<void> {
    await until(() => this.#pending !== undefined, 'something waits');
    const done = this.#pending!;
    this.#pending = undefined;
    stage.clock.advance(this.durationsMs.at(-1)!);
    done();
  }

  async reached(count: number): Promise<void> {
    await until(() => this.durationsMs.length >= count, `${count} waits were begun`);
  }
}

let nextTimeMs = NOW_MS;
async function send(ingest: Ingest, samples = 1): Promise<void> {
  const series = ingest.sink.intern(['__name__', 'up'], SOURCE) as number;
  const batch = ingest.sink.begin(SOURCE);
  for (let i = 0; i < samples; i++) batch.addFloat(series, nextTimeMs++ % (NOW_MS + 500_000), i);
  await batch.commit();
}

it('opens the circuit after three failures, tries once after each backoff, and drains by itself', async () => {
  const waits = new ScriptedWaits();
  stage.writer.before = storeDown;
  const ingest = await stage.open({ wait: waits.wait });
  ingest.start();
  await send(ingest, 10);
  await waits.reached(1);
  expect(ingest.monitor.circuitBreaker()).toBe('CLOSED');
  await waits.next();
  await waits.reached(2);
  await waits.next();
  await waits.reached(3);
  expect(ingest.monitor.circuitBreaker()).toBe('OPEN');
  expect(stage.meter.value('pitot_circuit_breaker_state')).toBe(2);
  expect(ingest.monitor.spool().lastError).toBe('the store is down');
  // The doors stay open.
  for (let i = 0; i < 5; i++) await send(ingest, 10);
  let seenByStore = '';
  stage.writer.before = () => {
    seenByStore = ingest.monitor.circuitBreaker();
    storeDown();
  };
  await waits.next();
  await waits.reached(4);
  expect(seenByStore).toBe('HALF_OPEN');
  expect(ingest.monitor.circuitBreaker()).toBe('OPEN');
  // Half of the longest plus half of that again times 0.5: three quarters of 0.5 s, 1 s, 2 s, 4 s.
  expect(waits.durationsMs).toEqual([375, 750, 1500, 3000]);
  stage.writer.before = () => {};
  await waits.next();
  await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');
  expect(ingest.monitor.circuitBreaker()).toBe('CLOSED');
  expect(stage.writer.rows('metric_samples')).toHaveLength(60);
  expect(ingest.monitor.spool()).toMatchObject({ sizeBytes: 0, oldestAgeMs: 0, lastError: '' });
});

it('answers spool_full while the store is slow and store_unavailable while it is down, and takes data again', async () => {
  const waits = new ScriptedWaits();
  let release = (): void => {};
  stage.writer.before = () => new Promise((done) => (release = done));
  const ingest = await stage.open({ wait: waits.wait, limits: { spool_bytes: 20_000 } });
  ingest.start();
  while (ingest.monitor.spool().sizeBytes < 20_000) await send(ingest, 100);
  await expect(send(ingest)).rejects.toMatchObject({ code: 'spool_full', httpStatus: 429, retryAfterSeconds: 5, fields: { limit: 'limits.spool_bytes' } });
  stage.writer.before = storeDown;
  await until(() => ingest.monitor.spool().records > 0, 'data waits');
  release();
  for (let i = 1; i <= 3; i++) {
    await waits.reached(i);
    if (i < 3) await waits.next();
  }
  const down = send(ingest);
  await expect(down).rejects.toMatchObject({ code: 'store_unavailable', httpStatus: 503, retryAfterSeconds: 2 });
  stage.writer.before = () => {};
  await waits.next();
  await until(() => ingest.monitor.spool().sizeBytes === 0, 'the spool is empty');
  await send(ingest);
});

it('does not mistake the repetition of a refused request for a duplicate', async () => {
  const ingest = await stage.open({ limits: { spool_bytes: 1 } });
  await send(ingest);
  const series = ingest.sink.intern(['__name__', 'other'], SOURCE) as number;
  const attempt = (): Promise<unknown> => {
    const batch = ingest.sink.begin(SOURCE);
    batch.addFloat(series, NOW_MS, 42);
    return batch.commit();
  };
  await expect(attempt()).rejects.toMatchObject({ code: 'spool_full' });
  ingest.start();
  await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');
  await attempt();
  await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');
  expect(stage.writer.rows('metric_samples').filter((row) => row['value'] === 42)).toHaveLength(1);
  expect(stage.writer.rows('metric_series').map((row) => row['name'])).toEqual(['up', 'other']);
});

it('continues a half stored segment with the tables that are missing', async () => {
  const waits = new ScriptedWaits();
  stage.writer.before = (table) => (table === 'metric_samples' ? storeDown() : undefined);
  const ingest = await stage.open({ wait: waits.wait });
  ingest.start();
  await send(ingest);
  await waits.reached(1);
  stage.writer.before = () => {};
  await waits.next();
  await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');
  expect(stage.writer.inserts.map(({ table }) => table)).toEqual(['metric_series', 'metric_samples']);
});

it('moves a segment the store refuses to quarantine, loudly, and goes on', async () => {
  const waits = new ScriptedWaits();
  let poisoned = '';
  stage.writer.before = (_table, token) => {
    poisoned ||= token;
    if (token === poisoned) throw new AppError('internal', 'cannot parse block');
  };
  const ingest = await stage.open({ wait: waits.wait });
  ingest.start();
  await send(ingest, 3);
  await waits.reached(1);
  await send(ingest, 4);
  for (let i = 0; i < 4; i++) {
    await waits.reached(i + 1);
    await waits.next();
  }
  await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');
  expect(stage.writer.rows('metric_samples')).toHaveLength(4);
  expect(readdirSync(join(stage.directory, 'spool', 'quarantine'))).toHaveLength(1);
  expect(stage.meter.value('pitot_spool_quarantined_segments_total')).toBe(1);
  expect(stage.log.lines.filter(({ level }) => level === 'error').at(-1)!.message).toContain('ACKNOWLEDGED DATA IS NOT STORED');
});

it('does not put everything aside when the store refuses everything', async () => {
  stage.writer.before = () => {
    throw new AppError('internal', 'nothing works');
  };
  let waits = 0;
  const ingest = await stage.open({
    wait: async () => {
      waits++;
      await new Promise((done) => setImmediate(done));
    },
  });
  ingest.start();
  for (let i = 0; i < 3; i++) {
    await send(ingest);
    await until(() => ingest.monitor.spool().records === 0, 'the segment was put aside');
  }
  await send(ingest);
  const before = waits;
  await until(() => waits > before + 20, 'the store was tried many times');
  expect(readdirSync(join(stage.directory, 'spool', 'quarantine'))).toHaveLength(3);
  expect(ingest.monitor.circuitBreaker()).not.toBe('CLOSED');
  stage.writer.before = () => {};
  await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');
  expect(ingest.monitor.circuitBreaker()).toBe('CLOSED');
});
