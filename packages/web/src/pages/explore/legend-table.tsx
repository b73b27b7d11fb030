import { useComputedColorScheme } from '@mantine/core';
import { useMemo } from 'react';
import { OTHERS_COLOUR, PALETTE } from '../../charts/colours.ts';
import type { ChartModel, LegendRow } from '../../charts/legend.ts';
import { countOf } from '../../time/phrase.ts';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { formatValue, type Unit } from '../../units/format.ts';

interface LegendTableProps {
  readonly model: ChartModel;
  readonly unit: Unit;
  readonly picked: ReadonlySet<string>;
  readonly onPick: (key: string) => void;
  readonly onFocus: (key: string | undefined) => void;
  readonly onClear: () => void;
}

/** Every series of the chart, also those drawn together: sorted, filtered, virtual. */
export function LegendTable({ model, unit, picked, onPick, onFocus, onClear }: LegendTableProps) {
  const scheme = useComputedColorScheme('dark');
  const columns = useMemo(() => columnsOf(unit, scheme, onFocus), [unit, scheme, onFocus]);
  const others = model.others === undefined ? '' : ` · ${model.others.count} drawn together as range and mean`;
  return (
    <DataTable
      label="Series"
      title="Series"
      note={`${countOf(model.rows.length, 'series', 'series')}${picked.size > 0 ? `, ${picked.size} picked` : ''}${others}`}
      rows={model.rows}
      columns={columns}
      rowKey={(row) => row.series.key}
      initialSort={{ column: 'avg', descending: true }}
      onOpen={(row) => onPick(row.series.key)}
      isSelected={(row) => picked.has(row.series.key)}
      heightPx={300}
      tools={
        picked.size > 0 && (
          <button type="button" className="tool" onClick={onClear}>
            Show all
          </button>
        )
      }
    />
  );
}

function columnsOf(unit: Unit, scheme: 'light' | 'dark', onFocus: (key: string | undefined) => void): Column<LegendRow>[] {
  const figure = (key: 'min' | 'avg' | 'max' | 'last', title: string): Column<LegendRow> => ({
    key,
    title,
    align: 'right',
    value: (row) => row.stats[key],
    cell: (row) => formatValue(row.stats[key], unit),
    tooltip: (row) => String(row.stats[key] ?? 'no data'),
  });
  return [
    {
      key: 'name',
      title: 'Series',
      value: (row) => row.series.name,
      tooltip: (row) => row.series.name,
      cell: (row) => (
        <span className="row legend-name" onMouseEnter={() => onFocus(row.series.key)} onMouseLeave={() => onFocus(undefined)}>
          <i style={{ background: row.slot === null ? OTHERS_COLOUR[scheme] : PALETTE[scheme][row.slot], opacity: row.slot === null ? 0.5 : 1 }} />
          <span className="mono">{row.series.name}</span>
        </span>
      ),
    },
    figure('min', 'Min'),
    figure('avg', 'Avg'),
    figure('max', 'Max'),
    figure('last', 'Last'),
  ];
}
