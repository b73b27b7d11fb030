import './logs.css';
import { SEVERITIES, type LogHistogramAnswer, type Severity } from '@pitot/core';
import { useMediaQuery } from '@mantine/hooks';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { useLastingError } from '../../api/lasting.ts';
import { LOGS_PATH, type LogQuestion } from '../../api/log-queries.ts';
import { RequestFailure } from '../../api/request.ts';
import { sayAge } from '../../time/phrase.ts';
import { describeRange } from '../../time/range.ts';
import { useTimeWindow } from '../../time/time-window.tsx';
import { TracesLink } from '../../ui/links.tsx';
import { SearchBox } from '../../ui/search-box.tsx';
import { problemFrom } from '../../ui/search-completion.ts';
import { Sentence, unreadVerdict } from '../../ui/sentence.tsx';
import { Failure, NotRefreshed, Skeleton, SkeletonRows } from '../../ui/states.tsx';
import { FacetList } from './facet-list.tsx';
import { LogHistogram, SeverityLegend } from './log-histogram.tsx';
import { LogLines } from './log-lines.tsx';
import { LogsToolbar } from './logs-toolbar.tsx';
import { logsVerdict } from './logs-verdict.ts';
import { NothingFound } from './nothing-found.tsx';
import { PatternTable } from './pattern-table.tsx';
import { choicesOf, narrowed, type Narrowing } from './query-terms.ts';
import { RecordPanel } from './record-panel.tsx';
import { mergeTail } from './tail-lines.ts';
import { TryRules } from './try-rules.tsx';
import { useFound, useLines, useLogQuestion } from './use-log-data.ts';
import { useTail } from './use-tail.ts';

const route = getRouteApi('/inside/explore/logs');
const BARS = 100;
const DAY_MS = 86_400_000;
const NO_COLUMNS: readonly string[] = [];
const KNOWN = { level: SEVERITIES, severity: SEVERITIES };
const MOST_SHOWN = 100_000;

export function LogsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = search.q ?? '';
  const question = useLogQuestion(query);
  const wide = useMediaQuery('(min-width: 1001px)', true, { getInitialValueInEffect: false });
  const [filters, setFilters] = useState<boolean | undefined>(undefined);
  const [trying, setTrying] = useState(false);
  const [resting, setResting] = useState(true);
  const window = useTimeWindow();
  const live = search.live === '1' && search.view !== 'patterns';
  const tail = useTail(live, query, question.environment, !resting);
  const found = useFound(question, BARS);
  const error = useLastingError(found.counts);
  const change = useCallback(
    (next: Partial<typeof search>, replace = false) => void navigate({ search: (previous) => ({ ...previous, ...next }), replace }),
    [navigate],
  );
  const run = (next: string): void => {
    if (next === query) window.refresh();
    else change({ q: next === '' ? undefined : next, log: undefined });
  };
  const narrow = (how: Narrowing, field: string, value: string): void => run(narrowed(query, how, field, value));
  const opened = search.view === 'patterns' ? undefined : search.log;
  const filtersOpen = filters ?? (wide && opened === undefined && search.view !== 'patterns');
  const columns = search.col ?? NO_COLUMNS;
  const toggleColumn = (name: string): void => change({ col: columns.includes(name) ? columns.filter((other) => other !== name) : [...columns, name] }, true);
  const scope = { ...question, query: '' };
  const badQuery = error instanceof RequestFailure && error.code === 'bad_query' ? problemFrom(error.message, error.fields) : undefined;

  return (
    <div className="page logs" data-filters={filtersOpen} data-record={opened !== undefined}>
      <h1 className="visually-hidden">Logs</h1>
      <Sentence verdict={verdictOf(question, found, error, describeRange(window.range, window.nowMs))} asOfMs={found.counts.dataUpdatedAt || undefined} />
      <SearchBox
        value={query}
        onRun={run}
        label="Search logs"
        placeholder={'Search logs, e.g. service:cart level>=warn "timed out"'}
        problem={badQuery}
        known={KNOWN}
        fieldsPath={pathOf('/fields', scope)}
        facetsPath={pathOf('/facets', scope)}
      />
      <Counts answer={found.counts.data} stale={found.counts.isPlaceholderData} error={badQuery === undefined ? error : null} unreadable={badQuery !== undefined} retry={() => void found.counts.refetch()} query={query} narrow={narrow} run={run} />
      <LogsToolbar
        view={search.view ?? 'lines'}
        onView={(view) => change({ view: view === 'patterns' ? 'patterns' : undefined, log: undefined })}
        wrap={search.wrap === '1'}
        onWrap={() => change({ wrap: search.wrap === '1' ? undefined : '1' }, true)}
        live={live}
        onLive={() => change({ live: live ? undefined : '1' })}
        tail={tail}
        filtersOpen={filtersOpen}
        onFilters={() => setFilters(!filtersOpen)}
        onTry={() => setTrying(true)}
        question={question}
      />
      <div className="log-area">
        {filtersOpen && (
          <section className="panel log-facets" aria-label="Filters">
            <FacetList question={question} onNarrow={narrow} />
          </section>
        )}
        {search.view === 'patterns' ? (
          <PatternTable question={question} onOpen={(pattern) => change({ q: narrowed(query, 'include', 'pattern', pattern.id), view: undefined })} />
        ) : (
          <Lines
            question={question}
            columns={columns}
            wrap={search.wrap === '1'}
            opened={opened}
            tail={live ? tail : undefined}
            onOpen={(id) => change({ log: id }, opened !== undefined)}
            onColumn={toggleColumn}
            onRun={run}
            resting={resting}
            onRest={setResting}
          />
        )}
        {opened !== undefined && (
          <RecordPanel
            id={opened}
            question={question}
            columns={columns}
            onNarrow={narrow}
            onColumn={toggleColumn}
            onOpen={(id) => change({ log: id }, true)}
            onClose={() => change({ log: undefined }, true)}
          />
        )}
      </div>
      <p className="next" style={{ margin: 0 }}>
        <span>Next:</span>
        {found.topPattern !== undefined && (
          <Link to="." search={(previous) => ({ ...previous, q: `pattern:${found.topPattern!.id}`, view: undefined, log: undefined })}>
            The most frequent error, from {found.topPattern.service}
          </Link>
        )}
        {search.view !== 'patterns' && (
          <Link to="." search={(previous) => ({ ...previous, view: 'patterns' as const, log: undefined })}>
            What kinds of lines are these?
          </Link>
        )}
        <TracesLink query="status:error">Traces that failed</TracesLink>
      </p>
      {trying && <TryRules opened onClose={() => setTrying(false)} />}
    </div>
  );
}

