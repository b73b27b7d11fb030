import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { readRows } from './exemplar-reading.ts';

interface NamedCount {
  readonly name: string;
  readonly value: number;
}

/** Lists are the largest first, at most `limit` long. */
export interface MetricCardinality {
  readonly seriesCount: number;
  readonly labelPairCount: number;
  /** Times of the oldest and newest stored sample; 0 without any. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly seriesCountByMetricName: readonly NamedCount[];
  readonly labelValueCountByLabelName: readonly NamedCount[];
  /** UTF-8 bytes of a label's distinct values. */
  readonly memoryInBytesByLabelName: readonly NamedCount[];
  /** Named `label=value`. */
  readonly seriesCountByLabelValuePair: readonly NamedCount[];
}

const SERIES = 'SELECT series, any(name) AS name, any(label_names) AS names, any(label_values) AS values FROM metric_series WHERE day >= toDate({day:UInt16}) GROUP BY series';
const PAIRS = `SELECT name, value, count() AS series FROM (${SERIES}) ARRAY JOIN arrayPushBack(CAST(names, 'Array(String)'), '__name__') AS name, arrayPushBack(values, toString(name)) AS value GROUP BY name, value`;

/** Counts series seen since a day, in the engine: a million of them do not fit in this process. */
export async function countSeries(clickhouse: ClickHouse, fromDay: number, limit: number): Promise<MetricCardinality> {
  const params = { day: fromDay, limit };
  const rows = <Row extends readonly unknown[]>(sql: string): Promise<Row[]> => readRows<Row>(clickhouse, sql, { params });
  const top = async (sql: string): Promise<NamedCount[]> =>
    (await rows<[string, number]>(`${sql} ORDER BY 2 DESC, 1 LIMIT {limit:UInt64}`)).map(([name, value]) => ({ name, value }));
  const [totals, metrics, values, bytes, pairs] = await Promise.all([
    rows<[number, number, number, number]>(
      `SELECT (SELECT uniqExact(series) FROM metric_series WHERE day >= toDate({day:UInt16})), (SELECT count() FROM (${PAIRS})), ` +
        'toUnixTimestamp64Milli(min(timestamp)), toUnixTimestamp64Milli(max(timestamp)) FROM metric_samples',
    ),
    top('SELECT toString(name), uniqExact(series) FROM metric_series WHERE day >= toDate({day:UInt16}) GROUP BY name'),
    top(`SELECT name, count() FROM (${PAIRS}) GROUP BY name`),
    top(`SELECT name, sum(length(value)) FROM (${PAIRS}) GROUP BY name`),
    top(`SELECT concat(name, '=', value), series FROM (${PAIRS})`),
  ]);
  const [seriesCount = 0, labelPairCount = 0, minTimeMs = 0, maxTimeMs = 0] = totals[0] ?? [];
  return {
    seriesCount,
    labelPairCount,
    minTimeMs,
    maxTimeMs,
    seriesCountByMetricName: metrics,
    labelValueCountByLabelName: values,
    memoryInBytesByLabelName: bytes,
    seriesCountByLabelValuePair: pairs,
  };
}
