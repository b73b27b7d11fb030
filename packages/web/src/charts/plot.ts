import uPlot from 'uplot';
import { formatAxis, formatValue, type Unit } from '../units/format.ts';
import { axisRange, BINARY_INCREMENTS } from './axis-range.ts';
import { OTHERS_COLOUR, PALETTE } from './colours.ts';
import type { ChartModel } from './legend.ts';
import { alonePoints } from './series.ts';
import { timeLabels } from './time-labels.ts';
import { tooltipPlugin, type HoverLine } from './tooltip.ts';

type Scheme = 'light' | 'dark';

/** What the plot reads anew at every draw, so that new data does not need a new plot. */
export interface LiveState {
  width: number;
  times: readonly number[];
  model: ChartModel;
  unit: Unit;
  most: number | undefined;
  startSeconds: number;
  endSeconds: number;
  onZoom: (startMs: number, endMs: number) => void;
  onReset: () => void;
  onPick: ((key: string, add: boolean) => void) | undefined;
}

interface PlotOptions {
  readonly unit: Unit;
  readonly height: number;
  readonly scheme: Scheme;
  readonly syncKey: string;
  readonly fill: boolean;
}

const GRID = { light: '#e9ecf1', dark: '#232831' } as const;
const TICK = { light: '#555e6e', dark: '#9da6b5' } as const;
const FONT = '11px "Inter Variable", Inter, ui-sans-serif, system-ui, sans-serif';
/** A drag shorter than this is a click. */
const LEAST_DRAG_PX = 6;

/** x, then the named series, then low, high and mean of the others. */
export function plotData(times: readonly number[], { named, others }: ChartModel): uPlot.AlignedData {
  const lines = named.map((row) => row.series.values);
  const band = others === undefined ? [] : [others.low, others.high, others.mean];
  return [times, ...lines, ...band] as uPlot.AlignedData;
}

/** Plots of equal shape can take each other's data without being built anew. */
export function plotShape({ named, others }: ChartModel): string {
  return JSON.stringify([named.map((row) => [row.series.key, row.slot]), others?.count ?? 0]);
}

export function createPlot(target: HTMLElement, live: LiveState, options: PlotOptions): uPlot {
  const { scheme } = options;
  const lowIndex = live.model.named.length + 1;
  const focused: { index: number | null } = { index: null };
  const plot = new uPlot(
    {
      width: live.width,
      height: options.height,
      legend: { show: false },
      focus: { alpha: 0.25 },
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG_PX },
        focus: { prox: 24 },
        points: { size: 7, width: 1.5 },
        // Only the crosshair is shared; a drag belongs to the chart it happens in.
        sync: { key: options.syncKey, setSeries: false, filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' } },
        bind: {
          dblclick: () => () => {
            live.onReset();
            return null;
          },
        },
      },
      scales: {
        x: { time: true, range: () => [live.startSeconds, live.endSeconds] },
        y: { range: (_, low, high) => axisRange(low, high, live.unit, live.most) },
      },
      axes: axesOf(options),
      padding: [10, 6, 0, 0],
      series: [{}, ...linesOf(live.model, options), ...bandOf(live.model, scheme)],
      bands: live.model.others === undefined ? [] : [{ series: [lowIndex + 1, lowIndex], fill: `${OTHERS_COLOUR[scheme]}30` }],
      plugins: [tooltipPlugin(() => hoverLines(live, scheme), () => focused.index)],
      hooks: {
        setSelect: [
          (u) => {
            if (u.select.width < LEAST_DRAG_PX) return;
            const start = u.posToVal(u.select.left, 'x');
            const end = u.posToVal(u.select.left + u.select.width, 'x');
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            live.onZoom(start * 1000, end * 1000);
          },
        ],
        setSeries: [
          (_, index, change) => {
            if ('focus' in change) focused.index = index === null || index === 0 ? null : index - 1;
          },
        ],
      },
    },
    plotData(live.times, live.model),
    target,
  );
  pickOnClick(plot, live, focused);
  return plot;
}

function pickOnClick(plot: uPlot, live: LiveState, focused: { readonly index: number | null }): void {
  let downAt = 0;
  plot.over.addEventListener('mousedown', (event) => (downAt = event.clientX));
  plot.over.addEventListener('click', (event) => {
    const row = focused.index === null ? undefined : live.model.named[focused.index];
    if (Math.abs(event.clientX - downAt) < LEAST_DRAG_PX && row !== undefined && event.detail === 1) {
      live.onPick?.(row.series.key, event.ctrlKey || event.metaKey || event.shiftKey);
    }
  });
}

function axesOf({ unit, scheme }: PlotOptions): uPlot.Axis[] {
  const look = { stroke: TICK[scheme], font: FONT, grid: { stroke: GRID[scheme], width: 1 }, ticks: { show: false } };
  const binary = unit === 'bytes' || unit === 'bytes_per_second';
  return [
    {
      ...look,
      grid: { show: false },
      ticks: { show: true, stroke: GRID[scheme], width: 1, size: 4 },
      space: 72,
      size: 28,
      values: (_, splits, _axis, _space, increment) => timeLabels(splits, increment),
    },
    {
      ...look,
      ...(binary && { incrs: [...BINARY_INCREMENTS] }),
      gap: 6,
      space: 36,
      size: (_, values) => Math.max(40, 14 + 6.4 * Math.max(0, ...(values ?? []).map((value) => String(value).length))),
      values: (_, splits) => formatAxis(splits, unit),
    },
  ];
}

function linesOf(model: ChartModel, { scheme, fill }: PlotOptions): uPlot.Series[] {
  const alone = fill && model.named.length === 1 && model.others === undefined;
  return model.named.map((row) => {
    const colour = PALETTE[scheme][row.slot ?? 0]!;
    return {
      label: row.series.name,
      stroke: colour,
      width: 1.5,
      ...(alone && { fill: `${colour}1c` }),
      // A value between two gaps has no line to be seen by.
      points: { show: false, size: 4, fill: colour, filter: () => alonePoints(row.series.values) },
      spanGaps: false,
    };
  });
}

function bandOf(model: ChartModel, scheme: Scheme): uPlot.Series[] {
  if (model.others === undefined) return [];
  const edge = { stroke: 'transparent', width: 0, points: { show: false } };
  return [edge, edge, { stroke: OTHERS_COLOUR[scheme], width: 1.25, points: { show: false } }];
}

function hoverLines({ model, unit }: LiveState, scheme: Scheme): HoverLine[] {
  const text = (value: number): string => formatValue(value, unit);
  const lines: HoverLine[] = model.named.map((row) => ({
    name: row.series.name,
    colour: PALETTE[scheme][row.slot ?? 0]!,
    value: (index) => row.series.values[index] ?? null,
    text,
  }));
  const { others } = model;
  if (others !== undefined) {
    lines.push({
      name: `${others.count} others, mean`,
      colour: OTHERS_COLOUR[scheme],
      value: (index) => others.mean[index] ?? null,
      text,
    });
  }
  return lines;
}
