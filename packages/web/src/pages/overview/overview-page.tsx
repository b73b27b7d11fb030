import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useEnvironment } from '../../api/environment.ts';
import { useLastAnswers, useLastingError } from '../../api/lasting.ts';
import { servicesQuery, useScope, useScoped } from '../../api/service-queries.ts';
import { hostsQuery, sourcesQuery, useInstant } from '../../api/queries.ts';
import { statusQuery } from '../../api/status-query.ts';
import { useNow } from '../../time/time-window.tsx';
import { MetricPanel } from '../../charts/metric-panel.tsx';
import { Sentence, unreadVerdict, type Verdict } from '../../ui/sentence.tsx';
import { selector } from '../../url/environment-matcher.ts';
import { fleetCharts } from '../hosts/host-queries.ts';
import { NamedText } from '../services/named-text.tsx';
import { namedNodes } from '../services/service-verdict.ts';
import { HostsPanel } from './hosts-panel.tsx';
import { OverviewTiles } from './overview-tiles.tsx';
import { ServicesPanel } from './services-panel.tsx';
import { SourcesPanel } from './sources-panel.tsx';
import { downTargetsOf, TargetsPanel, targetsOf } from './targets-panel.tsx';
import { isOwnCollector, overviewVerdict } from './verdict.ts';

export function OverviewPage() {
  const status = useQuery(statusQuery);
  const sources = useQuery(sourcesQuery);
  const hosts = useQuery(hostsQuery);
  const services = useScoped(servicesQuery(useScope()));
  const { environment, matcher } = useEnvironment();
  const expression = selector('up', matcher);
  const [up] = useLastAnswers(expression, [useInstant(expression).data]);
  const nowMs = useNow();
  const charts = useMemo(() => fleetCharts(matcher), [matcher]);
  const targets = useMemo(() => targetsOf(up), [up]);
  const lasting = [useLastingError(status), useLastingError(sources), useLastingError(hosts)];
  const failed = lasting.find((error) => error !== null) ?? undefined;
  const shown = [status, sources, hosts].some((query) => query.data !== undefined);
  // The sentence waits for the services, or it would change its mind.
  const awaited = services.data === undefined && services.error === null;
  const verdict: Verdict | undefined =
    failed === undefined && awaited
      ? undefined
      : failed === undefined
      ? overviewVerdict({
          status: status.data,
          sources: sources.data?.sources,
          hosts: hosts.data?.hosts,
          services: services.data,
          downTargets: up === undefined ? undefined : downTargetsOf(targets),
          targetCount: targets.length,
          nowMs,
        })
      : unreadVerdict(failed, shown);
  const onlyOwnHost = sources.data !== undefined && sources.data.sources.every(isOwnCollector);

  return (
    <div className="page">
      <h1 className="visually-hidden">Overview</h1>
      <Sentence
        verdict={verdict}
        asOfMs={Math.min(...[status, sources, hosts].map((query) => query.dataUpdatedAt)) || undefined}
        {...(failed === undefined && verdict !== undefined && services.data !== undefined && { linked: <NamedText text={verdict.text} nodes={namedNodes(services.data)} /> })}
      >
        {environment !== undefined && <div className="dim">Looked at all hosts and senders; services, scrape targets and charts are limited to {environment}.</div>}
      </Sentence>
      <OverviewTiles
        status={status.data}
        sources={sources.data?.sources}
        hosts={hosts.data?.hosts}
        targets={up === undefined ? undefined : targets}
        failed={failed !== undefined}
      />
      {targets.some((target) => !target.up) && <TargetsPanel targets={targets} />}
      <ServicesPanel query={services} />
      <div id="senders">
        <SourcesPanel query={sources} />
      </div>
      <HostsPanel query={hosts} />
      <div className="panels">
        {charts.map((chart) => (
          <MetricPanel key={chart.id} {...chart} height={150} whenEmpty="No host reported it in this time range." />
        ))}
      </div>
      <p className="next" style={{ margin: 0 }}>
        <span>Next:</span>
        {services.data !== undefined && services.data.services.length > 0 && <Link to="/services">See the services on the map</Link>}
        {onlyOwnHost ? <Link to="/connect">Connect a first service</Link> : <Link to="/connect">Connect another service</Link>}
        <Link to="/explore/metrics">Explore all metrics</Link>
        <Link to="/settings/status">See what limits are in force</Link>
      </p>
    </div>
  );
}
