import type { LogPattern } from '@pitot/core';
import { useViewportSize } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { logPatternsQuery, type LogQuestion } from '../../api/log-queries.ts';
import { countOf, sayInstant } from '../../time/phrase.ts';
import { Age } from '../../ui/age.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { ServiceLink } from '../../ui/links.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { Empty, Failure, NotRefreshed, SkeletonRows } from '../../ui/states.tsx';
import { Badge } from '../../ui/tone.tsx';
import { formatValue } from '../../units/format.ts';
import { templatePieces } from './line-text.ts';
import { SeverityMark } from './log-histogram.tsx';
import { STACK } from './severity-look.ts';

interface PatternTableProps {
  readonly question: LogQuestion;
  readonly onOpen: (pattern: LogPattern) => void;
}

const MOST = 500;
/** What stands above and below the table. */
const ABOVE_PX = 472;
const LEAST_HEIGHT_PX = 320;

/** A template with its placeholders told apart from its words. */
export function Template({ template }: { readonly template: string }) {
  return (
    <code className="log-template">
      {templatePieces(template).map(({ text, placeholder }, i) => (placeholder ? <i key={i}>{text.slice(1, -1)}</i> : text))}
    </code>
  );
}

/** The kinds of lines there are, most frequent first; a click shows the lines of one. */
export function PatternTable({ question, onOpen }: PatternTableProps) {
  const { height } = useViewportSize();
  const patterns = useQuery(logPatternsQuery(question, MOST));
  const { data, error } = patterns;
  const columns = useMemo(() => columnsOf(data?.new_since ?? null), [data?.new_since]);
  if (data === undefined) {
    return <section className="panel" aria-label="Patterns">{error === null ? <SkeletonRows rows={10} /> : <Failure what="Patterns" error={error} sinceMs={patterns.errorUpdatedAt} onRetry={() => void patterns.refetch()} />}</section>;
  }
  if (data.patterns.length === 0) {
    return (
      <section className="panel" aria-label="Patterns">
        <Empty title="No pattern">Lines are grouped into patterns as they arrive. {data.total === 0 ? 'No line was found in this range.' : `${countOf(data.total, 'line')} were found that belong to none.`}</Empty>
      </section>
    );
  }
  const newOnes = data.patterns.filter((pattern) => pattern.is_new).length;
  return (
    <div className="log-patterns">
      {error !== null && <NotRefreshed error={error} onRetry={() => void patterns.refetch()} />}
      <DataTable
        label="Patterns"
        note={`${countOf(data.patterns.length, 'kind')} of line in ${countOf(data.total, 'line')}${newOnes > 0 ? `, ${newOnes} new` : ''}${data.new_since === null ? '' : ` since ${sayInstant(Date.parse(data.new_since))}`}`}
        rows={data.patterns}
        columns={columns}
        rowKey={(row) => row.id}
        initialSort={{ column: 'count', descending: true }}
        onOpen={onOpen}
        filterLabel="Filter patterns"
        heightPx={Math.max(LEAST_HEIGHT_PX, height - ABOVE_PX)}
      />
    </div>
  );
}

function columnsOf(newSince: string | null): readonly Column<LogPattern>[] {
  return [
    {
      key: 'template',
      title: 'Pattern',
      value: (row) => row.template,
      tooltip: (row) => `For example:\n${row.sample}`,
      cell: (row) => (
        <>
          {row.is_new && (
            <span title={newSince === null ? undefined : `First seen after ${sayInstant(Date.parse(newSince))}`}>
              <Badge tone="warn">New</Badge>{' '}
            </span>
          )}
          <Template template={row.template} />
        </>
      ),
    },
    { key: 'severity', title: 'Severity', value: (row) => STACK.length - STACK.indexOf(row.severity), cell: (row) => <SeverityMark severity={row.severity} /> },
    { key: 'service', title: 'Service', value: (row) => row.service, cell: (row) => <ServiceLink service={row.service} /> },
    { key: 'count', title: 'Lines', align: 'right', value: (row) => row.count, cell: (row) => row.count.toLocaleString('en-US') },
    { key: 'share', title: 'Share', align: 'right', value: (row) => row.share, cell: (row) => (row.share < 0.001 ? '< 0.1 %' : formatValue(Number(row.share.toPrecision(2)), 'ratio')) },
    { key: 'trend', title: 'Trend', value: (row) => row.trend.at(-1) ?? 0, cell: (row) => <Sparkline values={row.trend} width={96} height={22} label={`Trend of ${row.template.slice(0, 60)}`} /> },
    { key: 'change', title: 'Change', align: 'right', value: (row) => row.change ?? Number.MAX_SAFE_INTEGER, cell: (row) => changeText(row.change), tooltip: () => 'The second half of the range against the first' },
    { key: 'first', title: 'First seen', align: 'right', value: (row) => Date.parse(row.first_seen), cell: (row) => <Age of={Date.parse(row.first_seen)} /> },
    { key: 'last', title: 'Last seen', align: 'right', value: (row) => Date.parse(row.last_seen), cell: (row) => <Age of={Date.parse(row.last_seen)} />, optional: true },
    { key: 'sample', title: 'Example', value: (row) => row.sample, tooltip: (row) => row.sample, optional: true },
  ];
}

function changeText(change: number | null): string {
  if (change === null) return 'began';
  if (change >= 1.95) return `× ${change >= 10 ? Math.round(change) : Number(change.toFixed(1))}`;
  const percent = Math.round((change - 1) * 100);
  return percent === 0 ? 'as before' : `${percent > 0 ? '+' : '−'}${Math.abs(percent)} %`;
}
