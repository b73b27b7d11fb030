import './explore.css';
import { useQueries, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useEnvironment } from '../../api/environment.ts';
import { useLastAnswers } from '../../api/lasting.ts';
import { combineAnswers, metadataQuery, rangeQuery } from '../../api/queries.ts';
import { saveFile, toCsv } from '../../charts/export.ts';
import { buildChart, pickSeries } from '../../charts/legend.ts';
import { saveChartImage } from '../../charts/image.ts';
import { gridTimes, toChartSeries } from '../../charts/series.ts';
import { preloadCharts, TimeChart } from '../../charts/time-chart.tsx';
import { countOf } from '../../time/phrase.ts';
import { widenRange } from '../../time/range.ts';
import { alignGrid, chooseStepMs, durationText } from '../../time/step.ts';
import { useTimeWindow } from '../../time/time-window.tsx';
import { Empty, Skeleton } from '../../ui/states.tsx';
import type { Unit } from '../../units/format.ts';
import { unitOfExpression } from '../../units/guess.ts';
import { withMatcher } from './environment-filter.ts';
import { ExploreToolbar, UNIT_CHOICES } from './explore-toolbar.tsx';
import { Examples } from './examples.tsx';
import { InstantTable } from './instant-table.tsx';
import { LegendTable } from './legend-table.tsx';
import { MetricBrowser } from './metric-browser.tsx';
import { QueryRow } from './query-row.tsx';
import { stepMsOf, summaryOf } from './query-summary.ts';
import { queryLetter } from './suggestions.ts';

const route = getRouteApi('/inside/explore/metrics');
const CHART_POINTS = 750;
const LEAST_STEP_MS = 10_000;
const CHART_PX = 360;
const NONE: readonly string[] = [];

export function ExplorePage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const window = useTimeWindow();
  const { startMs, endMs } = window;
  const { environment, matcher } = useEnvironment();
  const committed = search.q ?? NONE;
  const [drafts, setDrafts] = useDrafts(committed);
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [focusKey, setFocusKey] = useState<string | undefined>(undefined);
  const [browsing, setBrowsing] = useState(committed.length === 0);
  const lastFocused = useRef(0);
  const chartBox = useRef<HTMLDivElement>(null);
  useEffect(preloadCharts, []);

  const view = search.view ?? 'chart';
  const change = useCallback(
    (next: Partial<typeof search>, replace = false) => void navigate({ search: (previous) => ({ ...previous, ...next }), replace }),
    [navigate],
  );
  const run = (expressions: readonly string[] = drafts): void => {
    const kept = expressions.map((text) => text.trim());
    setPicked(new Set());
    if (JSON.stringify(kept) === JSON.stringify(committed)) window.refresh();
    else change({ q: kept });
  };

  const grid = useMemo(() => {
    const leastMs = chooseStepMs(endMs - startMs);
    const stepMs = search.step === undefined ? chooseStepMs(endMs - startMs, CHART_POINTS, LEAST_STEP_MS) : Math.max(stepMsOf(search.step), leastMs);
    return alignGrid(startMs, endMs, stepMs);
  }, [startMs, endMs, search.step]);
  const asked = useMemo(() => committed.map((expression) => withMatcher(expression, matcher)), [committed, matcher]);
  const { data: answers, errors, waiting, stale } = useQueries({
    queries: asked.map((expression, i) => ({
      ...rangeQuery({ expression, ...grid }),
      enabled: view === 'chart' && expression !== '' && !hidden.has(i),
    })),
    combine: combineAnswers,
  });
  const data = useLastAnswers(asked.join('\n'), answers);
  const { data: metadata } = useQuery(metadataQuery);
  const series = useMemo(
    () => asked.flatMap((expression, i) => (hidden.has(i) ? [] : toChartSeries(data[i]?.data ?? [], grid, queryLetter(i), expression))),
    [data, asked, grid, hidden],
  );
  const model = useMemo(() => buildChart(series, picked), [series, picked]);
  const times = useMemo(() => gridTimes(grid), [grid]);
  const answered = committed.filter((_, i) => !hidden.has(i) && (data[i]?.data.length ?? 0) > 0);
  const unit = chosenUnit(search.unit, answered.length > 0 ? answered : committed, metadata);
  const shown = useMemo(() => shownQueries(asked, hidden), [asked, hidden]);
  const asking = committed.some((expression) => expression !== '');

  const pickMetric = (expression: string): void => {
    const at = Math.min(lastFocused.current, drafts.length - 1);
    const next = drafts.map((draft, i) => (i === at ? expression : draft));
    setDrafts(next);
    run(next);
  };

  return (
    <div className="page">
      <h1 className="visually-hidden">Explore metrics</h1>
      <section className="panel" aria-label="Queries">
        <div className="queries">
          {drafts.map((draft, i) => (
            <QueryRow
              key={i}
              index={i}
              value={draft}
              hidden={hidden.has(i)}
              autoFocus={i === 0 && committed.length === 0}
              onChange={(value) => setDrafts(drafts.map((other, j) => (j === i ? value : other)))}
              onRun={() => run()}
              onFocus={() => (lastFocused.current = i)}
              onToggle={() => setHidden(toggled(hidden, i))}
              onRemove={drafts.length === 1 ? undefined : () => removeAt(i)}
              error={errors[i] ?? undefined}
              warnings={data[i]?.warnings ?? []}
              infos={data[i]?.infos ?? []}
              summary={view === 'chart' && data[i] !== undefined ? summaryOf(data[i], grid) : ''}
            />
          ))}
          <ExploreToolbar
            view={view}
            onView={(next) => change({ view: next === 'table' ? 'table' : undefined })}
            unit={search.unit ?? 'auto'}
            unitInUse={unit}
            onUnit={(next) => change({ unit: next === 'auto' ? undefined : next }, true)}
            step={search.step ?? 'auto'}
            stepInUse={durationText(grid.stepMs)}
            onStep={(next) => change({ step: next === 'auto' ? undefined : next }, true)}
            browsing={browsing}
            onBrowse={() => setBrowsing(!browsing)}
            onRun={() => run()}
            onAdd={() => setDrafts([...drafts, ''])}
            onCsv={() => saveFile('pitot-metrics.csv', new Blob([toCsv(times, series)], { type: 'text/csv' }))}
            onPng={() => void saveChartImage(chartBox.current, 'pitot-metrics.png')}
            expressions={committed}
          />
          {environment !== undefined && (
            <div className="query-note dim">
              Limited to the environment {environment}: every selector also matches <code>{matcher}</code>.
            </div>
          )}
        </div>
      </section>
      <div className="explore" data-browsing={browsing}>
        {browsing && <MetricBrowser onPick={pickMetric} heightPx={560} />}
        <div className="explore-answer">
          {!asking && <Examples onPick={pickMetric} />}
          {asking && view === 'table' && <InstantTable queries={shown} timeMs={Math.floor(endMs / 1000) * 1000} unit={unit} />}
          {asking && view === 'chart' && (
            <>
              <section className="panel" aria-label="Chart" data-testid="explore-chart" data-busy={stale}>
                <div className="panel-body" style={{ paddingTop: 12 }} ref={chartBox}>
                  {waiting && model.rows.length === 0 ? (
                    <Skeleton height={CHART_PX} />
                  ) : model.rows.length === 0 ? (
                    <NothingFound failed={errors.some((error) => error !== null)} />
                  ) : (
                    <TimeChart
                      model={model}
                      times={times}
                      startMs={startMs}
                      endMs={endMs}
                      unit={unit}
                      height={CHART_PX}
                      focusKey={focusKey}
                      label={`Chart of ${countOf(model.rows.length, 'series', 'series')}`}
                      onPick={(key, add) => setPicked(pickSeries(picked, key, add))}
                    />
                  )}
                </div>
              </section>
              {model.rows.length > 0 && (
                <LegendTable
                  model={model}
                  unit={unit}
                  picked={picked}
                  onPick={(key) => setPicked(pickSeries(picked, key, true))}
                  onFocus={setFocusKey}
                  onClear={() => setPicked(new Set())}
                />
              )}
            </>
          )}
        </div>
      </div>
    </div>
  );

  function removeAt(index: number): void {
    const next = drafts.filter((_, i) => i !== index);
    setDrafts(next);
    setHidden(new Set());
    run(next);
  }
}

