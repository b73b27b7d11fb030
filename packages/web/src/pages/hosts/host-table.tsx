import type { Host } from '@pitot/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { countOf, sayDuration } from '../../time/phrase.ts';
import { Age } from '../../ui/age.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Badge } from '../../ui/tone.tsx';
import { UsageBar } from '../../ui/usage-bar.tsx';
import { formatValue } from '../../units/format.ts';
import { HOST_LIMITS, hostFindings, percentOf, SILENT_AFTER_MS } from '../overview/verdict.ts';

function stateOf(host: Host): { tone: 'ok' | 'warn' | 'bad'; word: string; rank: number; reasons: string } {
  const nowMs = Date.now();
  const findings = hostFindings(host, nowMs);
  const reasons = findings.map((finding) => finding.text).join('\n');
  if (nowMs - Date.parse(host.last_seen) > SILENT_AFTER_MS) return { tone: 'bad', word: 'Silent', rank: 0, reasons };
  if (findings.some((finding) => finding.tone === 'bad')) return { tone: 'bad', word: 'Critical', rank: 1, reasons };
  if (findings.length > 0) return { tone: 'warn', word: 'Strained', rank: 2, reasons };
  return { tone: 'ok', word: 'Well', rank: 3, reasons: 'Nothing unusual' };
}

const bytesOf = (used: number | null, total: number | null): string => `${formatValue(used, 'bytes')} of ${formatValue(total, 'bytes')}`;

/** The highest of the three shares of time in which work waited. */
const worstPressure = (host: Host): number | null => {
  const known = [host.pressure_cpu_percent, host.pressure_memory_percent, host.pressure_io_percent].filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
};

const COLUMNS: readonly Column<Host>[] = [
  {
    key: 'host',
    title: 'Host',
    value: (row) => row.host_name,
    tooltip: (row) => row.host_name,
    cell: (row) => (
      <Link to="/hosts/$hostName" params={{ hostName: row.host_name }} onClick={(event) => event.stopPropagation()}>
        {row.host_name}
      </Link>
    ),
  },
  {
    key: 'state',
    title: 'State',
    value: (row) => stateOf(row).rank,
    tooltip: (row) => stateOf(row).reasons,
    cell: (row) => <Badge tone={stateOf(row).tone}>{stateOf(row).word}</Badge>,
  },
  {
    key: 'cpu',
    title: 'CPU',
    align: 'right',
    value: (row) => row.cpu_usage_percent,
    tooltip: (row) => (row.cpu_count === null ? '' : countOf(row.cpu_count, 'core')),
    cell: (row) => <UsageBar percent={row.cpu_usage_percent} limits={HOST_LIMITS.cpu} />,
  },
  {
    key: 'memory',
    title: 'Memory',
    align: 'right',
    value: (row) => percentOf(row.memory_used_bytes, row.memory_total_bytes),
    tooltip: (row) => bytesOf(row.memory_used_bytes, row.memory_total_bytes),
    cell: (row) => <UsageBar percent={percentOf(row.memory_used_bytes, row.memory_total_bytes)} limits={HOST_LIMITS.memory} />,
  },
  {
    key: 'disk',
    title: 'Fullest disk',
    align: 'right',
    value: (row) => percentOf(row.disk_used_bytes, row.disk_total_bytes),
    tooltip: (row) => `${row.disk_mount ?? ''} ${bytesOf(row.disk_used_bytes, row.disk_total_bytes)}`,
    cell: (row) => <UsageBar percent={percentOf(row.disk_used_bytes, row.disk_total_bytes)} limits={HOST_LIMITS.disk} />,
  },
  {
    key: 'network',
    title: 'Network in / out',
    align: 'right',
    value: (row) => (row.network_receive_bytes_per_second ?? 0) + (row.network_transmit_bytes_per_second ?? 0),
    cell: (row) => `${formatValue(row.network_receive_bytes_per_second, 'bytes_per_second')} / ${formatValue(row.network_transmit_bytes_per_second, 'bytes_per_second')}`,
  },
  {
    key: 'load',
    title: 'Load',
    align: 'right',
    value: (row) => row.load_1m,
    cell: (row) => formatValue(row.load_1m, 'none'),
    tooltip: (row) => (row.cpu_count === null ? 'over one minute' : `over one minute, on ${countOf(row.cpu_count, 'core')}`),
  },
  {
    key: 'pressure',
    title: 'Pressure',
    align: 'right',
    value: worstPressure,
    cell: (row) => formatValue(worstPressure(row), 'percent'),
    tooltip: (row) =>
      `Share of time in which work waited\nprocessor ${formatValue(row.pressure_cpu_percent, 'percent')}\nmemory ${formatValue(row.pressure_memory_percent, 'percent')}\ndisk ${formatValue(row.pressure_io_percent, 'percent')}`,
  },
  {
    key: 'uptime',
    title: 'Up for',
    align: 'right',
    optional: true,
    value: (row) => row.uptime_seconds,
    cell: (row) => (row.uptime_seconds === null ? '–' : sayDuration(row.uptime_seconds * 1000)),
  },
  { key: 'os', title: 'System', optional: true, value: (row) => row.os },
  {
    key: 'last',
    title: 'Last seen',
    align: 'right',
    value: (row) => Date.parse(row.last_seen),
    cell: (row) => <Age of={Date.parse(row.last_seen)} />,
  },
];

export function HostTable({ hosts, heightPx }: { readonly hosts: readonly Host[]; readonly heightPx: number }) {
  const navigate = useNavigate();
  return (
    <DataTable
      label="Hosts"
      note={countOf(hosts.length, 'host')}
      rows={hosts}
      columns={COLUMNS}
      rowKey={(row) => row.host_name}
      initialSort={{ column: 'state', descending: false }}
      onOpen={(row) => void navigate({ to: '/hosts/$hostName', params: { hostName: row.host_name } })}
      filterLabel="Filter hosts"
      heightPx={heightPx}
    />
  );
}
