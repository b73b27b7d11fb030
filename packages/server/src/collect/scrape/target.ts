import { createHash } from 'node:crypto';
import { formatDurationMs, parseDurationMs } from '@pitot/core';
import type { ScrapeJob } from './config.ts';
import { relabel } from './relabel.ts';

/** One group of targets as a discovery answers it. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** One target after relabelling: what to scrape and how its series are labelled. */
export interface Target {
  /** Equal for targets with the same labels and URL: they are one. */
  readonly key: string;
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly discoveredLabels: Readonly<Record<string, string>>;
  /** What every series of the target carries; without `__` labels. */
  readonly labels: ReadonlyMap<string, string>;
}

interface DroppedTarget {
  readonly discoveredLabels: Readonly<Record<string, string>>;
}

interface BadTarget {
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly problem: string;
}

export interface TargetsOfJob {
  readonly targets: readonly Target[];
  readonly dropped: readonly DroppedTarget[];
  readonly bad: readonly BadTarget[];
}

const MOST_DROPPED = 1000;

/** Makes targets of what was discovered. Source of the rules: Prometheus `scrape.PopulateLabels`. */
export function targetsOf(job: ScrapeJob, groups: readonly TargetGroup[]): TargetsOfJob {
  const targets = new Map<string, Target>();
  const dropped: DroppedTarget[] = [];
  const bad: BadTarget[] = [];
  for (const group of groups) {
    for (const address of group.targets) {
      const labels = discovered(job, address, group.labels);
      const discoveredLabels = Object.fromEntries(labels);
      if (!relabel(labels, job.relabel_configs)) {
        if (dropped.length < MOST_DROPPED) dropped.push({ discoveredLabels });
        continue;
      }
      const target = makeTarget(job, labels, discoveredLabels);
      if ('problem' in target) bad.push(target);
      else targets.set(target.key, target);
    }
  }
  return { targets: [...targets.values()], dropped, bad };
}

function discovered(job: ScrapeJob, address: string, groupLabels: Readonly<Record<string, string>>): Map<string, string> {
  const labels = new Map([
    ['job', job.job_name],
    ['__scrape_interval__', formatDurationMs(job.intervalMs)],
    ['__scrape_timeout__', formatDurationMs(job.timeoutMs)],
    ['__metrics_path__', job.metrics_path],
    ['__scheme__', job.scheme],
  ]);
  for (const [name, values] of Object.entries(job.params)) if (values.length > 0) labels.set(`__param_${name}`, values[0]!);
  for (const [name, value] of Object.entries(groupLabels)) if (value !== '') labels.set(name, value);
  labels.set('__address__', address);
  return labels;
}

function makeTarget(job: ScrapeJob, labels: Map<string, string>, discoveredLabels: Readonly<Record<string, string>>): Target | BadTarget {
  const bad = (problem: string) => ({ discoveredLabels, problem });
  const address = labels.get('__address__');
  if (address === undefined) return bad('the target has no __address__ after relabelling');
  if (/[/?#@\s]/.test(address)) return bad(`"${address}" is not host:port`);
  const scheme = labels.get('__scheme__') ?? 'http';
  if (scheme !== 'http' && scheme !== 'https') return bad(`the scheme "${scheme}" is neither http nor https`);
  const path = labels.get('__metrics_path__') ?? '';
  const location = `${scheme}://${address}${path.startsWith('/') ? '' : '/'}${path}`;
  if (!URL.canParse(location)) return bad(`"${location}" is not a URL`);
  const url = new URL(location);
  for (const [name, value] of parametersOf(job, labels)) url.searchParams.append(name, value);
  const timing = timingOf(job, labels);
  if (typeof timing === 'string') return bad(timing);
  if (!labels.has('instance')) labels.set('instance', address);
  const own = new Map([...labels].filter(([name]) => !name.startsWith('__')));
  const sorted = [...own].sort(([a], [b]) => (a < b ? -1 : 1));
  return { key: JSON.stringify([url.href, timing, sorted]), url: url.href, ...timing, discoveredLabels, labels: own };
}

/** Parameters of the job; a `__param_` label replaces the first value, or adds a parameter. */
function parametersOf(job: ScrapeJob, labels: ReadonlyMap<string, string>): [string, string][] {
  const parameters: [string, string][] = [];
  const names = new Set(Object.keys(job.params));
  for (const label of labels.keys()) if (label.startsWith('__param_')) names.add(label.slice('__param_'.length));
  for (const name of names) {
    const first = labels.get(`__param_${name}`);
    if (first !== undefined) parameters.push([name, first]);
    for (const value of (job.params[name] ?? []).slice(1)) parameters.push([name, value]);
  }
  return parameters;
}

/** Relabelling may change a target's interval and timeout; answers what is wrong with them otherwise. */
function timingOf(job: ScrapeJob, labels: ReadonlyMap<string, string>): { intervalMs: number; timeoutMs: number } | string {
  try {
    const intervalMs = parseDurationMs(labels.get('__scrape_interval__') ?? '');
    const timeoutMs = parseDurationMs(labels.get('__scrape_timeout__') ?? '');
    const changed = intervalMs !== job.intervalMs;
    if (changed && (intervalMs < 10_000 || intervalMs > 300_000)) return `__scrape_interval__ must be between 10s and 5m, not ${formatDurationMs(intervalMs)}`;
    if (timeoutMs <= 0 || timeoutMs > intervalMs) return '__scrape_timeout__ must be more than 0 and not longer than __scrape_interval__';
    return { intervalMs, timeoutMs };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Where in its interval a target is scraped, so that targets spread evenly and stay in place over restarts. */
export function offsetMs(target: Target): number {
  return createHash('md5').update(target.key).digest().readUInt32BE(0) % target.intervalMs;
}
