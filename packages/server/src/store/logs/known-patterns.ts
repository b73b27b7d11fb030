import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { readJsonRows } from './log-rows.ts';

/** A template as it was last written. */
export interface KnownPattern {
  readonly pattern: bigint;
  readonly service: string;
  readonly template: string;
  readonly severityNumber: number;
  readonly sample: string;
  readonly firstSeenMs: number;
  readonly updatedMs: number;
}

type Row = readonly [pattern: string, service: string, template: string, severityNumber: number, sample: string, firstSeenMs: string, updatedMs: string];

/** The templates known so far, those written longest ago first and at most the last `limit`: what a miner starts from, so that ids outlive a restart. */
export async function readKnownPatterns(clickhouse: ClickHouse, limit: number, signal?: AbortSignal): Promise<KnownPattern[]> {
  const sql = `
    SELECT toString(Pattern), ServiceName, Template, SeverityNumber, Sample, toString(toUnixTimestamp64Milli(FirstSeen)), toString(toUnixTimestamp64Milli(Updated))
    FROM log_patterns FINAL ORDER BY Updated DESC LIMIT {limit:UInt32}`;
  const rows = await readJsonRows<Row>(clickhouse, sql, { params: { limit }, ...(signal && { signal }) });
  return rows.reverse().map(([pattern, service, template, severityNumber, sample, firstSeenMs, updatedMs]) => ({
    pattern: BigInt(pattern),
    service,
    template,
    severityNumber,
    sample,
    firstSeenMs: Number(firstSeenMs),
    updatedMs: Number(updatedMs),
  }));
}
