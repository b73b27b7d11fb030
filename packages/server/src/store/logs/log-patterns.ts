import { severityOf, type LogPattern, type LogPatternsAnswer } from '@pitot/core';
import type { SearchNode } from '@pitot/core/search';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { conditionOf, countLogs, timeCondition, type Condition, type LogFilter } from './log-filter.ts';
import { formatNanoseconds, readJsonRows } from './log-rows.ts';

export interface PatternRequest {
  readonly sort: 'count' | 'new' | 'trend';
  /** A pattern first seen then or later is new; by default, when the newest version of the service searched for came. */
  readonly newSinceMs?: number | undefined;
  readonly limit: number;
}

/** Points of a trend: an even number, so that halves can be compared. */
const TREND_POINTS = 24;
/** Patterns that are looked at before they are sorted, the most frequent first. */
const MOST_PATTERNS = 5000;
const DAY_MS = 86_400_000;
/** How far back a version may have come for its patterns to be called new. */
const VERSION_LOOKBACK_MS = 7 * DAY_MS;

type CountRow = readonly [pattern: string, points: string[], service: string, severity: number, lastNs: string, firstNs: string, count: string];
interface Template {
  readonly text: string;
  readonly sample: string;
  readonly firstMs: number;
}

/** The templates that the records found belong to, with how many each has and how that changes. */
export async function readLogPatterns(clickhouse: ClickHouse, filter: LogFilter, { sort, newSinceMs, limit }: PatternRequest, signal: AbortSignal | undefined): Promise<LogPatternsAnswer> {
  const condition = conditionOf(filter);
  const [counted, total, sinceMs] = await Promise.all([
    readCounts(clickhouse, filter, condition, signal),
    countLogs(clickhouse, filter, signal),
    newSinceMs === undefined ? newestVersionMs(clickhouse, filter, signal) : newSinceMs,
  ]);
  const templates = await readTemplates(clickhouse, counted.map(([id]) => id), signal);
  const patterns = counted.map((row) => toPattern(row, templates.get(row[0]), total, sinceMs));
  return {
    patterns: patterns.toSorted(ORDERS[sort]).slice(0, limit),
    total,
    new_since: sinceMs === undefined ? null : new Date(sinceMs).toISOString(),
  };
}

const byCount = (a: LogPattern, b: LogPattern): number => b.count - a.count || (a.id < b.id ? -1 : 1);
/** How far a ratio is from 1, whichever way, weighted by how many records say so. */
const movement = ({ change, count }: LogPattern): number => Math.abs(Math.log2(Math.max(change ?? 64, 1 / 64))) * Math.log2(1 + count);
const ORDERS: Readonly<Record<PatternRequest['sort'], (a: LogPattern, b: LogPattern) => number>> = {
  count: byCount,
  new: (a, b) => Number(b.is_new) - Number(a.is_new) || (a.first_seen < b.first_seen ? 1 : a.first_seen > b.first_seen ? -1 : byCount(a, b)),
  trend: (a, b) => movement(b) - movement(a) || byCount(a, b),
};

function toPattern([id, points, service, severityNumber, lastNs, firstNs, countText]: CountRow, template: Template | undefined, total: number, sinceMs: number | undefined): LogPattern {
  const trend = points.map(Number);
  const count = Number(countText);
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  const before = sum(trend.slice(0, TREND_POINTS / 2));
  const firstMs = template?.firstMs ?? Number(BigInt(firstNs) / 1_000_000n);
  return {
    id,
    template: template?.text ?? '<*>',
    sample: template?.sample ?? '',
    service,
    severity: severityOf(severityNumber),
    count,
    share: total === 0 ? 0 : count / total,
    trend,
    change: before === 0 ? null : sum(trend.slice(TREND_POINTS / 2)) / before,
    first_seen: new Date(firstMs).toISOString(),
    last_seen: formatNanoseconds(BigInt(lastNs)),
    is_new: sinceMs !== undefined && firstMs >= sinceMs,
  };
}

function readCounts(clickhouse: ClickHouse, { startMs, endMs }: LogFilter, condition: Condition, signal: AbortSignal | undefined): Promise<CountRow[]> {
  const point = `least(${TREND_POINTS - 1}, toUInt32(${TREND_POINTS} * (toUnixTimestamp64Milli(Timestamp) - {from_ms:Int64}) / {length_ms:Int64}))`;
  const sql =
    `SELECT Pattern, sumForEach(points), argMax(service, records), max(severity), max(last), min(first), sum(records) AS all FROM (` +
    `SELECT Pattern, ServiceName AS service, countResample(0, ${TREND_POINTS}, 1)(1, ${point}) AS points, max(SeverityNumber) AS severity, ` +
    'max(toUnixTimestamp64Nano(Timestamp)) AS last, min(toUnixTimestamp64Nano(Timestamp)) AS first, count() AS records ' +
    `FROM otel_logs WHERE ${condition.sql} AND Pattern != 0 GROUP BY Pattern, ServiceName) GROUP BY Pattern ORDER BY all DESC, Pattern LIMIT ${MOST_PATTERNS}`;
  const params = { ...condition.params, from_ms: startMs, length_ms: Math.max(1, endMs - startMs) };
  return readJsonRows<CountRow>(clickhouse, sql, { params, ...(signal && { signal }) });
}

/** The newest row of a pattern counts; it may have been inserted several times. */
async function readTemplates(clickhouse: ClickHouse, ids: readonly string[], signal: AbortSignal | undefined): Promise<Map<string, Template>> {
  if (ids.length === 0) return new Map();
  const sql =
    'SELECT Pattern, argMax(Template, Updated), argMax(Sample, Updated), toUnixTimestamp64Milli(min(FirstSeen)) FROM log_patterns ' +
    'WHERE Pattern IN {ids:Array(UInt64)} GROUP BY Pattern';
  const rows = await readJsonRows<readonly [string, string, string, string]>(clickhouse, sql, { params: { ids: ids.map(BigInt) }, ...(signal && { signal }) });
  return new Map(rows.map(([id, text, sample, firstMs]) => [id, { text, sample, firstMs: Number(firstMs) }]));
}

/** When the newest version of the one service that is searched for came; undefined where there was only one version. */
async function newestVersionMs(clickhouse: ClickHouse, { node, endMs, environment }: LogFilter, signal: AbortSignal | undefined): Promise<number | undefined> {
  const service = searchedService(node);
  if (service === undefined) return undefined;
  const time = timeCondition(Math.max(0, endMs - VERSION_LOOKBACK_MS), endMs);
  const inEnvironment = environment === undefined ? '' : ' AND Environment = {environment:String}';
  const sql =
    `SELECT toUnixTimestamp64Milli(max(first)), count() FROM (SELECT min(Timestamp) AS first FROM otel_logs ` +
    `WHERE ${time.sql} AND ServiceName = {service:String}${inEnvironment} AND ServiceVersion != '' GROUP BY ServiceVersion)`;
  const params = { ...time.params, service, ...(environment !== undefined && { environment }) };
  const [row] = await readJsonRows<readonly [string, string]>(clickhouse, sql, { params, ...(signal && { signal }) });
  return Number(row![1]) < 2 ? undefined : Number(row![0]);
}

/** The service that every record found is of, if the query names one. */
function searchedService(node: SearchNode): string | undefined {
  if (node.kind === 'and') return node.nodes.map(searchedService).find((service) => service !== undefined);
  const isService = node.kind === 'field' && /^service(?:\.name)?$/i.test(node.field);
  return isService && node.condition.op === 'is' && node.condition.value !== '' ? node.condition.value : undefined;
}
