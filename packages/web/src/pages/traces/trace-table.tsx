import type { TraceSummary } from '@pitot/core';
import { IconAlertOctagon, IconChevronDown, IconGitCompare } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { KeyboardEvent } from 'react';
import type { TraceSort } from '../../api/trace-queries.ts';
import { countOf, sayInstant, sayUtc } from '../../time/phrase.ts';
import { formatValue } from '../../units/format.ts';
import { preciseTime } from './clock.ts';
import { ServiceDot } from './service-colour.tsx';

interface TraceTableProps {
  readonly traces: readonly TraceSummary[];
  readonly sort: TraceSort;
  readonly onSort: (sort: TraceSort) => void;
  /** The trace that waits for another to be compared with. */
  readonly left: string | undefined;
  readonly onCompare: (traceId: string) => void;
  readonly onOpen: (trace: TraceSummary) => void;
}

const HEADS: readonly { readonly title: string; readonly sort?: TraceSort; readonly align?: 'right' }[] = [
  { title: 'Time', sort: 'recent' },
  { title: 'Request' },
  { title: 'Longest match' },
  { title: 'Duration', sort: 'duration' },
  { title: 'Spans', align: 'right' },
  { title: 'Errors', sort: 'errors', align: 'right' },
  { title: 'Services' },
];

/** Traces as the server ordered them; arrows go from row to row, Enter opens. */
export function TraceTable(props: TraceTableProps) {
  const { traces, sort, onSort } = props;
  const longestMs = traces.reduce((most, { duration_ms: ms }) => Math.max(most, ms), 0);
  return (
    <div className="table-scroll trace-table" style={{ maxHeight: 'none' }}>
      <table className="table" aria-label="Traces">
        <thead>
          <tr>
            {HEADS.map(({ title, sort: by, align }) => (
              <th key={title} data-align={align} aria-sort={by === sort ? 'descending' : undefined}>
                {by === undefined ? (
                  <span className="head">{title}</span>
                ) : (
                  <button type="button" onClick={() => onSort(by)} title={`Sort by ${title.toLowerCase()}`}>
                    {title}
                    {by === sort && <IconChevronDown size={13} aria-hidden />}
                  </button>
                )}
              </th>
            ))}
            <th>
              <span className="visually-hidden">Compare</span>
            </th>
          </tr>
        </thead>
        <tbody onKeyDown={moveFocus}>
          {traces.map((trace) => (
            <TraceRow key={trace.trace_id} trace={trace} longestMs={longestMs} {...props} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const row = (event.target as HTMLElement).closest('tr');
  if (!row || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return;
  const next = event.key === 'ArrowDown' ? row.nextElementSibling : row.previousElementSibling;
  if (!(next instanceof HTMLElement)) return;
  event.preventDefault();
  next.focus();
}

function TraceRow({ trace, longestMs, left, onCompare, onOpen }: TraceTableProps & { readonly trace: TraceSummary; readonly longestMs: number }) {
  const startMs = Date.parse(trace.start);
  const { matched, error_count: errors, trace_id: traceId } = trace;
  const isRoot = matched.service === trace.root_service && matched.operation === trace.root_operation;
  const others = trace.matched_count - 1;
  return (
    <tr
      tabIndex={0}
      className="live"
      data-testid="trace-row"
      aria-selected={traceId === left}
      onClick={() => onOpen(trace)}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && event.target === event.currentTarget) onOpen(trace);
      }}
    >
      <td title={`${sayInstant(startMs)}\n${sayUtc(startMs)}`} className="num">
        {preciseTime(startMs)}
      </td>
      <td title={`${trace.root_service} › ${trace.root_operation}${trace.is_complete ? '' : '\nThe first span has not come.'}`} className="fills">
        <Link to="/explore/traces/$traceId" params={{ traceId }} onClick={(event) => event.stopPropagation()} tabIndex={-1}>
          <ServiceDot service={trace.root_service} />
          {trace.root_service} <b>{trace.root_operation}</b>
        </Link>
        {!trace.is_complete && <span className="dim"> (without its first span)</span>}
      </td>
      <td title={`${matched.service} › ${matched.operation}, ${formatValue(matched.duration_ms / 1000, 'seconds')}${others > 0 ? `\nand ${countOf(others, 'other span')} that match` : ''}`}>
        {isRoot ? (
          <span className="dim">the request itself{others > 0 ? ` + ${others}` : ''}</span>
        ) : (
          <>
            {matched.status === 'error' && <IconAlertOctagon size={13} className="bad" aria-label="failed" />} <ServiceDot service={matched.service} />
            {matched.service} {matched.operation} <span className="dim">{formatValue(matched.duration_ms / 1000, 'seconds')}</span>
          </>
        )}
      </td>
      <td>
        <span className="duration-bar">
          <span className="track">
            <i data-failed={errors > 0} style={{ width: `${longestMs === 0 ? 0 : Math.max(1, (trace.duration_ms / longestMs) * 100)}%` }} aria-hidden />
          </span>
          <span className="num">{formatValue(trace.duration_ms / 1000, 'seconds')}</span>
        </span>
      </td>
      <td data-align="right">{trace.span_count.toLocaleString('en-US')}</td>
      <td data-align="right">
        {errors > 0 ? (
          <span className="bad errors">
            <IconAlertOctagon size={13} aria-hidden /> {errors.toLocaleString('en-US')}
          </span>
        ) : (
          <span className="dim">0</span>
        )}
      </td>
      <td title={trace.services.map(({ service, spans }) => `${service}: ${countOf(spans, 'span')}`).join('\n')}>
        <span className="service-dots">
          {trace.services.slice(0, MOST_DOTS).map(({ service }) => (
            <ServiceDot key={service} service={service} />
          ))}
          <span className="dim">{trace.services.length}</span>
        </span>
      </td>
      <td data-align="right">
        <button
          type="button"
          className="row-tool"
          disabled={traceId === left}
          title={left === undefined ? 'Compare with another trace' : 'Compare with the trace picked first'}
          aria-label={left === undefined ? 'Compare with another trace' : `Compare with ${left.slice(0, 8)}`}
          onClick={(event) => {
            event.stopPropagation();
            onCompare(traceId);
          }}
        >
          <IconGitCompare size={15} stroke={1.75} aria-hidden />
        </button>
      </td>
    </tr>
  );
}

const MOST_DOTS = 6;
