import type { LogRecord } from '@pitot/core';
import { CopyButton, Menu } from '@mantine/core';
import { IconArrowRight, IconCheck, IconColumnInsertRight, IconCopy, IconFilter, IconFilterOff, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { logPatternsQuery, logRecordQuery, type LogQuestion } from '../../api/log-queries.ts';
import { countOf, sayInstant, sayUtc } from '../../time/phrase.ts';
import { Age } from '../../ui/age.tsx';
import { LogsLink, ServiceLink, TraceLink, TracesLink } from '../../ui/links.tsx';
import { Failure, SkeletonRows } from '../../ui/states.tsx';
import { lineTime, prettyJson } from './line-text.ts';
import { SeverityMark } from './log-histogram.tsx';
import { Template } from './pattern-table.tsx';
import type { Narrowing } from './query-terms.ts';
import { RecordContext } from './record-context.tsx';

interface RecordPanelProps {
  readonly id: string;
  readonly question: LogQuestion;
  readonly columns: readonly string[];
  readonly onNarrow: (how: Narrowing, field: string, value: string) => void;
  readonly onColumn: (name: string) => void;
  readonly onOpen: (id: string) => void;
  readonly onClose: () => void;
}

type Tab = 'details' | 'context' | 'json';
const TABS: readonly (readonly [Tab, string])[] = [
  ['details', 'Details'],
  ['context', 'Lines around it'],
  ['json', 'JSON'],
];

/** One record: what it says, where it comes from, the trace and the pattern it belongs to. Esc closes it. */
export function RecordPanel(props: RecordPanelProps) {
  const { id, onClose } = props;
  const record = useQuery(logRecordQuery(id));
  const [tab, setTab] = useState<Tab>('details');
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      // Menus and editors close their own with the same key.
      if (event.key === 'Escape' && !event.defaultPrevented && !(event.target as HTMLElement).closest('.cm-editor, [role="dialog"], [role="menu"]')) close.current();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);

  return (
    <aside className="panel log-record" aria-label="Log record">
      <header className="panel-head">
        {record.data === undefined ? <h2>Log record</h2> : <RecordTitle record={record.data} />}
        <span className="grow" />
        <button type="button" className="tool plain" aria-label="Close the record" title="Close (Esc)" onClick={onClose}>
          <IconX size={16} stroke={1.75} aria-hidden />
        </button>
      </header>
      {record.data === undefined ? (
        record.error === null ? (
          <SkeletonRows rows={8} />
        ) : (
          <Failure what="This record" error={record.error} stillWorks="The other lines are still there." onRetry={() => void record.refetch()} />
        )
      ) : (
        <>
          <div className="log-tabs" role="tablist" aria-label="Parts of the record">
            {TABS.map(([name, word]) => (
              <button key={name} type="button" role="tab" aria-selected={tab === name} onClick={() => setTab(name)}>
                {word}
              </button>
            ))}
          </div>
          <div className="log-record-body" role="tabpanel">
            {tab === 'details' && <Details {...props} record={record.data} />}
            {tab === 'context' && <RecordContext id={id} onOpen={props.onOpen} />}
            {tab === 'json' && <Code text={JSON.stringify(record.data, undefined, 2)} />}
          </div>
        </>
      )}
    </aside>
  );
}

function RecordTitle({ record }: { readonly record: LogRecord }) {
  const ms = lineTime(record.timestamp);
  return (
    <h2 className="row wrap">
      <SeverityMark severity={record.severity} />
      {record.service !== '' && <ServiceLink service={record.service} />}
      <time className="dim" dateTime={record.timestamp} title={`${sayInstant(ms)}\n${sayUtc(ms)}\n${record.timestamp}`}>
        <Age of={ms} />
      </time>
    </h2>
  );
}

