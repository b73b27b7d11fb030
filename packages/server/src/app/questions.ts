import type { Clock, Limits, Meter, MetricReader } from '@pitot/core';
import { MapSource } from '../analyze/service-map/map-source.ts';
import { createServiceQueries } from '../analyze/service-map/service-queries.ts';
import { createTopologyQueries } from '../analyze/service-map/topology-queries.ts';
import { createLogQueries } from '../query/logs/log-queries.ts';
import { createServiceReader } from '../query/services/service-reader.ts';
import { createTopologyReader } from '../query/topology/topology-reader.ts';
import { createTraceQueries } from '../query/traces/trace-queries.ts';
import type { LogRuleApi } from '../serve/rest/log-rule-routes.ts';
import type { Questions } from '../serve/rest/subjects.ts';
import { DeclarationTable } from '../store/postgres/topology-declarations.ts';
import { sampledSpans } from '../store/trace-sampling/landing-writer.ts';
import type { Configuration } from './configuration-schema.ts';
import type { Stores } from './stores.ts';

interface QuestionsOptions {
  readonly stores: Stores;
  readonly metrics: MetricReader;
  readonly logRules: LogRuleApi;
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** What the REST routes of logs, traces, services and the map ask. `close` ends what they follow. */
export function createQuestions({ stores, metrics, logRules, configuration, clock, meter }: QuestionsOptions): Questions & { close(): void } {
  const { clickhouse, postgres } = stores;
  const limits: Limits = configuration.limits;
  const { sampling } = configuration.traces;
  const logs = createLogQueries({ clickhouse, limits, clock, meter });
  const traces = createTraceQueries({ clickhouse, limits, logs, retentionMs: configuration.retention.traces, ...(sampling.enabled && { sampled: sampledSpans(sampling) }) });
  const declarations = new DeclarationTable(postgres);
  const source = new MapSource(createTopologyReader({ clickhouse, metrics, declarations }), clock);
  return {
    logs: { logs, clock, mostRows: limits.search_rows },
    logRules,
    traces: { traces, clock },
    services: { services: createServiceQueries({ reader: createServiceReader({ clickhouse }), source, clock }), clock },
    topology: { topology: createTopologyQueries({ source, traces, declarations, clock }), clock },
    close: () => logs.close(),
  };
}
