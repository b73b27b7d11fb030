import type { ClickHouse } from '../../store/clickhouse/clickhouse.ts';
import { bucketRange } from '../../store/edges/bucket-ranges.ts';
import { durationsOf } from '../../store/edges/durations.ts';
import { readRows } from '../../store/metrics/exemplar-reading.ts';
import type { Counted } from '../topology/evidence.ts';

/** Requests that a service received in one step of time. */
export interface RequestStep extends Counted {
  readonly service: string;
  readonly environment: string;
  /** Start of the step, milliseconds since the epoch; steps are aligned to the clock. */
  readonly timeMs: number;
  /** End of the last ten seconds of it (a minute where the step is a whole one) in which a request ended. */
  readonly lastSeenMs: number;
}

export interface RequestStepsRange {
  readonly startMs: number;
  readonly endMs: number;
  /** From here on steps are `FINE_STEP_MS` long, before `COARSE_STEP_MS`. A whole minute. */
  readonly fineFromMs: number;
  readonly environment?: string;
  readonly service?: string;
}

const FINE_STEP_MS = 30_000;
export const COARSE_STEP_MS = 60_000;

/** Requests of every service (or one) by step, in no order; steps without any are left out. One statement. */
export async function readRequestSteps(clickhouse: ClickHouse, range: RequestStepsRange, signal?: AbortSignal): Promise<RequestStep[]> {
  const { startMs, endMs, fineFromMs, environment = '', service = '' } = range;
  const where = "SpanKind IN ('Server', 'Consumer') AND ({environment:String} = '' OR Environment = {environment:String}) AND ({service:String} = '' OR ServiceName = {service:String})";
  const piece = (fromMs: number, toMs: number, stepMs: number, bucketMs: number) => {
    const from = bucketRange('span_metrics', fromMs, toMs, 'Bucket, Environment, ServiceName, StatusCode, Calls, Histogram', where, bucketMs / 1000);
    return (
      `SELECT intDiv(toUnixTimestamp(Bucket), ${stepMs / 1000}) * ${stepMs} AS time, toString(Environment) AS env, toString(ServiceName) AS name, sum(Calls) AS calls, sumIf(Calls, StatusCode = 'Error') AS errors, ` +
      `sumMap(Histogram) AS histogram, toUnixTimestamp(max(Bucket)) * 1000 + ${bucketMs} AS last FROM ${from} GROUP BY time, env, name`
    );
  };
  const pieces = [...(fineFromMs > startMs ? [piece(startMs, Math.min(endMs, fineFromMs), COARSE_STEP_MS, 60_000)] : []), ...(endMs > fineFromMs ? [piece(Math.max(startMs, fineFromMs), endMs, FINE_STEP_MS, 10_000)] : [])];
  if (pieces.length === 0) return [];
  const rows = await readRows<[number, string, string, number, number, Record<string, number>, number]>(clickhouse, pieces.join(' UNION ALL '), { params: { environment, service }, ...(signal && { signal }) });
  return rows.map(([timeMs, env, name, calls, errors, histogram, lastSeenMs]) => ({
    timeMs,
    environment: env,
    service: name,
    calls,
    errors,
    durations: durationsOf(histogram, 0)?.buckets ?? new Map<number, number>(),
    lastSeenMs,
  }));
}
