import type { Host } from '@pitot/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import { useLastingError } from '../../api/lasting.ts';
import { hostsQuery } from '../../api/queries.ts';
import { MetricPanel } from '../../charts/metric-panel.tsx';
import { preloadCharts } from '../../charts/time-chart.tsx';
import { countOf, sayDuration } from '../../time/phrase.ts';
import { useNow } from '../../time/time-window.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Sentence, unreadVerdict, type Verdict } from '../../ui/sentence.tsx';
import { Tile } from '../../ui/tile.tsx';
import { usageTone, type UsageLimits } from '../../ui/usage-bar.tsx';
import { formatValue } from '../../units/format.ts';
import { HOST_LIMITS, hostFindings, percentOf } from '../overview/verdict.ts';
import { hostCharts } from './host-queries.ts';

const route = getRouteApi('/inside/hosts/$hostName');

export function HostPage() {
  const { hostName } = route.useParams();
  const hosts = useQuery(hostsQuery);
  const error = useLastingError(hosts);
  const nowMs = useNow();
  useEffect(preloadCharts, []);
  const charts = useMemo(() => hostCharts(hostName), [hostName]);
  const host = hosts.data?.hosts.find((candidate) => candidate.host_name === hostName);
  return (
    <div className="page">
      <div className="row wrap">
        <Link to="/hosts">Hosts</Link>
        <span className="dim" aria-hidden>
          /
        </span>
        <h1>{hostName}</h1>
        {host !== undefined && <span className="dim">{describe(host)}</span>}
      </div>
      <Sentence verdict={verdictOf(hostName, host, hosts.data === undefined, error, nowMs)} asOfMs={host === undefined ? undefined : Date.parse(host.last_seen)} />
      {host !== undefined && <HostTiles host={host} />}
      <div className="panels">
        {charts.map((chart) => (
          <MetricPanel key={`${hostName}${chart.id}`} {...chart} whenEmpty="Not reported by this host in this time range." />
        ))}
      </div>
      {host !== undefined && host.processes.length > 0 && <ProcessTable host={host} />}
      <p className="next" style={{ margin: 0 }}>
        <span>Next:</span>
        <Link to="/hosts">Compare with the other hosts</Link>
        <Link to="/explore/metrics" search={{ q: [`{host_name="${hostName}", __name__=~"system_.+"}`], view: 'table' }}>
          All system metrics of this host
        </Link>
      </p>
    </div>
  );
}

function verdictOf(hostName: string, host: Host | undefined, pending: boolean, error: Error | null, nowMs: number): Verdict | undefined {
  if (error !== null) return unreadVerdict(error, !pending);
  if (host === undefined) {
    if (pending) return undefined;
    return { tone: 'none', text: `The host ${hostName} has not reported in the last day; the charts show what is stored of it.` };
  }
  const [worst, ...rest] = hostFindings(host, nowMs);
  if (worst !== undefined) return { tone: worst.tone, text: worst.text, details: rest.map((finding) => finding.text) };
  return { tone: 'ok', text: `${hostName}: ${calmFigures(host)}.` };
}

function calmFigures(host: Host): string {
  const parts = [
    host.cpu_usage_percent === null ? undefined : `processors ${formatValue(host.cpu_usage_percent, 'percent')} busy`,
    percentText('memory', percentOf(host.memory_used_bytes, host.memory_total_bytes), 'used'),
    percentText('fullest disk', percentOf(host.disk_used_bytes, host.disk_total_bytes), 'full'),
  ];
  return parts.filter((part) => part !== undefined).join(', ') || 'it reports';
}

const percentText = (what: string, percent: number | null, verb: string): string | undefined =>
  percent === null ? undefined : `${what} ${formatValue(percent, 'percent')} ${verb}`;

function describe(host: Host): string {
  const parts = [host.os, host.cpu_count === null ? '' : countOf(host.cpu_count, 'core'), host.memory_total_bytes === null ? '' : formatValue(host.memory_total_bytes, 'bytes')];
  if (host.uptime_seconds !== null) parts.push(`up for ${sayDuration(host.uptime_seconds * 1000)}`);
  return parts.filter((part) => part !== '').join(' · ');
}

function HostTiles({ host }: { readonly host: Host }) {
  const memory = percentOf(host.memory_used_bytes, host.memory_total_bytes);
  const disk = percentOf(host.disk_used_bytes, host.disk_total_bytes);
  const toneOf = (percent: number | null, limits: UsageLimits) => {
    const tone = percent === null ? 'none' : usageTone(percent, limits);
    return tone === 'none' ? {} : { tone, toneWord: tone === 'bad' ? 'Critical' : 'High' };
  };
  const here = (hash: string) => ({ to: '.' as const, hash });
  return (
    <div className="tiles compact">
      <Tile label="CPU" value={host.cpu_usage_percent} unit="percent" note="of all cores" {...toneOf(host.cpu_usage_percent, HOST_LIMITS.cpu)} link={here('cpu')} flat />
      <Tile label="Memory" value={memory} unit="percent" note={`${formatValue(host.memory_used_bytes, 'bytes')} of ${formatValue(host.memory_total_bytes, 'bytes')}`} {...toneOf(memory, HOST_LIMITS.memory)} link={here('memory')} flat />
      <Tile label="Fullest disk" value={disk} unit="percent" note={host.disk_mount ?? undefined} {...toneOf(disk, HOST_LIMITS.disk)} link={here('disk-use')} flat />
      <Tile label="Load" value={host.load_1m} unit="none" note={host.cpu_count === null ? 'over one minute' : `on ${countOf(host.cpu_count, 'core')}`} link={here('load')} flat />
      <Tile label="Network in" value={host.network_receive_bytes_per_second} unit="bytes_per_second" note={`${formatValue(host.network_transmit_bytes_per_second, 'bytes_per_second')} out`} link={here('network')} flat />
    </div>
  );
}

type Process = Host['processes'][number];

const PROCESS_COLUMNS: readonly Column<Process>[] = [
  { key: 'name', title: 'Process', value: (row) => row.name, tooltip: (row) => row.name, cell: (row) => <span className="mono">{row.name}</span> },
  { key: 'pid', title: 'PID', align: 'right', value: (row) => row.pid },
  { key: 'cpu', title: 'CPU, of one core', align: 'right', value: (row) => row.cpu_percent, cell: (row) => formatValue(row.cpu_percent, 'percent') },
  { key: 'memory', title: 'Memory', align: 'right', value: (row) => row.memory_bytes, cell: (row) => formatValue(row.memory_bytes, 'bytes') },
];

function ProcessTable({ host }: { readonly host: Host }) {
  return (
    <DataTable
      label="Busiest processes"
      note={countOf(host.processes.length, 'process', 'processes')}
      rows={host.processes}
      columns={PROCESS_COLUMNS}
      rowKey={(row) => String(row.pid)}
      initialSort={{ column: 'cpu', descending: true }}
      heightPx={400}
    />
  );
}
