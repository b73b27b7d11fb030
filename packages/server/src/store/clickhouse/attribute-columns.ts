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

/** Between a name and its value in `mapPairs`: no name has it. */
export const PAIR_SEPARATOR = '\0';

/**
 * A map as texts of name and value: what the index of attributes is over, so that whether `user.id` is 123 is answered from it, without the map. An index
 * is used only where the query says the same expression.
 */
export function mapPairs(column: string): string {
  return `arrayMap((k, v) -> concat(k, '\\0', v), mapKeys(${column}), mapValues(${column}))`;
}
