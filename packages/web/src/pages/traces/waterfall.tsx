import type { TraceAnswer } from '@pitot/core';
import { useComputedColorScheme } from '@mantine/core';
import { IconAlertOctagon, IconArrowsMaximize, IconFold, IconFoldDown } from '@tabler/icons-react';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { countOf } from '../../time/phrase.ts';
import { virtualWindow } from '../../ui/table-model.ts';
import { Minimap } from './minimap.tsx';
import { serviceColour } from './service-colour.tsx';
import { timeTicks, viewAround, type TimeView } from './time-scale.ts';
import { sayUs } from './trace-verdict.ts';
import { WaterfallRow, type PathPiece } from './waterfall-row.tsx';
import { matchSpans, moveInTree, nextError, NO_FILTER, revealed, startingCollapsed, visibleRows, type SpanFilter, type TraceTree } from './waterfall-model.ts';

interface WaterfallProps {
  readonly trace: TraceAnswer;
  readonly tree: TraceTree;
  readonly selected: string | undefined;
  readonly onSelect: (spanId: string) => void;
  /** Esc. */
  readonly onClose: () => void;
  readonly heightPx: number;
}

const ROW_PX = 26;
const TICKS = 6;
/** So many rows above and below what can be seen are drawn as well. */
const OVERSCAN = 12;

/** All spans of a trace, one below the other, as they ran. Only the rows in sight are in the document, however many there are. */
export function Waterfall({ trace, tree, selected, onSelect, onClose, heightPx }: WaterfallProps) {
  const scheme = useComputedColorScheme('dark');
  const origin = trace.error_origin?.span_id;
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(() => startingCollapsed(tree, [origin, selected].filter((id) => id !== undefined)));
  const [filter, setFilter] = useState<SpanFilter>(NO_FILTER);
  const [zoom, setZoom] = useState<TimeView | undefined>(undefined);
  const [scrollTop, setScrollTop] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const whole = useMemo(() => ({ startUs: 0, endUs: Math.max(1, trace.duration_us) }), [trace.duration_us]);
  const view = zoom ?? whole;
  const matches = useMemo(() => matchSpans(tree, filter), [tree, filter]);
  const matched = useMemo(() => matches?.reduce((count, match) => count + (match === 1 ? 1 : 0), 0), [matches]);
  const rows = useMemo(() => visibleRows(tree, collapsed, matches), [tree, collapsed, matches]);
  const pieces = useMemo(() => piecesBySpan(trace), [trace]);
  const ticks = useMemo(() => timeTicks(view, TICKS), [view]);
  const selectedIndex = selected === undefined ? undefined : tree.indexById.get(selected);
  const row = selectedIndex === undefined ? -1 : rows.indexOf(selectedIndex);
  const shown = virtualWindow(rows.length, ROW_PX, scrollTop, heightPx, OVERSCAN);

  // What is selected, from wherever (a link, `e`, the address), is opened up and brought into sight.
  const [revealedFor, setRevealedFor] = useState<string | undefined>(undefined);
  if (selected !== undefined && selected !== revealedFor) {
    setRevealedFor(selected);
    setCollapsed(revealed(tree, collapsed, selected));
  }
  // Not when rows come and go above it: only a new selection moves the list.
  const placed = useRef<string | undefined>(undefined);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box || row < 0 || placed.current === selected) return;
    placed.current = selected;
    const top = row * ROW_PX;
    if (top < box.scrollTop) box.scrollTop = Math.max(0, top - ROW_PX * 2);
    else if (top + ROW_PX > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight + ROW_PX * 3;
  }, [selected, row]);

  const toggle = useCallback((spanId: string) => {
    setCollapsed((before) => {
      const next = new Set(before);
      if (!next.delete(spanId)) next.add(spanId);
      return next;
    });
  }, []);
  const goToError = (step: 1 | -1): void => {
    const index = nextError(tree, selectedIndex ?? -1, step);
    if (index !== undefined) onSelect(tree.spans[index]!.span_id);
  };
  const press = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'e' || event.key === 'E') goToError(event.key === 'e' ? 1 : -1);
    else if (event.key === 'z' && selectedIndex !== undefined) setZoom(viewAround(tree.spans[selectedIndex]!, trace.duration_us));
    else if (event.key === '0') setZoom(undefined);
    else if (event.key === 'Escape') onClose();
    else if (event.key === 'Enter') document.getElementById('span-panel')?.focus();
    else {
      const move = moveInTree(tree, rows, row, collapsed, event.key);
      if (move === undefined) return;
      if (move.kind === 'toggle') toggle(move.spanId);
      else onSelect(tree.spans[rows[move.row]!]!.span_id);
    }
    event.preventDefault();
  };

  const errors = useMemo(() => tree.spans.reduce((count, { status }) => count + (status === 'error' ? 1 : 0), 0), [tree]);
  const drawn: number[] = [];
  for (let i = shown.first; i < shown.end; i++) drawn.push(i);
  return (
    <section className="panel waterfall" aria-label="Waterfall">
      <WaterfallTools
        trace={trace}
        filter={filter}
        onFilter={setFilter}
        errors={errors}
        matched={matched}
        onNextError={() => goToError(1)}
        onOpenAll={() => setCollapsed(new Set())}
        onCloseAll={() => setCollapsed(new Set(tree.spans.filter((_, i) => tree.childCounts[i]! > 0 && tree.parents[i]! >= 0).map(({ span_id: id }) => id)))}
        onWhole={zoom === undefined ? undefined : () => setZoom(undefined)}
      />
      <div className="waterfall-head">
        <span className="span-name dim">{countOf(trace.spans.length, 'span')}</span>
        <div className="span-time">
          <Minimap trace={trace} view={view} onView={setZoom} />
          <div className="axis" aria-hidden>
            {ticks.map((tick) => (
              <span key={tick} style={{ left: `${((tick - view.startUs) / (view.endUs - view.startUs)) * 100}%` }}>
                {tick === 0 ? '0' : sayUs(tick)}
              </span>
            ))}
          </div>
        </div>
      </div>
      <div
        ref={scroller}
        className="waterfall-rows"
        role="tree"
        tabIndex={0}
        aria-label="Spans: arrows move and open, e goes to the next error, z zooms to the span, 0 shows all"
        aria-activedescendant={row >= shown.first && row < shown.end ? `span-${selected}` : undefined}
        style={{ maxHeight: heightPx }}
        onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
        onKeyDown={press}
      >
        <div className="canvas" style={{ height: rows.length * ROW_PX }}>
          <div className="grid-lines" aria-hidden>
            {ticks.map((tick) => (
              <i key={tick} style={{ left: `${((tick - view.startUs) / (view.endUs - view.startUs)) * 100}%` }} />
            ))}
          </div>
          {drawn.map((position) => {
            const index = rows[position]!;
            const span = tree.spans[index]!;
            return (
              <WaterfallRow
                key={span.span_id}
                id={`span-${span.span_id}`}
                span={span}
                topPx={position * ROW_PX}
                heightPx={ROW_PX}
                view={view}
                colour={serviceColour(span.service, scheme)}
                isSelected={span.span_id === selected}
                isOrigin={span.span_id === origin}
                isFaint={matches !== undefined && matches[index] === 2}
                isOrphan={tree.orphans[index] === 1}
                hiddenCount={tree.ends[index]! - index - 1}
                hiddenErrors={tree.errorsBelow[index]!}
                isOpen={tree.childCounts[index] === 0 ? undefined : matches !== undefined || !collapsed.has(span.span_id)}
                attempt={tree.attempts[index]!}
                path={pieces.get(span.span_id)}
                onSelect={onSelect}
                onToggle={toggle}
              />
            );
          })}
        </div>
        {rows.length === 0 && <div className="state">No span of this trace fits the filter.</div>}
      </div>
      <footer className="waterfall-legend">
        <span>
          <i className="critical-sample" aria-hidden /> critical path: what made the trace as long as it was
        </span>
        <span>
          <kbd>e</kbd> next error · <kbd>←</kbd> <kbd>→</kbd> close, open · <kbd>z</kbd> zoom to the span
        </span>
      </footer>
    </section>
  );
}

