import type { TraceComparisonAnswer } from '@pitot/core';
import { IconAlertOctagon } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { traceComparisonQuery } from '../../api/trace-queries.ts';
import { useLastingError } from '../../api/lasting.ts';
import { countOf } from '../../time/phrase.ts';
import { TraceLink } from '../../ui/links.tsx';
import { Sentence, unreadVerdict, type Verdict } from '../../ui/sentence.tsx';
import { Failure, SkeletonRows } from '../../ui/states.tsx';
import { virtualWindow } from '../../ui/table-model.ts';
import { ServiceDot } from './service-colour.tsx';
import { sayUs } from './trace-verdict.ts';

type ComparisonRow = TraceComparisonAnswer['rows'][number];
type Side = NonNullable<ComparisonRow['left']>;

const ROW_PX = 33;
const INDENT_PX = 14;
const MOST_INDENTS = 12;

/** Two traces side by side: calls aligned by their path, and where the difference was made. */
export function TraceComparison({ left, right }: { readonly left: string; readonly right: string }) {
  const comparison = useQuery(traceComparisonQuery(left, right));
  const error = useLastingError(comparison);
  return (
    <>
      <Sentence verdict={error !== null ? unreadVerdict(error, false) : verdictOf(comparison.data)} />
      <section className="panel comparison" aria-label="Comparison">
        <header className="panel-head">
          <h2>
            <TraceLink traceId={left} /> and <TraceLink traceId={right} />
          </h2>
          {comparison.data !== undefined && <SideNotes answer={comparison.data} />}
          <span className="grow" />
          <Link className="tool" to="/explore/traces/$traceId" params={{ traceId: right }} search={{ with: left }}>
            Swap
          </Link>
        </header>
        {comparison.data === undefined && (error === null ? <SkeletonRows rows={12} /> : <Failure what="The comparison" error={error} onRetry={() => void comparison.refetch()} />)}
        {comparison.data !== undefined && <ComparisonTable answer={comparison.data} />}
      </section>
    </>
  );
}

function verdictOf(answer: TraceComparisonAnswer | undefined): Verdict | undefined {
  return answer === undefined ? undefined : { tone: 'info', text: answer.summary };
}

function SideNotes({ answer: { left, right } }: { readonly answer: TraceComparisonAnswer }) {
  const side = ({ duration_us: us, spans, errors }: TraceComparisonAnswer['left']): string => `${sayUs(us)}, ${countOf(spans, 'span')}, ${errors === 0 ? 'no error' : countOf(errors, 'error')}`;
  return (
    <span className="note">
      left {side(left)} · right {side(right)}
    </span>
  );
}

function ComparisonTable({ answer }: { readonly answer: TraceComparisonAnswer }) {
  const [changedOnly, setChangedOnly] = useState(false);
  const [scrollTop, setScrollTop] = useState(0);
  const most = useMemo(() => answer.rows.reduce((high, row) => Math.max(high, Math.abs(row.self_change_us)), 0), [answer]);
  const rows = useMemo(() => (changedOnly ? answer.rows.filter((row) => Math.abs(row.self_change_us) >= most * 0.02 || row.left?.count !== row.right?.count) : answer.rows), [answer, changedOnly, most]);
  const heightPx = 600;
  const view = virtualWindow(rows.length, ROW_PX, scrollTop, heightPx);
  return (
    <>
      <label className="comparison-tools">
        <input type="checkbox" checked={changedOnly} onChange={(event) => setChangedOnly(event.currentTarget.checked)} /> Only what changed
        <span className="dim">{countOf(rows.length, 'call')}</span>
      </label>
      <div className="table-scroll" style={{ maxHeight: heightPx }} onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}>
        <table className="table" aria-label="Calls of both traces" aria-rowcount={rows.length + 1}>
          <thead>
            <tr>
              {['Call', 'Left', 'Right', 'Change of own time'].map((title, i) => (
                <th key={title} data-align={i === 0 ? undefined : i === 3 ? undefined : 'right'}>
                  <span className="head">{title}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {view.padTopPx > 0 && <tr style={{ height: view.padTopPx }} aria-hidden />}
            {rows.slice(view.first, view.end).map((row) => (
              <CallRow key={row.path} row={row} most={most} leftId={answer.left.trace_id} rightId={answer.right.trace_id} />
            ))}
            {view.padBottomPx > 0 && <tr style={{ height: view.padBottomPx }} aria-hidden />}
          </tbody>
        </table>
      </div>
    </>
  );
}

function CallRow({ row, most, leftId, rightId }: { readonly row: ComparisonRow; readonly most: number; readonly leftId: string; readonly rightId: string }) {
  const share = most === 0 ? 0 : row.self_change_us / most;
  const change = row.self_change_us;
  return (
    <tr tabIndex={0}>
      <td title={row.path} className="fills">
        <span style={{ paddingLeft: Math.min(row.depth, MOST_INDENTS) * INDENT_PX }}>
          <ServiceDot service={row.service} />
          <span className="dim">{row.service}</span> {row.operation}
        </span>
      </td>
      <td data-align="right">
        <SideCell side={row.left} traceId={leftId} />
      </td>
      <td data-align="right">
        <SideCell side={row.right} traceId={rightId} />
      </td>
      <td>
        <span className="change-bar">
          <span className="track" data-slower={change > 0}>
            <i style={{ width: `${Math.abs(share) * 50}%`, left: share < 0 ? `${50 + share * 50}%` : '50%' }} aria-hidden />
          </span>
          <span className="num">{Math.abs(change) < 1 ? 'same' : `${change > 0 ? '+' : '−'}${sayUs(Math.abs(change))}`}</span>
        </span>
      </td>
    </tr>
  );
}

function SideCell({ side, traceId }: { readonly side: Side | null; readonly traceId: string }) {
  if (side === null) return <span className="dim">not called</span>;
  return (
    <TraceLink traceId={traceId} spanId={side.span_id}>
      {side.errors > 0 && <IconAlertOctagon size={13} className="bad" aria-label="failed" />} {side.count > 1 && <span className="dim">{side.count} × </span>}
      {sayUs(side.total_us)}
    </TraceLink>
  );
}
