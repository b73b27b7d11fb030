import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { memo, useEffect, useMemo, useRef, useState, type PointerEvent } from 'react';
import type { TraceAnswer } from '@pitot/core';
import { serviceColour } from './service-colour.tsx';
import { FAILED_COLOUR } from './heatmap-drawing.ts';
import { minimapOf, viewOf, type TimeView } from './time-scale.ts';

interface MinimapProps {
  readonly trace: TraceAnswer;
  readonly view: TimeView;
  readonly onView: (view: TimeView | undefined) => void;
}

const HEIGHT_PX = 52;
const LANES = 12;
const LEAST_DRAG_PX = 4;

/** The whole trace in small; a drag chooses the time that the waterfall shows, a double click all of it. Not drawn again while rows are scrolled. */
export const Minimap = memo(function Minimap({ trace, view, onView }: MinimapProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number } | undefined>(undefined);
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme('dark');
  const columns = Math.floor(width);
  const segments = useMemo(() => (columns === 0 ? [] : minimapOf(trace.spans, trace.duration_us, columns, LANES)), [trace, columns]);

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!canvas.current || !context || columns === 0) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.current.width = Math.round(columns * ratio);
    canvas.current.height = Math.round(HEIGHT_PX * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const lanes = Math.max(1, ...segments.map(({ lane }) => lane + 1));
    const laneHeight = Math.min(9, (HEIGHT_PX - 4) / lanes);
    for (const { lane, from, to, service, isError } of segments) {
      const y = 2 + lane * laneHeight;
      context.fillStyle = serviceColour(service, scheme);
      context.fillRect(from, y, to - from, Math.max(1, laneHeight - 1));
      if (!isError) continue;
      // Failed ones stand out by a line above and below as well as by their colour.
      context.fillStyle = FAILED_COLOUR[scheme];
      context.fillRect(from, y, Math.max(2, to - from), Math.max(1, (laneHeight - 1) * 0.6));
    }
  }, [segments, columns, scheme]);

  const xOf = (event: PointerEvent<HTMLElement>): number => event.clientX - event.currentTarget.getBoundingClientRect().left;
  const shown = drag === undefined ? view : viewOf(trace.duration_us, drag.from / width, drag.to / width);
  const left = (shown.startUs / trace.duration_us) * 100;
  const right = 100 - (shown.endUs / trace.duration_us) * 100;
  return (
    <div
      ref={ref}
      className="minimap"
      data-testid="minimap"
      style={{ height: HEIGHT_PX }}
      title="Drag to zoom, double click for the whole trace"
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: xOf(event), to: xOf(event) });
      }}
      onPointerMove={(event) => {
        if (drag !== undefined) setDrag({ ...drag, to: xOf(event) });
      }}
      onPointerUp={() => {
        if (drag !== undefined && Math.abs(drag.to - drag.from) >= LEAST_DRAG_PX) onView(viewOf(trace.duration_us, drag.from / width, drag.to / width));
        setDrag(undefined);
      }}
      onPointerCancel={() => setDrag(undefined)}
      onDoubleClick={() => onView(undefined)}
      aria-hidden
    >
      <canvas ref={canvas} style={{ width: columns, height: HEIGHT_PX }} />
      <i className="outside" style={{ left: 0, width: `${left}%` }} />
      <i className="outside" style={{ right: 0, width: `${Math.max(0, right)}%` }} />
    </div>
  );
});
