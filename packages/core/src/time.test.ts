import { describe, expect, it } from 'vitest';
import { formatDurationMs, parseDurationMs } from './time.ts';

describe('durations', () => {
  it.each([
    ['0s', 0],
    ['250ms', 250],
    ['15s', 15_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['1w', 604_800_000],
    ['1y', 31_536_000_000],
    ['2h3m4s5ms', 7_384_005],
  ])('%s is %d ms, and is written the same way', (text, durationMs) => {
    expect(parseDurationMs(text)).toBe(durationMs);
    expect(formatDurationMs(durationMs)).toBe(text);
  });

  it.each(['', '5', '5 m', 'm', '1m1h', '-5m', '1.5h', '5x'])('refuses %j', (text) => {
    expect(() => parseDurationMs(text)).toThrow(/not a valid duration/);
  });

  it('writes weeks and years only where they divide exactly', () => {
    expect(formatDurationMs(36 * 3_600_000)).toBe('36h');
    expect(formatDurationMs(-90_000)).toBe('-1m30s');
  });
});
