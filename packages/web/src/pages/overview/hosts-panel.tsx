import type { HostsAnswer } from '@pitot/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { HostTable } from '../hosts/host-table.tsx';
import { useLastingError } from '../../api/lasting.ts';
import { Panel } from '../../ui/panel.tsx';
import { Empty, Failure, SkeletonRows } from '../../ui/states.tsx';

export function HostsPanel({ query }: { readonly query: UseQueryResult<HostsAnswer> }) {
  const error = useLastingError(query);
  const hosts = query.data?.hosts;
  if (hosts !== undefined && hosts.length > 0) return <HostTable hosts={hosts} heightPx={260} />;
  return (
    <Panel title="Hosts" flush>
      {error !== null ? (
        <Failure what="Hosts" error={error} sinceMs={query.errorUpdatedAt} onRetry={() => void query.refetch()} />
      ) : hosts === undefined ? (
        <SkeletonRows rows={2} />
      ) : (
        <Empty title="No host has reported yet">
          The machine Pitot runs on appears here a few seconds after the start; others when they send host metrics.
        </Empty>
      )}
    </Panel>
  );
}
