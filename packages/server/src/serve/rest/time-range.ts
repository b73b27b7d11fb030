import { AppError } from '@pitot/core';
import { z } from 'zod';

/** Times of a question: milliseconds since the epoch, `startMs` inclusive, `endMs` exclusive. */
export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

const HOUR_MS = 3_600_000;
/** What the engine's DateTime holds: 1970 to 2106. */
const LAST_MS = 4_294_967_295_000;
const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
const WHOLE = /^\d{1,15}$/;

/** A moment as RFC 3339 or milliseconds since the epoch; parsed to milliseconds. */
export const moment = (what: string) =>
  z
    .string()
    .transform((text, context): number => {
      const timeMs = WHOLE.test(text) ? Number(text) : RFC3339.test(text) ? Date.parse(text) : NaN;
      if (timeMs >= 0 && timeMs <= LAST_MS) return timeMs;
      context.addIssue({ code: 'custom', message: `${JSON.stringify(text.slice(0, 50))} is not a time; write it like 2026-03-01T12:00:00Z, or as milliseconds since the epoch` });
      return z.NEVER;
    })
    .describe(`${what}: RFC 3339, or milliseconds since the epoch.`);

/** The `start` and `end` of every route over logs, traces and services; spread them into its querystring. */
export const timeRangeParameters = {
  start: moment('Start of the range, inclusive; an hour before its end when absent').optional(),
  end: moment('End of the range, exclusive; now when absent').optional(),
};

/** The range that the parameters mean. Throws AppError `bad_request` where it ends before it starts. */
export function timeRangeOf({ start, end }: { readonly start?: number | undefined; readonly end?: number | undefined }, nowMs: number): TimeRange {
  const endMs = end ?? Math.max(nowMs + 1, start ?? 0);
  const startMs = start ?? Math.max(0, endMs - HOUR_MS);
  if (startMs > endMs) throw new AppError('bad_request', 'start lies after end; swap them', { fields: { start: startMs, end: endMs } });
  return { startMs, endMs };
}
