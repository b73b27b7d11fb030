import { useQuery } from '@tanstack/react-query';
import { groupComparisonQuery, type HeatmapPick, type SpanScope } from '../../api/trace-queries.ts';
import { Panel } from '../../ui/panel.tsx';
import { Empty, Failure, SkeletonRows } from '../../ui/states.tsx';
import { countOf } from '../../time/phrase.ts';
import { formatValue } from '../../units/format.ts';
import { hasTerm, toggledTerm } from './facet-terms.ts';

interface GroupDifferencesProps {
  readonly scope: SpanScope;
  readonly pick: HeatmapPick;
  readonly onQuery: (query: string) => void;
}

/** What the chosen piece of the heatmap has more often than the rest. */
export function GroupDifferences({ scope, pick, onQuery }: GroupDifferencesProps) {
  const comparison = useQuery(groupComparisonQuery(scope, pick));
  const answer = comparison.data;
  const note = answer === undefined ? undefined : `${countOf(Math.round(answer.selected), 'span')} chosen, compared with ${Math.round(answer.baseline).toLocaleString('en-US')} others`;
  return (
    <Panel title="What is different about these" note={note} flush>
      {answer === undefined && comparison.error === null && <SkeletonRows rows={4} />}
      {comparison.error !== null && <Failure what="The comparison" error={comparison.error} stillWorks="The list below still shows the chosen spans." onRetry={() => void comparison.refetch()} />}
      {answer !== undefined && comparison.error === null && (
        <div data-busy={comparison.isPlaceholderData} className="differences-body">
          <p className="differences-summary">{answer.summary}</p>
          {answer.attributes.length === 0 ? (
            <Empty title="Nothing tells them apart">No attribute is more frequent among the chosen spans than chance explains. Choose more of them, or another piece.</Empty>
          ) : (
            <ol className="differences">
              {answer.attributes.map(({ field, value, selected_share: selected, baseline_share: baseline }) => (
                <li key={`${field}\u0000${value}`}>
                  <button type="button" aria-pressed={hasTerm(scope.query, field, value)} title={`Search for ${field}: ${value}`} onClick={() => onQuery(toggledTerm(scope.query, field, value))}>
                    <span className="attribute">
                      <span className="dim">{field}</span> <b>{value}</b>
                    </span>
                    <ShareBars selected={selected} baseline={baseline} />
                  </button>
                </li>
              ))}
            </ol>
          )}
        </div>
      )}
    </Panel>
  );
}

function ShareBars({ selected, baseline }: { readonly selected: number; readonly baseline: number }) {
  return (
    <span className="share-bars">
      <span className="share-bar" data-group="selected">
        <i style={{ width: `${selected * 100}%` }} aria-hidden />
      </span>
      <span className="num">
        <b>{sayShare(selected)}</b> of these
      </span>
      <span className="share-bar" data-group="baseline">
        <i style={{ width: `${baseline * 100}%` }} aria-hidden />
      </span>
      <span className="num dim">{sayShare(baseline)} of the others</span>
    </span>
  );
}

const sayShare = (share: number): string => formatValue(share > 0 && share < 0.01 ? Number(share.toPrecision(1)) : Math.round(share * 100) / 100, 'ratio');
