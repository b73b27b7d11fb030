import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Clock, Logger, ReceiverContext, RunningCollector, TryRulesRequest } from '@pitot/core';
import { hostCollector } from '../collect/host/collector.ts';
import { scrapeCollector } from '../collect/scrape/collector.ts';
import { createIngest, type Ingest } from '../ingest/ingest.ts';
import { TemplateMiner } from '../ingest/log-patterns/pattern-miner.ts';
import { createLogProcessor } from '../ingest/log-rules/rule-processor.ts';
import { tryRules } from '../ingest/log-rules/try-rules.ts';
import { createMetricQueries } from '../query/metric-queries.ts';
import { RECEIVERS } from '../receive/receivers.ts';
import { createHttpServers, type HttpServers } from '../serve/http-servers.ts';
import { createTelemetryWriter } from '../store/clickhouse/telemetry-writer.ts';
import { createEdgeJob } from '../store/edges/edge-job.ts';
import { readKnownPatterns } from '../store/logs/known-patterns.ts';
import { combineReaders } from '../store/span-metrics/combined-reader.ts';
import { createSpanMetricReader } from '../store/span-metrics/span-metric-reader.ts';
import { createLandingWriter } from '../store/trace-sampling/landing-writer.ts';
import { createSamplingJob } from '../store/trace-sampling/sampling-job.ts';
import packageJson from '../../../../package.json' with { type: 'json' };
import { createAccessDatabase } from './access-database.ts';
import type { Configuration } from './configuration-schema.ts';
import { takeDataDirectory } from './data-directory.ts';
import { createHealth } from './health.ts';
import { createQuestions } from './questions.ts';
import { startJobs } from './jobs.ts';
import { openListeners, socketWarnings, type OpenListener } from './listeners.ts';
import { createOwnMetrics, type OwnMetrics } from './own-metrics.ts';
import { openStores, type Stores } from './stores.ts';

const DRAIN_MS = 10_000;
const RESTORE_MS = 3000;
const WEB_ROOT = fileURLToPath(new URL('../../../web/dist', import.meta.url));

export interface PitotOptions {
  readonly configuration: Configuration;
  /** Prometheus' sections of the configuration as text, without secrets. */
  readonly scrapeText: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface RunningPitot {
  readonly version: string;
  readonly urls: HttpServers['urls'];
  /** Doors that are not HTTP: gRPC, syslog. */
  readonly sockets: readonly { readonly name: string; readonly url: string }[];
  /** One-time link that makes the administrator; only at a first start that requires login. */
  readonly setupLink: string | undefined;
  readonly warnings: readonly string[];
  readonly dataDirectory: string;
  /** Stops taking, stores what is in the spool for at most ten seconds, and closes everything. */
  stop(): Promise<void>;
}

/** Things to undo, last done first; an error in one does not keep the others from being undone. */
class Undo {
  readonly #steps: (() => void | Promise<void>)[] = [];

  add(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    const errors: unknown[] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'not everything could be closed');
  }
}

/** Wires the rooms and starts them from right to left, so that nothing arrives before there is a place for it. */
export async function startPitot(options: PitotOptions): Promise<RunningPitot> {
  const undo = new Undo();
  try {
    return await wire(options, undo);
  } catch (error) {
    await undo.run().catch((cause: unknown) => options.log.error({ error: String(cause) }, 'while giving up the start'));
    throw error;
  }
}

