import { TABLES, type Job, type Logger } from '@pitot/core';
import type { ClickHouse, QueryParameters } from '../clickhouse/clickhouse.ts';
import { once } from '../clickhouse/exactly-once.ts';
import { JobWindows, type JobWindow } from '../clickhouse/job-windows.ts';
import { OPERATION } from '../clickhouse/span-metric-views.ts';
import type { TraceSampling } from './sampling-configuration.ts';

export interface SamplingJobOptions {
  readonly sampling: TraceSampling;
  readonly log: Logger;
  /** How long after its arrival a span is taken to be visible. Default 3 s. */
  readonly settleMs?: number;
}

const LONGEST_WINDOW_MS = 60_000;
const MOST_WINDOWS = 30;
const RARE_OVER_MS = 5 * 60_000;
/** Fewer calls say little of a 95th percentile. */
const CALLS_OF_P95 = 100;

const AT = (ms: string): string => `fromUnixTimestamp64Milli(${ms})`;
/** Spans that have waited and are to be decided on, or to follow a decision, in this window; each is in one. */
const SLICE = `Arrived > ${AT('{startMs:Int64} - {waitMs:Int64}')} AND Arrived <= ${AT('{endMs:Int64} - {waitMs:Int64}')}`;
const SEEN = `Arrived > ${AT('{startMs:Int64} - {waitMs:Int64}')} AND Arrived <= ${AT('{endMs:Int64}')}`;
const REQUESTS = "SpanKind IN ('Server', 'Consumer')";

/** Decides on whole traces and moves the spans of those that are kept from the landing table into `otel_traces`, each exactly once. */
export function createSamplingJob(clickhouse: ClickHouse, { sampling, log, settleMs = 3000 }: SamplingJobOptions): Job {
  const waitMs = sampling.decision_wait_seconds * 1000;
  const windows = new JobWindows(clickhouse, { job: 'trace-sampling', table: 'otel_traces_landing', settleMs, longestMs: LONGEST_WINDOW_MS, waitMs });
  const steps = samplingSteps(clickhouse, sampling);
  return {
    name: 'trace-sampling',
    summary: 'Decides which traces are kept, and keeps them.',
    intervalMs: 5000,
    async run(signal) {
      for (let i = 0; i < MOST_WINDOWS; i++) {
        const window = await windows.next(signal);
        if (window === undefined) return;
        await steps.decide(window, signal);
        await steps.move(window, signal);
        log.debug(window, 'traces of this window are decided on');
        if (!(await windows.done(window, signal))) return;
      }
    },
  };
}

/** The two steps of a window; each may be repeated. Spans are moved by the decisions that are stored, never by others. */
export function samplingSteps(clickhouse: ClickHouse, sampling: TraceSampling): Record<'decide' | 'move', (window: JobWindow, signal: AbortSignal) => Promise<void>> {
  const waitMs = sampling.decision_wait_seconds * 1000;
  const decision = decisionSql(sampling);
  const params = { ...decision.params, waitMs };
  const decide = `INSERT INTO trace_decisions (TraceId, IsKept, Weight, Policy, Decided) ${decision.sql}`;
  const run = (sql: string, step: string, { startMs, endMs }: JobWindow, signal: AbortSignal): Promise<void> =>
    clickhouse.command(sql, { params: { ...params, startMs, endMs }, settings: once(`trace-sampling-${step}-${startMs}-${endMs}`), signal });
  return {
    decide: (window, signal) => run(decide, 'decide', window, signal),
    move: (window, signal) => run(MOVE, 'move', window, signal),
  };
}

const COLUMNS = TABLES.otel_traces.map(([name]) => `\`${name}\``);
const MOVE =
  `INSERT INTO otel_traces (${COLUMNS.join(', ')}, IsMoved) SELECT ${COLUMNS.map((name) => (name === '`SampleWeight`' ? 's.SampleWeight * d.Weight' : `s.${name}`)).join(', ')}, 1 FROM ` +
  `(SELECT ${COLUMNS.join(', ')}, Arrived FROM otel_traces_landing WHERE ${SLICE}) AS s ` +
  `SEMI LEFT JOIN (SELECT TraceId, Weight FROM trace_decisions WHERE IsKept AND TraceId IN (SELECT TraceId FROM otel_traces_landing WHERE ${SLICE})) AS d ON d.TraceId = s.TraceId ` +
  'ORDER BY s.Arrived, s.TraceId, s.SpanId';

