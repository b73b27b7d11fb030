import type { LogHistogramAnswer, Severity } from '@pitot/core';
import { useElementSize } from '@mantine/hooks';
import { useMemo, useState, type PointerEvent } from 'react';
import { timeLabels } from '../../charts/time-labels.ts';
import { sayUtc } from '../../time/phrase.ts';
import { localText } from '../../time/range.ts';
import { sayDuration } from '../../time/phrase.ts';
import { formatValue } from '../../units/format.ts';
import { barPieces, highest, roundTop, severityColour, severityWord, STACK } from './severity-look.ts';

interface LogHistogramProps {
  readonly answer: LogHistogramAnswer;
  readonly startMs: number;
  readonly endMs: number;
  readonly stale: boolean;
  readonly onZoom: (startMs: number, endMs: number) => void;
  readonly onReset: () => void;
}

const HEIGHT = 84;
const AXIS = 18;
const LEFT = 44;
const LEAST_DRAG_PX = 5;
/** Distances of labels that people read, in seconds. */
const LABEL_STEPS = [1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

/** How many lines, over time and by severity. Drag zooms the header's range, a double click goes back. */
export function LogHistogram({ answer, startMs, endMs, stale, onZoom, onReset }: LogHistogramProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const [hover, setHover] = useState<number | undefined>(undefined);
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number } | undefined>(undefined);
  const { start_ms: firstMs, step_ms: stepMs, buckets } = answer;
  const top = roundTop(highest(buckets));
  const plotWidth = Math.max(0, width - LEFT);
  const x = (ms: number): number => LEFT + ((ms - startMs) / (endMs - startMs)) * plotWidth;
  const msAt = (px: number): number => startMs + (Math.min(Math.max(px - LEFT, 0), plotWidth) / plotWidth) * (endMs - startMs);
  const bars = useMemo(() => buckets.map((counts) => barPieces(counts, top, HEIGHT)), [buckets, top]);
  const labels = useMemo(() => axisLabels(startMs, endMs, Math.max(2, Math.floor(plotWidth / 90))), [startMs, endMs, plotWidth]);

  const placeOf = (event: PointerEvent<SVGSVGElement>): number => event.clientX - event.currentTarget.getBoundingClientRect().left;
  const move = (event: PointerEvent<SVGSVGElement>): void => {
    const px = placeOf(event);
    if (drag) setDrag({ ...drag, to: px });
    const index = Math.floor((msAt(px) - firstMs) / stepMs);
    setHover(px < LEFT || buckets[index] === undefined ? undefined : index);
  };
  const end = (): void => {
    if (drag && Math.abs(drag.to - drag.from) >= LEAST_DRAG_PX) {
      const [a, b] = [msAt(Math.min(drag.from, drag.to)), msAt(Math.max(drag.from, drag.to))];
      onZoom(a, b);
    }
    setDrag(undefined);
  };

  return (
    <div className="log-histogram" ref={ref} data-stale={stale}>
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT + AXIS}
          role="img"
          aria-label={`${answer.total.toLocaleString('en-US')} lines over time, by severity`}
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            setDrag({ from: placeOf(event), to: placeOf(event) });
          }}
          onPointerMove={move}
          onPointerUp={end}
          onPointerCancel={() => setDrag(undefined)}
          onPointerLeave={() => setHover(undefined)}
          onDoubleClick={onReset}
        >
          <g className="log-axis">
            <line x1={LEFT} x2={width} y1={0.5} y2={0.5} />
            <line x1={LEFT} x2={width} y1={HEIGHT / 2} y2={HEIGHT / 2} />
            <line x1={LEFT} x2={width} y1={HEIGHT + 0.5} y2={HEIGHT + 0.5} className="base" />
            <text x={LEFT - 8} y={9} textAnchor="end">{formatValue(top, 'count')}</text>
            <text x={LEFT - 8} y={HEIGHT} textAnchor="end">0</text>
            {labels.map(({ ms, text }) => (
              <text key={ms} x={x(ms)} y={HEIGHT + 14} textAnchor="middle">{text}</text>
            ))}
          </g>
          {bars.map((pieces, i) => {
            const left = Math.max(LEFT, x(firstMs + i * stepMs));
            const right = Math.min(width, x(firstMs + (i + 1) * stepMs));
            const gap = right - left > 4 ? 1 : 0;
            return (
              <g key={i} opacity={hover === undefined || hover === i ? 1 : 0.6}>
                {pieces.map(({ severity, y, height }) => (
                  <rect key={severity} x={left} y={y} width={Math.max(0.5, right - left - gap)} height={height} fill={severityColour(severity)} />
                ))}
              </g>
            );
          })}
          {drag && <rect className="log-drag" x={Math.min(drag.from, drag.to)} y={0} width={Math.abs(drag.to - drag.from)} height={HEIGHT} />}
        </svg>
      )}
      {hover !== undefined && !drag && <HoverCard counts={buckets[hover] ?? {}} fromMs={firstMs + hover * stepMs} stepMs={stepMs} left={x(firstMs + (hover + 0.5) * stepMs)} width={width} />}
    </div>
  );
}

