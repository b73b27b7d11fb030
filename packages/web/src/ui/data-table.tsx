import { Checkbox, Menu } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconColumns3 } from '@tabler/icons-react';
import { useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { filterRows, sortRows, virtualWindow, type Sort, type SortValue } from './table-model.ts';

export interface Column<T> {
  readonly key: string;
  readonly title: string;
  readonly align?: 'right';
  readonly value: (row: T) => SortValue;
  /** Defaults to the value as text. */
  readonly cell?: (row: T) => ReactNode;
  /** Full text on hover where a cell may be cut off. */
  readonly tooltip?: (row: T) => string;
  /** Not shown until the reader asks for it. */
  readonly optional?: boolean;
}

interface DataTableProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly rowKey: (row: T) => string;
  readonly initialSort: Sort;
  readonly onOpen?: (row: T) => void;
  readonly isSelected?: (row: T) => boolean;
  readonly filterLabel?: string;
  readonly heightPx?: number;
  readonly tools?: ReactNode;
  readonly note?: ReactNode;
  readonly title?: string;
}

const ROW_PX = 33;

/** Sort by any column, filter in place, arrows and Enter, chosen columns, sticky head, virtual rows above 200. */
export function DataTable<T>(props: DataTableProps<T>) {
  const { rows, columns, rowKey, initialSort, heightPx = 420 } = props;
  const [sort, setSort] = useState(initialSort);
  const [filter, setFilter] = useState('');
  const [hidden, setHidden] = useState<ReadonlySet<string>>(() => new Set(columns.filter((c) => c.optional).map((c) => c.key)));
  const [scrollTop, setScrollTop] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const shown = columns.filter((column) => !hidden.has(column.key));
  const sorted = useMemo(() => {
    const valueOf = (columns.find((column) => column.key === sort.column) ?? columns[0])?.value ?? (() => null);
    const textOf = (row: T): string => columns.map((column) => column.value(row) ?? '').join(' ');
    return sortRows(filterRows(rows, filter, textOf), valueOf, sort.descending);
  }, [rows, columns, sort, filter]);
  const view = virtualWindow(sorted.length, ROW_PX, scrollTop, heightPx);

  return (
    <section className="panel" aria-label={props.label}>
      <header className="panel-head">
        <h2>{props.title ?? props.label}</h2>
        <span className="note">{props.note}</span>
        <span className="grow" />
        {props.tools}
        {(rows.length > 5 || filter !== '') && (
          <input
            className="filter"
            type="search"
            placeholder={props.filterLabel ?? 'Filter'}
            aria-label={`Filter ${props.label.toLowerCase()}`}
            value={filter}
            onChange={(event) => setFilter(event.currentTarget.value)}
          />
        )}
        <ColumnChooser columns={columns} hidden={hidden} onChange={setHidden} />
      </header>
      <div
        className="table-scroll"
        ref={scroller}
        style={{ maxHeight: heightPx }}
        onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
      >
        <table className="table" aria-rowcount={sorted.length + 1}>
          <thead>
            <tr>
              {shown.map((column) => (
                <HeadCell key={column.key} column={column} sort={sort} onSort={setSort} />
              ))}
            </tr>
          </thead>
          <tbody onKeyDown={moveFocus}>
            {view.padTopPx > 0 && <tr style={{ height: view.padTopPx }} aria-hidden />}
            {sorted.slice(view.first, view.end).map((row, i) => (
              <Row key={rowKey(row)} row={row} index={view.first + i} columns={shown} {...openProps(props, row)} />
            ))}
            {view.padBottomPx > 0 && <tr style={{ height: view.padBottomPx }} aria-hidden />}
          </tbody>
        </table>
        {sorted.length === 0 && filter !== '' && <div className="state">No row contains “{filter}”.</div>}
      </div>
    </section>
  );
}

function openProps<T>({ onOpen, isSelected }: DataTableProps<T>, row: T) {
  return { ...(onOpen && { onOpen }), ...(isSelected && { selected: isSelected(row) }) };
}

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const row = (event.target as HTMLElement).closest('tr');
  if (!row || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return;
  const next = event.key === 'ArrowDown' ? row.nextElementSibling : row.previousElementSibling;
  if (!(next instanceof HTMLElement) || next.ariaHidden === 'true') return;
  event.preventDefault();
  next.focus();
}

function HeadCell<T>({ column, sort, onSort }: { column: Column<T>; sort: Sort; onSort: (sort: Sort) => void }) {
  const active = sort.column === column.key;
  const Icon = sort.descending ? IconChevronDown : IconChevronUp;
  return (
    <th data-align={column.align} aria-sort={active ? (sort.descending ? 'descending' : 'ascending') : 'none'}>
      <button
        type="button"
        onClick={() => onSort({ column: column.key, descending: active ? !sort.descending : column.align === 'right' })}
      >
        {column.title}
        {active && <Icon size={13} aria-hidden />}
      </button>
    </th>
  );
}

interface RowProps<T> {
  readonly row: T;
  readonly index: number;
  readonly columns: readonly Column<T>[];
  readonly onOpen?: (row: T) => void;
  readonly selected?: boolean;
}

function Row<T>({ row, index, columns, onOpen, selected }: RowProps<T>) {
  return (
    <tr
      tabIndex={0}
      className={onOpen ? 'live' : undefined}
      aria-rowindex={index + 2}
      aria-selected={selected}
      onClick={() => onOpen?.(row)}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && event.target === event.currentTarget) onOpen?.(row);
      }}
    >
      {columns.map((column) => (
        <td key={column.key} data-align={column.align} title={column.tooltip?.(row)}>
          {column.cell ? column.cell(row) : (column.value(row) ?? '–')}
        </td>
      ))}
    </tr>
  );
}

interface ChooserProps<T> {
  readonly columns: readonly Column<T>[];
  readonly hidden: ReadonlySet<string>;
  readonly onChange: (hidden: ReadonlySet<string>) => void;
}

function ColumnChooser<T>({ columns, hidden, onChange }: ChooserProps<T>) {
  const toggle = (key: string): void => {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    if (next.size < columns.length) onChange(next);
  };
  if (columns.length < 5) return null;
  return (
    <Menu closeOnItemClick={false} position="bottom-end" withinPortal>
      <Menu.Target>
        <button type="button" className="tool plain" aria-label="Choose columns" title="Choose columns">
          <IconColumns3 size={16} stroke={1.75} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {columns.map((column) => (
          <Menu.Item key={column.key} onClick={() => toggle(column.key)} role="menuitemcheckbox" aria-checked={!hidden.has(column.key)}>
            <Checkbox size="xs" label={column.title} checked={!hidden.has(column.key)} readOnly tabIndex={-1} style={{ pointerEvents: 'none' }} />
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
