import { lazy, Suspense } from 'react';
import { useTimeWindow } from '../time/time-window.tsx';
import { Skeleton } from '../ui/states.tsx';
import type { ChartCanvasProps } from './chart-canvas.tsx';

const ChartCanvas = lazy(() => import('./chart-canvas.tsx').then((module) => ({ default: module.ChartCanvas })));

/** Starts loading the chart code before the first data is there. */
export function preloadCharts(): void {
  void import('./chart-canvas.tsx');
}

type TimeChartProps = Omit<ChartCanvasProps, 'onZoom' | 'onReset' | 'syncKey'>;

/** A chart over the header's time range: drag zooms it, double click returns, the crosshair is shared by all of a page. */
export function TimeChart(props: TimeChartProps) {
  const { zoom, resetZoom } = useTimeWindow();
  return (
    <Suspense fallback={<Skeleton height={props.height} />}>
      <ChartCanvas {...props} syncKey="page" onZoom={zoom} onReset={resetZoom} />
    </Suspense>
  );
}