function Code({ text }: { readonly text: string }) {
  return (
    <div className="log-code">
      <CopyButton value={text} timeout={1500}>
        {({ copied, copy }) => (
          <button type="button" className="tool plain" onClick={copy} aria-label={copied ? 'Copied' : 'Copy'} title="Copy">
            {copied ? <IconCheck size={15} className="ok" aria-hidden /> : <IconCopy size={15} stroke={1.75} aria-hidden />}
          </button>
        )}
      </CopyButton>
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}

function Details(props: RecordPanelProps & { readonly record: LogRecord }) {
  const { record, question } = props;
  const { trace_id: traceId, span_id: spanId } = record;
  return (
    <>
      <Code text={prettyJson(record.body) ?? record.body} />
      <div className="log-ways">
        {traceId === '' ? (
          <span className="dim">Belongs to no trace.</span>
        ) : (
          <>
            <span className="log-way">
              <TraceLink traceId={traceId} {...(spanId !== '' && { spanId })}>
                Open the trace <IconArrowRight size={14} stroke={1.75} aria-hidden />
              </TraceLink>
            </span>
            <LogsLink query={`trace:${traceId}`}>All lines of the trace</LogsLink>
          </>
        )}
        {record.service !== '' && traceId === '' && <TracesLink query={`service:${record.service}`}>Traces of {record.service}</TracesLink>}
      </div>
      {record.pattern !== null && <PatternOf id={record.pattern} question={question} />}
      <Values {...props} title="Attributes" values={record.attributes} fieldOf={(name) => (OTHER_MEANING.has(name) ? `attribute.${name}` : name)} />
      <Values {...props} title="Record" values={ownFields(record)} fieldOf={(name) => OWN_FIELDS[name] ?? name} />
      <Values {...props} title="Resource" values={record.resource} fieldOf={(name) => RESOURCE_FIELDS[name] ?? (name in record.attributes || OTHER_MEANING.has(name) ? `resource.${name}` : name)} />
    </>
  );
}

/** What the search language calls a record's own fields. */
const OWN_FIELDS: Readonly<Record<string, string>> = { 'trace id': 'trace', 'span id': 'span', 'event name': 'event' };
/** Names that the language gives to fields of its own. */
const OTHER_MEANING: ReadonlySet<string> = new Set(
  'service level severity environment env version body message trace trace_id span span_id event scope logger pattern host pod namespace container'.split(' '),
);
const RESOURCE_FIELDS: Readonly<Record<string, string>> = { 'service.name': 'service', 'service.version': 'version', 'deployment.environment.name': 'environment' };

function ownFields(record: LogRecord): Readonly<Record<string, string>> {
  const fields = { time: record.timestamp, severity: record.severity, 'trace id': record.trace_id, 'span id': record.span_id, 'event name': record.event_name, scope: record.scope };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

function PatternOf({ id, question }: { readonly id: string; readonly question: LogQuestion }) {
  const patterns = useQuery(logPatternsQuery({ ...question, query: `pattern:${id}` }, 1));
  const pattern = patterns.data?.patterns[0];
  return (
    <div className="log-pattern-of">
      <span className="dim">Pattern</span>
      {pattern !== undefined && <Template template={pattern.template} />}
      <LogsLink query={`pattern:${id}`}>{pattern === undefined ? 'Lines like this one' : `${countOf(pattern.count, 'line')} like this one`}</LogsLink>
    </div>
  );
}

interface ValuesProps extends RecordPanelProps {
  readonly title: string;
  readonly values: Readonly<Record<string, string | number>>;
  readonly fieldOf: (name: string) => string;
}

function Values({ title, values, fieldOf, columns, onNarrow, onColumn }: ValuesProps) {
  const names = Object.keys(values).sort();
  if (names.length === 0) return null;
  const searchable = title !== 'Record';
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <dl className="log-values">
        {names.map((name) => {
          const value = values[name]!;
          const field = fieldOf(name);
          return (
            <div key={name}>
              <dt title={name}>{name}</dt>
              <dd data-type={typeof value}>
                <Menu position="bottom-start" shadow="md" withinPortal>
                  <Menu.Target>
                    <button type="button" className="log-value" title={`${typeof value === 'number' ? 'A number' : 'Text'}; click to filter or copy`}>
                      {String(value)}
                    </button>
                  </Menu.Target>
                  <Menu.Dropdown>
                    {name !== 'time' && (
                      <>
                        <Menu.Item leftSection={<IconFilter size={15} stroke={1.75} />} onClick={() => onNarrow('include', field, String(value))}>
                          Only lines with this
                        </Menu.Item>
                        <Menu.Item leftSection={<IconFilterOff size={15} stroke={1.75} />} onClick={() => onNarrow('exclude', field, String(value))}>
                          Without this
                        </Menu.Item>
                      </>
                    )}
                    <Menu.Item leftSection={<IconCopy size={15} stroke={1.75} />} onClick={() => void navigator.clipboard.writeText(String(value))}>
                      Copy
                    </Menu.Item>
                    {searchable && (
                      <Menu.Item leftSection={<IconColumnInsertRight size={15} stroke={1.75} />} onClick={() => onColumn(name)}>
                        {columns.includes(name) ? 'Remove the column' : 'Show as a column'}
                      </Menu.Item>
                    )}
                  </Menu.Dropdown>
                </Menu>
              </dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}
