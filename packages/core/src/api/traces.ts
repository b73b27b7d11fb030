import { z } from 'zod';
import { attributeValues, logRecord } from './logs.ts';

/** REST shapes of traces. `query`, `start`, `end` and `environment` as for logs. */

export const spanKind = z.enum(['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']);
export const spanStatus = z.enum(['unset', 'ok', 'error']);

/** `GET /api/v1/traces`: `sort` (recent, duration, errors), `limit`, `min_duration_ms`, `max_duration_ms`. A trace is found when one of its spans matches. */
export const traceSummary = z.object({
  trace_id: z.string(),
  start: z.string(),
  duration_ms: z.number().describe('From the first start to the last end of its spans.'),
  root_service: z.string(),
  root_operation: z.string(),
  is_complete: z.boolean().describe('False where the root has not come (yet).'),
  span_count: z.number(),
  error_count: z.number(),
  services: z.array(z.object({ service: z.string(), spans: z.number() })).describe('Most spans first.'),
  matched: z.object({
    span_id: z.string(),
    service: z.string(),
    operation: z.string(),
    duration_ms: z.number(),
    status: spanStatus,
  }).describe('The span that matched; the slowest of them.'),
  matched_count: z.number(),
});
export const tracesAnswer = z.object({
  traces: z.array(traceSummary),
  spans_found: z.number().describe('Matching spans in the range, counting each sampled one for as many as it stands for.'),
  errors_found: z.number(),
  truncated: z.boolean().describe('There are more traces than were asked for.'),
  took_ms: z.number(),
});
export type TraceSummary = z.infer<typeof traceSummary>;
export type TracesAnswer = z.infer<typeof tracesAnswer>;

/** `GET /api/v1/traces/heatmap`: matching spans by time and duration; `columns`, `rows` (most of each). */
export const heatmapAnswer = z.object({
  start_ms: z.number(),
  step_ms: z.number(),
  bounds_ms: z.array(z.number()).describe('Row i holds durations in [bounds[i], bounds[i+1]); logarithmic.'),
  counts: z.array(z.array(z.number())).describe('counts[column][row].'),
  errors: z.array(z.array(z.number())),
});
export type HeatmapAnswer = z.infer<typeof heatmapAnswer>;

export const span = z.object({
  span_id: z.string(),
  parent_id: z.string().describe('As sent; empty for a root.'),
  service: z.string(),
  operation: z.string(),
  kind: spanKind,
  status: spanStatus,
  status_message: z.string(),
  start_us: z.number().describe('From the start of the trace, skew corrected.'),
  duration_us: z.number(),
  skew_us: z.number().describe('What was added to its start because its clock contradicts its parent’s; 0 where none.'),
  depth: z.number().int(),
  is_critical: z.boolean(),
  peer: z.string().describe('What a client span speaks to by its attributes; empty where it says nothing.'),
  event_count: z.number(),
  log_count: z.number(),
});
export type Span = z.infer<typeof span>;

/** `GET /api/v1/traces/:trace_id`. Spans are in the order of a waterfall: parents before children, siblings by start. */
export const traceAnswer = z.object({
  trace_id: z.string(),
  start: z.string(),
  duration_us: z.number(),
  services: z.array(z.object({ service: z.string(), version: z.string(), spans: z.number(), self_us: z.number() })),
  spans: z.array(span),
  critical_path: z.array(z.object({ span_id: z.string(), start_us: z.number(), end_us: z.number() })).describe('The pieces of time that made the trace as long as it was, in order, gapless.'),
  error_origin: z
    .object({
      span_id: z.string(),
      reason: z.string().describe('One sentence.'),
      exception_type: z.string(),
      exception_message: z.string(),
      chain: z.array(z.string()).describe('Span ids from the origin up to the highest span it explains.'),
    })
    .nullable(),
  problems: z.array(z.object({ kind: z.enum(['missing_parent', 'missing_root', 'clock_skew', 'cycle', 'duplicate_span', 'truncated']), count: z.number(), message: z.string() })),
});
export type TraceAnswer = z.infer<typeof traceAnswer>;

/** `GET /api/v1/traces/:trace_id/spans/:span_id`. */
export const spanDetailAnswer = z.object({
  span,
  start: z.string(),
  scope: z.string(),
  attributes: attributeValues,
  resource: z.record(z.string(), z.string()),
  events: z.array(z.object({ offset_us: z.number().describe('From the span’s start.'), name: z.string(), attributes: z.record(z.string(), z.string()) })),
  links: z.array(z.object({ trace_id: z.string(), span_id: z.string(), attributes: z.record(z.string(), z.string()) })),
  logs: z.array(logRecord).describe('Of this span, oldest first, at most 200.'),
});
export type SpanDetailAnswer = z.infer<typeof spanDetailAnswer>;

/** `GET /api/v1/traces/compare?left=<trace id>&right=<trace id>`: calls aligned by their path from the root. */
export const traceComparisonAnswer = z.object({
  left: z.object({ trace_id: z.string(), duration_us: z.number(), spans: z.number(), errors: z.number() }),
  right: z.object({ trace_id: z.string(), duration_us: z.number(), spans: z.number(), errors: z.number() }),
  rows: z.array(
    z.object({
      path: z.string().describe('Unique; a row’s parent has the path up to the last “ › ”.'),
      depth: z.number(),
      service: z.string(),
      operation: z.string(),
      left: z.object({ count: z.number(), total_us: z.number(), self_us: z.number(), errors: z.number(), span_id: z.string() }).nullable(),
      right: z.object({ count: z.number(), total_us: z.number(), self_us: z.number(), errors: z.number(), span_id: z.string() }).nullable(),
      self_change_us: z.number().describe('Right minus left: where the difference was made.'),
    }),
  ),
  summary: z.string().describe('One sentence: where most of the difference is.'),
});
export type TraceComparisonAnswer = z.infer<typeof traceComparisonAnswer>;

/** `GET /api/v1/traces/compare-groups`: `query` says the population, and the selected group within it is `selection` (a query such as `duration>500ms` or `status:error`) and `from`/`to`/`min_ms`/`max_ms` of a piece of the heatmap. */
export const groupComparisonAnswer = z.object({
  selected: z.number().describe('Spans in the selected group.'),
  baseline: z.number(),
  attributes: z.array(
    z.object({
      field: z.string(),
      value: z.string(),
      selected_share: z.number(),
      baseline_share: z.number(),
      lift: z.number().describe('selected_share ÷ baseline_share, the lower end of its 95 % interval.'),
      score: z.number().describe('Rank: how much more of the selected group it explains than chance would.'),
      p_value: z.number().describe('Corrected for the number of values looked at.'),
    }),
  ),
  summary: z.string(),
});
export type GroupComparisonAnswer = z.infer<typeof groupComparisonAnswer>;
