import { useQueries } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { IconArrowUpRight } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useLastAnswers } from '../api/lasting.ts';
import { combineAnswers, rangeQuery } from '../api/queries.ts';
import { alignGrid, chooseStepMs } from '../time/step.ts';
import { useTimeWindow } from '../time/time-window.tsx';
import { Panel } from '../ui/panel.tsx';
import { Failure, NotRefreshed, Skeleton } from '../ui/states.tsx';
import { useComputedColorScheme } from '@mantine/core';
import { formatValue, type Unit } from '../units/format.ts';
import { OTHERS_COLOUR, PALETTE } from './colours.ts';
import { buildChart, pickSeries, type ChartModel } from './legend.ts';
import { gridTimes, toChartSeries } from './series.ts';
import { TimeChart } from './time-chart.tsx';

export interface PanelQuery {
  readonly expression: string;
  /** Name of the lines; `{{label}}` is filled from each series. */
  readonly legend: string;
}

interface MetricPanelProps {
  readonly title: string;
  readonly queries: readonly PanelQuery[];
  readonly unit: Unit;
  readonly most?: number;
  readonly height?: number;
  readonly id?: string;
  /** Said when nothing was reported in the range. */
  readonly whenEmpty: string;
}

const PANEL_POINTS = 400;
const LEAST_STEP_MS = 10_000;

/** A titled chart of a few queries over the header's range; fails, waits and empties by itself. */
export function MetricPanel({ title, queries, unit, most, height = 200, id, whenEmpty }: MetricPanelProps) {
  const { startMs, endMs } = useTimeWindow();
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const grid = useMemo(() => {
    const stepMs = chooseStepMs(endMs - startMs, PANEL_POINTS, LEAST_STEP_MS);
    return alignGrid(startMs, endMs, stepMs);
  }, [startMs, endMs]);
  const { data: answers, errors, waiting, retry } = useQueries({
    queries: queries.map((query) => rangeQuery({ expression: query.expression, ...grid })),
    combine: combineAnswers,
  });
  const data = useLastAnswers(queries.map((query) => query.expression).join('\n'), answers);
  const error = errors.find((failure) => failure !== null) ?? undefined;
  const model = useMemo(() => {
    const series = queries.flatMap((query, i) => toChartSeries(data[i]?.data ?? [], grid, `${i}`, query.legend, query.legend));
    return buildChart(series, picked);
  }, [queries, data, grid, picked]);
  const times = useMemo(() => gridTimes(grid), [grid]);

  return (
    <Panel title={title} {...(id !== undefined && { id })} actions={<ExploreLink queries={queries} unit={unit} />}>
      {error !== undefined && model.rows.length === 0 ? (
        <Failure what={title} error={error} onRetry={retry} />
      ) : waiting && model.rows.length === 0 ? (
        <Skeleton height={height + 24} />
      ) : model.rows.length === 0 ? (
        <div className="state" style={{ height: height - 8 }}>
          {whenEmpty}
        </div>
      ) : (
        <>
          {error !== undefined && <NotRefreshed error={error} onRetry={retry} />}
          <TimeChart
            model={model}
            times={times}
            startMs={startMs}
            endMs={endMs}
            unit={unit}
            most={most}
            height={height}
            label={`Chart: ${title}`}
            onPick={(key, add) => setPicked(pickSeries(picked, key, add))}
          />
          <LineLegend model={model} unit={unit} picked={picked} onPick={(key, add) => setPicked(pickSeries(picked, key, add))} />
        </>
      )}
    </Panel>
  );
}

function ExploreLink({ queries, unit }: { readonly queries: readonly PanelQuery[]; readonly unit: Unit }) {
  return (
    <Link
      to="/explore/metrics"
      search={{ q: queries.map((query) => query.expression), unit }}
      className="tool plain"
      title="Open in Explore"
      aria-label="Open in Explore"
    >
      <IconArrowUpRight size={16} stroke={1.75} aria-hidden />
    </Link>
  );
}

interface LineLegendProps {
  readonly model: ChartModel;
  readonly unit: Unit;
  readonly picked: ReadonlySet<string>;
  readonly onPick: (key: string, add: boolean) => void;
}

/** One line under a small chart: names with their last value; click shows one alone. */
function LineLegend({ model, unit, picked, onPick }: LineLegendProps) {
  const scheme = useComputedColorScheme('dark');
  const shown = picked.size === 0 ? model.named : model.rows.slice(0, 8);
  return (
    <div className="line-legend">
      {shown.map(({ series, slot, stats }) => (
        <button
          key={series.key}
          type="button"
          aria-pressed={picked.has(series.key)}
          data-muted={slot === null}
          onClick={(event) => onPick(series.key, event.ctrlKey || event.metaKey || event.shiftKey)}
        >
          <i style={{ background: slot === null ? 'var(--line-strong)' : PALETTE[scheme][slot] }} />
          {series.name} <b>{formatValue(stats.last, unit)}</b>
        </button>
      ))}
      {model.others !== undefined && (
        <span>
          <i style={{ background: OTHERS_COLOUR[scheme] }} /> {model.others.count} others (range and mean)
        </span>
      )}
    </div>
  );
}
