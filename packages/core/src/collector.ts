import type { Clock } from './time.ts';
import type { Logger } from './ports/logger.ts';
import type { Meter } from './ports/meter.ts';
import type { MetricSink } from './ports/metric-sink.ts';

export interface CollectorContext {
  readonly metrics: MetricSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter: Meter;
  /** Aborted when the process drains: stop collecting, write what ends (stale markers), and resolve. */
  readonly signal: AbortSignal;
}

/**
 * Something that Pitot pulls from: one folder in `server/src/collect/`, one line in `collectors.ts`, and the
 * collector conformance suite passes.
 */
export interface Collector<Config> {
  /** Also the value of the `receiver` label on Pitot's own metrics. Kebab case. */
  readonly name: string;
  readonly summary: string;
  /** Starts collecting. The handle tells what is going on and ends it. */
  start(context: CollectorContext, config: Config): Promise<RunningCollector>;
}

export interface RunningCollector {
  /** Scrape targets as the Prometheus API shows them; only collectors that have targets. */
  targets?(): readonly TargetStatus[];
  /** Stops within five seconds. */
  stop(): Promise<void>;
}

export interface TargetStatus {
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly discoveredLabels: Readonly<Record<string, string>>;
  /** After relabelling. Empty for a dropped target. */
  readonly labels: Readonly<Record<string, string>>;
  readonly health: 'up' | 'down' | 'unknown' | 'dropped';
  readonly lastError: string;
  /** Milliseconds since the epoch; 0 before the first scrape. */
  readonly lastScrapeMs: number;
  readonly lastScrapeDurationSeconds: number;
  readonly scrapeIntervalSeconds: number;
  readonly scrapeTimeoutSeconds: number;
}

export function defineCollector<Config>(collector: Collector<Config>): Collector<Config> {
  return collector;
}
