import './traces.css';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { IconX } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useLastingError } from '../../api/lasting.ts';
import { HEATMAP_SIZE, heatmapQuery, tracesQuery, type HeatmapPick, type SpanScope, type TraceSort } from '../../api/trace-queries.ts';
import { countOf } from '../../time/phrase.ts';
import { widenRange } from '../../time/range.ts';
import { useTimeWindow } from '../../time/time-window.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SearchBox } from '../../ui/search-box.tsx';
import { Sentence, unreadVerdict } from '../../ui/sentence.tsx';
import { Empty, Failure, NotRefreshed, Skeleton, SkeletonRows } from '../../ui/states.tsx';
import { formatValue } from '../../units/format.ts';
import { rangeOf } from '../../url/search.ts';
import { clockTime } from './clock.ts';
import { GroupDifferences } from './group-differences.tsx';
import { Heatmap } from './heatmap.tsx';
import { countsIn, quantileMs } from './heatmap-model.ts';
import { parsePick, printPick } from './pick.ts';
import { TraceFacets } from './trace-facets.tsx';
import { TraceTable } from './trace-table.tsx';
import type { TracesSearch } from './traces-search.ts';
import { SLOW_SHARE, tracesVerdict } from './traces-verdict.ts';

const route = getRouteApi('/inside/explore/traces');

const HEATMAP_PX = 200;
const PAGE = 50;
const MOST = 1000;
/** Of this many of the slowest the sentence says what most are. */
const SLOWEST = 20;
const KNOWN_VALUES = { status: ['ok', 'error', 'unset'], kind: ['server', 'client', 'producer', 'consumer', 'internal'] };

export function TracesPage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const { refreshMs, startMs, endMs } = useTimeWindow();
  const { from, to } = rangeOf(search);
  const [limit, setLimit] = useState(PAGE);
  // A list must not move under the hand: while it is pointed at, it is not asked for again.
  const [held, setHeld] = useState(false);
  const query = search.q ?? '';
  const scope = useMemo<SpanScope>(() => ({ from, to, environment: search.env, query }), [from, to, search.env, query]);
  const pick = useMemo(() => parsePick(search.pick), [search.pick]);
  const sort: TraceSort = search.sort ?? 'recent';

  const refetchInterval = refreshMs === 0 || held ? false : refreshMs;
  const heatmap = useQuery({ ...heatmapQuery(scope, HEATMAP_SIZE.columns, HEATMAP_SIZE.rows), refetchInterval });
  const list = useQuery({ ...tracesQuery(scope, { sort, limit, pick }), refetchInterval });
  const slowMs = heatmap.data === undefined || heatmap.isPlaceholderData ? undefined : quantileMs(heatmap.data, SLOW_SHARE);
  // Two digits, so that a refresh does not ask another question each time.
  const slowest = useQuery({ ...tracesQuery(scope, { sort: 'duration', limit: SLOWEST, leastMs: Number((slowMs ?? 0).toPrecision(2)) }), enabled: slowMs !== undefined });
  const error = useLastingError(heatmap);

  const change = (next: Partial<TracesSearch>): void => {
    setLimit(PAGE);
    void navigate({ to: '.', search: (previous) => ({ ...previous, ...next }) });
  };
  const onQuery = (next: string): void => change({ q: next === '' ? undefined : next, pick: undefined });
  const onPick = (next: HeatmapPick | undefined): void => change({ pick: next === undefined ? undefined : printPick(next) });
  const onCompare = (traceId: string): void => {
    if (search.left === undefined) change({ left: traceId });
    else void navigate({ to: '/explore/traces/$traceId', params: { traceId: search.left }, search: { with: traceId } });
  };

  const isEmpty = heatmap.data !== undefined && !heatmap.isPlaceholderData && countsIn(heatmap.data).spans === 0;
  const verdict = error !== null ? unreadVerdict(error, heatmap.data !== undefined) : heatmap.data === undefined ? undefined : tracesVerdict(query, heatmap.data, slowest.data);
  const parameters = new URLSearchParams({ start: String(Math.floor(startMs / 60_000) * 60_000), end: String(Math.ceil(endMs / 60_000) * 60_000) });
  return (
    <div className="page">
      <h1 className="visually-hidden">Traces</h1>
      <Sentence verdict={verdict} asOfMs={heatmap.dataUpdatedAt || undefined} />
      <SearchBox
        value={query}
        onRun={(next) => (next === query ? void list.refetch() : onQuery(next))}
        label="Search traces"
        placeholder="service:checkout status:error duration>500ms"
        fieldsPath={`/api/v1/traces/fields?${parameters}`}
        facetsPath={`/api/v1/traces/facets?${parameters}`}
        known={KNOWN_VALUES}
      />
      {isEmpty ? (
        <NothingFound query={query} environment={search.env} onClear={() => onQuery('')} />
      ) : (
        <div className="traces">
          <TraceFacets scope={scope} onQuery={onQuery} />
          <div className="traces-main">
            <Panel
              title="Durations over time"
              note={pick === undefined ? undefined : <PickNote pick={pick} />}
              actions={
                pick !== undefined && (
                  <button type="button" className="tool" onClick={() => onPick(undefined)}>
                    <IconX size={14} aria-hidden /> Show all
                  </button>
                )
              }
            >
              {heatmap.error !== null && heatmap.data !== undefined && <NotRefreshed error={heatmap.error} onRetry={() => void heatmap.refetch()} />}
              {heatmap.data !== undefined && <Heatmap heatmap={heatmap.data} pick={pick} onPick={onPick} heightPx={HEATMAP_PX} />}
              {heatmap.data === undefined && (error === null ? <Skeleton height={HEATMAP_PX} /> : <Failure what="Durations" error={error} onRetry={() => void heatmap.refetch()} />)}
            </Panel>
            {pick !== undefined && <GroupDifferences scope={scope} pick={pick} onQuery={onQuery} />}
            <section className="panel" aria-label="Traces found" onMouseEnter={() => setHeld(true)} onMouseLeave={() => setHeld(false)}>
              <header className="panel-head">
                <h2>{pick === undefined ? 'Traces' : 'Traces of the chosen piece'}</h2>
                <span className="note">{noteOf(list.data?.traces.length, list.data?.truncated)}</span>
                <span className="grow" />
                {search.left !== undefined && (
                  <span className="comparing">
                    Pick a trace to compare with <code>{search.left.slice(0, 8)}</code>
                    <button type="button" className="tool" onClick={() => change({ left: undefined })}>
                      Cancel
                    </button>
                  </span>
                )}
                <SortTools sort={sort} onSort={(next) => change({ sort: next === 'recent' ? undefined : next })} />
              </header>
              {list.data === undefined && (list.error === null ? <SkeletonRows rows={8} /> : <Failure what="The list of traces" error={list.error} onRetry={() => void list.refetch()} />)}
              {list.data !== undefined && list.error !== null && <NotRefreshed error={list.error} onRetry={() => void list.refetch()} />}
              {list.data !== undefined && list.data.traces.length === 0 && (
                <Empty title="No trace here">{pick === undefined ? 'Nothing matches in this time range.' : 'The chosen piece of the heatmap holds no span.'}</Empty>
              )}
              {list.data !== undefined && list.data.traces.length > 0 && (
                <div data-busy={list.isPlaceholderData}>
                  <TraceTable
                    traces={list.data.traces}
                    sort={sort}
                    onSort={(next) => change({ sort: next === 'recent' ? undefined : next })}
                    left={search.left}
                    onCompare={onCompare}
                    onOpen={(trace) =>
                      search.left === undefined
                        ? void navigate({ to: '/explore/traces/$traceId', params: { traceId: trace.trace_id }, search: {} })
                        : onCompare(trace.trace_id)
                    }
                  />
                </div>
              )}
              {list.data?.truncated === true && limit < MOST && (
                <button type="button" className="tool load-more" disabled={list.isPlaceholderData} onClick={() => setLimit(Math.min(MOST, limit * 2))}>
                  Load more
                </button>
              )}
            </section>
          </div>
        </div>
      )}
      <p className="next" style={{ margin: 0 }}>
        <span>Next:</span>
        <Link to="/explore/traces" search={{ q: 'status:error' }}>
          What failed
        </Link>
        <Link to="/explore/traces" search={{ q: 'kind:server', sort: 'duration' }}>
          The slowest requests
        </Link>
        <Link to="/services">The map of services</Link>
      </p>
    </div>
  );
}

