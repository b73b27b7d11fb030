import type { ServiceAnswer } from '@pitot/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useEnvironment } from '../../api/environment.ts';
import { useLastAnswers } from '../../api/lasting.ts';
import { rangeQuery } from '../../api/queries.ts';
import { alignSeries } from '../../charts/series.ts';
import { countOf, listOf } from '../../time/phrase.ts';
import { alignGrid, chooseStepMs } from '../../time/step.ts';
import { useTimeWindow } from '../../time/time-window.tsx';
import { Tile } from '../../ui/tile.tsx';
import { formatChange, formatValue } from '../../units/format.ts';
import { errorTone, formatMs, settledTrend } from './health.ts';
import { p95Expression } from './service-charts.ts';

interface ServiceTilesProps {
  readonly service: string;
  readonly answer: ServiceAnswer | undefined;
  readonly failed: boolean;
}

/** Rate, errors, duration and size of a service, against the period before. */
export function ServiceTiles({ service, answer, failed }: ServiceTilesProps) {
  const p95 = useP95Trend(service);
  const summary = answer?.summary;
  const [red, previous] = [summary?.red, summary?.previous];
  const unknown = failed ? null : undefined;
  const here = (hash: string) => ({ to: '/services/$service', params: { service }, hash }) as const;
  const tone = red === undefined ? undefined : errorTone(red);
  const before = (text: string | undefined): string | undefined => (text === undefined ? undefined : `${text} against before`);
  const hosts = new Set((answer?.instances ?? []).map(({ host }) => host).filter((host) => host !== ''));
  return (
    <div className="tiles">
      <Tile label="Requests" value={red?.calls_per_second ?? unknown} unit="per_second" change={before(formatChange(red?.calls_per_second, previous?.calls_per_second))} note={red === undefined ? undefined : `${formatValue(red.calls, 'count')} in all`} trend={summary && settledTrend(summary.calls_trend)} link={here('rate')} />
      <Tile
        label="Errors"
        value={red?.error_ratio ?? unknown}
        unit="ratio"
        change={before(red === undefined || !previous ? undefined : formatChange(red.error_ratio * 100, previous.error_ratio * 100, 'percent'))}
        note={red === undefined ? undefined : `${formatValue(red.errors, 'count')} failed`}
        trend={summary && settledTrend(summary.error_trend)}
        {...(tone !== undefined && { tone, toneWord: tone === 'bad' ? 'Critical' : 'High' })}
        link={here('errors')}
      />
      <Tile label="p95 duration" value={red === undefined ? unknown : red.p95_ms === null ? null : red.p95_ms / 1000} unit="seconds" change={before(formatChange(red?.p95_ms, previous?.p95_ms))} note={red === undefined ? undefined : `p50 ${formatMs(red.p50_ms)}, p99 ${formatMs(red.p99_ms)}`} trend={p95} link={here('duration')} />
      <Tile
        label="Instances"
        value={summary?.instances ?? unknown}
        unit="count"
        note={summary === undefined ? undefined : [hosts.size > 0 ? `on ${countOf(hosts.size, 'host')}` : '', summary.versions.length > 0 ? `version ${listOf(summary.versions, 2)}` : ''].filter((part) => part !== '').join(' · ')}
        link={here('instances')}
        flat
      />
    </div>
  );
}

const SPARK_POINTS = 60;
const LEAST_STEP_MS = 30_000;

function useP95Trend(service: string): readonly (number | null)[] | undefined {
  const { startMs, endMs } = useTimeWindow();
  const { matcher } = useEnvironment();
  const grid = useMemo(() => alignGrid(startMs, endMs, chooseStepMs(endMs - startMs, SPARK_POINTS, LEAST_STEP_MS)), [startMs, endMs]);
  const expression = p95Expression(service, matcher);
  const [data] = useLastAnswers(expression, [useQuery(rangeQuery({ expression, ...grid })).data]);
  return useMemo(() => {
    const series = data?.data[0];
    return series === undefined ? undefined : alignSeries(series, grid);
  }, [data, grid]);
}
