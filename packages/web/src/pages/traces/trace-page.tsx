import './traces.css';
import './trace.css';
import type { TraceAnswer } from '@pitot/core';
import { useComputedColorScheme } from '@mantine/core';
import { useViewportSize } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { IconDownload } from '@tabler/icons-react';
import { useCallback, useMemo, useState, type CSSProperties } from 'react';
import { useLastingError } from '../../api/lasting.ts';
import { RequestFailure } from '../../api/request.ts';
import { traceExportPath, traceQuery } from '../../api/trace-queries.ts';
import { sayInstant, sayUtc } from '../../time/phrase.ts';
import { Panel } from '../../ui/panel.tsx';
import { Sentence, unreadVerdict } from '../../ui/sentence.tsx';
import { Empty, Failure, SkeletonRows } from '../../ui/states.tsx';
import { Tile } from '../../ui/tile.tsx';
import { termText, toggledTerm } from './facet-terms.ts';
import { ServiceBreakdown } from './service-breakdown.tsx';
import { serviceColour, ServiceDot } from './service-colour.tsx';
import { SpanPanel } from './span-panel.tsx';
import { TraceComparison } from './trace-comparison.tsx';
import { pathShares, sayUs, traceVerdict } from './trace-verdict.ts';
import { treeOf } from './waterfall-model.ts';
import { Waterfall } from './waterfall.tsx';

const route = getRouteApi('/inside/explore/traces/$traceId');

const NOT_FOUND = 404;
/** What stands above and below the rows of the waterfall; they take the rest of the window. */
const AROUND_ROWS_PX = 480;
const LEAST_ROWS_PX = 300;

export function TracePage() {
  const { traceId } = route.useParams();
  const { with: other } = route.useSearch();
  return (
    <div className="page trace-page">
      {/* Another trace begins anew: what was open, zoomed and closed belongs to the one before. */}
      {other === undefined ? <OneTrace key={traceId} traceId={traceId} /> : <Compared left={traceId} right={other} />}
    </div>
  );
}

function Compared({ left, right }: { readonly left: string; readonly right: string }) {
  return (
    <>
      <div className="row wrap">
        <Link to="/explore/traces">Traces</Link>
        <span className="dim" aria-hidden>
          /
        </span>
        <h1>Two traces compared</h1>
      </div>
      <TraceComparison left={left} right={right} />
    </>
  );
}

function OneTrace({ traceId }: { readonly traceId: string }) {
  const answer = useQuery(traceQuery(traceId));
  const error = useLastingError(answer);
  const trace = answer.data;
  const missing = error instanceof RequestFailure && error.status === NOT_FOUND;
  const verdict = error !== null ? (missing ? { tone: 'none' as const, text: `Pitot has no trace ${traceId}.` } : unreadVerdict(error, trace !== undefined)) : trace && traceVerdict(trace);
  return (
    <>
      <TraceHead traceId={traceId} trace={trace} />
      <Sentence verdict={verdict} />
      {trace !== undefined && <TraceBody trace={trace} />}
      {trace === undefined && (
        <Panel title="Waterfall" flush>
          {error === null && <SkeletonRows rows={14} />}
          {missing && (
            <Empty title="This trace is not here">
              It may be younger than a few seconds, older than the time traces are kept, or never have been sent to this Pitot. The link may also have lost a character.
              <Link to="/explore/traces" className="tool">
                Look for traces
              </Link>
            </Empty>
          )}
          {error !== null && !missing && <Failure what="The trace" error={error} onRetry={() => void answer.refetch()} />}
        </Panel>
      )}
    </>
  );
}

function TraceHead({ traceId, trace }: { readonly traceId: string; readonly trace: TraceAnswer | undefined }) {
  const root = trace?.spans[0];
  const startMs = trace === undefined ? 0 : Date.parse(trace.start);
  return (
    <div className="row wrap">
      <Link to="/explore/traces">Traces</Link>
      <span className="dim" aria-hidden>
        /
      </span>
      <h1>{root === undefined ? <code>{traceId.slice(0, 16)}</code> : root.operation}</h1>
      <code className="dim" title="Trace id">
        {traceId}
      </code>
      {trace !== undefined && (
        <time className="dim" dateTime={trace.start} title={sayUtc(startMs)}>
          {sayInstant(startMs)}
        </time>
      )}
      <span className="grow" />
      <ViewTools />
      <Link className="tool" to="/explore/traces" search={{ left: traceId, ...(root && { q: toggledTerm(termText('service', root.service), 'operation', root.operation) }) }}>
        Compare with…
      </Link>
      <a className="tool" href={traceExportPath(traceId)} download={`trace-${traceId}.json`} title="As OTLP/JSON, to be opened elsewhere">
        <IconDownload size={15} aria-hidden /> OTLP/JSON
      </a>
    </div>
  );
}

