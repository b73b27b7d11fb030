import type { Facet, FacetsAnswer, FieldsAnswer } from '@pitot/core';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { fieldValue } from '../search/field-value.ts';
import { SearchParameters } from '../search/search-parameters.ts';
import type { LogFilter } from './log-filter.ts';
import { readJsonRows } from './log-rows.ts';
import { sampleLogs, type LogSample } from './log-sample.ts';
import { LOG_SEARCH_TABLE } from './log-search-table.ts';

/** Builtins worth a facet, by default those that have more than nothing. */
const DEFAULT_FACETS = ['service', 'level', 'environment', 'version', 'host', 'namespace'];
/** Attributes added to them, the most frequent first. */
const MOST_ATTRIBUTE_FACETS = 6;
/** An attribute with more values than this in the records looked at is an id, not a facet. */
const MOST_FACET_VALUES = 500;
/** Records that the names of attributes are taken from. */
const RECORDS_FOR_NAMES = 100_000;

export interface FacetRequest {
  /** As the search language names them; chosen here where absent. */
  readonly fields?: readonly string[] | undefined;
  /** Values of each. */
  readonly limit: number;
}

/** Values of fields with how often they occur, most frequent first; an absent value is none. Throws `bad_request` for a field of free text. */
export async function readLogFacets(clickhouse: ClickHouse, filter: LogFilter, { fields, limit }: FacetRequest, signal: AbortSignal | undefined): Promise<FacetsAnswer> {
  const sample = await sampleLogs(clickhouse, filter, signal);
  const wanted = fields ?? [...DEFAULT_FACETS, ...(await frequentAttributes(clickhouse, sample, signal))];
  const counted = wanted.length === 0 ? 0 : sample.isPart ? await countSample(clickhouse, sample, signal) : sample.total;
  const factor = counted === 0 ? 1 : sample.total / counted;
  const facets = await Promise.all(wanted.map((field) => readFacet(clickhouse, sample, field, limit, factor, signal)));
  return { facets: fields ? facets : facets.filter(({ values }) => values.length > 0), sampled: sample.isPart };
}

async function countSample(clickhouse: ClickHouse, { condition }: LogSample, signal: AbortSignal | undefined): Promise<number> {
  const [row] = await readJsonRows<readonly [string]>(clickhouse, `SELECT count() FROM otel_logs WHERE ${condition.sql}`, { params: condition.params, ...(signal && { signal }) });
  return Number(row![0]);
}

async function readFacet(clickhouse: ClickHouse, { condition }: LogSample, field: string, limit: number, factor: number, signal: AbortSignal | undefined): Promise<Facet> {
  const params = new SearchParameters('f');
  const value = fieldValue(field, LOG_SEARCH_TABLE, params);
  const sql =
    `SELECT value, records, count() OVER () FROM (SELECT ${value} AS value, count() AS records FROM otel_logs WHERE ${condition.sql} GROUP BY value) ` +
    "WHERE value != '' ORDER BY records DESC, value LIMIT {limit:UInt32}";
  const rows = await readJsonRows<readonly [string, string, string]>(clickhouse, sql, { params: { ...condition.params, ...params.values, limit }, ...(signal && { signal }) });
  return { field, values: rows.map(([text, records]) => ({ value: text, count: Math.round(Number(records) * factor) })), distinct: Number(rows[0]?.[2] ?? 0) };
}

/** Attributes that many records have and that have few values. */
async function frequentAttributes(clickhouse: ClickHouse, { condition }: LogSample, signal: AbortSignal | undefined): Promise<string[]> {
  const sql =
    'SELECT pair.1 AS name FROM (SELECT LogAttributes FROM otel_logs WHERE ' +
    `${condition.sql} LIMIT ${RECORDS_FOR_NAMES / 10}) ARRAY JOIN CAST(LogAttributes, 'Array(Tuple(String, String))') AS pair ` +
    `GROUP BY name HAVING uniq(pair.2) BETWEEN 1 AND ${MOST_FACET_VALUES} AND uniq(pair.2) < greatest(2, 0.5 * count()) ORDER BY count() DESC, name LIMIT ${MOST_ATTRIBUTE_FACETS}`;
  const rows = await readJsonRows<readonly [string]>(clickhouse, sql, { params: condition.params, ...(signal && { signal }) });
  return rows.map(([name]) => (Object.hasOwn(LOG_SEARCH_TABLE.builtins, name.toLowerCase()) ? `attribute.${name}` : name));
}

const MOST_FIELDS = 500;

/** What can be searched by: the builtins, and the attributes of a part of the records; names that contain `prefix`, those that begin with it first. */
export async function readLogFields(clickhouse: ClickHouse, filter: LogFilter, prefix: string, signal: AbortSignal | undefined): Promise<FieldsAnswer> {
  const { condition } = await sampleLogs(clickhouse, filter, signal);
  const sql =
    'SELECT groupUniqArrayArray(1000)(own), groupUniqArrayArray(1000)(numbers), groupUniqArrayArray(1000)(resource) FROM (SELECT ' +
    "CAST(LogAttributes.keys, 'Array(String)') AS own, CAST(LogNumbers.keys, 'Array(String)') AS numbers, CAST(ResourceAttributes.keys, 'Array(String)') AS resource " +
    `FROM otel_logs WHERE ${condition.sql} LIMIT ${RECORDS_FOR_NAMES})`;
  const [row] = await readJsonRows<readonly [string[], string[], string[]]>(clickhouse, sql, { params: condition.params, ...(signal && { signal }) });
  const [own, numbers, resource] = row!;
  const numeric = new Set(numbers);
  const isBuiltin = (name: string): boolean => Object.hasOwn(LOG_SEARCH_TABLE.builtins, name.toLowerCase());
  const isOwn = new Set(own);
  const fields: FieldsAnswer['fields'] = [
    ...Object.keys(LOG_SEARCH_TABLE.builtins).map((field) => ({ field, type: 'string' as const, source: 'builtin' as const })),
    ...own.sort().map((name) => ({ field: isBuiltin(name) ? `attribute.${name}` : name, type: numeric.has(name) ? ('number' as const) : ('string' as const), source: 'attribute' as const })),
    ...resource.sort().map((name) => ({ field: isOwn.has(name) || isBuiltin(name) ? `resource.${name}` : name, type: 'string' as const, source: 'resource' as const })),
  ];
  const wanted = prefix.toLowerCase();
  const rank = (field: string): number => (field.toLowerCase().startsWith(wanted) ? 0 : 1);
  const found = fields.filter(({ field }) => field.toLowerCase().includes(wanted));
  return { fields: found.toSorted((a, b) => rank(a.field) - rank(b.field)).slice(0, MOST_FIELDS) };
}
