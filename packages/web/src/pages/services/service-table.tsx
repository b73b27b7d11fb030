import type { ServiceSummary } from '@pitot/core';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { countOf, listOf } from '../../time/phrase.ts';
import { Age } from '../../ui/age.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { ServiceLink } from '../../ui/links.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { Badge } from '../../ui/tone.tsx';
import { formatChange, formatValue } from '../../units/format.ts';
import { errorTone, formatMs, formatRate, formatShare, rankOf, settledTrend, toneOf, wordOf } from './health.ts';

const stop = (event: { stopPropagation: () => void }): void => event.stopPropagation();

const COLUMNS: readonly Column<ServiceSummary>[] = [
  {
    key: 'service',
    title: 'Service',
    value: (row) => row.service,
    tooltip: (row) => row.service,
    cell: (row) => (
      <span onClick={stop} role="presentation">
        <ServiceLink service={row.service} />
      </span>
    ),
  },
  { key: 'health', title: 'Health', value: (row) => rankOf(row.health), tooltip: (row) => row.reason, cell: (row) => <Badge tone={toneOf(row.health)}>{wordOf(row.health)}</Badge> },
  {
    key: 'calls',
    title: 'Calls/s',
    align: 'right',
    value: (row) => row.red.calls_per_second,
    tooltip: (row) => against(formatChange(row.red.calls_per_second, row.previous?.calls_per_second)),
    cell: (row) => formatRate(row.red.calls_per_second),
  },
  {
    key: 'errors',
    title: 'Errors',
    align: 'right',
    value: (row) => row.red.error_ratio,
    tooltip: (row) => `${formatValue(row.red.errors, 'count')} of ${formatValue(row.red.calls, 'count')}; ${formatShare(row.previous?.error_ratio)} in the period before`,
    cell: (row) => <span className={errorTone(row.red)}>{formatShare(row.red.error_ratio)}</span>,
  },
  { key: 'p50', title: 'p50', align: 'right', value: (row) => row.red.p50_ms, cell: (row) => formatMs(row.red.p50_ms) },
  {
    key: 'p95',
    title: 'p95',
    align: 'right',
    value: (row) => row.red.p95_ms,
    tooltip: (row) => `${formatMs(row.previous?.p95_ms)} in the period before`,
    cell: (row) => formatMs(row.red.p95_ms),
  },
  { key: 'p99', title: 'p99', align: 'right', value: (row) => row.red.p99_ms, cell: (row) => formatMs(row.red.p99_ms) },
  {
    key: 'trend',
    title: 'Calls over the range',
    value: (row) => row.red.calls_per_second,
    cell: (row) => <Trend values={row.calls_trend} label={`Calls per second of ${row.service}`} />,
  },
  {
    key: 'error-trend',
    title: 'Errors over the range',
    value: (row) => row.red.error_ratio,
    cell: (row) => <Trend values={row.error_trend} label={`Errors of ${row.service}`} />,
  },
  { key: 'versions', title: 'Versions', value: (row) => row.versions.join(' '), tooltip: (row) => row.versions.join('\n'), cell: (row) => listOf(row.versions, 2) || '–' },
  { key: 'instances', title: 'Instances', align: 'right', value: (row) => row.instances },
  { key: 'language', title: 'Language', optional: true, value: (row) => row.language },
  { key: 'environment', title: 'Environment', optional: true, value: (row) => row.environment },
  { key: 'last', title: 'Last seen', align: 'right', optional: true, value: (row) => Date.parse(row.last_seen), cell: (row) => <Age of={Date.parse(row.last_seen)} /> },
];

/** What the Overview has room for. */
const BRIEF = new Set(['service', 'health', 'calls', 'errors', 'p95', 'trend', 'error-trend', 'versions', 'instances']);
const BRIEF_COLUMNS = COLUMNS.filter(({ key }) => BRIEF.has(key));

const against = (change: string | undefined): string => (change === undefined ? '' : `${change} against the period before`);

function Trend({ values, label }: { readonly values: readonly number[]; readonly label: string }) {
  if (values.length < 2) return <span className="dim">–</span>;
  return (
    <span style={{ display: 'block', width: 120 }}>
      <Sparkline values={settledTrend(values)} height={20} width={120} label={label} />
    </span>
  );
}

interface ServiceTableProps {
  readonly services: readonly ServiceSummary[];
  readonly heightPx: number;
  readonly brief?: boolean;
  readonly tools?: ReactNode;
}

/** Services, the worst first. A row opens the service's page. */
export function ServiceTable({ services, heightPx, brief = false, tools }: ServiceTableProps) {
  const navigate = useNavigate();
  const troubled = services.filter(({ health }) => health === 'critical' || health === 'warning').length;
  return (
    <DataTable
      label="Services"
      note={`${countOf(services.length, 'service')}${troubled > 0 ? `, ${troubled} not well` : ''}`}
      rows={services}
      columns={brief ? BRIEF_COLUMNS : COLUMNS}
      rowKey={(row) => `${row.environment} ${row.service}`}
      initialSort={{ column: 'health', descending: false }}
      onOpen={(row) => void navigate({ to: '/services/$service', params: { service: row.service } })}
      filterLabel="Filter services"
      heightPx={heightPx}
      tools={tools}
    />
  );
}