function HoverCard({ counts, fromMs, stepMs, left, width }: { readonly counts: LogHistogramAnswer['totals']; readonly fromMs: number; readonly stepMs: number; readonly left: number; readonly width: number }) {
  const named = STACK.filter((severity) => (counts[severity] ?? 0) > 0);
  return (
    <div className="log-hover" style={left > width / 2 ? { right: width - left + 12 } : { left: left + 12 }}>
      <div className="dim" title={sayUtc(fromMs)}>
        {localText(fromMs)}, {sayDuration(stepMs)}
      </div>
      {named.length === 0 && <div>No line</div>}
      {named.map((severity) => (
        <div key={severity} className="log-hover-row">
          <SeverityMark severity={severity} />
          <b>{counts[severity]!.toLocaleString('en-US')}</b>
        </div>
      ))}
    </div>
  );
}

/** Severity as colour and word. */
export function SeverityMark({ severity }: { readonly severity: Severity }) {
  return (
    <span className="log-severity" data-severity={severity}>
      <i aria-hidden />
      {severityWord(severity)}
    </span>
  );
}

function axisLabels(startMs: number, endMs: number, most: number): { readonly ms: number; readonly text: string }[] {
  const lengthSeconds = (endMs - startMs) / 1000;
  const step = LABEL_STEPS.find((candidate) => lengthSeconds / candidate <= most) ?? 2_592_000;
  // Whole steps of the viewer's clock, not of UTC.
  const offset = new Date(startMs).getTimezoneOffset() * 60;
  const seconds: number[] = [];
  for (let at = Math.ceil((startMs / 1000 - offset) / step) * step + offset; at * 1000 < endMs; at += step) seconds.push(at);
  const margin = lengthSeconds * 0.02;
  const texts = timeLabels(seconds, step);
  return seconds.flatMap((at, i) => (at * 1000 > endMs - margin * 1000 ? [] : [{ ms: at * 1000, text: texts[i]! }]));
}

interface LegendProps {
  readonly totals: LogHistogramAnswer['totals'];
  readonly chosen: readonly string[];
  readonly onPick: (severity: Severity) => void;
}

/** Severities with their counts; a click shows one alone, another takes that back. */
export function SeverityLegend({ totals, chosen, onPick }: LegendProps) {
  return (
    <div className="log-legend">
      {STACK.filter((severity) => (totals[severity] ?? 0) > 0).map((severity) => (
        <button key={severity} type="button" aria-pressed={chosen.includes(severity)} onClick={() => onPick(severity)} title={chosen.includes(severity) ? 'Show all severities' : `Show ${severityWord(severity).toLowerCase()} only`}>
          <SeverityMark severity={severity} />
          <b>{formatValue(totals[severity], 'count')}</b>
        </button>
      ))}
    </div>
  );
}