function ViewTools() {
  const { view } = route.useSearch();
  return (
    <span className="tools" role="group" aria-label="View">
      <Link to="." search={(previous) => ({ ...previous, view: undefined })} className="tool" aria-pressed={view === undefined} role="button">
        Waterfall
      </Link>
      <Link to="." search={(previous) => ({ ...previous, view: 'services' as const })} className="tool" aria-pressed={view === 'services'} role="button">
        Services
      </Link>
    </span>
  );
}

function TraceBody({ trace }: { readonly trace: TraceAnswer }) {
  const { span: asked, view } = route.useSearch();
  const navigate = useNavigate();
  const [isClosed, setClosed] = useState(false);
  const tree = useMemo(() => treeOf(trace.spans), [trace]);
  const heightPx = Math.max(LEAST_ROWS_PX, useViewportSize().height - AROUND_ROWS_PX);
  const selected = asked ?? (isClosed ? undefined : trace.error_origin?.span_id);
  const span = selected === undefined ? undefined : tree.spans[tree.indexById.get(selected) ?? -1];
  const select = useCallback((spanId: string) => void navigate({ to: '.', search: (previous) => ({ ...previous, span: spanId }), replace: true, resetScroll: false }), [navigate]);
  const close = useCallback(() => {
    setClosed(true);
    void navigate({ to: '.', search: (previous) => ({ ...previous, span: undefined }), replace: true, resetScroll: false });
  }, [navigate]);
  return (
    <>
      <TraceTiles trace={trace} />
      {view === 'services' ? (
        <ServiceBreakdown trace={trace} />
      ) : (
        <div className="trace" data-panel={span !== undefined} style={{ '--rows-height': `${heightPx}px` } as CSSProperties}>
          <Waterfall trace={trace} tree={tree} selected={span?.span_id} onSelect={select} onClose={close} heightPx={heightPx} />
          {span !== undefined && <SpanPanel trace={trace} tree={tree} span={span} onSelect={select} onClose={close} />}
        </div>
      )}
    </>
  );
}

function TraceTiles({ trace }: { readonly trace: TraceAnswer }) {
  const errors = trace.spans.reduce((count, { status }) => count + (status === 'error' ? 1 : 0), 0);
  const logs = trace.spans.reduce((count, { log_count: ofSpan }) => count + ofSpan, 0);
  return (
    <div className="tiles compact trace-tiles">
      <Tile label="Duration" value={trace.duration_us / 1e6} unit="seconds" flat />
      <Tile label="Spans" value={trace.spans.length} unit="count" note={logs === 0 ? 'no logs' : `${logs.toLocaleString('en-US')} log records`} link={{ to: '/explore/logs', search: { q: `trace_id:${trace.trace_id}` } }} flat />
      <Tile label="Services" value={trace.services.length} unit="count" note={trace.services.map(({ service }) => service).join(', ')} flat />
      <Tile label="Errors" value={errors} unit="count" note={errors === 0 ? 'none' : 'failed spans'} {...(errors > 0 && { tone: 'bad' as const, toneWord: 'Failed' })} flat />
      <CriticalShares trace={trace} />
    </div>
  );
}

const MOST_SHARES = 3;

/** What the trace's time went to, as one bar and its largest parts in words. */
function CriticalShares({ trace }: { readonly trace: TraceAnswer }) {
  const shares = useMemo(() => pathShares(trace), [trace]);
  const scheme = useComputedColorScheme('dark');
  return (
    <Link to="." search={(previous) => ({ ...previous, view: 'services' as const })} className="tile critical-tile" title={shares.map(({ name, us, share }) => `${name}: ${sayUs(us)}, ${Math.round(share * 100)} %`).join('\n')}>
      <span className="tile-label">
        <span>Where the time went (critical path)</span>
      </span>
      <span className="share-strip">
        {shares.map(({ name, share }) => (
          <i key={name} style={{ width: `${share * 100}%`, background: serviceColour(name, scheme) }} />
        ))}
      </span>
      <span className="tile-note">
        {shares.slice(0, MOST_SHARES).map(({ name, share, isWaiting }) => (
          <span key={name} className="share-name">
            <ServiceDot service={name} />
            {isWaiting ? 'waiting for ' : ''}
            {name} <b>{Math.round(share * 100)} %</b>
          </span>
        ))}
      </span>
    </Link>
  );
}