function piecesBySpan({ critical_path: path }: TraceAnswer): ReadonlyMap<string, readonly PathPiece[]> {
  const pieces = new Map<string, PathPiece[]>();
  for (const { span_id: spanId, start_us: startUs, end_us: endUs } of path) {
    const known = pieces.get(spanId);
    if (known === undefined) pieces.set(spanId, [{ startUs, endUs }]);
    else known.push({ startUs, endUs });
  }
  return pieces;
}

interface WaterfallToolsProps {
  readonly trace: TraceAnswer;
  readonly filter: SpanFilter;
  readonly onFilter: (filter: SpanFilter) => void;
  readonly errors: number;
  readonly matched: number | undefined;
  readonly onNextError: () => void;
  readonly onOpenAll: () => void;
  readonly onCloseAll: () => void;
  /** Present while only a part of the time is shown. */
  readonly onWhole: (() => void) | undefined;
}

const TYPING_MS = 120;

function WaterfallTools({ trace, filter, onFilter, errors, matched, onNextError, onOpenAll, onCloseAll, onWhole }: WaterfallToolsProps) {
  const [text, setText] = useState(filter.text);
  useEffect(() => {
    if (text === filter.text) return undefined;
    const timer = setTimeout(() => onFilter({ ...filter, text }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, filter, onFilter]);
  return (
    <header className="panel-head">
      <h2>Waterfall</h2>
      <input className="filter" type="search" placeholder="Find in this trace" aria-label="Find in this trace" value={text} onChange={(event) => setText(event.currentTarget.value)} />
      <select className="filter service-filter" aria-label="Service" value={filter.service ?? ''} onChange={(event) => onFilter({ ...filter, service: event.currentTarget.value || undefined })}>
        <option value="">All services</option>
        {trace.services.map(({ service }) => (
          <option key={service} value={service}>
            {service}
          </option>
        ))}
      </select>
      {errors > 0 && (
        <button type="button" className="tool" aria-pressed={filter.errorsOnly} onClick={() => onFilter({ ...filter, errorsOnly: !filter.errorsOnly })}>
          <IconAlertOctagon size={14} className="bad" aria-hidden /> Errors only
        </button>
      )}
      {matched !== undefined && <span className="note">{countOf(matched, 'span')} found</span>}
      <span className="grow" />
      {onWhole !== undefined && (
        <button type="button" className="tool" onClick={onWhole}>
          <IconArrowsMaximize size={14} aria-hidden /> Whole trace
        </button>
      )}
      {errors > 0 && (
        <button type="button" className="tool" onClick={onNextError} title="Next error (e)">
          Next error
        </button>
      )}
      <button type="button" className="tool plain" onClick={onOpenAll} aria-label="Open all" title="Open all">
        <IconFoldDown size={15} aria-hidden />
      </button>
      <button type="button" className="tool plain" onClick={onCloseAll} aria-label="Close all" title="Close all">
        <IconFold size={15} aria-hidden />
      </button>
    </header>
  );
}
