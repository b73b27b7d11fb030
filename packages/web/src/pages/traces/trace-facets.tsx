import type { Facet } from '@pitot/core';
import { IconAlertOctagon, IconMinus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { traceFacetsQuery, type SpanScope } from '../../api/trace-queries.ts';
import { Failure, SkeletonRows } from '../../ui/states.tsx';
import { formatValue } from '../../units/format.ts';
import { hasTerm, toggledTerm, withoutValue } from './facet-terms.ts';
import { ServiceDot } from './service-colour.tsx';

interface TraceFacetsProps {
  readonly scope: SpanScope;
  readonly onQuery: (query: string) => void;
}

const TITLES: Readonly<Record<string, string>> = {
  service: 'Service',
  operation: 'Operation',
  kind: 'Kind',
  status: 'Status',
  peer: 'Calls',
  environment: 'Environment',
  version: 'Version',
  'http.route': 'Route',
  'http.response.status_code': 'HTTP status',
};

/** Values of the spans found, most frequent first; a click narrows the search by one. */
export function TraceFacets({ scope, onQuery }: TraceFacetsProps) {
  const facets = useQuery(traceFacetsQuery(scope));
  return (
    <section className="panel facets" aria-label="Narrow by">
      <header className="panel-head">
        <h2>Narrow by</h2>
        {facets.data?.sampled === true && <span className="note" title="Counted on a sample and scaled up">about</span>}
      </header>
      <div className="facet-list">
        {facets.data?.facets.map((facet) => <FacetGroup key={facet.field} facet={facet} query={scope.query} onQuery={onQuery} />)}
        {facets.data === undefined && facets.error === null && <SkeletonRows rows={12} />}
        {facets.data === undefined && facets.error !== null && <Failure what="Values" error={facets.error} onRetry={() => void facets.refetch()} />}
        {facets.data?.facets.length === 0 && <p className="dim facet-none">Nothing to narrow by.</p>}
      </div>
    </section>
  );
}

interface FacetGroupProps {
  readonly facet: Facet;
  readonly query: string;
  readonly onQuery: (query: string) => void;
}

function FacetGroup({ facet: { field, values, distinct }, query, onQuery }: FacetGroupProps) {
  const title = TITLES[field] ?? field;
  return (
    <fieldset className="facet">
      <legend>{title}</legend>
      {values.map(({ value, count }) => (
        <div key={value} className="facet-value">
          <button type="button" aria-pressed={hasTerm(query, field, value)} title={`${title}: ${value}`} onClick={() => onQuery(toggledTerm(query, field, value))}>
            {field === 'service' && <ServiceDot service={value} />}
            {field === 'status' && value === 'error' && <IconAlertOctagon size={13} className="bad" aria-hidden />}
            <span className="name">{value}</span>
            <span className="dim num">{formatValue(Math.round(count), 'count')}</span>
          </button>
          <button type="button" className="exclude" aria-label={`Leave out ${title.toLowerCase()} ${value}`} title={`Leave out ${value}`} onClick={() => onQuery(withoutValue(query, field, value))}>
            <IconMinus size={13} stroke={2} aria-hidden />
          </button>
        </div>
      ))}
      {distinct > values.length && <span className="dim facet-more">{formatValue(distinct - values.length, 'count')} more; search by name</span>}
    </fieldset>
  );
}
