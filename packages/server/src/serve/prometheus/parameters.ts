import { AppError, parseDurationMs } from '@pitot/core';
import { z } from 'zod';

/** The times Prometheus' API takes for "since ever" and "until ever". Source: web/api/v1 `MinTime`, `MaxTime`. */
export const MIN_TIME_MS = -62_135_596_801_000;
export const MAX_TIME_MS = 253_402_300_799_999;

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Seconds since the epoch, as a decimal number, or RFC 3339; answers milliseconds. Throws a plain Error. */
export function parseTimeMs(text: string): number {
  const timeMs = NUMBER.test(text) ? Math.round(Number(text) * 1000) : RFC3339.test(text) ? Date.parse(text) : NaN;
  if (Number.isFinite(timeMs)) return timeMs;
  // Go's boundary times have years that no parser takes; clients send them as they got them.
  if (text === '-292273086-05-16T16:47:06Z') return MIN_TIME_MS;
  if (text === '+292277025-08-18T07:12:54.999999999Z' || text === '292277025-08-18T07:12:54.999999999Z') return MAX_TIME_MS;
  throw new Error(`cannot parse ${JSON.stringify(text)} to a valid timestamp`);
}

/** Seconds as a decimal number, or a duration such as 5m; answers milliseconds. Throws a plain Error. */
export function parseSpanMs(text: string): number {
  if (NUMBER.test(text)) {
    const spanMs = Number(text) * 1000;
    if (Math.abs(spanMs) > 9_223_372_036_854) throw new Error(`cannot parse ${JSON.stringify(text)} to a valid duration. It overflows int64`);
    return spanMs;
  }
  try {
    return parseDurationMs(text);
  } catch (cause) {
    throw new Error(`cannot parse ${JSON.stringify(text)} to a valid duration`, { cause });
  }
}

function parsed<Value>(parse: (text: string) => Value, description: string) {
  return z
    .string()
    .transform((text, context): Value => {
      try {
        return parse(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
        return z.NEVER;
      }
    })
    .describe(description);
}

/** An empty parameter is an absent one, as in Prometheus. */
const optional = <Schema extends z.ZodType>(schema: Schema) => z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

const TIME_FORM = 'seconds since the epoch (fractions allowed), or RFC 3339.';
const time = (what: string) => parsed(parseTimeMs, `${what}: ${TIME_FORM}`);
/** Prometheus words this one differently where the time may be left out. */
const optionalTime = (name: string, what: string) =>
  optional(parsed((text) => prefixed(`Invalid time value for '${name}': `, () => parseTimeMs(text)), `${what}: ${TIME_FORM}`));
const duration = (what: string) => parsed(parseSpanMs, `${what}: a duration such as 5m, or seconds.`);

function parseLimit(text: string): number {
  if (/^[+-]?\d+$/.test(text)) {
    const limit = Number(text);
    if (limit >= 0) return limit;
    throw new Error('limit must be non-negative');
  }
  throw new Error(`cannot parse ${JSON.stringify(text)} as a whole number`);
}

const limit = optional(parsed(parseLimit, 'Most entries in the answer; 0 for all.'));
const many = z.preprocess((value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]), z.array(z.string()));
const matchers = many.describe('Series selectors; repeat it for more than one.');
const query = z.string().default('').describe('A PromQL expression.');

const execution = {
  timeout: optional(duration('Most time for the evaluation')),
  lookback_delta: optional(duration('How far an instant selector looks back')),
  limit,
  stats: z.string().optional().describe('`all` adds statistics to the answer.'),
};

export const instantParameters = z.object({ query, time: optionalTime('time', 'Evaluation time; now when absent'), ...execution });

export const rangeParameters = z.object({
  query,
  start: time('First step').prefault(''),
  end: time('Last step').prefault(''),
  step: duration('Distance of two steps').prefault(''),
  ...execution,
});

const window = { start: optionalTime('start', 'Begin of the window'), end: optionalTime('end', 'End of the window') };

export const seriesParameters = z.object({ 'match[]': matchers, ...window, limit });
export const metadataParameters = z.object({
  limit: optional(parsed(parseNumber, 'Most metrics in the answer.')),
  limit_per_metric: optional(parsed(parseNumber, 'Most entries of one metric.')),
  metric: optional(z.string().describe('One metric; every metric when absent.')),
});
export const exemplarParameters = z.object({ query, ...window });
export const expressionParameters = z.object({ query });
export const targetParameters = z.object({
  state: z.string().default('any').describe('active, dropped or any.'),
  scrapePool: optional(z.string().describe('Targets of this scrape job only.')),
});
export const targetMetadataParameters = z.object({
  match_target: optional(z.string().describe('A selector over target labels.')),
  metric: optional(z.string()),
  limit: optional(parsed(parseNumber, 'Most entries in the answer.')),
});
export const ruleParameters = z.object({ type: optional(z.string().describe('alert or record.')) });
export const tsdbParameters = z.object({ limit: optional(parsed(parseLimit, 'Entries of each list; 10 when absent.')) });

function prefixed<Value>(prefix: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw new Error(prefix + (error instanceof Error ? error.message : String(error)), { cause: error });
  }
}

const NOT_A_NUMBER = 'limit must be a number';

function parseNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error(NOT_A_NUMBER);
  return Number(text);
}

/** Reads parameters of the URL and, for a POST, of the form in the body. Throws AppError `bad_request` in Prometheus' words. */
export function readParameters<Schema extends z.ZodType>(schema: Schema, urlQuery: unknown, form: unknown): z.output<Schema> {
  const result = schema.safeParse(mergeParameters(urlQuery, form));
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  // The one complaint that comes without the parameter's name.
  if (issue.message === NOT_A_NUMBER) throw new AppError('bad_request', NOT_A_NUMBER);
  throw invalidParameter(String(issue.path[0] ?? 'query'), issue.message);
}

export function invalidParameter(name: string, message: string, cause?: unknown): AppError {
  return new AppError('bad_request', `invalid parameter "${name}": ${message}`, { fields: { parameter: name }, cause });
}

/** Go's `Form`: values of the body stand before those of the URL, and the first one counts unless all are asked for. */
function mergeParameters(urlQuery: unknown, form: unknown): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  for (const part of [form, urlQuery]) {
    for (const [name, value] of Object.entries((part ?? {}) as Record<string, unknown>)) {
      if (name.endsWith('[]')) merged[name] = [merged[name] ?? [], value].flat();
      else merged[name] ??= Array.isArray(value) ? value[0] : value;
    }
  }
  return merged;
}
