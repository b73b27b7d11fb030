import type { Exemplar, ExemplarSeries, MetadataRequest, MetricMetadata, MetricType, ReadBudget } from '@pitot/core';
import type { ClickHouse, QueryOptions } from '../clickhouse/clickhouse.ts';
import { selectionFilter, type TimeRange } from './sample-reading.ts';
import type { MatchedMetric } from './series-index.ts';

const MOST_EXEMPLARS = 10_000;

/** Rows of a small answer. */
export async function readRows<Row extends readonly unknown[]>(clickhouse: ClickHouse, sql: string, options: QueryOptions): Promise<Row[]> {
  const settings = { output_format_json_quote_64bit_integers: 0, output_format_json_quote_denormals: 1 };
  const bytes = await clickhouse.query(sql, { ...options, format: 'JSONCompactEachRow', settings });
  const lines = new TextDecoder().decode(bytes).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
}

export async function readExemplars(
  clickhouse: ClickHouse,
  matched: readonly MatchedMetric[],
  range: TimeRange,
  { signal }: ReadBudget,
): Promise<ExemplarSeries[]> {
  const { where, params } = selectionFilter(matched, range);
  const sql =
    `SELECT DISTINCT toString(series), toUnixTimestamp64Milli(timestamp) AS time, value, label_names, label_values FROM metric_exemplars ` +
    `WHERE ${where} ORDER BY metric, series, time LIMIT ${MOST_EXEMPLARS}`;
  type Row = [string, number, number | string, string[], string[]];
  const rows = await readRows<Row>(clickhouse, sql, { params, ...(signal && { signal }) });
  const bySeries = new Map<string, Exemplar[]>();
  for (const [series, timestampMs, value, names, values] of rows) {
    const exemplar = { labels: names.flatMap((name, i) => [name, values[i]!]), value: numberOf(value), timestampMs };
    const list = bySeries.get(series);
    if (list) list.push(exemplar);
    else bySeries.set(series, [exemplar]);
  }
  return matched.flatMap(({ series }) =>
    series.flatMap(({ id, labels }) => {
      const exemplars = bySeries.get(String(id));
      return exemplars ? [{ labels, exemplars }] : [];
    }),
  );
}

export async function readMetadata(clickhouse: ClickHouse, { metric, limit }: MetadataRequest): Promise<MetricMetadata[]> {
  const where = metric === undefined ? '' : 'WHERE name = {metric:String} ';
  const names = `SELECT name FROM metric_metadata ${where}GROUP BY name ORDER BY name${limit === undefined ? '' : ' LIMIT {limit:UInt64}'}`;
  const sql =
    `SELECT name, toString(type), help, toString(unit) FROM metric_metadata WHERE name IN (${names}) ` +
    'GROUP BY name, type, help, unit ORDER BY name, max(updated) DESC';
  const params = { ...(metric !== undefined && { metric }), ...(limit !== undefined && { limit }) };
  const rows = await readRows<[string, MetricType, string, string]>(clickhouse, sql, { params });
  return rows.map(([name, type, help, unit]) => ({ metric: name, type, help, unit }));
}

/** NaN and infinities are text in JSON. */
function numberOf(value: number | string): number {
  if (typeof value === 'number') return value;
  return value === 'inf' ? Infinity : value === '-inf' ? -Infinity : NaN;
}