/** What is being typed; follows the address when that changes (a link, back and forward). */
function useDrafts(committed: readonly string[]): [readonly string[], (drafts: readonly string[]) => void] {
  const key = JSON.stringify(committed);
  const [state, setState] = useState(() => ({ key, drafts: startingDrafts(committed) }));
  if (state.key !== key) setState({ key, drafts: startingDrafts(committed) });
  return [state.drafts, (drafts) => setState({ key, drafts })];
}

const startingDrafts = (committed: readonly string[]): readonly string[] => (committed.length === 0 ? [''] : committed);

function toggled(set: ReadonlySet<number>, value: number): ReadonlySet<number> {
  const next = new Set(set);
  if (!next.delete(value)) next.add(value);
  return next;
}

function shownQueries(expressions: readonly string[], hidden: ReadonlySet<number>) {
  return expressions.map((expression, index) => ({ expression, index })).filter(({ expression, index }) => expression !== '' && !hidden.has(index));
}

function chosenUnit(chosen: string | undefined, expressions: readonly string[], metadata: Readonly<Record<string, readonly { unit: string }[]>> = {}): Unit {
  const known = UNIT_CHOICES.find(([value]) => value === chosen)?.[0];
  if (known !== undefined && known !== 'auto') return known;
  const declared = Object.fromEntries(Object.entries(metadata).map(([name, [first]]) => [name, first?.unit ?? '']));
  // One axis can carry only one unit: lines of different kinds are plain numbers.
  const units = new Set(expressions.map((expression) => unitOfExpression(expression, declared)));
  return units.size === 1 ? [...units][0]! : 'none';
}

function NothingFound({ failed }: { readonly failed: boolean }) {
  const { range, setRange } = useTimeWindow();
  if (failed) return <Empty title="Nothing to draw">The query failed; what is wrong with it stands beneath it.</Empty>;
  return (
    <Empty title="No data in this range">
      The expression is valid, but nothing has a value for it between these times. Widen the time range or take labels away; a rate needs at least
      two samples.
      <button type="button" className="tool" onClick={() => setRange(widenRange(range, Date.now()))}>
        Widen the range
      </button>
    </Empty>
  );
}
