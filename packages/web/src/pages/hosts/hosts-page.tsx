import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useLastingError } from '../../api/lasting.ts';
import { hostsQuery } from '../../api/queries.ts';
import { useNow } from '../../time/time-window.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Sentence, unreadVerdict } from '../../ui/sentence.tsx';
import { Empty, Failure, SkeletonRows } from '../../ui/states.tsx';
import { hostsVerdict } from './hosts-verdict.ts';
import { HostTable } from './host-table.tsx';

export function HostsPage() {
  const hosts = useQuery(hostsQuery);
  const error = useLastingError(hosts);
  const nowMs = useNow();
  const list = hosts.data?.hosts;
  return (
    <div className="page">
      <h1 className="visually-hidden">Hosts</h1>
      {error !== null && list === undefined ? (
        <Panel title="Hosts" flush>
          <Failure what="Hosts" error={error} sinceMs={hosts.errorUpdatedAt} onRetry={() => void hosts.refetch()} />
        </Panel>
      ) : (
        <Sentence verdict={list === undefined ? undefined : error === null ? hostsVerdict(list, nowMs) : unreadVerdict(error, true)} asOfMs={hosts.dataUpdatedAt || undefined} />
      )}
      {list === undefined && error === null && (
        <Panel title="Hosts" flush>
          <SkeletonRows rows={6} />
        </Panel>
      )}
      {list?.length === 0 && (
        <Panel title="Hosts" flush>
          <Empty title="No host has reported yet">
            The machine Pitot runs on appears a few seconds after the start. Others appear when an OpenTelemetry Collector with the
            hostmetrics receiver sends from them: see <Link to="/connect">Connect</Link>.
          </Empty>
        </Panel>
      )}
      {list !== undefined && list.length > 0 && <HostTable hosts={list} heightPx={640} />}
    </div>
  );
}
