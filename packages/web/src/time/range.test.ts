import { describe, expect, it } from 'vitest';
import { absoluteRange, DEFAULT_RANGE, describeRange, localText, parseInstant, rangeProblem, resolveRange, shiftRange, widenRange } from './range.ts';

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);
const HOUR = 3_600_000;

describe('parseInstant', () => {
  it.each([
    ['now', NOW],
    ['now-90m', NOW - 90 * 60_000],
    ['now-2d', NOW - 48 * HOUR],
    ['2026-11-21T11:00:00Z', NOW - HOUR],
    ['2026-11-21T12:00:00+01:00', NOW - HOUR],
    [String(NOW), NOW],
    [String(NOW / 1000), NOW],
  ])('reads %s', (text, ms) => {
    expect(parseInstant(text, NOW)).toBe(ms);
  });
  it.each(['', 'yesterday', 'now+1h', 'now-1x', '2026-13-45T00:00:00Z', '11:00'])('refuses %s', (text) => {
    expect(parseInstant(text, NOW)).toBeUndefined();
  });
  it('reads a time without a zone as the viewer wrote it', () => {
    expect(parseInstant(localText(NOW), NOW)).toBe(NOW);
  });
});

describe('resolveRange', () => {
  it('falls back to the default where a range cannot be read or runs backwards', () => {
    const usual = resolveRange(DEFAULT_RANGE, NOW);
    expect(resolveRange({ from: 'nonsense', to: 'now' }, NOW)).toEqual(usual);
    expect(resolveRange({ from: 'now', to: 'now-1h' }, NOW)).toEqual(usual);
    expect(usual).toEqual({ startMs: NOW - HOUR, endMs: NOW });
  });
  it('says in words what is wrong', () => {
    expect(rangeProblem({ from: 'x', to: 'now' }, NOW)).toContain('"x" is not a time');
    expect(rangeProblem({ from: 'now', to: 'now-1h' }, NOW)).toContain('after the start');
    expect(rangeProblem(DEFAULT_RANGE, NOW)).toBeUndefined();
  });
});

describe('moving', () => {
  it('writes whole seconds of UTC that contain what was dragged', () => {
    expect(absoluteRange(NOW + 400, NOW + 1600)).toEqual({ from: '2026-11-21T12:00:00Z', to: '2026-11-21T12:00:02Z' });
  });
  it('goes back by its length, and forward to now', () => {
    const earlier = shiftRange(DEFAULT_RANGE, -1, NOW);
    expect(resolveRange(earlier, NOW)).toEqual({ startMs: NOW - 2 * HOUR, endMs: NOW - HOUR });
    expect(shiftRange(earlier, 1, NOW)).toEqual(DEFAULT_RANGE);
  });
  it('doubles', () => {
    expect(widenRange(DEFAULT_RANGE, NOW)).toEqual({ from: 'now-2h', to: 'now' });
    const absolute = absoluteRange(NOW - 3 * HOUR, NOW - 2 * HOUR);
    expect(resolveRange(widenRange(absolute, NOW), NOW)).toEqual({ startMs: NOW - 3.5 * HOUR, endMs: NOW - 1.5 * HOUR });
  });
  it('is said in words', () => {
    expect(describeRange(DEFAULT_RANGE, NOW)).toBe('Last hour');
    expect(describeRange({ from: 'now-90m', to: 'now' }, NOW)).toBe('Last 90 minutes');
    expect(describeRange(absoluteRange(NOW - HOUR, NOW), NOW)).toMatch(/^\d+ Nov \d\d:\d\d – \d\d:\d\d$/);
  });
});
