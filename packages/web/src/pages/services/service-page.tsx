import './services.css';
import './service.css';
import type { CausesAnswer, ServiceAnswer } from '@pitot/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import { useEnvironment } from '../../api/environment.ts';
import { useLastingError } from '../../api/lasting.ts';
import { causesQuery, nearbyQuery, serviceQuery, useScope, useScoped } from '../../api/service-queries.ts';
import { RequestFailure } from '../../api/request.ts';
import { MetricPanel } from '../../charts/metric-panel.tsx';
import { preloadCharts } from '../../charts/time-chart.tsx';
import { listOf } from '../../time/phrase.ts';
import { LogsLink, TraceLink, TracesLink } from '../../ui/links.tsx';
import { Sentence, unreadVerdict, type Verdict } from '../../ui/sentence.tsx';
import { quote } from '../../url/environment-matcher.ts';
import { Dependencies } from './dependencies.tsx';
import { NamedText } from './named-text.tsx';
import { PatternPanel } from './pattern-panel.tsx';
import { serviceCharts } from './service-charts.ts';
import { InstanceTable, OperationTable, VersionTable } from './service-details.tsx';
import { ServiceTiles } from './service-tiles.tsx';
import { serviceVerdict } from './service-verdict.ts';
import { serviceTerm } from './search-terms.ts';
import { TracePanel } from './trace-panel.tsx';

const route = getRouteApi('/inside/services/$service');

export function ServicePage() {
  const { service } = route.useParams();
  const scope = useScope();
  const { matcher } = useEnvironment();
  const answer = useScoped(serviceQuery(scope, service));
  const near = useScoped(nearbyQuery(scope, `service:${service}`));
  const health = answer.data?.summary.health;
  const id = near.data?.nodes.find(({ name, type }) => name === service && (type === 'service' || type === 'function'))?.id ?? `service:${service}`;
  const causes = useScoped(causesQuery(scope, id), health === 'critical' || health === 'warning');
  const error = useLastingError(answer);
  useEffect(preloadCharts, []);
  const charts = useMemo(() => serviceCharts(service, matcher), [service, matcher]);
  const summary = answer.data?.summary;
  return (
    <div className="page">
      <div className="row wrap">
        <Link to="/services">Services</Link>
        <span className="dim" aria-hidden>
          /
        </span>
        <h1>{service}</h1>
        {summary !== undefined && <span className="dim">{[summary.language, summary.environment, summary.versions.length === 0 ? '' : `version ${listOf(summary.versions)}`].filter((part) => part !== '').join(' · ')}</span>}
        <span className="grow" />
        <Link to="/services" search={{ node: id, depth: '1' }}>
          Its place on the map
        </Link>
      </div>
      <Sentence verdict={verdictOf(service, answer.data, error)} asOfMs={answer.dataUpdatedAt || undefined}>
        {error === null && answer.data !== undefined && <Cause service={service} id={id} causes={causes.data} />}
      </Sentence>
      <ServiceTiles service={service} answer={answer.data} failed={error !== null} />
      <div className="panels service-charts">
        {charts.map((chart) => (
          <MetricPanel key={`${service}${chart.id}`} {...chart} height={120} whenEmpty="Nothing was asked of it in this time range." />
        ))}
      </div>
      <div className="panels">
        <TracePanel key={`traces ${service}`} service={service} />
        <PatternPanel key={`patterns ${service}`} service={service} />
      </div>
      <Dependencies id={id} near={near} />
      {answer.data !== undefined && (
        <>
          <OperationTable service={service} operations={answer.data.operations} />
          <div className="panels">
            <VersionTable service={service} versions={answer.data.versions} />
            <InstanceTable instances={answer.data.instances} />
          </div>
        </>
      )}
      <p className="next" style={{ margin: 0 }}>
        <span>Next:</span>
        <TracesLink query={`${serviceTerm(service)} status:error`}>Compare its failed requests with the others</TracesLink>
        <LogsLink query={`${serviceTerm(service)} level>=warn`}>Its warnings and errors</LogsLink>
        <Link to="/explore/metrics" search={{ q: [`{job=${quote(service)}}`], view: 'table' }}>
          All metrics it sends
        </Link>
      </p>
    </div>
  );
}

const NOT_FOUND = 404;

function verdictOf(service: string, answer: ServiceAnswer | undefined, error: Error | null): Verdict | undefined {
  if (error instanceof RequestFailure && error.status === NOT_FOUND) return { tone: 'none', text: `${service} sent no spans in this range and environment. What else it sent stands below.` };
  if (error !== null) return unreadVerdict(error, answer !== undefined);
  return answer === undefined ? undefined : serviceVerdict(answer);
}

/** The likeliest cause of what the service suffers, with the trace that shows it. */
function Cause({ service, id, causes }: { readonly service: string; readonly id: string; readonly causes: CausesAnswer | undefined }) {
  const first = causes?.causes[0];
  if (causes === undefined || first === undefined) return null;
  return (
    <div className="cause">
      <NamedText text={causes.sentence} nodes={causes.causes.map(({ node }) => node).filter((node) => node !== id && node !== `service:${service}`)} />{' '}
      {first.trace_id !== null && <TraceLink traceId={first.trace_id}>See a trace that shows it</TraceLink>}
      {first.trace_id !== null && ' · '}
      <Link to="/services" search={{ node: id }}>
        All likely causes
      </Link>
    </div>
  );
}