async function wire({ configuration, scrapeText, clock, log }: PitotOptions, undo: Undo): Promise<RunningPitot> {
  const { limits, retention } = configuration;
  const startedMs = clock.nowMs();
  const { version } = packageJson;
  const own = createOwnMetrics();
  const { meter } = own;

  const directory = await takeDataDirectory(configuration.data);
  undo.add(() => directory.release());
  const stores = await openStores(configuration, directory.path, clock, log);
  undo.add(() => stores.close());
  const { clickhouse, postgres } = stores;
  const reader = combineReaders(stores.reader, createSpanMetricReader(clickhouse, { clock }));
  const { sampling } = configuration.traces;
  const miner = new TemplateMiner({ settings: configuration.logs.patterns, clock, meter, log });
  await restorePatterns(miner, stores, configuration, log);

  const writer = createTelemetryWriter(clickhouse, reader.learn);
  const ingest = await createIngest({
    dataDirectory: directory.path,
    writer: sampling.enabled ? createLandingWriter(clickhouse, writer) : writer,
    limits,
    clock,
    log,
    meter,
    retentionMs: retention.metrics,
    logsRetentionMs: retention.logs,
    tracesRetentionMs: retention.traces,
    logProcessor: createLogProcessor(configuration.logs, meter),
    ...(configuration.logs.patterns.enabled && { patternMiner: miner }),
  });
  undo.add(() => ingest.close());
  ingest.start();

  const receiving: ReceiverContext = { metrics: ingest.sink, logs: ingest.logs, spans: ingest.spans, limits, clock, log, meter };
  const collectors: RunningCollector[] = [];
  const listeners: OpenListener[] = [];
  const health = createHealth({ clickhouse, postgres, monitor: ingest.monitor });
  const logRules = { tryRules: (request: TryRulesRequest) => tryRules(request, configuration.logs, clock.nowMs(), (service, body) => miner.preview(service, body)) };
  const questions = createQuestions({ stores, metrics: reader, logRules, configuration, clock, meter });
  undo.add(() => questions.close());
  const servers = await createHttpServers({
    main: configuration.listen,
    ...(configuration.otlp_http_listen !== 'off' && { otlp: configuration.otlp_http_listen }),
    receiverRoutes: RECEIVERS.flatMap((receiver) => receiver.open(receiving)),
    metrics: createMetricQueries({ reader, limits, clock, meter }),
    questions,
    monitor: ingest.monitor,
    database: createAccessDatabase(postgres),
    targets: () => collectors.flatMap((collector) => collector.targets?.() ?? []),
    sockets: () => listeners.map(({ name, url }) => ({ name, url })),
    health: health.answer,
    status: () => health.status({ version, startedMs, dataDirectory: directory.path, limits }),
    ownMetrics: () => own.exposition(),
    configurationText: () => scrapeText,
    limits,
    clock,
    log,
    meter,
    version,
    startedMs,
    retentionMs: retention.metrics,
    ...(existsSync(WEB_ROOT) && { webRoot: WEB_ROOT }),
    auth: { setting: configuration.auth, publicNames: configuration.public_names },
  });
  undo.add(() => servers.close());
  listeners.push(...(await openListeners(configuration, receiving, (address) => servers.authorize(address))));
  for (const listener of listeners) undo.add(() => listener.close());
  const jobs = startJobs([createEdgeJob(clickhouse, { log }), ...(sampling.enabled ? [createSamplingJob(clickhouse, { sampling, log })] : [])], { log, meter });
  const stopping = new AbortController();
  collectors.push(...(await startCollectors(configuration, { metrics: ingest.sink, clock, log, meter, signal: stopping.signal })));
  const stopRecording = recordOwnMetrics(own, ingest, servers, clock, log);

  return {
    version,
    urls: servers.urls,
    sockets: listeners,
    setupLink: servers.setupLink,
    warnings: [...servers.warnings, ...socketWarnings(configuration)],
    dataDirectory: directory.path,
    async stop() {
      stopRecording();
      stopping.abort();
      await Promise.all(collectors.map((collector) => collector.stop()));
      servers.drain();
      for (const listener of listeners) listener.drain();
      // What they still hold, such as a batch of syslog, goes in before the way in is shut.
      await Promise.all(listeners.map((listener) => listener.close()));
      await jobs.stop();
      await ingest.drain(DRAIN_MS);
      await undo.run();
    },
  };
}

/** Ids of patterns and when they were first seen outlive a restart. Without the store the miner starts anew; ids of the same lines are the same. */
async function restorePatterns(miner: TemplateMiner, { clickhouse }: Stores, { logs }: Configuration, log: Logger): Promise<void> {
  try {
    miner.restore(await readKnownPatterns(clickhouse, logs.patterns.max_patterns, AbortSignal.timeout(RESTORE_MS)));
  } catch (error) {
    log.warn({ err: error }, 'the known log patterns could not be read; they are found again as lines come');
  }
}

type CollectorContext = Parameters<typeof hostCollector.start>[0];

async function startCollectors(configuration: Configuration, context: CollectorContext): Promise<RunningCollector[]> {
  const { host, global, scrape_configs: scrapeConfigs } = configuration;
  const starts: Promise<RunningCollector>[] = [];
  if (host.enabled) starts.push(hostCollector.start(context, { intervalMs: host.interval }));
  if (scrapeConfigs.length > 0) starts.push(scrapeCollector.start(context, { global, scrape_configs: scrapeConfigs }));
  return Promise.all(starts);
}

function recordOwnMetrics(own: OwnMetrics, ingest: Ingest, servers: HttpServers, clock: Clock, log: Logger): () => void {
  const instance = `${hostname()}:${new URL(servers.urls.main).port}`;
  return own.record(ingest.sink, instance, clock, log);
}
