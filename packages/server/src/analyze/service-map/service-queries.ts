import { AppError, type Clock, type ServiceAnswer, type ServicesAnswer, type ServiceSummary } from '@pitot/core';
import { COARSE_STEP_MS } from '../../query/services/request-steps.ts';
import type { InstanceRequests, RequestRow, ServiceReader } from '../../query/services/service-reader.ts';
import type { Counted } from '../../query/topology/evidence.ts';
import { durationSumMs } from '../../query/topology/durations.ts';
import { findCauses } from './cause-finding.ts';
import type { MapPeriod, MapSource } from './map-source.ts';
import { recentKey } from './map-source.ts';
import { previousPeriod, stepOf } from './periods.ts';
import { RecentAnswers } from './recent-answers.ts';
import { redOf } from './red.ts';
import { serviceSummaries } from './service-list.ts';
import { addCounted, emptyCounted, type MutableCounted } from './service-map.ts';
import type { MapRange } from './topology-queries.ts';
import { idOf, quietVerdict, silentVerdict, symptomOf, troubledVerdict } from './verdict.ts';
import type { Watch } from './watch.ts';
import { listed, milliseconds, percent } from './wording.ts';

/** Questions about services. They throw what the stores throw; `service` also `not_found`. */
export interface ServiceQueries {
  /** Every service that answered or asked anything in the range, worst first, and the sentence of the Overview. */
  list(range: MapRange, signal?: AbortSignal): Promise<ServicesAnswer>;
  service(question: MapRange & { readonly service: string }, signal?: AbortSignal): Promise<ServiceAnswer>;
}

export interface ServiceQueriesOptions {
  readonly reader: ServiceReader;
  /** Shared with the questions about the map, so that they read it once. */
  readonly source: MapSource;
  readonly clock: Clock;
}

const KEPT_MS = 5000;
const MOST_POINTS = 59;
/** Shorter ranges are read as finely as they are asked for. */
const SHORTEST_OF_STEPS_MS = 600_000;
const MOST_OPERATIONS = 200;
const MOST_INSTANCES = 500;

export function createServiceQueries({ reader, source, clock }: ServiceQueriesOptions): ServiceQueries {
  const lists = new RecentAnswers<ServicesAnswer>(clock, KEPT_MS);

  /** Rows of the range and the one before: what the services are judged by holds them, where the range is of minutes. */
  async function countedRows(range: MapPeriod & { service?: string }, watch: Watch, signal?: AbortSignal) {
    const stepMs = stepOf(range, MOST_POINTS);
    const previous = previousPeriod(range);
    const lengthMs = range.endMs - range.startMs;
    if (lengthMs > SHORTEST_OF_STEPS_MS && watch.startMs <= previous.startMs) {
      const rows = watch.services.flatMap(({ steps }) => steps);
      const firstMs = Math.floor(range.startMs / COARSE_STEP_MS) * COARSE_STEP_MS;
      const now = rows.filter(({ timeMs }) => timeMs >= firstMs);
      return { now, before: rows.filter(({ timeMs }) => timeMs >= firstMs - lengthMs && timeMs < firstMs), trend: now, stepMs };
    }
    const [now, before, trend] = await Promise.all([reader.requests(range, signal), reader.requests({ ...range, ...previous }, signal), reader.trend({ ...range, stepMs }, signal)]);
    return { now, before, trend, stepMs };
  }

  async function summaries(range: MapPeriod & { service?: string }, signal?: AbortSignal): Promise<{ services: ServiceSummary[]; watch: Watch }> {
    const [watch, instances] = await Promise.all([source.watch(range, signal), reader.instances(range, signal)]);
    const counted = await countedRows(range, watch, signal);
    return { services: serviceSummaries({ ...range, ...counted, instances, watch, nowMs: clock.nowMs() }), watch };
  }

  async function list(range: MapPeriod): Promise<ServicesAnswer> {
    const nowMs = clock.nowMs();
    const { services, watch } = await summaries(range);
    const silent = silentVerdict(watch, nowMs);
    if (silent !== undefined) return { services, verdict: silent };
    if (symptomOf(watch, undefined) === undefined) return { services, verdict: quietVerdict(services, watch, range.endMs - range.startMs, nowMs) };
    const compared = await source.compared(range);
    const found = symptomOf(watch, compared.map)!;
    const { nodes } = compared.map;
    const node = idOf(compared.map, found.symptom.service);
    const causes = nodes.has(node) && found.symptom.judgement.now!.kind !== 'stopped' ? await findCauses({ source, clock }, compared, node) : undefined;
    return { services, verdict: troubledVerdict(found, causes, (id) => nodes.get(id)?.name ?? id, nowMs) };
  }

  return {
    list: (range, signal) => lists.get(recentKey(range), () => list(range), signal),
    async service(question, signal) {
      const kinds = { ...question, by: ['operation', 'kind'] as const };
      const [found, operations, operationsBefore, versions, instances] = await Promise.all([
        summaries(question, signal),
        reader.requests(kinds, signal),
        reader.requests({ ...kinds, ...previousPeriod(question) }, signal),
        reader.requests({ ...question, by: ['version'] }, signal),
        reader.instances(question, signal),
      ]);
      const summary = found.services[0];
      if (!summary) throw new AppError('not_found', `no service ${JSON.stringify(question.service)} sent spans in this range`, { fields: { service: question.service } });
      const lengthMs = question.endMs - question.startMs;
      // Buckets end later than what they hold.
      const latestMs = Math.min(question.endMs, clock.nowMs());
      return {
        summary,
        operations: operationAnswers(operations, operationsBefore, lengthMs),
        instances: instanceAnswers(instances, lengthMs, latestMs),
        versions: versionAnswers(versions, lengthMs, latestMs),
        sentence: sentenceOf(summary, versions.map(({ version }) => version).filter((version) => version !== '')),
      };
    },
  };
}

