import type { Job, Logger, Meter } from '@pitot/core';

interface JobContext {
  readonly log: Logger;
  readonly meter: Meter;
}

export interface RunningJobs {
  /** Aborts what runs and waits for it. */
  stop(): Promise<void>;
}

const SECONDS_BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 5, 30];

/** Runs each job at its interval, one run of a job at a time. A failure is logged and counted; the next run tries again. */
export function startJobs(jobs: readonly Job[], { log, meter }: JobContext): RunningJobs {
  const seconds = meter.histogram('pitot_job_seconds', 'Time of one run of a job.', SECONDS_BUCKETS, ['job']);
  const failures = meter.counter('pitot_job_failures_total', 'Runs of a job that failed.', ['job']);
  const abort = new AbortController();
  const running = new Map<string, Promise<void>>();

  async function run(job: Job): Promise<void> {
    const start = performance.now();
    try {
      await job.run(abort.signal);
    } catch (error) {
      if (abort.signal.aborted) return;
      failures.inc(1, { job: job.name });
      log.error({ job: job.name, err: error }, `${job.name}: this run failed; the next is in ${job.intervalMs / 1000} s`);
    } finally {
      seconds.observe((performance.now() - start) / 1000, { job: job.name });
      running.delete(job.name);
    }
  }

  const timers = jobs.map((job) =>
    setInterval(() => {
      if (!running.has(job.name)) running.set(job.name, run(job));
    }, job.intervalMs),
  );
  return {
    async stop() {
      timers.forEach(clearInterval);
      abort.abort();
      await Promise.all(running.values());
    },
  };
}
