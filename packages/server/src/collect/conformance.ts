import { AppError, type Collector } from '@pitot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemorySink, testContext } from './fixtures/memory-sink.ts';

/** What a collector brings to its conformance test. */
export interface ConformanceCase<Config> {
  readonly collector: Collector<Config>;
  /** Something to collect from, set up before each test: a fast configuration, and its end. */
  prepare(): Promise<Prepared<Config>>;
  /** Something that never answers, where the collector talks to others; `reached` resolves when it was asked. */
  prepareHanging?(): Promise<Prepared<Config> & { readonly reached: Promise<void> }>;
}

interface Prepared<Config> {
  readonly config: Config;
  close(): Promise<void>;
}

const STOP_WITHIN_MS = 5000;
/** What Node counts as keeping the process alive, and a collector may leave behind when it is careless. */
const LEFT_BEHIND = /^(?:Timeout|Immediate|TCPSocketWrap|TCPConnectWrap|TLSWrap|FSEventWrap|FSReqCallback|GetAddrInfoReqWrap|Zlib)$/;

/** The suite that every collector passes: call it in the collector's test file. */
export function describeCollectorConformance<Config>(one: ConformanceCase<Config>): void {
  describe(`collector ${one.collector.name}`, () => {
    let prepared: Prepared<Config>;
    let sink: MemorySink;
    beforeEach(async () => {
      prepared = await one.prepare();
      sink = new MemorySink();
    });
    afterEach(() => prepared.close());

    it('has a kebab case name and a summary', () => {
      expect(one.collector.name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect(one.collector.summary.length).toBeGreaterThan(10);
    });

    it('collects through the sink', async () => {
      const running = await one.collector.start(testContext(sink), prepared.config);
      await sink.until(() => sink.samples.some(({ stale }) => !stale));
      await running.stop();
      for (const sample of sink.samples) expect(sample.name).not.toBe('');
    });

    it('ends its series with stale markers when it stops, and collects nothing after', async () => {
      const running = await one.collector.start(testContext(sink), prepared.config);
      await sink.until(() => sink.commits > 1);
      await running.stop();
      const last = new Map(sink.samples.map((sample) => [JSON.stringify(sample.labels), sample.stale]));
      expect([...last].filter(([, stale]) => !stale)).toEqual([]);
      const { attempts } = sink;
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(sink.attempts).toBe(attempts);
    });

    it('survives a sink that takes nothing, and goes on when it takes again', async () => {
      sink.failure = new AppError('spool_full', 'the spool is full', { retryAfterSeconds: 1 });
      const running = await one.collector.start(testContext(sink), prepared.config);
      await sink.until(() => sink.attempts > 1);
      expect(sink.samples).toEqual([]);
      sink.failure = undefined;
      await sink.until(() => sink.samples.length > 0);
      await running.stop();
    });

    it('survives the loss of every handle', async () => {
      const running = await one.collector.start(testContext(sink), prepared.config);
      await sink.until(() => sink.commits > 0);
      sink.evict();
      const { commits } = sink;
      await sink.until(() => sink.commits > commits + 1);
      await running.stop();
      expect(sink.samples.at(-1)?.stale).toBe(true);
    });

    it('stops within five seconds even when the sink takes nothing, twice, and leaves nothing behind', async () => {
      const before = resources();
      const running = await one.collector.start(testContext(sink), prepared.config);
      await sink.until(() => sink.attempts > 0);
      sink.failure = new AppError('spool_full', 'the spool is full');
      const began = performance.now();
      await Promise.all([running.stop(), running.stop()]);
      expect(performance.now() - began).toBeLessThan(STOP_WITHIN_MS);
      await prepared.close();
      await expectNothingLeft(before);
    });

    it('stops when the process drains', async () => {
      const draining = new AbortController();
      const running = await one.collector.start(testContext(sink, draining.signal), prepared.config);
      await sink.until(() => sink.commits > 0);
      draining.abort();
      await running.stop();
      const { attempts } = sink;
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(sink.attempts).toBe(attempts);
    });

    const { prepareHanging } = one;
    if (prepareHanging === undefined) return;
    it('aborts work in flight', async () => {
      const before = resources();
      const hanging = await prepareHanging();
      const running = await one.collector.start(testContext(sink), hanging.config);
      await hanging.reached;
      const began = performance.now();
      await running.stop();
      expect(performance.now() - began).toBeLessThan(STOP_WITHIN_MS);
      await hanging.close();
      await expectNothingLeft(before);
    });
  });
}

function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (LEFT_BEHIND.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Sockets close over a few turns of the event loop; what is still there after a second was left behind. */
async function expectNothingLeft(before: Map<string, number>): Promise<void> {
  let left: string[] = [];
  for (let turn = 0; turn < 50; turn++) {
    left = [...resources()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind, count]) => `${count} ${kind}`);
    if (left.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // The wait above holds a timer of its own.
  expect(left).toEqual([]);
}
