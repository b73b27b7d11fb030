import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { readRows } from '../metrics/exemplar-reading.ts';
import { both, spanCondition, timeCondition, type SpanSelection } from './span-filter.ts';

/** Durations are counted in this many classes for each doubling. */
export const CLASSES_PER_DOUBLING = 8;
/** Shorter ones count as this: a microsecond. */
export const SHORTEST_NS = 1000;

/** `count` spans, each counted for as many as it stands for, from column `column` on and of durations from `SHORTEST_NS * 2^(level / 8)` on. */
export interface HeatmapCell {
  readonly column: number;
  readonly level: number;
  readonly count: number;
  readonly errors: number;
}

/** Columns of `stepMs` from the selection's start. */
export async function readHeatmap(clickhouse: ClickHouse, selection: SpanSelection, stepMs: number, signal?: AbortSignal): Promise<HeatmapCell[]> {
  const { sql, params } = both(timeCondition(selection.startMs, selection.endMs), spanCondition(selection));
  const rows = await readRows<[number, number, number, number]>(
    clickhouse,
    'SELECT intDiv(toUnixTimestamp64Milli(Timestamp) - {start:Int64}, {step:Int64}) AS column, ' +
      `toInt32(floor(log2(greatest(Duration, ${SHORTEST_NS}) / ${SHORTEST_NS}) * ${CLASSES_PER_DOUBLING})) AS level, sum(SampleWeight), sumIf(SampleWeight, StatusCode = 'Error') ` +
      `FROM otel_traces WHERE ${sql} GROUP BY column, level`,
    { params: { ...params, step: stepMs }, ...(signal && { signal }) },
  );
  return rows.map(([column, level, count, errors]) => ({ column, level, count, errors }));
}
