import { z } from 'zod';

/**
 * REST shapes of logs. Every route takes `query` (see docs/search.md), `start` and `end` (RFC 3339 or milliseconds since the epoch; default: the last
 * hour) and `environment` (a value of `deployment.environment.name`; all when absent).
 */

/** Severities by OpenTelemetry's number ranges: 1–4, 5–8, 9–12, 13–16, 17–20, 21–24, and 0. */
export const SEVERITIES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'unset'] as const;
export const severity = z.enum(SEVERITIES);
export type Severity = z.infer<typeof severity>;

export function severityOf(severityNumber: number): Severity {
  return severityNumber < 1 || severityNumber > 24 ? 'unset' : SEVERITIES[Math.floor((severityNumber - 1) / 4)]!;
}

export const attributeValues = z.record(z.string(), z.union([z.string(), z.number()])).describe('Numbers are those that came as int or double.');

export const logRecord = z.object({
  id: z.string().describe('Names the record: `<nanoseconds>-<sequence>`.'),
  timestamp: z.string().describe('RFC 3339 with nanoseconds.'),
  service: z.string(),
  environment: z.string(),
  severity,
  severity_text: z.string().describe('As sent.'),
  body: z.string(),
  event_name: z.string(),
  trace_id: z.string().describe('Empty where the record belongs to no trace.'),
  span_id: z.string(),
  scope: z.string(),
  pattern: z.string().nullable().describe('Id of the template it belongs to.'),
  attributes: attributeValues,
  resource: z.record(z.string(), z.string()),
});
export type LogRecord = z.infer<typeof logRecord>;

/** `GET /api/v1/logs` newest first (`order=asc` for oldest first); `limit`, `cursor`. */
export const logsAnswer = z.object({
  logs: z.array(logRecord),
  next_cursor: z.string().nullable().describe('Give it back as `cursor` for what follows; null at the end.'),
  took_ms: z.number(),
});
export type LogsAnswer = z.infer<typeof logsAnswer>;

/** `GET /api/v1/logs/histogram`: `buckets` (most bars wanted, 1–500, default 60). */
export const logHistogramAnswer = z.object({
  start_ms: z.number().describe('Start of the first bucket.'),
  step_ms: z.number(),
  buckets: z.array(z.partialRecord(severity, z.number())).describe('One per step, with empty ones; severities without records are absent.'),
  totals: z.partialRecord(severity, z.number()),
  total: z.number(),
});
export type LogHistogramAnswer = z.infer<typeof logHistogramAnswer>;

/** `GET /api/v1/logs/facets`: `fields` (comma-separated; by default the ones most worth having), `limit` values each. */
export const facet = z.object({
  field: z.string().describe('As the search language names it.'),
  values: z.array(z.object({ value: z.string(), count: z.number() })).describe('Most frequent first.'),
  distinct: z.number().describe('Values in all, about.'),
});
export const facetsAnswer = z.object({
  facets: z.array(facet),
  sampled: z.boolean().describe('Counts are extrapolated from a sample because there is more than can be counted in time.'),
});
export type Facet = z.infer<typeof facet>;
export type FacetsAnswer = z.infer<typeof facetsAnswer>;

/** `GET /api/v1/logs/fields` and `/api/v1/traces/fields`: what can be searched by; `prefix`. */
export const fieldsAnswer = z.object({
  fields: z.array(z.object({ field: z.string(), type: z.enum(['string', 'number']), source: z.enum(['builtin', 'attribute', 'resource']) })),
});
export type FieldsAnswer = z.infer<typeof fieldsAnswer>;

/** `GET /api/v1/logs/:id/context`: `limit` records on each side, of the same service and, where they say it, of the same instance. */
export const logContextAnswer = z.object({ before: z.array(logRecord), record: logRecord, after: z.array(logRecord) });
export type LogContextAnswer = z.infer<typeof logContextAnswer>;

/** `GET /api/v1/logs/tail` (server-sent events): `log` events carry tailMessage. */
export const tailMessage = z.object({
  logs: z.array(logRecord).describe('Oldest first.'),
  skipped: z.number().describe('Matching records left out since the last message because there are more than can be shown.'),
});
export type TailMessage = z.infer<typeof tailMessage>;

/** `GET /api/v1/logs/patterns`: `sort` (count, new, trend), `new_since` (time; a pattern first seen after it is new). */
export const logPattern = z.object({
  id: z.string(),
  template: z.string().describe('Placeholders are typed: <num>, <ip>, <uuid>, <hex>, <path>, <duration>, <*>, …'),
  sample: z.string(),
  service: z.string(),
  severity,
  count: z.number(),
  share: z.number().describe('Of all records found, 0–1.'),
  trend: z.array(z.number()).describe('Counts over the range, oldest first.'),
  change: z.number().nullable().describe('Second half of the range against the first, as a ratio; null where the first has none.'),
  first_seen: z.string(),
  last_seen: z.string(),
  is_new: z.boolean(),
});
export const logPatternsAnswer = z.object({
  patterns: z.array(logPattern),
  total: z.number().describe('Records found, with those of no pattern.'),
  new_since: z.string().nullable().describe('What “new” was measured against: the parameter, or the newest version seen of the service searched for.'),
});
export type LogPattern = z.infer<typeof logPattern>;
export type LogPatternsAnswer = z.infer<typeof logPatternsAnswer>;

/** `POST /api/v1/logs/rules/try`: what the rules would make of a line. */
export const tryRulesRequest = z.strictObject({
  body: z.string().max(65_536),
  service: z.string().max(200).default(''),
  severity_text: z.string().max(50).default(''),
  attributes: z.record(z.string(), z.string()).default({}),
  rules: z.unknown().optional().describe('The `logs` section to try, as in the configuration file; the one in force when absent.'),
});
export type TryRulesRequest = z.infer<typeof tryRulesRequest>;
export const tryRulesAnswer = z.object({
  kept: z.boolean(),
  decided_by: z.string().nullable().describe('The rule that dropped or sampled it.'),
  body: z.string(),
  severity,
  attributes: attributeValues,
  redactions: z.record(z.string(), z.number()).describe('How many of each kind were replaced.'),
  pattern: z.string().nullable().describe('The template the line would join.'),
});
export type TryRulesAnswer = z.infer<typeof tryRulesAnswer>;
