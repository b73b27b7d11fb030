import type { LogRecord } from '@pitot/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconX } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState, type CSSProperties, type KeyboardEvent, type ReactNode } from 'react';
import { sayUtc } from '../../time/phrase.ts';
import { ServiceLink } from '../../ui/links.tsx';
import { bodyOf, clockText, lineTime } from './line-text.ts';
import { SeverityMark } from './log-histogram.tsx';
import { markedPieces, needlesOf } from './query-terms.ts';

interface LogLinesProps {
  readonly records: readonly LogRecord[];
  readonly query: string;
  readonly columns: readonly string[];
  readonly wrap: boolean;
  /** Id of the record in the side panel. */
  readonly opened: string | undefined;
  readonly withDay: boolean;
  readonly onOpen: (id: string) => void;
  /** Takes a column away. */
  readonly onColumn: (name: string) => void;
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
  readonly onMore: () => void;
  /** Whether the list may move: its top is in sight and nobody points at it. */
  readonly onRest: (resting: boolean) => void;
  readonly foot: ReactNode;
}

const ROW_PX = 28;
const NARROW_ROW_PX = 50;
const LOAD_BEFORE_END = 30;
const TOP_PX = 40;

/** The lines, of which only those in sight are on the page. Arrows go from line to line, Enter opens one. */
export function LogLines(props: LogLinesProps) {
  const { records, columns, wrap, opened, hasMore, loadingMore, onMore, onOpen, onRest } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const resting = useRef({ top: true, away: true });
  const narrow = useMediaQuery('(max-width: 820px)') ?? false;
  const needles = useMemo(() => needlesOf(props.query), [props.query]);
  // oxlint-disable-next-line react/incompatible-library -- nothing here is memoized by a compiler
  const virtual = useVirtualizer({
    count: records.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (narrow ? NARROW_ROW_PX : ROW_PX),
    overscan: 12,
    getItemKey: (index) => records[index]!.id,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => virtual.measure(), [virtual, wrap, narrow]);
  useEffect(() => {
    if (hasMore && !loadingMore && records.length > 0 && last >= records.length - LOAD_BEFORE_END) onMore();
  }, [hasMore, loadingMore, last, records.length, onMore]);

  const rest = (change: Partial<typeof resting.current>): void => {
    const before = resting.current.top && resting.current.away;
    Object.assign(resting.current, change);
    const now = resting.current.top && resting.current.away;
    if (now !== before) onRest(now);
  };
  const goTo = (index: number): void => {
    const next = Math.max(0, Math.min(records.length - 1, index));
    setActive(next);
    virtual.scrollToIndex(next, { align: 'auto' });
    // The line may come into being only now that it is scrolled to.
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus({ preventScroll: true }));
    if (opened !== undefined) onOpen(records[next]!.id);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = Number(row.dataset['index']);
    const target = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + 20, PageUp: index - 20, Home: 0, End: records.length - 1 }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    goTo(target);
  };

  const grid = { '--line-columns': `${props.withDay ? 144 : 90}px 64px minmax(72px, 132px) ${columns.map(() => 'minmax(64px, 110px) ').join('')}minmax(0, 1fr)` } as CSSProperties;
  return (
    <>
      {columns.length > 0 && <ColumnHeads columns={columns} grid={grid} onColumn={props.onColumn} />}
      <div
        className="log-lines"
        ref={scroller}
        role="grid"
        aria-label="Log lines"
        aria-rowcount={records.length}
        data-wrap={wrap}
        style={grid}
        onKeyDown={onKeyDown}
        onScroll={(event) => rest({ top: event.currentTarget.scrollTop < TOP_PX })}
        onPointerEnter={() => rest({ away: false })}
        onPointerLeave={() => rest({ away: true })}
      >
        <div role="presentation" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {items.map(({ key, index, start }) => {
            const record = records[index]!;
            return (
              <div
                key={key}
                ref={virtual.measureElement}
                data-index={index}
                className="log-line"
                data-severity={record.severity}
                role="row"
                aria-rowindex={index + 1}
                aria-selected={record.id === opened}
                tabIndex={index === active || (index === 0 && active >= records.length) ? 0 : -1}
                style={{ transform: `translateY(${start}px)` }}
                onFocus={() => setActive(index)}
                onClick={(event) => {
                  // Who marks text wants to copy it, and a link leads elsewhere.
                  if ((event.target as HTMLElement).closest('a') || getSelection()?.type === 'Range') return;
                  onOpen(record.id);
                }}
                onKeyDown={(event) => {
                  if (event.key === 'Enter' && event.target === event.currentTarget) onOpen(record.id);
                }}
              >
                <LineCells record={record} columns={columns} wrap={wrap} withDay={props.withDay} needles={needles} />
              </div>
            );
          })}
        </div>
        <div className="log-foot">{props.foot}</div>
      </div>
    </>
  );
}

interface HeadsProps {
  readonly columns: readonly string[];
  readonly grid: CSSProperties;
  readonly onColumn: (name: string) => void;
}

/** Names of the columns, once there are some that do not speak for themselves. */
function ColumnHeads({ columns, grid, onColumn }: HeadsProps) {
  return (
    <div className="log-heads" style={grid}>
      <span>Time</span>
      <span>Severity</span>
      <span>Service</span>
      {columns.map((name) => (
        <button key={name} type="button" title={`${name}: remove the column`} onClick={() => onColumn(name)}>
          <span>{name}</span>
          <IconX size={12} stroke={2} aria-hidden />
        </button>
      ))}
      <span>Line</span>
    </div>
  );
}

interface CellsProps {
  readonly record: LogRecord;
  readonly columns: readonly string[];
  readonly wrap: boolean;
  readonly withDay: boolean;
  readonly needles: readonly RegExp[];
}

/** Time, severity, service, chosen attributes, body: the cells of one line. */
function LineCells({ record, columns, wrap, withDay, needles }: CellsProps) {
  const ms = lineTime(record.timestamp);
  return (
    <>
      <time role="gridcell" className="log-time" dateTime={record.timestamp} title={`${record.timestamp}\n${sayUtc(ms)}`}>
        {clockText(ms, withDay)}
      </time>
      <span role="gridcell" className="log-level">
        <SeverityMark severity={record.severity} />
      </span>
      <span role="gridcell" className="log-service" title={record.service}>
        {record.service === '' ? <span className="dim">–</span> : <ServiceLink service={record.service} />}
      </span>
      {columns.map((name) => {
        const value = record.attributes[name] ?? record.resource[name];
        return (
          <span key={name} role="gridcell" className="log-column" title={`${name}: ${value ?? 'not there'}`}>
            {value ?? '–'}
          </span>
        );
      })}
      <span role="gridcell" className="log-body">
        {markedPieces(wrap ? record.body.trimEnd() : bodyOf(record.body), needles).map((piece, i) => (piece.marked ? <mark key={i}>{piece.text}</mark> : piece.text))}
      </span>
    </>
  );
}
