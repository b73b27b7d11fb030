import type { ServiceHealth, TopologyAnswer, TopologyEdge, TopologyNode } from '@pitot/core';
import type { Counted } from '../../query/topology/evidence.ts';
import { healthOf, type Health } from './health.ts';
import { redOf } from './red.ts';
import type { MapEdge, MapNode, ServiceMap } from './service-map.ts';
import { listed } from './wording.ts';

/** Requests of a node in the period by which it is judged and in the one before. */
export interface Judged {
  readonly now: Counted | null;
  readonly before: Counted | null;
}

/** A map as REST shows it. `lengthMs` is that of the range, for rates; nothing was seen later than `latestMs`. */
export function mapAnswer(map: ServiceMap, { lengthMs, latestMs }: { readonly lengthMs: number; readonly latestMs: number }, judged: (id: string) => Judged | Health): TopologyAnswer {
  const nodes = [...map.nodes.values()].map((node) => nodeAnswer(node, lengthMs, latestMs, judged(node.id)));
  return {
    nodes: nodes.sort((a, b) => (a.id < b.id ? -1 : 1)),
    edges: [...map.edges.values()].map((edge) => edgeAnswer(edge, lengthMs, latestMs)).sort((a, b) => (a.id < b.id ? -1 : 1)),
    sentence: sentenceOf(nodes, map.edges.size),
    notes: [...map.notes],
  };
}

function nodeAnswer(node: MapNode, lengthMs: number, latestMs: number, judged: Judged | Health): TopologyNode {
  const { id, type, name, group, system, versions, received, firstSeenMs, lastSeenMs } = node;
  const isCounted = received !== null;
  const judgement = 'health' in judged ? judged : isCounted ? healthOf(judged.now, judged.before) : { health: 'unknown' as const, reason: 'Seen, but without spans of requests to judge it by.' };
  return {
    id,
    type,
    name,
    group,
    system,
    versions: [...versions].sort(),
    ...judgement,
    red: received && redOf(received, lengthMs),
    first_seen: new Date(firstSeenMs).toISOString(),
    last_seen: new Date(Math.min(latestMs, lastSeenMs)).toISOString(),
  };
}

function edgeAnswer(edge: MapEdge, lengthMs: number, latestMs: number): TopologyEdge {
  const { id, source, target, protocol, kind, confidence, counted, retried } = edge;
  return {
    id,
    source,
    target,
    protocol,
    kind,
    confidence,
    evidence: [...edge.evidence.values()]
      .sort((a, b) => b.confidence - a.confidence)
      .slice(0, 20)
      .map((one) => ({ source: one.source, detail: one.detail, first_seen: new Date(one.firstSeenMs).toISOString(), last_seen: new Date(Math.min(latestMs, one.lastSeenMs)).toISOString() })),
    red: counted && redOf(counted, lengthMs),
    versions: [...edge.versions]
      .sort((a, b) => b[1] - a[1])
      .slice(0, 20)
      .map(([pair, calls]) => {
        const [source_version = '', target_version = ''] = pair.split('\u{0}');
        return { source_version, target_version, calls };
      }),
    retries: counted && counted.calls > 0 ? Math.min(1, Number((retried / counted.calls).toPrecision(4))) : 0,
    first_seen: new Date(edge.firstSeenMs).toISOString(),
    last_seen: new Date(Math.min(latestMs, edge.lastSeenMs)).toISOString(),
  };
}

function sentenceOf(nodes: readonly TopologyNode[], edges: number): string {
  if (nodes.length === 0) return 'Nothing was seen in this range.';
  const of = (health: ServiceHealth) => nodes.filter((node) => node.health === health).map(({ name }) => name);
  const [critical, warning] = [of('critical'), of('warning')];
  const size = `${nodes.length} node${nodes.length === 1 ? '' : 's'} and ${edges} edge${edges === 1 ? '' : 's'}`;
  if (critical.length + warning.length === 0) return `${size}; nothing is worse than before.`;
  const parts = [...(critical.length > 0 ? [`critical: ${listed(critical)}`] : []), ...(warning.length > 0 ? [`to be watched: ${listed(warning)}`] : [])];
  return `${size}; ${parts.join('; ')}.`;
}
