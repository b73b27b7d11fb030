import '@mantine/spotlight/styles.css';
import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { createSpotlight, Spotlight, useSpotlight } from '@mantine/spotlight';
import { IconArrowsLeftRight, IconChartLine, IconCube, IconMoon, IconRefresh, IconSearch, IconServer, IconSun } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { hostsQuery, labelValuesQuery, metadataQuery } from '../api/queries.ts';
import { servicesQuery, useScope } from '../api/service-queries.ts';
import { describeMetrics, suggestExpression } from '../pages/explore/suggestions.ts';
import { useTimeWindow } from '../time/time-window.tsx';
import { quote } from '../url/environment-matcher.ts';
import { NAVIGATION } from './navigation.ts';
import { rankEntries, type PaletteEntry } from './palette-model.ts';

const [store, spotlight] = createSpotlight();

/** Opens the palette; it must be on the page, or about to be. */
export const openPalette = (): void => spotlight.open();

interface Entry extends PaletteEntry {
  readonly icon: typeof IconSearch;
  readonly run: () => void;
}

/** Finds any page, host, service, metric or action by name. */
export function Palette() {
  const [text, setText] = useState('');
  const { opened } = useSpotlight(store);
  const entries = useEntries(opened);
  const found = useMemo(() => rankEntries(entries, text), [entries, text]);
  const groups = [...new Set(found.map((entry) => entry.group))];
  return (
    <Spotlight.Root store={store} query={text} onQueryChange={setText} onSpotlightOpen={() => setText('')} shortcut={null} scrollable maxHeight={420} size={620} clearQueryOnClose transitionProps={{ duration: 100 }} overlayProps={{ blur: 0, backgroundOpacity: 0.45 }}>
      <Spotlight.Search
        placeholder="Search pages, hosts, services, metrics and actions"
        aria-label="Search"
        leftSection={<IconSearch size={17} stroke={1.75} aria-hidden />}
      />
      <Spotlight.ActionsList>
        {groups.map((group) => (
          <Spotlight.ActionsGroup key={group} label={group}>
            {found
              .filter((entry) => entry.group === group)
              .map(({ id, label, description, icon: Icon, run }) => (
                <Spotlight.Action key={id} onClick={run} label={label} {...(description !== undefined && { description })} leftSection={<Icon size={17} stroke={1.6} aria-hidden />} />
              ))}
          </Spotlight.ActionsGroup>
        ))}
        {found.length === 0 && <Spotlight.Empty>Nothing is called “{text}”.</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

function useEntries(opened: boolean): Entry[] {
  const navigate = useNavigate();
  const { refresh } = useTimeWindow();
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const dark = useComputedColorScheme('dark') === 'dark';
  const { data: hosts } = useQuery({ ...hostsQuery, enabled: opened });
  const { data: services } = useQuery({ ...servicesQuery(useScope()), enabled: opened });
  const { data: jobs } = useQuery({ ...labelValuesQuery('job'), enabled: opened });
  const { data: names } = useQuery({ ...labelValuesQuery('__name__'), enabled: opened });
  const { data: metadata } = useQuery({ ...metadataQuery, enabled: opened });
  return useMemo(() => {
    const explore = (expression: string, view?: 'table'): void =>
      void navigate({ to: '/explore/metrics', search: (now) => ({ ...now, q: [expression], view }) });
    const pages = NAVIGATION.flatMap((group) => group.links).map(
      (link): Entry => ({ id: link.to, group: 'Pages', label: link.label, keywords: link.keywords, icon: link.icon, run: () => void navigate({ to: link.to }) }),
    );
    const actions: Entry[] = [
      { id: 'theme', group: 'Actions', label: dark ? 'Switch to light' : 'Switch to dark', keywords: 'theme colour scheme mode light dark night', icon: dark ? IconSun : IconMoon, run: () => setColorScheme(dark ? 'light' : 'dark') },
      { id: 'refresh', group: 'Actions', label: 'Refresh now', keywords: 'reload update', icon: IconRefresh, run: refresh },
      { id: 'range', group: 'Actions', label: 'Show the last 24 hours', keywords: 'time range day', icon: IconArrowsLeftRight, run: () => void navigate({ to: '.', search: (now) => ({ ...now, from: 'now-24h', to: undefined }) }) },
    ];
    const hostEntries = (hosts?.hosts ?? []).map(
      ({ host_name: name }): Entry => ({ id: `host:${name}`, group: 'Hosts', label: name, keywords: 'host', icon: IconServer, run: () => void navigate({ to: '/hosts/$hostName', params: { hostName: name } }) }),
    );
    const traced = new Set(services?.services.map(({ service }) => service));
    const serviceEntries = [...traced].map(
      (service): Entry => ({ id: `service:${service}`, group: 'Services', label: service, keywords: 'service', icon: IconCube, run: () => void navigate({ to: '/services/$service', params: { service } }) }),
    );
    // What sends metrics only has no page; its metrics are what there is. A job is called "namespace/name" where there is a namespace.
    const jobEntries = (jobs ?? [])
      .filter((job) => !traced.has(job.split('/').at(-1)!))
      .map((job): Entry => ({ id: `job:${job}`, group: 'Services', label: job, keywords: 'service job', icon: IconCube, run: () => explore(`count by (__name__) ({job=${quote(job)}})`, 'table') }));
    const metricEntries = describeMetrics(names ?? [], metadata ?? {}).map(
      ({ name, type, help }): Entry => ({ id: `metric:${name}`, group: 'Metrics', label: name, description: help, keywords: help, icon: IconChartLine, run: () => explore(suggestExpression(name, type)) }),
    );
    return [...pages, ...hostEntries, ...serviceEntries, ...jobEntries, ...metricEntries, ...actions];
  }, [navigate, refresh, setColorScheme, dark, hosts, services, jobs, names, metadata]);
}
