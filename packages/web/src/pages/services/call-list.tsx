import type { TopologyEdge, TopologyNode } from '@pitot/core';
import { sayInstant } from '../../time/phrase.ts';
import { countOf } from '../../time/phrase.ts';
import { errorTone, formatMs, formatRate, formatShare } from './health.ts';
import { NodeIcon } from './node-icon.tsx';
import { nameOf } from '../../api/node-id.ts';

interface CallListProps {
  readonly title: string;
  readonly edges: readonly TopologyEdge[];
  /** Which end of the edges is named. */
  readonly end: 'source' | 'target';
  readonly nodes: readonly TopologyNode[];
  readonly onOpen: (id: string) => void;
}

/** Calls in one direction with their figures, evidence and confidence; the busiest first. */
export function CallList({ title, edges, end, nodes, onOpen }: CallListProps) {
  const types = new Map(nodes.map(({ id, type }) => [id, type]));
  const sorted = edges.toSorted((a, b) => (b.red?.calls ?? -1) - (a.red?.calls ?? -1));
  return (
    <section aria-label={title}>
      <h3>
        {title} {edges.length > 0 && countOf(edges.length, 'node')}
      </h3>
      {edges.length === 0 && <p className="dim">{end === 'source' ? 'Nobody that is known.' : 'Nothing that is known.'}</p>}
      <ul className="calls">
        {sorted.map((edge) => (
          <li key={edge.id}>
            <span className="row">
              <NodeIcon type={types.get(edge[end]) ?? 'service'} size={14} />
              <button type="button" onClick={() => onOpen(edge[end])}>
                {nameOf(edge[end])}
              </button>
            </span>
            <span className="figure">
              {edge.red === null ? (
                <span className="dim">no spans</span>
              ) : (
                <>
                  {formatRate(edge.red.calls_per_second)} · <span className={errorTone(edge.red)}>{formatShare(edge.red.error_ratio)}</span> · {formatMs(edge.red.p95_ms)}
                </>
              )}
            </span>
            <span className="under" title={evidenceText(edge)}>
              {[edge.protocol, edge.kind === 'request' ? '' : edge.kind, `by ${[...new Set(edge.evidence.map(({ source }) => source))].join(', ') || 'nothing'}`, `${Math.round(edge.confidence * 100)} % sure`, edge.retries >= 0.01 ? `${formatShare(edge.retries)} retries` : '']
                .filter((part) => part !== '')
                .join(' · ')}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const evidenceText = (edge: TopologyEdge): string => edge.evidence.map(({ source, detail, last_seen: last }) => `${source}: ${detail} (last ${sayInstant(Date.parse(last))})`).join('\n');
