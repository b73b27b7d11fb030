import type { HeatmapAnswer } from '@pitot/core';
import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import type { HeatmapPick } from '../../api/trace-queries.ts';
import { formatValue } from '../../units/format.ts';
import { clockTime } from './clock.ts';
import { drawHeatmap, FAILED_COLOUR, plotOf, SHADE_COLOURS } from './heatmap-drawing.ts';
import { boxOf, cellAt, largestCount, pickOf, rectangleOf, rowsOf, sayCell, shadeSteps, type CellRectangle, type Plot, type Point } from './heatmap-model.ts';

interface HeatmapProps {
  readonly heatmap: HeatmapAnswer;
  readonly pick: HeatmapPick | undefined;
  readonly onPick: (pick: HeatmapPick | undefined) => void;
  readonly heightPx: number;
}

/** A shorter drag is a click. */
const LEAST_DRAG_PX = 4;

/** Spans by time and duration; a rectangle of it can be chosen by dragging, or with Shift and the arrow keys. */
export function Heatmap({ heatmap, pick, onPick, heightPx }: HeatmapProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const [hover, setHover] = useState<Point | undefined>(undefined);
  const [drag, setDrag] = useState<{ readonly from: Point; readonly to: Point } | undefined>(undefined);
  const [cursor, setCursor] = useState<{ readonly anchor: Point; readonly at: Point } | undefined>(undefined);
  const plot = plotOf(width, heightPx);
  const rectangle = drag === undefined ? undefined : rectangleOf(heatmap, plot, drag.from, drag.to);
  const chosen = cursor === undefined ? rectangle : cellsBetween(cursor.anchor, cursor.at);
  const box = chosen !== undefined ? boxOf(heatmap, plot, pickOf(heatmap, chosen)) : pick === undefined ? undefined : boxOf(heatmap, plot, pick);
  const cell = hover === undefined || drag !== undefined ? undefined : cellAt(heatmap, plot, hover);

  const pointOf = (event: PointerEvent<HTMLElement>): Point => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const move = (event: PointerEvent<HTMLElement>): void => {
    const to = pointOf(event);
    setHover(to);
    if (drag !== undefined) setDrag({ ...drag, to });
  };
  const end = (event: PointerEvent<HTMLElement>): void => {
    if (drag === undefined) return;
    const to = pointOf(event);
    setDrag(undefined);
    const dragged = Math.abs(to.x - drag.from.x) >= LEAST_DRAG_PX || Math.abs(to.y - drag.from.y) >= LEAST_DRAG_PX;
    const cells = dragged ? rectangleOf(heatmap, plot, drag.from, to) : undefined;
    if (cells !== undefined) onPick(pickOf(heatmap, cells));
    else if (pick !== undefined) onPick(undefined);
  };
  const press = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.key === 'Escape' && (cursor !== undefined || pick !== undefined)) {
      setCursor(undefined);
      if (cursor === undefined) onPick(undefined);
    } else if (event.key === 'Enter' && cursor !== undefined) {
      onPick(pickOf(heatmap, cellsBetween(cursor.anchor, cursor.at)));
      setCursor(undefined);
    } else {
      const at = moved(heatmap, cursor?.at, event.key);
      if (at === undefined) return;
      setCursor({ anchor: event.shiftKey && cursor !== undefined ? cursor.anchor : at, at });
    }
    event.preventDefault();
  };

  return (
    <div>
      <div
        ref={ref}
        className="heatmap"
        style={{ height: heightPx }}
        role="group"
        tabIndex={0}
        aria-label="Spans by time and duration. Arrow keys move, with Shift they widen, Enter chooses, Escape gives up."
        data-testid="heatmap"
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          const from = pointOf(event);
          setDrag({ from, to: from });
          setCursor(undefined);
        }}
        onPointerMove={move}
        onPointerUp={end}
        onPointerCancel={() => setDrag(undefined)}
        onPointerLeave={() => setHover(undefined)}
        onKeyDown={press}
        onBlur={() => setCursor(undefined)}
      >
        {width > 0 && <HeatmapCanvas heatmap={heatmap} plot={plot} width={width} height={heightPx} />}
        {box !== undefined && <div className="heatmap-box" style={{ left: box.x, top: box.y, width: box.width, height: box.height }} />}
        {cell !== undefined && hover !== undefined && <Tooltip heatmap={heatmap} cell={cell} at={hover} width={width} />}
        <span className="visually-hidden" aria-live="polite">
          {cursor !== undefined && sayCell(heatmap, cursor.at.x, cursor.at.y)}
        </span>
      </div>
      <HeatmapLegend most={largestCount(heatmap)} />
    </div>
  );
}

