import './services.css';
import type { TopologyAnswer } from '@pitot/core';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { IconHistory, IconList, IconTopologyStar3 } from '@tabler/icons-react';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { useLastingError } from '../../api/lasting.ts';
import { servicesQuery, topologyQuery, useScope, useScoped } from '../../api/service-queries.ts';
import { connectSourcesQuery } from '../../api/queries.ts';
import { countOf } from '../../time/phrase.ts';
import { Panel } from '../../ui/panel.tsx';
import { Sentence, unreadVerdict } from '../../ui/sentence.tsx';
import { Empty, Failure, SkeletonRows } from '../../ui/states.tsx';
import { ChangesPanel } from './changes-panel.tsx';
import { ExportMenu } from './export-menu.tsx';
import { focused } from './map-graph.ts';
import { NamedText } from './named-text.tsx';
import { NodePanel } from './node-panel.tsx';
import { ServiceTable } from './service-table.tsx';
import { namedNodes, servicesVerdict } from './service-verdict.ts';
import type { ServicesSearch } from './services-search.ts';

const ServiceMap = lazy(() => import('./service-map.tsx').then((module) => ({ default: module.ServiceMap })));
const route = getRouteApi('/inside/services');
const LIST_PX = 640;

export function ServicesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const scope = useScope();
  const services = useScoped(servicesQuery(scope));
  const topology = useScoped(topologyQuery(scope));
  const error = useLastingError(services);
  const isList = search.view === 'list';
  // The map's code comes beside its data.
  useEffect(() => {
    if (!isList) void import('./service-map.tsx');
  }, [isList]);
  const set = (change: ServicesSearch): void => void navigate({ replace: true, search: (before) => ({ ...before, ...change }) });
  const isEmpty = services.data?.services.length === 0 && topology.data?.nodes.length === 0;
  return (
    <div className="page">
      <h1 className="visually-hidden">Services</h1>
      <Sentence
        verdict={error !== null ? unreadVerdict(error, services.data !== undefined) : services.data === undefined ? undefined : servicesVerdict(services.data)}
        asOfMs={services.dataUpdatedAt || undefined}
        {...(error === null && services.data !== undefined && { linked: <NamedText text={services.data.verdict.sentence} nodes={namedNodes(services.data)} /> })}
      />
      {isEmpty ? (
        <NothingYet />
      ) : isList ? (
        services.data === undefined ? (
          <Panel title="Services" flush actions={<ViewSwitch view="list" onView={(view) => set({ view })} />}>
            {error === null ? <SkeletonRows rows={8} /> : <Failure what="Services" error={error} sinceMs={services.errorUpdatedAt} onRetry={() => void services.refetch()} />}
          </Panel>
        ) : (
          <ServiceTable services={services.data.services} heightPx={LIST_PX} tools={<ViewSwitch view="list" onView={(view) => set({ view })} />} />
        )
      ) : (
        <MapPanel search={search} set={set} topology={topology} />
      )}
      <p className="next" style={{ margin: 0 }}>
        <span>Next:</span>
        <Link to="/explore/traces" search={{ q: 'status:error' }}>
          Look at failed traces
        </Link>
        <Link to="/explore/logs" search={{ q: 'level>=error', view: 'patterns' }}>
          What the errors in the logs say
        </Link>
        <Link to="/connect">Connect another service</Link>
      </p>
    </div>
  );
}

interface MapPanelProps {
  readonly search: ServicesSearch;
  readonly set: (change: ServicesSearch) => void;
  readonly topology: UseQueryResult<TopologyAnswer>;
}

