import type { Clock, Host, Limits, Meter, MetricReader } from '@pitot/core';

export interface MetricQueriesOptions {
  readonly reader: MetricReader;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** Questions about metrics, answered within the query limits. */
export interface MetricQueries {
  readonly reader: MetricReader;
  hosts(signal?: AbortSignal): Promise<Host[]>;
  environments(signal?: AbortSignal): Promise<string[]>;
}
