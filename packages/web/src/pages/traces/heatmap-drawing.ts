import type { HeatmapAnswer } from '@pitot/core';
import { timeLabels } from '../../charts/time-labels.ts';
import { chooseStepMs } from '../../time/step.ts';
import { formatValue } from '../../units/format.ts';
import { durationTicks, largestCount, rowsOf, shadeOf, type Plot } from './heatmap-model.ts';

/** From few spans to many; the least still stands out from the surface, each step by lightness alone. */
export const SHADE_COLOURS = {
  light: ['#cfdef7', '#a9c4f0', '#7fa6e6', '#5585d6', '#3163bd', '#153f8f'],
  dark: ['#1d3157', '#284777', '#37639f', '#4c83c9', '#75a9ec', '#b9d6ff'],
} as const;

export const FAILED_COLOUR = { light: '#bf2a20', dark: '#ff7a6e' } as const;

const MARGIN = { left: 58, right: 8, top: 6, bottom: 22 } as const;

/** The part of a canvas of this size (CSS pixels) that holds cells. */
export const plotOf = (width: number, height: number): Plot => ({
  left: MARGIN.left,
  top: MARGIN.top,
  width: Math.max(1, width - MARGIN.left - MARGIN.right),
  height: Math.max(1, height - MARGIN.top - MARGIN.bottom),
});

interface Ink {
  readonly scheme: 'light' | 'dark';
  readonly text: string;
  readonly line: string;
  readonly font: string;
}

/** Draws cells and axes; the context is scaled to CSS pixels. */
export function drawHeatmap(context: CanvasRenderingContext2D, heatmap: HeatmapAnswer, plot: Plot, ink: Ink): void {
  context.clearRect(0, 0, plot.left + plot.width + MARGIN.right, plot.top + plot.height + MARGIN.bottom);
  drawAxes(context, heatmap, plot, ink);
  const [columns, rows, most] = [heatmap.counts.length, rowsOf(heatmap), largestCount(heatmap)];
  const [cellWidth, cellHeight] = [plot.width / columns, plot.height / Math.max(1, rows)];
  const gap = cellWidth > 4 ? 1 : 0;
  for (const [column, counts] of heatmap.counts.entries()) {
    for (const [row, count] of counts.entries()) {
      const shade = shadeOf(count, most);
      if (shade === 0) continue;
      const x = plot.left + column * cellWidth;
      const y = plot.top + plot.height - (row + 1) * cellHeight;
      context.fillStyle = SHADE_COLOURS[ink.scheme][shade - 1]!;
      context.fillRect(x, y, cellWidth - gap, cellHeight - (cellHeight > 4 ? 1 : 0));
      const failed = heatmap.errors[column]?.[row] ?? 0;
      if (failed > 0) drawFailed(context, { x, y, width: cellWidth - gap, height: cellHeight - (cellHeight > 4 ? 1 : 0) }, failed / count, ink.scheme);
    }
  }
}

/** A triangle in the cell's corner, that fills half of it at most: a shape, so that it is told from the others without colour. */
function drawFailed(context: CanvasRenderingContext2D, { x, y, width, height }: { x: number; y: number; width: number; height: number }, share: number, scheme: 'light' | 'dark'): void {
  const reach = 0.55 + 0.45 * Math.min(1, share * 2);
  context.fillStyle = FAILED_COLOUR[scheme];
  context.beginPath();
  context.moveTo(x, y + height);
  context.lineTo(x, y + height - height * reach);
  context.lineTo(x + width * reach, y + height);
  context.closePath();
  context.fill();
}

const TICK_GAP_PX = 28;

function drawAxes(context: CanvasRenderingContext2D, heatmap: HeatmapAnswer, plot: Plot, { text, line, font }: Ink): void {
  context.font = font;
  context.fillStyle = text;
  context.strokeStyle = line;
  context.lineWidth = 1;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  const rows = rowsOf(heatmap);
  for (const { ms, level } of durationTicks(heatmap.bounds_ms, Math.max(2, Math.floor(plot.height / TICK_GAP_PX)))) {
    const y = Math.round(plot.top + (1 - level / Math.max(1, rows)) * plot.height) + 0.5;
    context.beginPath();
    context.moveTo(plot.left, y);
    context.lineTo(plot.left + plot.width, y);
    context.stroke();
    context.fillText(formatValue(ms / 1000, 'seconds'), plot.left - 6, y);
  }
  context.textAlign = 'center';
  context.textBaseline = 'top';
  const [startMs, endMs] = [heatmap.start_ms, heatmap.start_ms + heatmap.step_ms * heatmap.counts.length];
  const stepMs = chooseStepMs(endMs - startMs, Math.max(4, Math.floor(plot.width / 100)));
  const splits: number[] = [];
  for (let ms = Math.ceil(startMs / stepMs) * stepMs; ms < endMs; ms += stepMs) splits.push(ms / 1000);
  for (const [i, label] of timeLabels(splits, stepMs / 1000).entries()) {
    const x = plot.left + ((splits[i]! * 1000 - startMs) / (endMs - startMs)) * plot.width;
    if (x > plot.left + 16 && x < plot.left + plot.width - 16) context.fillText(label, x, plot.top + plot.height + 6);
  }
}
