import type { TraceSummary } from '@pitot/core';
import { exampleTracesQuery, useScope, useScoped } from '../../api/service-queries.ts';
import { useLastingError } from '../../api/lasting.ts';
import { Age } from '../../ui/age.tsx';
import { TraceLink, TracesLink } from '../../ui/links.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Failure, SkeletonRows } from '../../ui/states.tsx';
import { Badge } from '../../ui/tone.tsx';
import { countOf } from '../../time/phrase.ts';
import { formatMs } from './health.ts';
import { failedTerm, servedTerm } from './search-terms.ts';

/** Traces to look at: those in which the service failed, and those in which it took longest. */
export function TracePanel({ service }: { readonly service: string }) {
  return (
    <Panel title="Failed and slow traces" flush actions={<TracesLink query={servedTerm(service)}>All traces</TracesLink>}>
      <TraceList title="Failed" query={failedTerm(service)} sort="recent" most={5} none={`No span of ${service} failed in this range.`} />
      <TraceList title="Slowest" query={servedTerm(service)} sort="duration" most={4} none={`${service} answered nothing in this range.`} />
    </Panel>
  );
}

interface TraceListProps {
  readonly title: 'Failed' | 'Slowest';
  readonly query: string;
  readonly sort: 'recent' | 'duration';
  readonly most: number;
  readonly none: string;
}

function TraceList({ title, query, sort, most, none }: TraceListProps) {
  const traces = useScoped(exampleTracesQuery(useScope(), query, sort));
  const error = useLastingError(traces);
  const found = traces.data;
  return (
    <section aria-label={`${title} traces`}>
      <h3 className="evidence-title">
        {title}
        {found !== undefined && title === 'Failed' && found.errors_found > 0 && <TracesLink query={query}>{countOf(Math.round(found.errors_found), 'failed span')}</TracesLink>}
      </h3>
      {error !== null && found === undefined ? (
        <Failure what={`${title} traces`} error={error} sinceMs={traces.errorUpdatedAt} onRetry={() => void traces.refetch()} />
      ) : found === undefined ? (
        <SkeletonRows rows={3} />
      ) : found.traces.length === 0 ? (
        <p className="dim evidence-none">{none}</p>
      ) : (
        <ul className="evidence">
          {found.traces.slice(0, most).map((trace) => (
            <TraceLine key={trace.trace_id} trace={trace} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** The matched span is what is linked to: the trace opens with it in sight. */
function TraceLine({ trace: { trace_id: traceId, start, matched, root_service: root, root_operation: rootOperation, span_count: spans, error_count: errors } }: { readonly trace: TraceSummary }) {
  const isFailed = matched.status === 'error';
  return (
    <li>
      <Badge tone={isFailed ? 'bad' : 'info'}>{isFailed ? 'Failed' : 'Slow'}</Badge>
      <span className="grow evidence-words">
        <span title={matched.operation}>
          <TraceLink traceId={traceId} spanId={matched.span_id}>
            {matched.operation}
          </TraceLink>
        </span>
        <small className="dim">
          {root === '' ? 'its root has not come' : `in ${root} ${rootOperation}`} · {countOf(spans, 'span')}
          {errors > 0 && `, ${errors} failed`}
        </small>
      </span>
      <span className="dim only-wide nowrap">
        <Age of={Date.parse(start)} />
      </span>
      <span className="num evidence-count">{formatMs(matched.duration_ms)}</span>
    </li>
  );
}
