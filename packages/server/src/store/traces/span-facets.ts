import type { ClickHouse, QueryParameter } from '../clickhouse/clickhouse.ts';
import { readRows } from '../metrics/exemplar-reading.ts';
import { sampleOfMinutes } from './minute-sample.ts';
import { both, spanCondition, timeCondition, type SpanSelection } from './span-filter.ts';
import { PEER, SPAN_SEARCH_TABLE } from './span-search-table.ts';

export interface FieldRow {
  readonly field: string;
  readonly type: 'string' | 'number';
  readonly source: 'builtin' | 'attribute' | 'resource';
}

export interface FacetRow {
  readonly field: string;
  readonly values: readonly { readonly value: string; readonly count: number }[];
  readonly distinct: number;
}

/** Names of attributes are learnt from the newest spans; what none of these has is not suggested. */
const SPANS_LOOKED_AT = 50_000;

/** The language's own names, then attributes and resource attributes by how many spans have them. */
export async function readSpanFields(
  clickhouse: ClickHouse,
  { startMs, endMs, prefix, limit }: { readonly startMs: number; readonly endMs: number; readonly prefix: string; readonly limit: number },
  signal?: AbortSignal,
): Promise<FieldRow[]> {
  const wanted = prefix.toLowerCase();
  const builtins = Object.entries(SPAN_SEARCH_TABLE.builtins)
    .filter(([name]) => name.startsWith(wanted))
    .map(([field, { kind }]): FieldRow => ({ field, type: kind === 'number' ? 'number' : 'string', source: 'builtin' }));
  const { sql, params } = timeCondition(startMs, endMs);
  const names = "arrayConcat(arrayMap(k -> (k, 'attribute', toUInt8(mapContains(SpanNumbers, k))), CAST(mapKeys(SpanAttributes), 'Array(String)')), arrayMap(k -> (concat('resource.', k), 'resource', toUInt8(0)), CAST(mapKeys(ResourceAttributes), 'Array(String)')))";
  const rows = await readRows<[string, 'attribute' | 'resource', number]>(
    clickhouse,
    `SELECT name.1, name.2, max(name.3) FROM (SELECT arrayJoin(${names}) AS name FROM (SELECT SpanAttributes, SpanNumbers, ResourceAttributes FROM otel_traces WHERE ${sql} ` +
      `ORDER BY toStartOfMinute(Timestamp) DESC LIMIT ${SPANS_LOOKED_AT})) WHERE startsWith(lower(name.1), {prefix:String}) GROUP BY name.1, name.2 ORDER BY count() DESC, name.1 LIMIT {limit:UInt64}`,
    { params: { ...params, prefix: wanted, limit }, ...(signal && { signal }) },
  );
  return [...builtins, ...rows.map(([field, source, isNumber]): FieldRow => ({ field, source, type: isNumber === 1 ? 'number' : 'string' }))].slice(0, limit);
}

/** More spans than this are counted in a sample of the range's minutes. */
const MOST_COUNTED = 1_000_000;

const BUILTIN_VALUES: Readonly<Record<string, string>> = {
  service: 'ServiceName',
  'service.name': 'ServiceName',
  operation: 'SpanName',
  name: 'SpanName',
  kind: 'lower(SpanKind)',
  status: 'lower(StatusCode)',
  error: "if(StatusCode = 'Error', 'true', 'false')",
  peer: PEER,
  environment: 'Environment',
  env: 'Environment',
  version: 'ServiceVersion',
  scope: 'ScopeName',
};

/** The values of fields among matching spans, most frequent first. */
export async function readSpanFacets(
  clickhouse: ClickHouse,
  selection: SpanSelection,
  fields: readonly string[],
  limit: number,
  signal?: AbortSignal,
): Promise<{ facets: FacetRow[]; isSampled: boolean }> {
  const sample = await sampleOfMinutes(clickhouse, selection, MOST_COUNTED, signal);
  const { sql, params } = both(timeCondition(selection.startMs, selection.endMs), spanCondition(selection));
  const sampled = sample === undefined ? '' : ' AND toStartOfMinute(Timestamp) IN {minutes:Array(UInt32)}';
  const factor = sample === undefined ? 1 : sample.factor;
  const facets = await Promise.all(
    fields.map(async (field): Promise<FacetRow> => {
      const value = valueOf(field);
      const rows = await readRows<[string, number, number]>(
        clickhouse,
        `SELECT toString(${value.sql}) AS value, sum(SampleWeight) AS spans, count() OVER () FROM otel_traces WHERE ${sql}${sampled} GROUP BY value HAVING value != '' ORDER BY spans DESC, value LIMIT {limit:UInt64}`,
        { params: { ...params, ...value.params, limit, ...(sample && { minutes: sample.minutes }) }, ...(signal && { signal }) },
      );
      return { field, values: rows.map(([text, count]) => ({ value: text, count: Math.round(count * factor) })), distinct: rows[0]?.[2] ?? 0 };
    }),
  );
  return { facets, isSampled: sample !== undefined };
}

function valueOf(field: string): { sql: string; params: Record<string, QueryParameter> } {
  const builtin = BUILTIN_VALUES[field.toLowerCase()];
  if (builtin !== undefined) return { sql: builtin, params: {} };
  const named = Object.hasOwn(SPAN_SEARCH_TABLE.builtins, field.toLowerCase()) ? SPAN_SEARCH_TABLE.builtins[field.toLowerCase()] : undefined;
  if (named?.kind === 'text') return { sql: named.sql, params: {} };
  if (named?.kind === 'number') return { sql: named.sql, params: {} };
  if (named?.kind === 'attribute' || named?.kind === 'resource') {
    const map = named.kind === 'attribute' ? 'SpanAttributes' : 'ResourceAttributes';
    const params = Object.fromEntries(named.keys.map((key, i) => [`facet${i}`, key]));
    return { sql: `coalesce(${named.keys.map((_, i) => `nullIf(${map}[{facet${i}:String}], '')`).join(', ')}, '')`, params };
  }
  const key = field.replace(/^(?:@|attributes?\.)/, '');
  if (field.startsWith('resource.')) return { sql: 'ResourceAttributes[{facet:String}]', params: { facet: field.slice('resource.'.length) } };
  return { sql: "if(SpanAttributes[{facet:String}] != '', SpanAttributes[{facet:String}], ResourceAttributes[{facet:String}])", params: { facet: key } };
}