function MapPanel({ search, set, topology }: MapPanelProps) {
  const [text, setText] = useState('');
  const error = useLastingError(topology);
  const data = topology.data;
  const depth = search.depth === undefined ? 0 : search.depth === '1' ? 1 : 2;
  const shown = useMemo(() => (data === undefined ? undefined : focused(data, search.node, depth)), [data, search.node, depth]);
  const node = data?.nodes.find(({ id }) => id === search.node);
  const close = (): void => set({ node: undefined, depth: undefined, panel: undefined });
  const open = (id: string): void => set({ node: id });
  const hasSide = search.node !== undefined || search.panel === 'changes';
  useEffect(() => {
    if (!hasSide) return undefined;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && !event.defaultPrevented) set({ node: undefined, depth: undefined, panel: undefined });
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  });
  const matches = useMemo(() => matchesOf(shown?.nodes ?? [], text), [shown, text]);
  const toggled = useMemo(() => new Set(search.fold ?? []), [search.fold]);
  return (
    <section className="panel" aria-label="Map of services">
      <header className="panel-head">
        <h2>Map</h2>
        {shown !== undefined && data !== undefined && (
          <span className="note">
            {shown.nodes.length < data.nodes.length ? `${shown.nodes.length} of ${countOf(data.nodes.length, 'node')}` : `${countOf(data.nodes.length, 'node')}, ${countOf(data.edges.length, 'call')}`}
            {data.notes.length > 0 && (
              <>
                {' · '}
                <button type="button" className="as-link" onClick={() => set({ panel: 'changes', node: undefined, depth: undefined })}>
                  {countOf(data.notes.length, 'note')}
                </button>
              </>
            )}
          </span>
        )}
        <span className="grow" />
        <input
          className="filter"
          type="search"
          placeholder="Find on the map"
          aria-label="Find on the map"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            const [first] = matches ?? [];
            if (event.key === 'Enter' && first !== undefined) open(first);
          }}
        />
        {matches !== undefined && (
          <span className="note" role="status">
            {matches.size} found
          </span>
        )}
        {depth > 0 && (
          <button type="button" className="tool" onClick={() => set({ depth: undefined })}>
            Show all
          </button>
        )}
        <button type="button" className="tool" aria-pressed={search.group !== 'none'} onClick={() => set({ group: search.group === 'none' ? undefined : 'none', fold: undefined })} title="Draw a frame around the services of a namespace">
          Groups
        </button>
        <button type="button" className="tool" aria-pressed={search.panel === 'changes' && node === undefined} onClick={() => set({ panel: search.panel === 'changes' ? undefined : 'changes', node: undefined, depth: undefined })}>
          <IconHistory size={15} stroke={1.75} aria-hidden /> <span className="only-wide">What changed</span>
        </button>
        <ExportMenu focus={depth > 0 ? search.node : undefined} depth={depth} />
        <ViewSwitch view="map" onView={(view) => set({ view })} />
      </header>
      {error !== null && data === undefined ? (
        <Failure what="The map" error={error} sinceMs={topology.errorUpdatedAt} stillWorks="The list of services may still answer." onRetry={() => void topology.refetch()} />
      ) : (
        <div className="services-view" data-side={hasSide}>
          <div className="map-place">
            {shown === undefined ? (
              <div className="map-wait">
                <SkeletonRows rows={5} />
              </div>
            ) : (
              <Suspense fallback={<div className="map-wait" />}>
                <ServiceMap
                  topology={shown}
                  isGrouped={search.group !== 'none' && depth === 0}
                  toggled={toggled}
                  viewKey={`${depth > 0 ? search.node : ''} ${depth} ${search.group ?? ''} ${(search.fold ?? []).join(' ')}`}
                  selected={search.node}
                  found={matches}
                  onSelect={(id) => (id === undefined ? close() : open(id))}
                  onFold={(group) => set({ fold: toggledList(search.fold, group) })}
                />
              </Suspense>
            )}
          </div>
          {node !== undefined && data !== undefined ? (
            <NodePanel topology={data} node={node} depth={depth} onDepth={(next) => set({ depth: next === 0 ? undefined : next === 1 ? '1' : '2' })} onOpen={open} onClose={close} />
          ) : search.node !== undefined && data !== undefined ? (
            <aside className="side" aria-label="Node">
              <Empty title={`${search.node} is not on the map in this range`}>
                <button type="button" className="tool" onClick={close}>
                  Show the whole map
                </button>
              </Empty>
            </aside>
          ) : (
            search.panel === 'changes' && <ChangesPanel notes={data?.notes ?? []} knows={(id) => data?.nodes.some((candidate) => candidate.id === id) ?? false} onOpen={open} onClose={close} />
          )}
        </div>
      )}
    </section>
  );
}

/** Ids whose name, group, system or version has every word; undefined where nothing is looked for. */
function matchesOf(nodes: readonly { id: string; name: string; group: string; system: string; versions: readonly string[] }[], text: string): ReadonlySet<string> | undefined {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return undefined;
  return new Set(nodes.filter(({ id, group, system, versions }) => words.every((word) => [id, group, system, ...versions].join(' ').toLowerCase().includes(word))).map(({ id }) => id));
}

function toggledList(fold: readonly string[] | undefined, group: string): readonly string[] | undefined {
  const next = fold?.includes(group) ? fold.filter((name) => name !== group) : [...(fold ?? []), group];
  return next.length === 0 ? undefined : next;
}

function ViewSwitch({ view, onView }: { readonly view: 'map' | 'list'; readonly onView: (view: 'list' | undefined) => void }) {
  return (
    <span className="tools" role="group" aria-label="View">
      <button type="button" className="tool" aria-pressed={view === 'map'} onClick={() => onView(undefined)}>
        <IconTopologyStar3 size={15} stroke={1.75} aria-hidden /> Map
      </button>
      <button type="button" className="tool" aria-pressed={view === 'list'} onClick={() => onView('list')}>
        <IconList size={15} stroke={1.75} aria-hidden /> List
      </button>
    </span>
  );
}

function NothingYet() {
  const sources = useQuery(connectSourcesQuery);
  const sent = sources.data?.sources.reduce((sum, source) => sum + (source.spans_total ?? 0), 0) ?? 0;
  return (
    <Panel title="Map" flush>
      <Empty title="No service has sent spans in this range" command="npm run demo">
        {sent > 0 ? (
          <>{countOf(sent, 'span')} came since the start, but none in this range and environment: choose a longer range above.</>
        ) : (
          <>
            Every service that sends traces appears here, with what it calls. <Link to="/connect">Connect</Link> one, or look at a whole shop with this line:
          </>
        )}
      </Empty>
    </Panel>
  );
}
