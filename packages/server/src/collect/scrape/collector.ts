import { defineCollector, type Collector, type CollectorContext, type RunningCollector, type TargetStatus } from '@pitot/core';
import { resolveJobs, type ScrapeConfigs } from './config.ts';
import { ScrapePool } from './scrape-pool.ts';

export interface RunningScrape extends RunningCollector {
  targets(): readonly TargetStatus[];
  /** Takes over a new configuration. Targets that are in both go on without a gap; those that are not end with stale markers. */
  reload(config: ScrapeConfigs): Promise<void>;
}

export interface ScrapeCollector extends Collector<ScrapeConfigs> {
  start(context: CollectorContext, config: ScrapeConfigs): Promise<RunningScrape>;
}

export const scrapeCollector = {
  ...defineCollector<ScrapeConfigs>({
    name: 'scrape',
    summary: "Prometheus and OpenMetrics endpoints, configured with Prometheus' own scrape_configs.",
    start: startScrape,
  }),
  start: startScrape,
} satisfies ScrapeCollector;

async function startScrape(context: CollectorContext, config: ScrapeConfigs): Promise<RunningScrape> {
  const failures = context.meter.counter('pitot_scrape_failures_total', 'Scrapes that failed.', ['job']);
  const pools = new Map<string, ScrapePool>();
  let stopped: Promise<void> | undefined;

  async function reload(next: ScrapeConfigs): Promise<void> {
    if (stopped !== undefined) return;
    const jobs = new Map(resolveJobs(next).map((job) => [job.job_name, job]));
    const ended = [...pools].filter(([name]) => !jobs.has(name));
    for (const [name] of ended) pools.delete(name);
    for (const [name, job] of jobs) {
      const pool = pools.get(name);
      if (pool === undefined) pools.set(name, new ScrapePool(context, job, failures));
      else pool.reload(job);
    }
    await Promise.all(ended.map(([, pool]) => pool.stop()));
  }

  async function end(): Promise<void> {
    context.signal.removeEventListener('abort', stop);
    await Promise.all([...pools.values()].map((pool) => pool.stop()));
  }

  function stop(): Promise<void> {
    stopped ??= end();
    return stopped;
  }

  await reload(config);
  context.signal.addEventListener('abort', stop);
  return { targets: () => [...pools.values()].flatMap((pool) => pool.targets()), reload, stop };
}
