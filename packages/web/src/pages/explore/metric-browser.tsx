import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { labelValuesQuery, metadataQuery } from '../../api/queries.ts';
import { countOf } from '../../time/phrase.ts';
import { Empty, Failure, SkeletonRows } from '../../ui/states.tsx';
import { virtualWindow } from '../../ui/table-model.ts';
import { describeMetrics, searchMetrics, suggestExpression } from './suggestions.ts';

const ROW_PX = 44;

interface MetricBrowserProps {
  readonly onPick: (expression: string) => void;
  readonly heightPx: number;
}

/** Every metric of the last day with its type and meaning; a click asks the usual question of it. */
export function MetricBrowser({ onPick, heightPx }: MetricBrowserProps) {
  const names = useQuery(labelValuesQuery('__name__'));
  const metadata = useQuery(metadataQuery);
  const [text, setText] = useState('');
  const [scrollTop, setScrollTop] = useState(0);
  const entries = useMemo(() => describeMetrics(names.data ?? [], metadata.data ?? {}), [names.data, metadata.data]);
  const found = useMemo(() => searchMetrics(entries, text), [entries, text]);
  const view = virtualWindow(found.length, ROW_PX, scrollTop, heightPx);

  return (
    <section className="panel metric-browser" aria-label="Metrics">
      <header className="panel-head">
        <h2>Metrics</h2>
        <span className="note">{names.data === undefined ? '' : countOf(found.length, 'name')}</span>
      </header>
      <div style={{ padding: '0 12px 8px' }}>
        <input
          className="filter"
          style={{ width: '100%' }}
          type="search"
          placeholder="Filter by name or meaning"
          aria-label="Filter metrics"
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setScrollTop(0);
          }}
        />
      </div>
      {names.error !== null && <Failure what="The list of metrics" error={names.error} onRetry={() => void names.refetch()} />}
      {names.isPending && <SkeletonRows rows={10} />}
      {names.data?.length === 0 && (
        <Empty title="No metric was received in the last day">Send some from Connect; they are listed here within a minute.</Empty>
      )}
      {names.data !== undefined && names.data.length > 0 && found.length === 0 && <div className="state">No metric has “{text}” in its name or meaning.</div>}
      <div className="metric-list" style={{ maxHeight: heightPx }} onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}>
        <div style={{ height: view.padTopPx }} />
        {found.slice(view.first, view.end).map((entry) => (
          <button
            key={entry.name}
            type="button"
            className="metric-item"
            title={`${entry.name}${entry.help === '' ? '' : `\n${entry.help}`}`}
            onClick={() => onPick(suggestExpression(entry.name, entry.type))}
          >
            <span className="row">
              <span className="mono name">{entry.name}</span>
              {entry.type !== '' && <span className="type">{entry.type}</span>}
            </span>
            <span className="help">{entry.help === '' ? ' ' : entry.help}</span>
          </button>
        ))}
        <div style={{ height: view.padBottomPx }} />
      </div>
    </section>
  );
}
