import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { waitAtMost, type Clock, type Logger } from '@pitot/core';
import { writeLogsRequest, writeMetricsRequest, type OtlpAttributes } from '@pitot/core/otlp-writer';
import { createLinuxHost, createPortableHost, describeHost, HOST_METADATA, openHostFiles } from './host/host.ts';
import { AGENT_METADATA } from './look/agent-metadata.ts';
import { addContainers } from './look/containers.ts';
import { FlowReader } from './look/flows.ts';
import { ProcessTable } from './look/processes.ts';
import type { AgentOptions } from './options.ts';
import { dotted, MetricRound } from './ship/metric-round.ts';
import { Outbox } from './ship/outbox.ts';
import { Shipper } from './ship/shipper.ts';
import { LogFiles } from './tail/log-files.ts';
import { recordsOfLines, resourceOfFile } from './tail/log-lines.ts';

const LOG_ROUND_MS = 2000;
const STOP_WITHIN_MS = 4000;

export interface RunningAgent {
  /** Sends a last round and stops within five seconds. What is not sent waits on disk. */
  stop(): Promise<void>;
}

/** Starts looking, with the first round at once. */
export function startAgent(options: AgentOptions, clock: Clock, log: Logger): RunningAgent {
  mkdirSync(options.stateDirectory, { recursive: true });
  const outbox = new Outbox(join(options.stateDirectory, 'outbox'), options.outboxBytes);
  const shipper = new Shipper({ url: options.url, headers: options.headers, outbox, log });
  const files = openHostFiles();
  const isLinux = process.platform === 'linux';
  const host = isLinux ? createLinuxHost(files) : createPortableHost(files);
  const processes = new ProcessTable(files);
  const flows = new FlowReader(files, listDirectory);
  const round = new MetricRound([...HOST_METADATA, ...AGENT_METADATA]);
  const environment: OtlpAttributes = options.environment === '' ? {} : { 'deployment.environment.name': options.environment };
  const resource: OtlpAttributes = {
    'service.namespace': 'pitot',
    'service.name': 'host',
    'service.instance.id': options.hostName,
    'host.name': options.hostName,
    ...environment,
    ...Object.fromEntries(Object.entries(describeHost(files, process.platform)).map(([name, value]) => [dotted(name), value])),
  };
  const logFiles = new LogFiles(options.logGlobs, join(options.stateDirectory, 'log-positions.json'), (path, reason) => {
    log.warn({ path, reason }, 'this log file may not be read; it is left out');
  });

  async function look(): Promise<void> {
    const nowMs = clock.nowMs();
    round.begin(nowMs);
    await host.read(round);
    if (isLinux) {
      const seen = processes.read();
      addContainers(round, files, seen);
      flows.add(round, seen);
    }
    round.add('pitot_agent_outbox_bytes', outbox.sizeBytes);
    round.add('pitot_agent_dropped_batches_total', shipper.dropped);
    await shipper.flush(nowMs);
    await shipper.ship('metrics', writeMetricsRequest([round.finish(resource, { 'host.name': options.hostName })]), nowMs);
  }

  async function follow(): Promise<void> {
    const nowMs = clock.nowMs();
    const found = logFiles.read();
    if (found.length > 0) {
      const groups = found.map(({ path, lines }) => ({
        resource: { attributes: { ...resourceOfFile(path), 'host.name': options.hostName, ...environment } },
        scope: { name: 'pitot.agent' },
        records: recordsOfLines(lines, path, nowMs),
      }));
      await shipper.ship('logs', writeLogsRequest(groups), nowMs);
    }
    logFiles.commit();
  }

  // One thing at a time: both use the same way out, and neither takes long.
  let working = Promise.resolve();
  const enqueue = (work: () => Promise<void>): void => {
    working = working.then(work).catch((error: unknown) => log.error({ err: error }, 'a round failed; the next one tries again'));
  };
  enqueue(look);
  const timers = [setInterval(() => enqueue(look), options.intervalMs)];
  if (options.logGlobs.length > 0) {
    enqueue(follow);
    timers.push(setInterval(() => enqueue(follow), LOG_ROUND_MS));
  }
  return {
    async stop() {
      timers.forEach(clearInterval);
      if (options.logGlobs.length > 0) enqueue(follow);
      await waitAtMost(working, STOP_WITHIN_MS);
      shipper.close();
      files.close();
    },
  };
}

function listDirectory(path: string): readonly string[] | undefined {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}
