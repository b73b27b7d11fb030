import type { Span, SpanDetailAnswer, TraceAnswer } from '@pitot/core';
import { IconAlertOctagon, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { spanQuery } from '../../api/trace-queries.ts';
import { LogsLink, ServiceLink, TraceLink } from '../../ui/links.tsx';
import { Failure, SkeletonRows } from '../../ui/states.tsx';
import { Badge, ToneIcon } from '../../ui/tone.tsx';
import { AttributeTable } from './span-attributes.tsx';
import { ServiceDot } from './service-colour.tsx';
import { SpanLogs } from './span-logs.tsx';
import { sayUs, spanVerdict } from './trace-verdict.ts';
import type { TraceTree } from './waterfall-model.ts';

interface SpanPanelProps {
  readonly trace: TraceAnswer;
  readonly tree: TraceTree;
  readonly span: Span;
  readonly onSelect: (spanId: string) => void;
  readonly onClose: () => void;
}

/** Everything about one span; what the trace knows stands at once, the rest is asked for. */
export function SpanPanel({ trace, tree, span, onSelect, onClose }: SpanPanelProps) {
  const detail = useQuery(spanQuery(trace.trace_id, span.span_id));
  const index = tree.indexById.get(span.span_id) ?? 0;
  const selfUs = tree.selfUs[index] ?? span.duration_us;
  const origin = trace.error_origin?.span_id === span.span_id ? trace.error_origin : undefined;
  const failed = span.status === 'error';
  return (
    <aside className="panel span-panel" id="span-panel" data-testid="span-panel" tabIndex={-1} aria-label={`Span ${span.operation}`} onKeyDown={(event) => event.key === 'Escape' && onClose()}>
      <header className="panel-head">
        <h2 title={span.operation}>
          <ServiceDot service={span.service} />
          {span.operation}
        </h2>
        <span className="grow" />
        {failed && <Badge tone="bad">Failed</Badge>}
        <button type="button" className="tool plain" onClick={onClose} aria-label="Close" title="Close (Esc)">
          <IconX size={16} aria-hidden />
        </button>
      </header>
      <div className="span-body">
        <p className="span-sentence" data-tone={failed ? 'bad' : 'ok'}>
          <ToneIcon tone={failed ? 'bad' : 'ok'} />
          <span>{spanVerdict(span, selfUs, trace)}</span>
        </p>
        {origin !== undefined && <p className="origin-reason">{origin.reason}</p>}
        <Facts span={span} selfUs={selfUs} detail={detail.data} attempt={tree.attempts[index] ?? 0} parent={tree.spans[tree.parents[index] ?? -1]} isOrphan={tree.orphans[index] === 1} onSelect={onSelect} />
        <p className="span-links">
          <Link to="/services" search={{ node: `service:${span.service}` }}>
            Open in map
          </Link>
          <LogsLink query={`trace_id:${trace.trace_id} span_id:${span.span_id}`}>Logs of this span</LogsLink>
          <LogsLink query={`trace_id:${trace.trace_id}`}>Logs of the trace</LogsLink>
        </p>
        {detail.data === undefined && detail.error === null && <SkeletonRows rows={8} />}
        {detail.error !== null && <Failure what="The details of this span" error={detail.error} stillWorks="What stands above comes with the trace." onRetry={() => void detail.refetch()} />}
        {detail.data !== undefined && detail.data.span.span_id === span.span_id && <Detail detail={detail.data} traceId={trace.trace_id} />}
      </div>
    </aside>
  );
}

interface FactsProps {
  readonly span: Span;
  readonly selfUs: number;
  readonly detail: SpanDetailAnswer | undefined;
  readonly attempt: number;
  readonly parent: Span | undefined;
  readonly isOrphan: boolean;
  readonly onSelect: (spanId: string) => void;
}

function Facts({ span, selfUs, detail, attempt, parent, isOrphan, onSelect }: FactsProps) {
  return (
    <dl className="pair-list facts">
      <dt>Service</dt>
      <dd>
        <ServiceLink service={span.service} />
      </dd>
      <dt>Kind</dt>
      <dd>
        {span.kind}
        {span.peer !== '' && <span> → {span.peer}</span>}
      </dd>
      <dt>Timing</dt>
      <dd className="num">
        {sayUs(span.duration_us)}, {sayUs(selfUs)} of its own; began after {span.start_us <= 0 ? '0 s' : sayUs(span.start_us)}
        {span.skew_us !== 0 && <div className="warn">Moved by {sayUs(Math.abs(span.skew_us))}: its clock contradicts its caller’s.</div>}
      </dd>
      <dt>Status</dt>
      <dd>
        {span.status === 'error' ? (
          <span className="bad">
            <IconAlertOctagon size={13} aria-hidden /> error{span.status_message === '' ? '' : `: ${span.status_message}`}
          </span>
        ) : (
          span.status
        )}
      </dd>
      {attempt > 0 && (
        <>
          <dt>Attempt</dt>
          <dd>{attempt === 1 ? 'the first; it was tried again' : `${attempt} at the same call`}</dd>
        </>
      )}
      <dt>Called by</dt>
      <dd>
        {isOrphan ? (
          <span className="warn">
            <code>{span.parent_id}</code>, which has not come
          </span>
        ) : parent === undefined ? (
          'nobody: the trace begins here'
        ) : (
          <button type="button" className="link" onClick={() => onSelect(parent.span_id)}>
            {parent.service} › {parent.operation}
          </button>
        )}
      </dd>
      {detail !== undefined && detail.scope !== '' && (
        <>
          <dt>Library</dt>
          <dd className="mono">{detail.scope}</dd>
        </>
      )}
      <dt>Span id</dt>
      <dd className="mono">{span.span_id}</dd>
    </dl>
  );
}

function Section({ title, count, open = true, children }: { readonly title: string; readonly count: number; readonly open?: boolean; readonly children: ReactNode }) {
  if (count === 0) return null;
  return (
    <details className="span-section" open={open}>
      <summary>
        {title} <span className="dim">{count.toLocaleString('en-US')}</span>
      </summary>
      {children}
    </details>
  );
}

function Detail({ detail, traceId }: { readonly detail: SpanDetailAnswer; readonly traceId: string }) {
  const { span, events, attributes, resource, links, logs } = detail;
  return (
    <>
      <Section title="Events" count={events.length}>
        {events.map((event, i) => (
          <SpanEvent key={i} event={event} />
        ))}
      </Section>
      <Section title="Logs" count={span.log_count}>
        <SpanLogs logs={logs} total={span.log_count} query={`trace_id:${traceId} span_id:${span.span_id}`} start={detail.start} />
      </Section>
      <Section title="Attributes" count={Object.keys(attributes).length}>
        <AttributeTable label="Attributes" values={attributes} />
      </Section>
      <Section title="Links to other traces" count={links.length}>
        <ul className="plain-list">
          {links.map(({ trace_id: other, span_id: otherSpan }, i) => (
            <li key={i}>
              <TraceLink traceId={other} spanId={otherSpan}>
                <code>
                  {other.slice(0, 8)}… {otherSpan.slice(0, 8)}
                </code>
              </TraceLink>
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Resource" count={Object.keys(resource).length} open={false}>
        <AttributeTable label="Resource" values={resource} />
      </Section>
    </>
  );
}

function SpanEvent({ event }: { readonly event: SpanDetailAnswer['events'][number] }) {
  const { name, offset_us: offset, attributes } = event;
  const { 'exception.type': type, 'exception.message': message, 'exception.stacktrace': stack, ...others } = attributes;
  if (name !== 'exception') {
    return (
      <div className="span-event">
        <b>{name}</b> <span className="dim">after {sayUs(Math.max(0, offset))}</span>
        {Object.keys(attributes).length > 0 && <AttributeTable label={`Attributes of ${name}`} values={attributes} />}
      </div>
    );
  }
  return (
    <div className="span-event" data-exception>
      <span className="bad">
        <IconAlertOctagon size={13} aria-hidden /> <b>{type ?? 'Exception'}</b>
      </span>{' '}
      <span className="dim">after {sayUs(Math.max(0, offset))}</span>
      {message !== undefined && <p>{message}</p>}
      {stack !== undefined && <pre className="stack">{stack}</pre>}
      {Object.keys(others).length > 0 && <AttributeTable label="Attributes of the exception" values={others} />}
    </div>
  );
}
