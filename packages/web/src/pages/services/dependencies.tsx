import type { TopologyAnswer, TopologyEdge, TopologyNode } from '@pitot/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { RequestFailure } from '../../api/request.ts';
import { useLastingError } from '../../api/lasting.ts';
import { countOf } from '../../time/phrase.ts';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { NodeLink } from '../../ui/links.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Failure, SkeletonRows } from '../../ui/states.tsx';
import { Badge } from '../../ui/tone.tsx';
import { errorTone, formatMs, formatRate, formatShare, rankOf, toneOf, wordOf } from './health.ts';
import { NodeIcon } from './node-icon.tsx';
import { hasPage, typeWord } from '../../api/node-id.ts';

interface Dependency {
  readonly edge: TopologyEdge;
  readonly other: TopologyNode;
}

const stop = (event: { stopPropagation: () => void }): void => event.stopPropagation();

const COLUMNS: readonly Column<Dependency>[] = [
  {
    key: 'node',
    title: 'Node',
    value: ({ other }) => other.name,
    tooltip: ({ other }) => `${typeWord(other.type)} ${other.name}`,
    cell: ({ other }) => (
      <span className="row" style={{ gap: 6 }} onClick={stop} role="presentation">
        <NodeIcon type={other.type} size={15} />
        <NodeLink node={other.id} />
      </span>
    ),
  },
  { key: 'health', title: 'Health', value: ({ other }) => rankOf(other.health), tooltip: ({ other }) => other.reason, cell: ({ other }) => <Badge tone={toneOf(other.health)}>{wordOf(other.health)}</Badge> },
  { key: 'calls', title: 'Calls/s', align: 'right', value: ({ edge }) => edge.red?.calls_per_second, cell: ({ edge }) => formatRate(edge.red?.calls_per_second) },
  { key: 'errors', title: 'Errors', align: 'right', value: ({ edge }) => edge.red?.error_ratio, cell: ({ edge }) => <span className={errorTone(edge.red)}>{formatShare(edge.red?.error_ratio)}</span> },
  { key: 'p95', title: 'p95', align: 'right', value: ({ edge }) => edge.red?.p95_ms, cell: ({ edge }) => formatMs(edge.red?.p95_ms) },
  { key: 'protocol', title: 'By', value: ({ edge }) => edge.protocol },
  {
    key: 'evidence',
    title: 'Evidence',
    optional: true,
    value: ({ edge }) => edge.confidence,
    cell: ({ edge }) => `${[...new Set(edge.evidence.map(({ source }) => source))].join(', ')}, ${Math.round(edge.confidence * 100)} % sure`,
  },
  { key: 'retries', title: 'Retries', align: 'right', optional: true, value: ({ edge }) => edge.retries, cell: ({ edge }) => formatShare(edge.retries) },
];

const NOT_FOUND = 404;

/** Who calls a service and what it calls. */
export function Dependencies({ id, near }: { readonly id: string; readonly near: UseQueryResult<TopologyAnswer> }) {
  const error = useLastingError(near);
  const { callers, callees } = useMemo(() => dependenciesOf(near.data, id), [near.data, id]);
  if (near.data === undefined) {
    const isUnknown = error instanceof RequestFailure && error.status === NOT_FOUND;
    return (
      <Panel title="Dependencies" flush>
        {error === null ? (
          <SkeletonRows rows={4} />
        ) : isUnknown ? (
          <p className="state">The map does not know it in this range. Calls between services are known about a minute and a half after they ended.</p>
        ) : (
          <Failure what="Dependencies" error={error} sinceMs={near.errorUpdatedAt} onRetry={() => void near.refetch()} />
        )}
      </Panel>
    );
  }
  return (
    <div className="panels">
      <DependencyTable label="Called by" rows={callers} none="Nobody is known to call it: users, timers or a service without spans do." />
      <DependencyTable label="Calls" rows={callees} none="It is not known to call anything." />
    </div>
  );
}

function dependenciesOf(near: TopologyAnswer | undefined, id: string): { readonly callers: Dependency[]; readonly callees: Dependency[] } {
  const nodes = new Map(near?.nodes.map((node) => [node.id, node]));
  const pick = (mine: 'source' | 'target', theirs: 'source' | 'target'): Dependency[] =>
    (near?.edges ?? []).filter((edge) => edge[mine] === id).flatMap((edge) => (nodes.has(edge[theirs]) ? [{ edge, other: nodes.get(edge[theirs])! }] : []));
  return { callers: pick('target', 'source'), callees: pick('source', 'target') };
}

function DependencyTable({ label, rows, none }: { readonly label: string; readonly rows: readonly Dependency[]; readonly none: string }) {
  const navigate = useNavigate();
  if (rows.length === 0) {
    return (
      <Panel title={label} flush>
        <p className="state">{none}</p>
      </Panel>
    );
  }
  return (
    <DataTable
      label={label}
      note={countOf(rows.length, 'node')}
      rows={rows}
      columns={COLUMNS}
      rowKey={({ edge }) => edge.id}
      initialSort={{ column: 'calls', descending: true }}
      onOpen={({ other }) => void (hasPage(other.type) ? navigate({ to: '/services/$service', params: { service: other.name } }) : navigate({ to: '/services', search: { node: other.id } }))}
      heightPx={300}
    />
  );
}