function operationAnswers(rows: readonly RequestRow[], before: readonly RequestRow[], lengthMs: number): ServiceAnswer['operations'] {
  const key = ({ operation, kind }: RequestRow) => `${kind}\u{0}${operation}`;
  const previous = groups(before, key);
  const totalMs = rows.reduce((sum, { durations }) => sum + durationSumMs(durations), 0);
  return [...groups(rows, key)]
    .map(([id, { counted, first }]) => {
      const was = previous.get(id)?.counted;
      const share = totalMs > 0 ? Number((durationSumMs(counted.durations) / totalMs).toFixed(4)) : 0;
      return { operation: first.operation, kind: first.kind.toLowerCase(), red: redOf(counted, lengthMs), previous: was ? redOf(was, lengthMs) : null, share };
    })
    .sort((a, b) => b.share - a.share)
    .slice(0, MOST_OPERATIONS);
}

function instanceAnswers(rows: readonly InstanceRequests[], lengthMs: number, latestMs: number): ServiceAnswer['instances'] {
  return [...groups(rows, ({ instance, host, version }) => [instance, host, version].join('\u{0}')).values()]
    .map(({ counted, first, lastSeenMs }) => ({ instance: first.instance, host: first.host, version: first.version, red: redOf(counted, lengthMs), last_seen: new Date(Math.min(latestMs, lastSeenMs)).toISOString() }))
    .sort((a, b) => b.red.calls - a.red.calls)
    .slice(0, MOST_INSTANCES);
}

function versionAnswers(rows: readonly RequestRow[], lengthMs: number, latestMs: number): ServiceAnswer['versions'] {
  return [...groups(rows, ({ version }) => version).values()]
    .map(({ counted, first, lastSeenMs }) => ({ version: first.version, red: redOf(counted, lengthMs), first_seen: new Date(first.firstSeenMs).toISOString(), last_seen: new Date(Math.min(latestMs, lastSeenMs)).toISOString() }))
    .sort((a, b) => (a.first_seen < b.first_seen ? 1 : -1));
}

interface Group<Row> {
  readonly counted: MutableCounted;
  readonly first: Row;
  lastSeenMs: number;
}

function groups<Row extends Counted & { readonly lastSeenMs: number }>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Group<Row>> {
  const found = new Map<string, Group<Row>>();
  for (const row of rows) {
    const group = found.get(keyOf(row)) ?? { counted: emptyCounted(), first: row, lastSeenMs: 0 };
    found.set(keyOf(row), group);
    addCounted(group.counted, row);
    group.lastSeenMs = Math.max(group.lastSeenMs, row.lastSeenMs);
  }
  return found;
}

function sentenceOf({ service, reason, red, instances }: ServiceSummary, versions: readonly string[]): string {
  const size = `${instances} instance${instances === 1 ? '' : 's'}`;
  const running = versions.length === 0 ? size : `${size} of version${versions.length === 1 ? '' : 's'} ${listed([...new Set(versions)])}`;
  const typical = red.p50_ms === null ? '' : ` Half of its requests take less than ${milliseconds(red.p50_ms)}; ${percent(red.error_ratio)} fail.`;
  return `${service} runs as ${running}. ${reason}${typical}`;
}
