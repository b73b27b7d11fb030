import type { Source, SourcesAnswer } from '@pitot/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { countOf } from '../../time/phrase.ts';
import { Age } from '../../ui/age.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { useLastingError } from '../../api/lasting.ts';
import { Panel } from '../../ui/panel.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { Empty, Failure, SkeletonRows } from '../../ui/states.tsx';
import { formatValue } from '../../units/format.ts';
import { quote } from '../../url/environment-matcher.ts';
import { receiverName } from '../connect/receivers.ts';
import { sourceKey, type RateHistory } from './rate-history.ts';
import { useRateHistory } from './use-rate-history.ts';

/** A head and ten rows and a half: what is cut off shows that there is more. */
const TABLE_PX = 376;

export function SourcesPanel({ query }: { readonly query: UseQueryResult<SourcesAnswer> }) {
  const navigate = useNavigate();
  const history = useRateHistory();
  const columns = useMemo(() => columnsOf(history), [history]);
  const error = useLastingError(query);
  const sources = query.data?.sources;
  if (sources === undefined || sources.length === 0) {
    return (
      <Panel title="What sends data" flush>
        {error !== null ? (
          <Failure what="The list of senders" error={error} sinceMs={query.errorUpdatedAt} stillWorks="What is stored can still be looked at in Explore." onRetry={() => void query.refetch()} />
        ) : sources === undefined ? (
          <SkeletonRows rows={4} />
        ) : (
          <Empty title="Nothing has sent data yet" command={`curl ${location.origin}/metrics -H 'Content-Type: application/json' \\\n  -d '{"service_name":"shop","metric_type":"orders","value":1}'`}>
            Each service that sends metrics gets a row here. This line sends a first one:
          </Empty>
        )}
      </Panel>
    );
  }
  return (
    <DataTable
      label="What sends data"
      note={countOf(sources.length, 'sender')}
      rows={sources}
      columns={columns}
      rowKey={sourceKey}
      initialSort={{ column: 'rate', descending: true }}
      onOpen={(source) => void navigate({ to: '/explore/metrics', search: (now) => ({ ...now, q: [`count by (__name__) ({job=${quote(source.service)}})`], view: 'table' as const }) })}
      filterLabel="Filter senders"
      heightPx={TABLE_PX}
    />
  );
}

function columnsOf(history: RateHistory): Column<Source>[] {
  return [
    { key: 'service', title: 'Service', value: (row) => row.service, cell: (row) => <b style={{ fontWeight: 550 }}>{row.service}</b>, tooltip: (row) => row.service },
    { key: 'receiver', title: 'Arrives by', value: (row) => receiverName(row.receiver) },
    { key: 'series', title: 'Series', align: 'right', value: (row) => row.active_series, cell: (row) => formatValue(row.active_series, 'count') },
    { key: 'rate', title: 'Samples/s', align: 'right', value: (row) => row.samples_per_second, cell: (row) => formatValue(row.samples_per_second, 'count') },
    { key: 'spans', title: 'Spans/s', align: 'right', value: (row) => row.spans_per_second ?? 0, cell: (row) => formatValue(row.spans_per_second ?? 0, 'count') },
    { key: 'logs', title: 'Log records/s', align: 'right', value: (row) => row.logs_per_second ?? 0, cell: (row) => formatValue(row.logs_per_second ?? 0, 'count') },
    {
      key: 'trend',
      title: 'Since you opened this page',
      value: (row) => row.samples_per_second,
      cell: (row) => {
        const readings = history.bySource.get(sourceKey(row)) ?? [];
        return readings.length < 2 ? <span className="dim">–</span> : <Sparkline values={readings} height={20} label={`Samples per second of ${row.service}`} />;
      },
    },
    { key: 'total', title: 'Samples since start', align: 'right', optional: true, value: (row) => row.samples_total, cell: (row) => formatValue(row.samples_total, 'count') },
    { key: 'last', title: 'Last seen', align: 'right', value: (row) => Date.parse(row.last_received), cell: (row) => <Age of={Date.parse(row.last_received)} /> },
  ];
}
