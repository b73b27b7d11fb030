import type { Red, ServiceAnswer } from '@pitot/core';
import { useNavigate } from '@tanstack/react-router';
import { countOf } from '../../time/phrase.ts';
import { Age } from '../../ui/age.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Empty } from '../../ui/states.tsx';
import { formatChange } from '../../units/format.ts';
import { errorTone, formatMs, formatRate, formatShare } from './health.ts';
import { operationTerm, serviceTerm } from './search-terms.ts';

type Operation = ServiceAnswer['operations'][number];
type Version = ServiceAnswer['versions'][number];
type Instance = ServiceAnswer['instances'][number];

interface WithRed {
  readonly red: Red;
  readonly previous?: Red | null;
}

const change = (now: number | null, before: number | null | undefined): string => formatChange(now, before) ?? 'nothing to compare with';

function redColumns<T extends WithRed>(): Column<T>[] {
  return [
    {
      key: 'calls',
      title: 'Calls/s',
      align: 'right',
      value: (row) => row.red.calls_per_second,
      tooltip: (row) => (row.previous === undefined ? '' : `${change(row.red.calls_per_second, row.previous?.calls_per_second)} against the period before`),
      cell: (row) => formatRate(row.red.calls_per_second),
    },
    {
      key: 'errors',
      title: 'Errors',
      align: 'right',
      value: (row) => row.red.error_ratio,
      tooltip: (row) => (row.previous ? `${formatShare(row.previous.error_ratio)} in the period before` : ''),
      cell: (row) => <span className={errorTone(row.red)}>{formatShare(row.red.error_ratio)}</span>,
    },
    { key: 'p50', title: 'p50', align: 'right', value: (row) => row.red.p50_ms, cell: (row) => formatMs(row.red.p50_ms) },
    {
      key: 'p95',
      title: 'p95',
      align: 'right',
      value: (row) => row.red.p95_ms,
      tooltip: (row) => (row.previous ? `${formatMs(row.previous.p95_ms)} in the period before` : ''),
      cell: (row) => formatMs(row.red.p95_ms),
    },
    { key: 'p99', title: 'p99', align: 'right', value: (row) => row.red.p99_ms, cell: (row) => formatMs(row.red.p99_ms) },
  ];
}

const OPERATIONS: readonly Column<Operation>[] = [
  { key: 'operation', title: 'Operation', value: (row) => row.operation, tooltip: (row) => row.operation },
  { key: 'kind', title: 'Kind', value: (row) => row.kind },
  ...redColumns<Operation>(),
  {
    key: 'p95-change',
    title: 'p95, change',
    align: 'right',
    value: (row) => (row.red.p95_ms === null || !row.previous?.p95_ms ? null : row.red.p95_ms / row.previous.p95_ms),
    cell: (row) => formatChange(row.red.p95_ms, row.previous?.p95_ms) ?? '–',
  },
  { key: 'share', title: 'Share of its time', align: 'right', value: (row) => row.share, cell: (row) => formatShare(row.share) },
];

/** A row opens the operation's traces. */
export function OperationTable({ service, operations }: { readonly service: string; readonly operations: readonly Operation[] }) {
  const navigate = useNavigate();
  return (
    <DataTable
      label="Operations"
      note={countOf(operations.length, 'operation')}
      rows={operations}
      columns={OPERATIONS}
      rowKey={(row) => `${row.kind} ${row.operation}`}
      initialSort={{ column: 'share', descending: true }}
      onOpen={(row) => void navigate({ to: '/explore/traces', search: { q: operationTerm(service, row.operation) } })}
      filterLabel="Filter operations"
      heightPx={380}
    />
  );
}

const VERSIONS: readonly Column<Version>[] = [
  { key: 'version', title: 'Version', value: (row) => row.version, cell: (row) => (row.version === '' ? <span className="dim">not said</span> : row.version) },
  ...redColumns<Version>().filter(({ key }) => key !== 'p50' && key !== 'p99'),
  { key: 'first', title: 'First seen', align: 'right', value: (row) => Date.parse(row.first_seen), cell: (row) => <Age of={Date.parse(row.first_seen)} /> },
  { key: 'last', title: 'Last seen', align: 'right', value: (row) => Date.parse(row.last_seen), cell: (row) => <Age of={Date.parse(row.last_seen)} /> },
];

/** A row opens the version's failed traces. */
export function VersionTable({ service, versions }: { readonly service: string; readonly versions: readonly Version[] }) {
  const navigate = useNavigate();
  return (
    <DataTable
      label="Versions"
      note="Newest first"
      rows={versions}
      columns={VERSIONS}
      rowKey={(row) => row.version}
      initialSort={{ column: 'first', descending: true }}
      onOpen={(row) => void navigate({ to: '/explore/traces', search: { q: row.version === '' ? serviceTerm(service) : `${serviceTerm(service)} version:"${row.version}"` } })}
      heightPx={260}
    />
  );
}

const INSTANCES: readonly Column<Instance>[] = [
  { key: 'instance', title: 'Instance', value: (row) => row.instance, tooltip: (row) => row.instance, cell: (row) => <span className="mono">{row.instance || '–'}</span> },
  { key: 'host', title: 'Host', value: (row) => row.host },
  { key: 'version', title: 'Version', value: (row) => row.version },
  ...redColumns<Instance>().filter(({ key }) => key !== 'p50' && key !== 'p99'),
  { key: 'last', title: 'Last seen', align: 'right', value: (row) => Date.parse(row.last_seen), cell: (row) => <Age of={Date.parse(row.last_seen)} /> },
];

export function InstanceTable({ instances }: { readonly instances: readonly Instance[] }) {
  return (
    <div id="instances">
      {instances.length === 0 ? (
        <Panel title="Instances" flush>
          <Empty title="No instance says its name">
            Spans that carry <code>service.instance.id</code>, <code>k8s.pod.name</code> or <code>host.name</code> are told apart here.
          </Empty>
        </Panel>
      ) : (
        <DataTable label="Instances" note={countOf(instances.length, 'instance')} rows={instances} columns={INSTANCES} rowKey={(row) => `${row.instance} ${row.host} ${row.version}`} initialSort={{ column: 'errors', descending: true }} heightPx={260} />
      )}
    </div>
  );
}
