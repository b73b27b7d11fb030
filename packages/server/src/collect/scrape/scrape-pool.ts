import type { CollectorContext, Counter, TargetStatus } from '@pitot/core';
import type { ScrapeJob } from './config.ts';
import { discoverFiles, discoverHttp, type Discovery } from './discovery.ts';
import { HttpClient } from './http-client.ts';
import { ScrapeLoop } from './scrape-loop.ts';
import { targetsOf, type TargetGroup, type TargetsOfJob } from './target.ts';

/** The targets of one job, kept in step with what its discoveries find. */
export class ScrapePool {
  readonly #context: CollectorContext;
  readonly #failures: Counter;
  readonly #loops = new Map<string, ScrapeLoop>();
  /** What each source of targets answered last; kept over a reload until the source answers anew. */
  #groups = new Map<string, readonly TargetGroup[]>();
  #discoveries: Discovery[] = [];
  #job: ScrapeJob;
  #client: HttpClient;
  #found: TargetsOfJob = { targets: [], dropped: [], bad: [] };
  readonly #ending = new Set<Promise<void>>();
  #stopped = false;

  constructor(context: CollectorContext, job: ScrapeJob, failures: Counter) {
    this.#context = context;
    this.#job = job;
    this.#failures = failures;
    this.#client = new HttpClient(job);
    this.#discover();
  }

  /** Takes over new settings. Targets that stay the same keep their connection to the past: no gap, no stale markers. */
  reload(job: ScrapeJob): void {
    const client = this.#client;
    this.#job = job;
    this.#client = new HttpClient(job);
    for (const discovery of this.#discoveries) discovery.stop();
    this.#discover();
    // A scrape in flight still has its connection from the old client.
    client.retire();
  }

  targets(): TargetStatus[] {
    const { job_name: scrapePool, intervalMs, timeoutMs } = this.#job;
    const none = {
      scrapePool,
      scrapeUrl: '',
      labels: {},
      lastScrapeMs: 0,
      lastScrapeDurationSeconds: 0,
      scrapeIntervalSeconds: intervalMs / 1000,
      scrapeTimeoutSeconds: timeoutMs / 1000,
    };
    return [
      ...[...this.#loops.values()].map((loop) => loop.status()),
      ...this.#found.bad.map(({ discoveredLabels, problem }) => ({ ...none, discoveredLabels, health: 'down' as const, lastError: problem })),
      ...this.#found.dropped.map(({ discoveredLabels }) => ({ ...none, discoveredLabels, health: 'dropped' as const, lastError: '' })),
    ];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const discovery of this.#discoveries) discovery.stop();
    for (const loop of this.#loops.values()) this.#end(loop);
    this.#loops.clear();
    await Promise.all(this.#ending);
    this.#client.close();
  }

  #discover(): void {
    const { log } = this.#context;
    const { static_configs: fixed, file_sd_configs: files, http_sd_configs: services } = this.#job;
    const sources = new Map<string, (found: (groups: readonly TargetGroup[]) => void) => Discovery>();
    for (const config of files) sources.set(`file ${config.files.join(' ')}`, (found) => discoverFiles(config, found, log));
    for (const config of services) sources.set(`http ${config.url}`, (found) => discoverHttp(config, found, log));
    const groups = new Map<string, readonly TargetGroup[]>([['static', fixed]]);
    for (const key of sources.keys()) groups.set(key, this.#groups.get(key) ?? []);
    this.#groups = groups;
    this.#sync();
    this.#discoveries = [...sources].map(([key, open]) =>
      open((found) => {
        groups.set(key, found);
        if (groups === this.#groups) this.#sync();
      }),
    );
    for (const discovery of this.#discoveries) void discovery.start();
  }

  #sync(): void {
    if (this.#stopped) return;
    const job = this.#job;
    this.#found = targetsOf(job, [...this.#groups.values()].flat());
    const { targets, bad } = this.#found;
    const over = job.targetLimit > 0 && targets.length > job.targetLimit;
    const refusal = over ? `the job has ${targets.length} targets, target_limit is ${job.targetLimit}` : undefined;
    for (const { problem } of bad) this.#context.log.warn({ job: job.job_name, error: problem }, 'a target cannot be scraped');
    const keys = new Set(targets.map(({ key }) => key));
    for (const [key, loop] of this.#loops) {
      if (keys.has(key)) continue;
      this.#loops.delete(key);
      this.#end(loop);
    }
    for (const target of targets) {
      const settings = { job, target, client: this.#client, refusal, failures: this.#failures };
      const loop = this.#loops.get(target.key);
      if (loop === undefined) this.#loops.set(target.key, new ScrapeLoop(this.#context, settings));
      else loop.update(settings);
    }
  }

  #end(loop: ScrapeLoop): void {
    const ending = loop.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