/** Cells as points: x is the column, y the row. */
const cellsBetween = (a: Point, b: Point): CellRectangle => ({
  firstColumn: Math.min(a.x, b.x),
  lastColumn: Math.max(a.x, b.x),
  firstRow: Math.min(a.y, b.y),
  lastRow: Math.max(a.y, b.y),
});

const STEPS: Readonly<Record<string, Point>> = { ArrowLeft: { x: -1, y: 0 }, ArrowRight: { x: 1, y: 0 }, ArrowUp: { x: 0, y: 1 }, ArrowDown: { x: 0, y: -1 } };

function moved(heatmap: HeatmapAnswer, from: Point | undefined, key: string): Point | undefined {
  const step = STEPS[key];
  const [columns, rows] = [heatmap.counts.length, rowsOf(heatmap)];
  if (step === undefined || columns === 0 || rows === 0) return undefined;
  if (from === undefined) return { x: columns - 1, y: rows - 1 };
  return { x: Math.min(columns - 1, Math.max(0, from.x + step.x)), y: Math.min(rows - 1, Math.max(0, from.y + step.y)) };
}

interface HeatmapCanvasProps {
  readonly heatmap: HeatmapAnswer;
  readonly plot: Plot;
  readonly width: number;
  readonly height: number;
}

function HeatmapCanvas({ heatmap, plot: { left, top, width: plotWidth, height: plotHeight }, width, height }: HeatmapCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme('dark');
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!canvas.current || !context) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.current.width = Math.round(width * ratio);
    canvas.current.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(document.documentElement);
    const plot = { left, top, width: plotWidth, height: plotHeight };
    drawHeatmap(context, heatmap, plot, { scheme, text: style.getPropertyValue('--text-dim'), line: style.getPropertyValue('--line'), font: `11px ${style.getPropertyValue('--font')}` });
  }, [heatmap, left, top, plotWidth, plotHeight, width, height, scheme]);
  return <canvas ref={canvas} style={{ width, height }} aria-hidden />;
}

interface TooltipProps {
  readonly heatmap: HeatmapAnswer;
  readonly cell: { readonly column: number; readonly row: number };
  readonly at: Point;
  readonly width: number;
}

const TOOLTIP_PX = 280;

function Tooltip({ heatmap, cell: { column, row }, at, width }: TooltipProps) {
  const fromMs = heatmap.start_ms + column * heatmap.step_ms;
  return (
    <div className="heatmap-tip" style={{ left: Math.max(0, Math.min(at.x + 14, width - TOOLTIP_PX)), top: at.y + 16 }} role="presentation">
      <span className="dim">
        {clockTime(fromMs)} – {clockTime(fromMs + heatmap.step_ms)}
      </span>
      <b>{sayCell(heatmap, column, row)}</b>
    </div>
  );
}

function HeatmapLegend({ most }: { readonly most: number }) {
  const scheme = useComputedColorScheme('dark');
  if (most === 0) return null;
  return (
    <div className="heatmap-legend">
      <span>Spans in a cell:</span>
      {shadeSteps(most).map(({ shade, from }) => (
        <span key={shade}>
          <i style={{ background: SHADE_COLOURS[scheme][shade - 1] }} aria-hidden />
          {formatValue(from, 'count')}+
        </span>
      ))}
      <span>
        <svg width="11" height="11" viewBox="0 0 11 11" aria-hidden>
          <path d="M0 11V0L11 11Z" fill={FAILED_COLOUR[scheme]} />
        </svg>
        some failed
      </span>
      <span className="grow" />
      <span>Drag to choose a piece and see what is different about it</span>
    </div>
  );
}