/** Paths of suggestions: over the range, whatever is searched for. */
function pathOf(route: string, { startMs, endMs, environment }: LogQuestion): string {
  const parameters = new URLSearchParams({ start: String(Math.floor(startMs)), end: String(Math.ceil(endMs)), ...(environment !== undefined && { environment }) });
  return `${LOGS_PATH}${route}?${parameters}`;
}

function verdictOf(question: LogQuestion, { counts, before, topPattern }: ReturnType<typeof useFound>, error: Error | null, range: string) {
  if (error !== null) {
    if (error instanceof RequestFailure && error.code === 'bad_query') return { tone: 'warn' as const, text: 'This search cannot be read; what is wrong is marked below.' };
    return unreadVerdict(error, counts.data !== undefined);
  }
  if (counts.data === undefined) return undefined;
  return logsVerdict({ counts: counts.data, before, topPattern, range, filtered: question.query !== '' });
}

interface CountsProps {
  readonly answer: LogHistogramAnswer | undefined;
  readonly stale: boolean;
  readonly error: Error | null;
  readonly unreadable: boolean;
  readonly retry: () => void;
  readonly query: string;
  readonly narrow: (how: Narrowing, field: string, value: string) => void;
  readonly run: (query: string) => void;
}

function Counts({ answer, stale, error, unreadable, retry, query, narrow, run }: CountsProps) {
  const { startMs, endMs, zoom, resetZoom } = useTimeWindow();
  const chosen = useMemo(() => choicesOf(query).get('level')?.included ?? NO_COLUMNS, [query]);
  const pick = (severity: Severity): void => {
    if (chosen.includes(severity)) narrow('clear', 'level', severity);
    else run(narrowed(chosen.reduce((rest, other) => narrowed(rest, 'clear', 'level', other), query), 'include', 'level', severity));
  };
  return (
    <section className="panel log-counts" aria-label="Lines over time">
      {answer === undefined ? (
        <div style={{ padding: '12px 14px' }}>{error === null && !unreadable ? <Skeleton height={102} /> : <span className="dim">{unreadable ? 'Lines are counted here as soon as the search can be read.' : 'The counts could not be read.'}</span>}</div>
      ) : (
        <>
          {error !== null && <NotRefreshed error={error} onRetry={retry} />}
          <LogHistogram answer={answer} startMs={startMs} endMs={endMs} stale={stale} onZoom={zoom} onReset={resetZoom} />
          <SeverityLegend totals={answer.totals} chosen={chosen} onPick={pick} />
        </>
      )}
    </section>
  );
}