/** Upper bound of the bucket that holds the 95th percentile, of operations with enough calls in the last hour. */
const P95 =
  'SELECT toString(ServiceName) AS service, toString(SpanName) AS operation, toString(SpanKind) AS kind, sumMap(Histogram) AS histogram, ' +
  'pow(2, arrayFirst((bucket, below) -> below >= 0.95 * sum(Calls), mapKeys(histogram), arrayCumSum(mapValues(histogram))) / 4) * 1e9 AS ns ' +
  `FROM span_metrics_1m WHERE Bucket >= ${AT('{endMs:Int64} - 3600000')} GROUP BY service, operation, kind HAVING sum(Calls) >= ${CALLS_OF_P95}`;

/** Requests per minute by arrival, over as much of the last five minutes as there is. */
const RECENT = `Arrived > ${AT(`{endMs:Int64} - ${RARE_OVER_MS}`)} AND Arrived <= ${AT('{endMs:Int64}')}`;
const FREQUENCY =
  `SELECT toString(ServiceName) AS service, toString(${OPERATION}) AS operation, sum(SampleWeight) / ` +
  `(SELECT greatest(1, age('millisecond', min(Arrived), ${AT('{endMs:Int64}')}) / 60000) FROM otel_traces_landing WHERE ${RECENT}) AS perMinute ` +
  `FROM otel_traces_landing WHERE ${RECENT} AND ${REQUESTS} GROUP BY service, operation`;

/** One row per trace that has no decision yet. */
function decisionSql(sampling: TraceSampling): { readonly sql: string; readonly params: QueryParameters } {
  const { keep_errors: keepsErrors, slow_ms: slowMs, slower_than_p95: keepsSlowest, rare_per_minute: rare, probability } = sampling;
  const due = `SELECT TraceId FROM otel_traces_landing WHERE ${SLICE}`;
  const spans =
    `SELECT TraceId, ParentSpanId, StatusCode, Duration, SpanKind, toString(ServiceName) AS service, toString(${OPERATION}) AS operation, toString(SpanKind) AS kind FROM otel_traces_landing ` +
    `WHERE ${SEEN} AND TraceId IN (${due}) AND TraceId NOT IN (SELECT TraceId FROM trace_decisions WHERE TraceId IN (${due}))`;
  const joins = [
    ...(keepsSlowest ? [`ANY LEFT JOIN (SELECT service, operation, kind, ns FROM (${P95})) AS p ON p.service = s.service AND p.operation = s.operation AND p.kind = s.kind`] : []),
    ...(rare > 0 ? [`ANY LEFT JOIN (${FREQUENCY}) AS f ON f.service = s.service AND f.operation = s.operation`] : []),
  ];
  const policies = [
    ...(keepsErrors ? ["max(s.StatusCode = 'Error'), 'error'"] : []),
    ...(slowMs === undefined ? [] : ["max(s.Duration >= {slowNs:UInt64}), 'slow'"]),
    ...(keepsSlowest ? ["max(s.ParentSpanId = '' AND p.ns > 0 AND s.Duration > p.ns), 'slow'"] : []),
    ...(rare > 0 ? ["max(s.SpanKind IN ('Server', 'Consumer') AND f.perMinute < {rare:Float64}), 'rare'"] : []),
    "sipHash64(TraceId) % 1000000 < {probability:Float64} * 1000000, 'probability'",
  ];
  const sql =
    `SELECT TraceId, policy != 'dropped' AS IsKept, if(policy = 'probability', 1 / {probability:Float64}, 1) AS Weight, policy AS Policy, ${AT('{endMs:Int64}')} AS Decided ` +
    `FROM (SELECT s.TraceId AS TraceId, multiIf(${policies.join(', ')}, 'dropped') AS policy FROM (${spans}) AS s ${joins.join(' ')} GROUP BY TraceId) ORDER BY TraceId`;
  return { sql, params: { probability, ...(slowMs !== undefined && { slowNs: Math.round(slowMs * 1e6) }), ...(rare > 0 && { rare }) } };
}
