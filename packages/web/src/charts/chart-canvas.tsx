import 'uplot/dist/uPlot.min.css';
import '../styles/chart.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type uPlot from 'uplot';
import type { Unit } from '../units/format.ts';
import type { ChartModel } from './legend.ts';
import { createPlot, plotData, plotShape, type LiveState } from './plot.ts';

export interface ChartCanvasProps {
  readonly model: ChartModel;
  readonly times: readonly number[];
  readonly startMs: number;
  readonly endMs: number;
  readonly unit: Unit;
  readonly height: number;
  /** A fixed end of the y axis, e.g. 100 for a share in percent. */
  readonly most?: number | undefined;
  readonly syncKey: string;
  readonly label: string;
  /** Key of the series to bring forward, e.g. under the pointer in the legend. */
  readonly focusKey?: string | undefined;
  readonly onZoom: (startMs: number, endMs: number) => void;
  readonly onReset: () => void;
  readonly onPick?: ((key: string, add: boolean) => void) | undefined;
}

/** uPlot in a box that follows its parent's width; built anew only when its lines change, not when their data does. */
export function ChartCanvas(props: ChartCanvasProps) {
  const { model, times, startMs, endMs, height, unit, syncKey, focusKey } = props;
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef<{ readonly plot: uPlot; readonly shape: string } | undefined>(undefined);
  const [width, setWidth] = useState(0);
  const scheme = useComputedColorScheme('dark');
  const shape = useMemo(() => plotShape(model), [model]);
  const live = useRef<LiveState | undefined>(undefined);

  // One object for the whole life of a plot, which reads it at every draw.
  useLayoutEffect(() => {
    live.current = Object.assign(live.current ?? {}, liveState(props, width));
  });
  useLayoutEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(element);
    setWidth(Math.floor(element.clientWidth));
    return () => observer.disconnect();
  }, []);

  const ready = width > 0;
  useEffect(() => {
    const state = live.current;
    if (!ready || state === undefined) return undefined;
    const plot = createPlot(box.current!, state, { height, scheme, unit, syncKey, fill: true });
    drawn.current = { plot, shape };
    return () => {
      plot.destroy();
      drawn.current = undefined;
    };
  }, [ready, shape, scheme, unit, height, syncKey]);

  useEffect(() => {
    if (drawn.current?.shape !== plotShape(model)) return;
    const { plot } = drawn.current;
    plot.batch(() => {
      plot.setData(plotData(times, model), false);
      plot.setScale('x', { min: startMs / 1000, max: endMs / 1000 });
    });
  }, [times, model, startMs, endMs]);
  useEffect(() => drawn.current?.plot.setSize({ width, height }), [width, height]);
  useEffect(() => {
    const index = model.named.findIndex((row) => row.series.key === focusKey);
    drawn.current?.plot.setSeries(index < 0 ? null : index + 1, { focus: index >= 0 });
  }, [focusKey, model]);

  return <div ref={box} className="chart" style={{ height }} role="img" aria-label={props.label} />;
}

function liveState(props: ChartCanvasProps, width: number): LiveState {
  return {
    width,
    times: props.times,
    model: props.model,
    unit: props.unit,
    most: props.most,
    startSeconds: props.startMs / 1000,
    endSeconds: props.endMs / 1000,
    onZoom: props.onZoom,
    onReset: props.onReset,
    onPick: props.onPick,
  };
}