interface LinesProps {
  readonly question: LogQuestion;
  readonly columns: readonly string[];
  readonly wrap: boolean;
  readonly opened: string | undefined;
  readonly tail: ReturnType<typeof useTail> | undefined;
  readonly onOpen: (id: string) => void;
  readonly onColumn: (name: string) => void;
  readonly onRun: (query: string) => void;
  readonly resting: boolean;
  readonly onRest: (resting: boolean) => void;
}

function Lines({ question, columns, wrap, opened, tail, onOpen, onColumn, onRun, resting, onRest }: LinesProps) {
  const { lines, records, refresh } = useLines(question, resting && opened === undefined && tail === undefined);
  const error = useLastingError(lines);
  const window = useTimeWindow();
  const shown = useMemo(() => (tail === undefined ? records : mergeTail(records, tail.lines, MOST_SHOWN)), [records, tail]);
  const { fetchNextPage } = lines;
  const more = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const behind = window.range.to === 'now' && tail === undefined && lines.data !== undefined && !lines.isFetching && window.nowMs - lines.dataUpdatedAt > 20_000;

  const body = (() => {
    if (lines.data === undefined && error === null) return <SkeletonRows rows={14} />;
    if (lines.data === undefined && error instanceof RequestFailure && error.code === 'bad_query') return <BadQuery query={question.query} error={error} />;
    if (lines.data === undefined) return <Failure what="The lines" error={error!} sinceMs={lines.errorUpdatedAt} onRetry={() => void lines.refetch()} />;
    if (shown.length === 0 && tail === undefined) return <NothingFound query={question.query} environment={question.environment} onRun={onRun} />;
    return (
      <LogLines
        records={shown}
        query={question.query}
        columns={columns}
        wrap={wrap}
        opened={opened}
        withDay={question.endMs - question.startMs > DAY_MS}
        onOpen={onOpen}
        onColumn={onColumn}
        hasMore={lines.hasNextPage}
        loadingMore={lines.isFetchingNextPage}
        onMore={more}
        onRest={onRest}
        foot={footOf(lines.isFetchingNextPage, lines.hasNextPage, shown.length, tail !== undefined)}
      />
    );
  })();
  return (
    <section className="panel log-list" aria-label="Lines" data-stale={lines.isPlaceholderData}>
      {error !== null && lines.data !== undefined && <NotRefreshed error={error} onRetry={() => void lines.refetch()} />}
      {tail !== undefined && tail.waiting > 0 && (
        <div className="log-held" role="status">
          Held still while you read: {tail.waiting.toLocaleString('en-US')} more {tail.waiting === 1 ? 'line' : 'lines'} arrived.
        </div>
      )}
      {behind && (
        <div className="log-held">
          Read {sayAge(lines.dataUpdatedAt, window.nowMs)}.{' '}
          <button type="button" onClick={refresh}>
            Show newer lines
          </button>
        </div>
      )}
      {body}
    </section>
  );
}

function footOf(loading: boolean, more: boolean, count: number, live: boolean): string {
  if (loading) return 'Loading older lines…';
  if (more) return '';
  if (count === 0) return live ? 'Waiting for the first line.' : '';
  return count === 1 ? 'The only line of this range.' : `All ${count.toLocaleString('en-US')} lines of this range are shown.`;
}

/** Where in the query the server stopped reading. */
function BadQuery({ query, error }: { readonly query: string; readonly error: RequestFailure }) {
  const { from, to } = problemFrom(error.message, error.fields);
  const end = Math.min(to, query.length);
  return (
    <div className="state" role="alert">
      <strong>This search cannot be read</strong>
      <pre className="log-wrong">
        {query.slice(0, from)}
        <mark>{query.slice(from, end) || ' '}</mark>
        {query.slice(end)}
      </pre>
      <span>{error.message}.</span>
    </div>
  );
}
