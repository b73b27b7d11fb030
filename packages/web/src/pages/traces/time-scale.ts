import type { Span } from '@pitot/core';

/** A window of a trace's time, in microseconds from its start. */
export interface TimeView {
  readonly startUs: number;
  readonly endUs: number;
}

const LEAST_VIEW_US = 1;

/** The view between two shares (0–1) of the whole, whichever comes first. */
export function viewOf(durationUs: number, a: number, b: number): TimeView {
  const [low, high] = [Math.max(0, Math.min(a, b)), Math.min(1, Math.max(a, b))];
  const startUs = low * durationUs;
  return { startUs, endUs: Math.max(startUs + LEAST_VIEW_US, high * durationUs) };
}

/** A span with a margin of its own length on both sides, kept within the trace. */
export function viewAround({ start_us: startUs, duration_us: lengthUs }: Pick<Span, 'start_us' | 'duration_us'>, durationUs: number): TimeView {
  const margin = Math.max(lengthUs * 0.5, durationUs / 1000);
  return { startUs: Math.max(0, startUs - margin), endUs: Math.max(LEAST_VIEW_US, Math.min(durationUs, startUs + lengthUs + margin)) };
}

interface Bar {
  /** Shares of the view's width, 0–1. */
  readonly left: number;
  readonly width: number;
}

/** Where a length of time is drawn; undefined where it lies outside the view. */
export function barOf(view: TimeView, startUs: number, endUs: number): Bar | undefined {
  const length = view.endUs - view.startUs;
  if (endUs < view.startUs || startUs > view.endUs) return undefined;
  const left = Math.max(0, (startUs - view.startUs) / length);
  return { left, width: Math.max(0, Math.min(1, (endUs - view.startUs) / length) - left) };
}

/** Round times within the view, about `most` of them. */
export function timeTicks({ startUs, endUs }: TimeView, most: number): number[] {
  const rough = (endUs - startUs) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const ticks: number[] = [];
  for (let tick = Math.ceil(startUs / step) * step; tick <= endUs; tick += step) ticks.push(Number(tick.toPrecision(12)));
  return ticks;
}

/** A piece of the minimap: columns [from, to) of a lane. */
interface MinimapSegment {
  readonly lane: number;
  readonly from: number;
  readonly to: number;
  readonly service: string;
  readonly isError: boolean;
}

/**
 * Spans to pieces on a small map: a lane for each depth (deeper ones share the last), neighbours of the same service joined. At most one piece for each
 * column of a lane, however many spans there are; a failed span wins over others.
 */
export function minimapOf(spans: readonly Span[], durationUs: number, columns: number, lanes: number): MinimapSegment[] {
  const cells = Array.from({ length: lanes }, () => new Int32Array(columns).fill(-1));
  const scale = columns / Math.max(1, durationUs);
  for (const [i, { depth, start_us: start, duration_us: duration, status }] of spans.entries()) {
    const lane = cells[Math.min(depth, lanes - 1)]!;
    const first = Math.min(columns - 1, Math.max(0, Math.floor(start * scale)));
    const last = Math.min(columns - 1, Math.max(first, Math.ceil((start + duration) * scale) - 1));
    for (let column = first; column <= last; column++) {
      const held = lane[column]!;
      if (held < 0 || status === 'error' || spans[held]!.status !== 'error') lane[column] = i;
    }
  }
  return cells.flatMap((lane, number) => segmentsOf(lane, number, spans));
}

function segmentsOf(lane: Int32Array, number: number, spans: readonly Span[]): MinimapSegment[] {
  const segments: MinimapSegment[] = [];
  let from = 0;
  const isSame = (a: number, b: number): boolean => a === b || (a >= 0 && b >= 0 && spans[a]!.service === spans[b]!.service && spans[a]!.status === spans[b]!.status);
  for (let column = 1; column <= lane.length; column++) {
    if (column < lane.length && isSame(lane[from]!, lane[column]!)) continue;
    const span = spans[lane[from]!];
    if (span !== undefined) segments.push({ lane: number, from, to: column, service: span.service, isError: span.status === 'error' });
    from = column;
  }
  return segments;
}
