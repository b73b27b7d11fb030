import {
  AppError,
  type CausesAnswer,
  type Clock,
  type DeclarationsAnswer,
  type DeclarationSourcesAnswer,
  type ImpactAnswer,
  type SystemCriticalPathAnswer,
  type TopologyAnswer,
  type TopologyChangesAnswer,
} from '@pitot/core';
import type { DeclarationKeeper } from '../../query/topology/evidence.ts';
import type { TraceQueries } from '../../query/traces/trace-queries.ts';
import { findCauses } from './cause-finding.ts';
import { changesOf } from './changes.ts';
import type { Health } from './health.ts';
import { impactOf } from './impact.ts';
import type { Declaration } from './kubernetes-declaration.ts';
import { mapAnswer } from './map-answer.ts';
import type { MapSource } from './map-source.ts';
import { settledPeriod } from './periods.ts';
import { focused, type MapNode, type ServiceMap } from './service-map.ts';
import { systemCriticalPath } from './traced-paths.ts';
import { idOf } from './verdict.ts';
import type { Watch } from './watch.ts';

/** What to look at: `startMs` inclusive, `endMs` exclusive, milliseconds since the epoch. */
export interface MapRange {
  readonly startMs: number;
  readonly endMs: number;
  /** Value of `deployment.environment.name`; every environment where absent. */
  readonly environment?: string;
}

/** The map, or the part of it within `depth` hops of `focus` (a node id) in either direction. */
interface MapQuestion extends MapRange {
  readonly focus?: string;
  /** Default 1. Only looked at with `focus`. */
  readonly depth?: number;
}

interface NodeQuestion extends MapRange {
  /** A node's id, `<type>:<name>`. */
  readonly node: string;
}

/** The windows of `windowMs` before `fromMs` and before `toMs` are compared. */
interface ChangesQuestion {
  readonly fromMs: number;
  readonly toMs: number;
  readonly windowMs: number;
  readonly environment?: string;
}

/**
 * Questions about the map of services (docs/service-map.md). All throw what the stores throw (`query_timeout`, `query_too_large`,
 * `canceled`, `store_unavailable`); those about one node throw `not_found` where the map has no such node in the range.
 */
export interface TopologyQueries {
  map(question: MapQuestion, signal?: AbortSignal): Promise<TopologyAnswer>;
  changes(question: ChangesQuestion, signal?: AbortSignal): Promise<TopologyChangesAnswer>;
  impact(question: NodeQuestion, signal?: AbortSignal): Promise<ImpactAnswer>;
  causes(question: NodeQuestion, signal?: AbortSignal): Promise<CausesAnswer>;
  criticalPath(question: NodeQuestion, signal?: AbortSignal): Promise<SystemCriticalPathAnswer>;
  /** Replaces what the same source declared before. */
  declare(declaration: Declaration): Promise<DeclarationsAnswer>;
  declarations(): Promise<DeclarationSourcesAnswer>;
  /** Forgets what a source declared. Throws `not_found` where it declared nothing. */
  removeDeclarations(source: string): Promise<void>;
}

export interface TopologyQueriesOptions {
  readonly source: MapSource;
  /** Finds the traces that causes and critical paths are shown by. */
  readonly traces: Pick<TraceQueries, 'search'>;
  readonly declarations: DeclarationKeeper;
  readonly clock: Clock;
}

export function createTopologyQueries({ source, traces, declarations, clock }: TopologyQueriesOptions): TopologyQueries {
  const sampler = source.sampler(traces);
  return {
    async map({ focus, depth = 1, ...range }, signal) {
      const [{ map, judged, before }, watch] = await Promise.all([source.compared(range, signal), source.watch(range, signal)]);
      const watched = healthById(watch, map);
      if (focus !== undefined) nodeOf(map, focus);
      const shown = focus === undefined ? map : focused(map, focus, depth);
      const latestMs = Math.min(range.endMs, clock.nowMs());
      return mapAnswer(shown, { lengthMs: range.endMs - range.startMs, latestMs }, (id) => watched.get(id) ?? ({ now: judged.nodes.get(id)?.received ?? null, before: before.nodes.get(id)?.received ?? null }));
    },
    async changes({ fromMs, toMs, windowMs, environment }, signal) {
      const window = (endMs: number) => source.map({ startMs: Math.max(0, endMs - windowMs), endMs, ...(environment !== undefined && { environment }) }, signal);
      const [before, after] = await Promise.all([window(fromMs), window(toMs)]);
      return changesOf(before, after, windowMs);
    },
    async impact({ node, ...range }, signal) {
      const settled = settledPeriod(range, clock.nowMs());
      const { map } = await source.compared({ ...range, ...settled }, signal);
      nodeOf(map, node);
      return impactOf(map, node, settled.endMs - settled.startMs);
    },
    async causes({ node, ...range }, signal) {
      const compared = await source.compared(range, signal);
      nodeOf(compared.map, node);
      return findCauses({ source, clock, traces: sampler }, compared, node, signal);
    },
    async criticalPath({ node, ...range }, signal) {
      const { map } = await source.compared(range, signal);
      const { type, name, id } = nodeOf(map, node);
      if (type !== 'service' && type !== 'function') throw new AppError('bad_request', `${node} has no traces of its own; ask for a service that calls it`, { fields: { node } });
      return systemCriticalPath(sampler, map, id, { ...range, service: name }, signal);
    },
    async declare({ source: name, services, edges, skipped }) {
      await declarations.replace({ source: name, services, edges, updatedMs: clock.nowMs() });
      return { source: name, services: services.length, edges: edges.length, skipped: [...skipped] };
    },
    async declarations() {
      const kept = await declarations.list();
      return { sources: kept.map(({ source: name, services, edges, updatedMs }) => ({ source: name, services: services.length, edges: edges.length, updated: new Date(updatedMs).toISOString() })) };
    },
    async removeDeclarations(name) {
      if (!(await declarations.remove(name))) throw new AppError('not_found', `nothing is declared by ${JSON.stringify(name)}`, { fields: { source: name } });
    },
  };
}

/** Services are judged by what they received; of several environments the worst counts. */
function healthById({ services }: Watch, map: ServiceMap): Map<string, Health> {
  const found = new Map<string, Health>();
  const rank = ['critical', 'warning', 'healthy', 'unknown'];
  for (const { service, judgement: { health, reason } } of services) {
    const id = idOf(map, service);
    const known = found.get(id);
    if (known === undefined || rank.indexOf(health) < rank.indexOf(known.health)) found.set(id, { health, reason });
  }
  return found;
}

function nodeOf(map: ServiceMap, id: string): MapNode {
  const node = map.nodes.get(id);
  if (!node) throw new AppError('not_found', `the map has no node ${JSON.stringify(id)} in this range; ids are written <type>:<name>, e.g. service:cart`, { fields: { node: id } });
  return node;
}
