import { hostname, platform } from 'node:os';
import { defineCollector, toAppError, type Collector, type CollectorContext, type RunningCollector } from '@pitot/core';
import { waitAtMost } from '@pitot/core';
import { createLinuxHost, createPortableHost, describeHost, HOST_METADATA, openHostFiles, type HostFiles } from '@pitot/agent/host';
import { SeriesWriter } from './series-writer.ts';

export interface HostConfig {
  /** Milliseconds between two rounds. */
  readonly intervalMs: number;
  /** Default: the machine's own host name. */
  readonly hostName?: string;
}

/** Rates need two readings: the second comes this soon. */
const SECOND_ROUND_MS = 1000;

/** A stop waits this long for the round in flight, and again for the last one: together below the five seconds a collector has. */
const DRAIN_MS = 2000;

export const hostCollector: Collector<HostConfig> = defineCollector({
  name: 'host',
  summary: 'The machine Pitot runs on: processors, memory, disks, network, load, pressure and the busiest processes.',
  start: async (context: CollectorContext, config: HostConfig) => startHost(context, config, openHostFiles(), platform()),
});

/** Starts with the first round at once. Exported for tests, which bring their own files. */
export function startHost(context: CollectorContext, config: HostConfig, files: HostFiles, os: NodeJS.Platform): RunningCollector {
  const { clock, log, meter, signal } = context;
  const failures = meter.counter('pitot_host_rounds_failed_total', 'Rounds of host metrics that could not be stored.');
  const hostName = config.hostName ?? hostname();
  const common = { job: 'pitot/host', instance: hostName, host_name: hostName };
  const writer = new SeriesWriter(context.metrics, common, HOST_METADATA);
  const reader = os === 'linux' ? createLinuxHost(files) : createPortableHost(files);
  const target = Object.entries(describeHost(files, os)).flat();
  let timer: NodeJS.Timeout | undefined;
  let stopped: Promise<void> | undefined;
  let storing = true;

  async function write(read: () => Promise<void>): Promise<void> {
    try {
      await read();
      await writer.commit();
      storing = true;
    } catch (error) {
      failures.inc();
      // Said once, not every ten seconds for as long as the store is away.
      if (storing) log.warn({ error: toAppError(error).message }, 'host metrics were not stored; trying again next round');
      storing = false;
    }
  }

  async function round(): Promise<void> {
    writer.begin(clock.nowMs());
    await write(async () => {
      await reader.read(writer);
      writer.add('target_info', 1, ...target);
    });
  }

  async function run(waitMs: number): Promise<void> {
    await round();
    if (stopped === undefined) schedule(waitMs);
  }

  function schedule(waitMs: number): void {
    timer = setTimeout(() => {
      running = run(config.intervalMs - (clock.nowMs() % config.intervalMs));
    }, waitMs);
  }

  async function end(): Promise<void> {
    signal.removeEventListener('abort', stop);
    clearTimeout(timer);
    await waitAtMost(running, DRAIN_MS);
    // An empty round: everything that was there ends.
    writer.begin(clock.nowMs());
    await waitAtMost(write(async () => {}), DRAIN_MS);
    files.close();
  }

  function stop(): Promise<void> {
    stopped ??= Promise.resolve().then(end);
    return stopped;
  }

  let running = run(Math.min(SECOND_ROUND_MS, config.intervalMs));
  signal.addEventListener('abort', stop);
  return { stop };
}
