import type { Host, Source, StatusAnswer } from '@pitot/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { rangeQuery } from '../../api/queries.ts';
import { useEnvironment } from '../../api/environment.ts';
import { useLastAnswers } from '../../api/lasting.ts';
import { alignSeries } from '../../charts/series.ts';
import { alignGrid, chooseStepMs } from '../../time/step.ts';
import { sayDuration } from '../../time/phrase.ts';
import { useTimeWindow } from '../../time/time-window.tsx';
import { Tile } from '../../ui/tile.tsx';
import { usageTone, type UsageLimits } from '../../ui/usage-bar.tsx';
import { formatChange, formatValue, type Unit } from '../../units/format.ts';
import { fleetQueries } from '../hosts/host-queries.ts';
import type { Target } from './targets-panel.tsx';
import { useRateHistory } from './use-rate-history.ts';
import { HOST_LIMITS, percentOf } from './verdict.ts';

interface OverviewTilesProps {
  readonly status: StatusAnswer | undefined;
  readonly sources: readonly Source[] | undefined;
  readonly hosts: readonly Host[] | undefined;
  readonly targets: readonly Target[] | undefined;
  /** What is missing could not be read, and is not about to come. */
  readonly failed: boolean;
}

const SPARK_POINTS = 60;

export function OverviewTiles({ status, sources, hosts, targets, failed }: OverviewTilesProps) {
  const history = useRateHistory();
  const { matcher } = useEnvironment();
  const queries = fleetQueries(matcher);
  const taken = useTrend('sum(rate(pitot_ingest_samples_total[1m]))', 'per_second');
  const series = useTrend('max(pitot_active_series)', 'count');
  const cpu = useTrend(queries.cpuPercent);
  const memory = useTrend(queries.memoryPercent);
  const disk = useTrend(queries.diskPercent);
  const unknown = failed ? null : undefined;
  const rate = sources?.reduce((sum, source) => sum + source.samples_per_second, 0) ?? unknown;
  const up = targets?.filter((target) => target.up).length;
  return (
    <div className="tiles">
      <Tile
        label="Samples taken in"
        value={rate}
        unit="per_second"
        note={sources === undefined || taken.change !== undefined ? undefined : 'mean of the last minute'}
        change={taken.change}
        trend={taken.values ?? (history.total.length > 1 ? history.total : undefined)}
        link={{ to: '/', hash: 'senders' }}
      />
      <Tile
        label="Active series"
        value={status?.active_series ?? unknown}
        unit="count"
        note={status === undefined ? undefined : `of ${formatValue(status.limits['active_series'] ?? status.limits['limits.active_series'], 'count')}`}
        change={series.change}
        trend={series.values}
        link={{ to: '/settings/status' }}
      />
      <HostTile label="Busiest processors" limits={HOST_LIMITS.cpu} hosts={hosts ?? unknown} read={(host) => host.cpu_usage_percent} trend={cpu} expression={queries.cpuPercent} />
      <HostTile label="Fullest memory" limits={HOST_LIMITS.memory} hosts={hosts ?? unknown} read={(host) => percentOf(host.memory_used_bytes, host.memory_total_bytes)} trend={memory} expression={queries.memoryPercent} />
      <HostTile label="Fullest disk" limits={HOST_LIMITS.disk} hosts={hosts ?? unknown} read={(host) => percentOf(host.disk_used_bytes, host.disk_total_bytes)} trend={disk} expression={queries.diskPercent} />
      {targets !== undefined && targets.length > 0 && (
        <Tile
          label="Targets up"
          value={up}
          unit="count"
          note={`of ${targets.length}`}
          tone={up === targets.length ? 'ok' : 'bad'}
          toneWord={up === targets.length ? 'All up' : `${targets.length - (up ?? 0)} down`}
          link={{ to: '/explore/metrics', search: { q: ['up'] } }}
        />
      )}
    </div>
  );
}

interface Trend {
  readonly values: readonly (number | null)[] | undefined;
  /** From the beginning of the range to its end, in words. */
  readonly change: string | undefined;
}

interface HostTileProps {
  readonly label: string;
  /** Undefined while they are asked for, null where they could not be read. */
  readonly hosts: readonly Host[] | null | undefined;
  readonly limits: UsageLimits;
  readonly read: (host: Host) => number | null;
  readonly trend: Trend;
  readonly expression: string;
}

/** The host that has the most of something, by name. */
function HostTile({ label, limits, hosts, read, trend, expression }: HostTileProps) {
  const ranked = hosts
    ?.map((host) => ({ host, value: read(host) }))
    .filter((entry): entry is { host: Host; value: number } => entry.value !== null)
    .sort((a, b) => b.value - a.value);
  const worst = ranked?.[0];
  const tone = worst === undefined ? 'none' : usageTone(worst.value, limits);
  return (
    <Tile
      label={label}
      value={hosts === undefined ? undefined : (worst?.value ?? null)}
      unit="percent"
      change={trend.change}
      note={hosts === undefined || hosts === null ? undefined : worst === undefined ? 'no host reports it' : worst.host.host_name}
      trend={trend.values}
      {...(tone !== 'none' && { tone, toneWord: tone === 'bad' ? 'Critical' : 'High' })}
      link={worst === undefined ? { to: '/explore/metrics', search: { q: [expression] } } : { to: '/hosts/$hostName', params: { hostName: worst.host.host_name } }}
    />
  );
}

/** A small series over the header's range, and how it changed in that range. */
function useTrend(expression: string, unit: Unit = 'percent'): Trend {
  const { startMs, endMs } = useTimeWindow();
  const grid = useMemo(() => alignGrid(startMs, endMs, chooseStepMs(endMs - startMs, SPARK_POINTS, 15_000)), [startMs, endMs]);
  const [data] = useLastAnswers(expression, [useQuery(rangeQuery({ expression, ...grid })).data]);
  return useMemo(() => {
    const series = data?.data[0];
    if (series === undefined) return { values: undefined, change: undefined };
    const values = alignSeries(series, grid);
    // A series that began in the middle of the range says nothing about its beginning.
    const first = values.slice(0, Math.ceil(values.length / 10)).find((value) => value !== null);
    const last = values.findLast((value) => value !== null);
    const change = formatChange(last, first, unit);
    return { values, change: change === undefined ? undefined : `${change} in ${sayDuration(endMs - startMs)}` };
  }, [data, grid, unit, startMs, endMs]);
}
