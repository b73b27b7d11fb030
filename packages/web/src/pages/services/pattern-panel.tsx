import type { LogPattern } from '@pitot/core';
import { useMemo } from 'react';
import { patternsQuery, useScope, useScoped } from '../../api/service-queries.ts';
import { useLastingError } from '../../api/lasting.ts';
import { Age } from '../../ui/age.tsx';
import { LogsLink } from '../../ui/links.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { Empty, Failure, SkeletonRows } from '../../ui/states.tsx';
import { Badge } from '../../ui/tone.tsx';
import { countOf } from '../../time/phrase.ts';
import { formatValue } from '../../units/format.ts';
import { orderPatterns, severityTone } from './pattern-order.ts';
import { patternTerm, serviceTerm } from './search-terms.ts';

const MOST_SHOWN = 8;

/** What the service logs, as templates: errors first, new ones marked. */
export function PatternPanel({ service }: { readonly service: string }) {
  const patterns = useScoped(patternsQuery(useScope(), serviceTerm(service)));
  const error = useLastingError(patterns);
  const ordered = useMemo(() => orderPatterns(patterns.data?.patterns ?? []), [patterns.data]);
  const fresh = ordered.filter((pattern) => pattern.is_new).length;
  return (
    <Panel
      title="Log patterns"
      flush
      note={patterns.data === undefined ? undefined : `${countOf(patterns.data.total, 'record')} in ${countOf(ordered.length, 'pattern')}${fresh > 0 ? `, ${fresh} new` : ''}`}
      actions={<LogsLink query={serviceTerm(service)}>All logs</LogsLink>}
    >
      {error !== null && patterns.data === undefined ? (
        <Failure what="Log patterns" error={error} sinceMs={patterns.errorUpdatedAt} onRetry={() => void patterns.refetch()} />
      ) : patterns.data === undefined ? (
        <SkeletonRows rows={6} />
      ) : ordered.length === 0 ? (
        <Empty title={`${service} logged nothing in this range`}>Its log records appear here when it sends them with the same service name as its spans.</Empty>
      ) : (
        <ul className="evidence">
          {ordered.slice(0, MOST_SHOWN).map((pattern) => (
            <PatternLine key={pattern.id} pattern={pattern} service={service} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function PatternLine({ pattern, service }: { readonly pattern: LogPattern; readonly service: string }) {
  const { id, template, sample, severity, count, trend, is_new: isNew, first_seen: first } = pattern;
  return (
    <li>
      <Badge tone={severityTone(severity)}>{severity}</Badge>
      <span className="grow evidence-words">
        <span title={sample}>
          <LogsLink query={patternTerm(service, id)}>
            <code>{template}</code>
          </LogsLink>
        </span>
        {isNew && (
          <small>
            <Badge tone="info">New</Badge> first seen <Age of={Date.parse(first)} />
          </small>
        )}
      </span>
      <span className="evidence-trend only-wide">{trend.length > 1 && <Sparkline values={trend} height={18} width={72} label={`Records of this pattern over the range`} />}</span>
      <span className="num evidence-count">{formatValue(count, 'count')}</span>
    </li>
  );
}
