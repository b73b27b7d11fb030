import { IconActivityHeartbeat, IconChartLine, IconGauge, IconKey, IconListDetails, IconPlug, IconServer, IconTimeline, IconTopologyStar3 } from '@tabler/icons-react';

interface NavigationLink {
  readonly to: '/' | '/services' | '/hosts' | '/explore/metrics' | '/explore/logs' | '/explore/traces' | '/connect' | '/settings/keys' | '/settings/status';
  readonly label: string;
  readonly icon: typeof IconGauge;
  /** Other words somebody may search this page by. */
  readonly keywords: string;
}

export interface NavigationGroup {
  readonly label?: string;
  readonly links: readonly NavigationLink[];
}

/** The rail, in the order of the whole product; what does not exist yet has no place in it. */
export const NAVIGATION: readonly NavigationGroup[] = [
  {
    links: [
      { to: '/', label: 'Overview', icon: IconGauge, keywords: 'home start health sources targets' },
      { to: '/services', label: 'Services', icon: IconTopologyStar3, keywords: 'map topology dependencies graph red errors latency' },
    ],
  },
  { label: 'Infrastructure', links: [{ to: '/hosts', label: 'Hosts', icon: IconServer, keywords: 'machines servers cpu memory disk' }] },
  {
    label: 'Explore',
    links: [
      { to: '/explore/metrics', label: 'Metrics', icon: IconChartLine, keywords: 'promql query chart graph' },
      { to: '/explore/logs', label: 'Logs', icon: IconListDetails, keywords: 'lines search tail patterns errors' },
      { to: '/explore/traces', label: 'Traces', icon: IconTimeline, keywords: 'spans waterfall latency heatmap slow' },
    ],
  },
  {
    label: 'Settings',
    links: [
      { to: '/connect', label: 'Connect', icon: IconPlug, keywords: 'send data opentelemetry otlp prometheus remote write curl collector' },
      { to: '/settings/keys', label: 'API keys', icon: IconKey, keywords: 'tokens access secrets' },
      { to: '/settings/status', label: 'Status and limits', icon: IconActivityHeartbeat, keywords: 'version listeners stores spool breaker limits' },
    ],
  },
];

/** The window's title: the page, or the thing it shows, before the product. */
export function titleOf(pathname: string): string {
  const links = NAVIGATION.flatMap((group) => group.links);
  const known = links.find((link) => link.to === pathname)?.label;
  const last = decodeURIComponent(pathname.split('/').at(-1) ?? '');
  return `${known ?? last} · Pitot`;
}
