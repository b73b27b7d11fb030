import type { ColumnDefinition } from './schema.ts';

export const TEXT_MAP = 'Map(LowCardinality(String), String)';
export const NUMBER_MAP = 'Map(LowCardinality(String), Float64)';

/** The attribute's present name, then its former one. */
export const ENVIRONMENT: ColumnDefinition = {
  name: 'Environment',
  type: 'LowCardinality(String)',
  expression:
    "MATERIALIZED if(ResourceAttributes['deployment.environment.name'] != '', ResourceAttributes['deployment.environment.name'], ResourceAttributes['deployment.environment'])",
  codec: 'ZSTD(1)',
};

export const VERSION: ColumnDefinition = {
  name: 'ServiceVersion',
  type: 'LowCardinality(String)',
  expression: "MATERIALIZED ResourceAttributes['service.version']",
  codec: 'ZSTD(1)',
};
