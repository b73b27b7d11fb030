import { AppError } from '@pitot/core';
import type { RangeWindow } from './range-window.ts';

/**
 * rate, increase and delta of `anchored` and `smoothed` ranges: the difference of the values at the range's two edges,
 * without extrapolation. The window holds samples from up to one lookback before the range (and after it when
 * smoothed). Anchored takes the value at or before an edge; smoothed interpolates between the samples around it.
 */
export function extendedRate(window: RangeWindow, kind: { isCounter: boolean; perSecond: boolean }): boolean {
  if (window.histogramCount > 0) throw histogramsNotSupported();
  const { times, values, startMs, endMs, mode } = window;
  const smoothed = mode === 'smoothed';
  let last = window.high - 1;
  let first = Math.max(window.low, firstIndex(window, window.high - 1, (t) => t > startMs) - 1);
  if (smoothed) last = firstIndex(window, window.high - 1, (t) => t >= endMs);
  if (times[last]! <= startMs) return false;
  const left =
    smoothed && times[first]! < startMs ? interpolate(window, first, startMs, kind.isCounter) : values[first]!;
  const right =
    smoothed && last > window.low && times[last]! > endMs ? interpolate(window, last - 1, endMs, kind.isCounter) : values[last]!;
  let result = right - left;
  if (kind.isCounter) {
    if (times[first]! <= startMs) first++;
    if (times[last]! >= endMs) last--;
    result += resetCorrection(values, first, last, left, right);
  }
  window.value = kind.perSecond ? result / (window.rangeMs / 1000) : result;
  return true;
}

export function histogramsNotSupported(): AppError {
  return new AppError('query_failed', 'smoothed and anchored modifiers do not work with native histograms');
}

/** First index of the window whose time fulfils an ascending condition, at most `end`. */
function firstIndex(window: RangeWindow, end: number, holds: (timeMs: number) => boolean): number {
  let i = window.low;
  while (i < end && !holds(window.times[i]!)) i++;
  return i;
}

/** A counter that fell between the two samples is taken to have started from zero after the first. */
function interpolate({ times, values }: RangeWindow, i: number, timeMs: number, isCounter: boolean): number {
  const y2 = values[i + 1]!;
  const y1 = isCounter && y2 < values[i]! ? 0 : values[i]!;
  return y1 + ((y2 - y1) * (timeMs - times[i]!)) / (times[i + 1]! - times[i]!);
}

function resetCorrection(values: Float64Array, first: number, last: number, left: number, right: number): number {
  let correction = 0;
  let previous = left;
  for (let i = first; i <= last; i++) {
    if (values[i]! < previous) correction += previous;
    previous = values[i]!;
  }
  return right < previous ? correction + previous : correction;
}
