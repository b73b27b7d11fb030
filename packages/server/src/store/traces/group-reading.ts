import type { SearchNode } from '@pitot/core/search';
import type { ClickHouse, QueryParameter } from '../clickhouse/clickhouse.ts';
import { readRows } from '../metrics/exemplar-reading.ts';
import { compileSearch } from '../search/compile-search.ts';
import { both, spanCondition, timeCondition, type Condition, type SpanSelection } from './span-filter.ts';
import { PEER, SPAN_SEARCH_TABLE } from './span-search-table.ts';

/** The selected spans within a population. */
export interface GroupSelection {
  readonly population: SpanSelection;
  readonly selection: SearchNode;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Durations in [minMs, maxMs). */
  readonly minMs?: number;
  readonly maxMs?: number;
}

/** How often a value was seen in the samples of both groups. */
export interface ValueCount {
  readonly field: string;
  readonly value: string;
  readonly selected: number;
  readonly baseline: number;
  /** Different values of the field, and spans that have it, in both samples. */
  readonly distinct: number;
  readonly present: number;
}

export interface GroupCounts {
  /** All spans of the groups; then those looked at. */
  readonly selected: number;
  readonly baseline: number;
  readonly sampledSelected: number;
  readonly sampledBaseline: number;
  readonly values: readonly ValueCount[];
}

/** Spans of each group that are looked at: shares are then right within one percentage point. */
const MOST_SAMPLED = 20_000;
/** Values that fewer of the selected spans have explain nothing. */
const FEWEST_SELECTED = 3;
const MOST_VALUES = 5000;
const MILLION = 1_000_000;

const FIELDS = `arrayConcat(arrayMap((k, v) -> (k, v), CAST(mapKeys(SpanAttributes), 'Array(String)'), mapValues(SpanAttributes)), arrayMap((k, v) -> (concat('resource.', k), v), CAST(mapKeys(ResourceAttributes), 'Array(String)'), mapValues(ResourceAttributes)), [('service', toString(ServiceName)), ('operation', toString(SpanName)), ('kind', lower(SpanKind)), ('status', lower(StatusCode)), ('peer', ${PEER})])`;

/**
 * Counts every value of every field in both groups; where a group is large, in a sample of its spans that does not depend on what they hold. Throws
 * AppError `bad_query`.
 */
export async function readGroups(clickhouse: ClickHouse, groups: GroupSelection, signal?: AbortSignal): Promise<GroupCounts> {
  const { population } = groups;
  const where = both(timeCondition(population.startMs, population.endMs), spanCondition(population));
  const chosen = selectionCondition(groups);
  const { params } = both(where, chosen);
  const options = signal && { signal };
  const isSelected = `toUInt8(${chosen.sql})`;
  const [[selected = 0, all = 0] = []] = await readRows<[number, number]>(clickhouse, `SELECT countIf(${isSelected}), count() FROM otel_traces WHERE ${where.sql}`, { params, ...options });
  const baseline = all - selected;
  const rate = (size: number) => Math.ceil(Math.min(1, MOST_SAMPLED / Math.max(1, size)) * MILLION);
  const sampled = `SELECT ${isSelected} AS is_selected, ${FIELDS} AS fields FROM otel_traces WHERE ${where.sql} AND sipHash64(TraceId, SpanId) % ${MILLION} < if(${isSelected}, {selected_rate:UInt64}, {baseline_rate:UInt64})`;
  const counted =
    `SELECT field.1 AS name, field.2 AS value, countIf(is_selected = 1) AS selected, countIf(is_selected = 0) AS baseline, ` +
    `count() OVER (PARTITION BY name) AS different, sum(selected + baseline) OVER (PARTITION BY name) AS present ` +
    `FROM (${sampled}) ARRAY JOIN fields AS field WHERE field.2 != '' GROUP BY name, value`;
  const rates = { selected_rate: rate(selected), baseline_rate: rate(baseline) };
  const [sizes, rows] = await Promise.all([
    readRows<[number, number]>(clickhouse, `SELECT countIf(is_selected = 1), countIf(is_selected = 0) FROM (${sampled})`, { params: { ...params, ...rates }, ...options }),
    readRows<[string, string, number, number, number, number]>(
      clickhouse,
      `SELECT name, value, selected, baseline, different, present FROM (${counted}) WHERE selected >= ${FEWEST_SELECTED} ORDER BY selected DESC, name, value LIMIT ${MOST_VALUES}`,
      { params: { ...params, ...rates }, ...options },
    ),
  ]);
  const [sampledSelected = 0, sampledBaseline = 0] = sizes[0] ?? [];
  const values = rows.map(([field, value, inSelected, inBaseline, distinct, present]) => ({ field, value, selected: inSelected, baseline: inBaseline, distinct, present }));
  return { selected, baseline, sampledSelected, sampledBaseline, values };
}

function selectionCondition({ selection, fromMs, toMs, minMs, maxMs }: GroupSelection): Condition {
  const compiled = compileSearch(selection, SPAN_SEARCH_TABLE, 's');
  const parts = [compiled.sql];
  const params: Record<string, QueryParameter> = { ...compiled.params };
  const add = (name: string, sql: string, value: number | undefined): void => {
    if (value === undefined) return;
    parts.push(sql);
    params[name] = value;
  };
  add('piece_from', 'toUnixTimestamp64Milli(Timestamp) >= {piece_from:Float64}', fromMs);
  add('piece_to', 'toUnixTimestamp64Milli(Timestamp) < {piece_to:Float64}', toMs);
  add('piece_min', 'Duration >= {piece_min:Float64}', minMs === undefined ? undefined : minMs * 1e6);
  add('piece_max', 'Duration < {piece_max:Float64}', maxMs === undefined ? undefined : maxMs * 1e6);
  return { sql: `(${parts.join(' AND ')})`, params };
}
