import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { timeRangeOf, timeRangeParameters } from './time-range.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const parameters = z.object(timeRangeParameters);

describe('the range of a question', () => {
  it.each([
    ['2026-03-01T11:00:00Z', NOW_MS - 3_600_000],
    ['2026-03-01T12:00:00.250+01:00', NOW_MS - 3_600_000 + 250],
    ['1772366400000', 1_772_366_400_000],
    ['0', 0],
  ])('reads %s', (text, expected) => {
    expect(parameters.parse({ start: text }).start).toBe(expected);
  });

  it.each(['', 'yesterday', '-5', '2026-03-01', '2026-13-01T00:00:00Z', '99999999999999999', '1e3'])('refuses %j, and says how to write it', (text) => {
    expect(parameters.safeParse({ start: text }).error?.issues[0]?.message).toContain('write it like');
  });

  it('is the last hour, now included, when nothing is said', () => {
    expect(timeRangeOf({}, NOW_MS)).toEqual({ startMs: NOW_MS + 1 - 3_600_000, endMs: NOW_MS + 1 });
  });

  it('takes one end from the other', () => {
    expect(timeRangeOf({ end: 10_000_000 }, NOW_MS)).toEqual({ startMs: 6_400_000, endMs: 10_000_000 });
    expect(timeRangeOf({ start: NOW_MS - 5 }, NOW_MS)).toEqual({ startMs: NOW_MS - 5, endMs: NOW_MS + 1 });
  });

  it('does not run backwards', () => {
    expect(() => timeRangeOf({ start: 2, end: 1 }, NOW_MS)).toThrow('start lies after end');
  });
});