const noteOf = (shown: number | undefined, truncated: boolean | undefined): string | undefined =>
  shown === undefined || shown === 0 ? undefined : truncated === true ? `the first ${shown.toLocaleString('en-US')}` : countOf(shown, 'trace');

const SORTS = [
  ['recent', 'Newest'],
  ['duration', 'Slowest'],
  ['errors', 'Most errors'],
] as const;

function SortTools({ sort, onSort }: { readonly sort: TraceSort; readonly onSort: (sort: TraceSort) => void }) {
  return (
    <span className="tools" role="group" aria-label="Order">
      {SORTS.map(([value, title]) => (
        <button key={value} type="button" className="tool" aria-pressed={sort === value} onClick={() => onSort(value)}>
          {title}
        </button>
      ))}
    </span>
  );
}

function PickNote({ pick }: { readonly pick: HeatmapPick }) {
  return (
    <span data-testid="pick">
      chosen: {clockTime(pick.fromMs)} – {clockTime(pick.toMs)}, {formatValue(pick.leastMs / 1000, 'seconds')} – {formatValue(pick.mostMs / 1000, 'seconds')}
    </span>
  );
}

function NothingFound({ query, environment, onClear }: { readonly query: string; readonly environment: string | undefined; readonly onClear: () => void }) {
  const { range, setRange } = useTimeWindow();
  const widen = (
    <button type="button" className="tool" onClick={() => setRange(widenRange(range, Date.now()))}>
      Widen the range
    </button>
  );
  if (query.trim() === '' && environment === undefined) {
    return (
      <Panel title="Traces" flush>
        <Empty title="No traces yet">
          Each request that an instrumented service handles will be here: which services it went through, how long each took, and where it failed. Nothing has come in this time range.
          <span className="row">
            <Link to="/connect" className="tool primary">
              Connect a service
            </Link>
            {widen}
          </span>
        </Empty>
      </Panel>
    );
  }
  return (
    <Panel title="Traces" flush>
      <Empty title="Nothing matches">
        No span of this time range{environment === undefined ? '' : `, in the environment ${environment},`} fits the search. All terms must hold for one and the same span.
        <span className="row">
          {query.trim() !== '' && (
            <button type="button" className="tool" onClick={onClear}>
              Clear the search
            </button>
          )}
          {widen}
        </span>
      </Empty>
    </Panel>
  );
}
