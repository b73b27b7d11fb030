import { parseSample, type Labels, type QueryData } from '../../api/prometheus.ts';

export interface InstantRow {
  readonly key: string;
  readonly query: string;
  readonly labels: Labels;
  /** null where the answer is text or a histogram. */
  readonly value: number | null;
  readonly text: string;
}

/** The rows of an instant answer, whatever its type. */
export function instantRows(query: string, data: QueryData): InstantRow[] {
  switch (data.resultType) {
    case 'vector':
      return data.result.map((sample, i) => ({
        key: `${query}${i}`,
        query,
        labels: sample.metric,
        value: sample.value === undefined ? null : parseSample(sample.value[1]),
        text: sample.histogram === undefined ? (sample.value?.[1] ?? '') : `histogram: count ${sample.histogram[1].count}, sum ${sample.histogram[1].sum}`,
      }));
    case 'matrix':
      return data.result.map((series, i) => {
        const last = series.values?.at(-1)?.[1] ?? '';
        return { key: `${query}${i}`, query, labels: series.metric, value: last === '' ? null : parseSample(last), text: `${series.values?.length ?? 0} samples, last ${last}` };
      });
    case 'scalar':
      return [{ key: query, query, labels: {}, value: parseSample(data.result[1]), text: data.result[1] }];
    case 'string':
      return [{ key: query, query, labels: {}, value: null, text: data.result[1] }];
  }
}

/** Labels worth a column: the name first, then those that differ between rows, then the rest, by name. */
export function labelColumns(rows: readonly InstantRow[]): string[] {
  const values = new Map<string, Set<string>>();
  for (const row of rows) {
    for (const label of Object.keys(row.labels)) values.set(label, new Set());
  }
  for (const row of rows) for (const [label, seen] of values) seen.add(row.labels[label] ?? '');
  const weight = (label: string): number => (label === '__name__' ? 0 : values.get(label)!.size > 1 ? 1 : 2);
  return [...values.keys()].sort((a, b) => weight(a) - weight(b) || (a < b ? -1 : 1));
}
