import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { combineAnswers, instantQuery } from '../../api/queries.ts';
import { countOf } from '../../time/phrase.ts';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Age } from '../../ui/age.tsx';
import { Empty, Failure, SkeletonRows } from '../../ui/states.tsx';
import { formatValue, type Unit } from '../../units/format.ts';
import { instantRows, labelColumns, type InstantRow } from './instant-rows.ts';
import { queryLetter } from './suggestions.ts';

interface InstantTableProps {
  readonly queries: readonly { readonly index: number; readonly expression: string }[];
  readonly timeMs: number;
  readonly unit: Unit;
}

/** What the expressions say at the end of the range: one row per series, one column per label. */
export function InstantTable({ queries, timeMs, unit }: InstantTableProps) {
  const { data, errors, waiting, retry } = useQueries({ queries: queries.map((query) => instantQuery(query.expression, timeMs)), combine: combineAnswers });
  const rows = useMemo(
    () => queries.flatMap((query, i) => (data[i] === undefined ? [] : instantRows(queryLetter(query.index), data[i].data))),
    [data, queries],
  );
  const columns = useMemo(() => columnsOf(rows, unit, queries.length > 1), [rows, unit, queries.length]);
  if (waiting && rows.length === 0) return <SkeletonRows rows={6} />;
  const failed = errors.findIndex((error) => error !== null);
  if (failed >= 0) {
    return (
      <section className="panel">
        <Failure what={`Query ${queryLetter(queries[failed]!.index)}`} error={errors[failed]!} onRetry={retry} />
      </section>
    );
  }
  if (rows.length === 0) {
    return (
      <section className="panel">
        <Empty title="The answer is empty">
          No series matches at this moment. Widen the labels, or move the end of the time range.
        </Empty>
      </section>
    );
  }
  return (
    <DataTable
      label="Values"
      title="Values"
      note={
        <>
          {countOf(rows.length, 'series', 'series')}, <Age of={timeMs} prefix="as of " />
        </>
      }
      rows={rows}
      columns={columns}
      rowKey={(row) => row.key}
      initialSort={{ column: 'value', descending: true }}
      heightPx={560}
    />
  );
}

function columnsOf(rows: readonly InstantRow[], unit: Unit, withQuery: boolean): Column<InstantRow>[] {
  const labels = labelColumns(rows).map(
    (label): Column<InstantRow> => ({
      key: `label:${label}`,
      title: label === '__name__' ? 'Metric' : label,
      value: (row) => row.labels[label] ?? null,
      tooltip: (row) => row.labels[label] ?? '',
      cell: (row) => <span className="mono">{row.labels[label] ?? <span className="dim">–</span>}</span>,
    }),
  );
  const query: Column<InstantRow> = { key: 'query', title: 'Query', value: (row) => row.query };
  const value: Column<InstantRow> = {
    key: 'value',
    title: 'Value',
    align: 'right',
    value: (row) => (row.value === null || Number.isNaN(row.value) ? null : row.value),
    tooltip: (row) => row.text,
    cell: (row) => (row.value === null ? row.text : Number.isNaN(row.value) ? 'NaN' : formatValue(row.value, unit)),
  };
  return [...(withQuery ? [query] : []), ...labels, value];
}
