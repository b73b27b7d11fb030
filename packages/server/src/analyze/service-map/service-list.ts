import type { ServiceSummary } from '@pitot/core';
import type { Counted } from '../../query/topology/evidence.ts';
import type { InstanceRequests, RequestRow, TrendRow } from '../../query/services/service-reader.ts';
import { errorRatio, redOf } from './red.ts';
import { addCounted, emptyCounted, type MutableCounted } from './service-map.ts';
import type { Watch } from './watch.ts';

/** Requests of services in a range; rows of one service and environment add up. */
type CountedRow = Counted & Pick<RequestRow, 'service' | 'environment' | 'lastSeenMs'>;

/** What a list of services is made from. */
export interface ServiceRows {
  readonly startMs: number;
  readonly endMs: number;
  readonly nowMs: number;
  readonly now: readonly CountedRow[];
  readonly before: readonly CountedRow[];
  /** By steps that lie within one of `stepMs`, from `startMs` on. */
  readonly trend: readonly TrendRow[];
  readonly stepMs: number;
  readonly instances: readonly InstanceRequests[];
  /** By which services are judged. */
  readonly watch: Watch;
}

const SEVERITY: Readonly<Record<ServiceSummary['health'], number>> = { critical: 0, warning: 1, unknown: 3, healthy: 2 };
const MOST_VERSIONS = 20;

/** One summary of each service and environment, worst first; of equally bad ones, the one with more failures, then more requests. */
export function serviceSummaries(rows: ServiceRows): ServiceSummary[] {
  const [now, before] = [merged(rows.now), merged(rows.before)];
  const judged = new Map(rows.watch.services.map((one) => [keyOf(one), one.judgement]));
  const trends = trendsOf(rows);
  const instances = instancesOf(rows.instances);
  const stopped = [...judged].flatMap(([key, { now: found }]) => (found?.kind === 'stopped' ? [key] : []));
  const keys = new Set([...now.keys(), ...instances.keys(), ...stopped]);
  const latestMs = Math.min(rows.endMs, rows.nowMs);
  const lengthMs = rows.endMs - rows.startMs;
  return [...keys]
    .map((key): ServiceSummary => {
      const [service = '', environment = ''] = key.split('\u{0}');
      const counted = now.get(key) ?? { ...emptyCounted(), lastSeenMs: 0 };
      const previous = before.get(key);
      const known = instances.get(key);
      const trend = trends.get(key);
      return {
        service,
        environment,
        versions: [...(known?.versions ?? [])].sort().slice(-MOST_VERSIONS),
        language: known?.language ?? '',
        instances: known?.instances.size ?? 0,
        health: judged.get(key)?.health ?? 'unknown',
        reason: judged.get(key)?.reason ?? 'No requests were seen.',
        red: redOf(counted, lengthMs),
        previous: previous ? redOf(previous, lengthMs) : null,
        calls_trend: trend?.map(({ calls }) => Number(((calls * 1000) / rows.stepMs).toPrecision(4))) ?? [],
        error_trend: trend?.map((step) => Number(errorRatio(step).toPrecision(4))) ?? [],
        last_seen: new Date(Math.min(latestMs, Math.max(counted.lastSeenMs, known?.lastSeenMs ?? 0, previous?.lastSeenMs ?? 0))).toISOString(),
      };
    })
    .sort((a, b) => SEVERITY[a.health] - SEVERITY[b.health] || b.red.errors - a.red.errors || b.red.calls - a.red.calls || (a.service < b.service ? -1 : 1));
}

function keyOf({ service, environment }: { readonly service: string; readonly environment: string }): string {
  return `${service}\u{0}${environment}`;
}

function merged(rows: readonly CountedRow[]): Map<string, MutableCounted & { lastSeenMs: number }> {
  const found = new Map<string, MutableCounted & { lastSeenMs: number }>();
  for (const row of rows) {
    const known = found.get(keyOf(row)) ?? { ...emptyCounted(), lastSeenMs: 0 };
    found.set(keyOf(row), known);
    addCounted(known, row);
    known.lastSeenMs = Math.max(known.lastSeenMs, row.lastSeenMs);
  }
  return found;
}

/** One point for every step of the range; 0 where nothing came. */
function trendsOf({ trend, startMs, endMs, stepMs }: ServiceRows): Map<string, Pick<Counted, 'calls' | 'errors'>[]> {
  const first = Math.floor(startMs / stepMs);
  const points = Math.max(1, Math.ceil(endMs / stepMs) - first);
  const found = new Map<string, { calls: number; errors: number }[]>();
  for (const row of trend) {
    const steps = found.get(keyOf(row)) ?? Array.from({ length: points }, () => ({ calls: 0, errors: 0 }));
    found.set(keyOf(row), steps);
    const step = steps[Math.floor(row.timeMs / stepMs) - first];
    if (!step) continue;
    step.calls += row.calls;
    step.errors += row.errors;
  }
  return found;
}

function instancesOf(rows: readonly InstanceRequests[]) {
  const found = new Map<string, { versions: Set<string>; instances: Set<string>; language: string; lastSeenMs: number }>();
  for (const row of rows) {
    const known = found.get(keyOf(row)) ?? { versions: new Set(), instances: new Set(), language: '', lastSeenMs: 0 };
    found.set(keyOf(row), known);
    if (row.version !== '') known.versions.add(row.version);
    known.instances.add(row.instance || row.host);
    known.language ||= row.language;
    known.lastSeenMs = Math.max(known.lastSeenMs, row.lastSeenMs);
  }
  return found;
}
