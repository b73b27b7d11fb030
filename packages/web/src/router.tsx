import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect, retainSearchParams } from '@tanstack/react-router';
import { hostsQuery, keysQuery, sessionQuery, sourcesQuery } from './api/queries.ts';
import { prefetchService, scopeOf, servicesQuery, topologyQuery } from './api/service-queries.ts';
import { statusQuery } from './api/status-query.ts';
import { heatmapQuery, HEATMAP_SIZE, traceQuery } from './api/trace-queries.ts';
import { NotFound, PageFailure } from './shell/page-failure.tsx';
import { Shell } from './shell/shell.tsx';
import { validateLogsSearch } from './pages/logs/logs-search.ts';
import { validateServicesSearch } from './pages/services/services-search.ts';
import { validateTraceSearch, validateTracesSearch } from './pages/traces/traces-search.ts';
import { parseSearch, stringifySearch, validateExploreSearch, validateShellSearch, type ShellSearch } from './url/search.ts';

interface RouterContext {
  readonly queryClient: QueryClient;
}

const root = createRootRouteWithContext<RouterContext>()({
  validateSearch: validateShellSearch,
  search: { middlewares: [retainSearchParams<ShellSearch>(['from', 'to', 'refresh', 'env'])] },
  notFoundComponent: NotFound,
  errorComponent: PageFailure,
});

/** Everything behind the login; on loopback the session answers that none is needed. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  loader: async ({ context: { queryClient }, location }) => {
    // Where even this fails, the pages say what is wrong, each in its place.
    const session = await queryClient.ensureQueryData(sessionQuery).catch(() => undefined);
    if (session === undefined || session.auth !== 'required' || session.authenticated) return;
    throw session.setup_needed ? redirect({ to: '/setup' }) : redirect({ to: '/login', search: { next: location.href } });
  },
  // The session is asked for beside the page's own data, not before it.
  staleTime: 60_000,
});

const overview = createRoute({
  getParentRoute: () => inside,
  path: '/',
  loader: ({ context: { queryClient }, location }) => {
    void queryClient.prefetchQuery(servicesQuery(scopeOf(location.search)));
    void queryClient.prefetchQuery(statusQuery);
    void queryClient.prefetchQuery(sourcesQuery);
    void queryClient.prefetchQuery(hostsQuery);
  },
  component: lazyRouteComponent(() => import('./pages/overview/overview-page.tsx'), 'OverviewPage'),
});

const hosts = createRoute({
  getParentRoute: () => inside,
  path: '/hosts',
  loader: ({ context: { queryClient } }) => void queryClient.prefetchQuery(hostsQuery),
  component: lazyRouteComponent(() => import('./pages/hosts/hosts-page.tsx'), 'HostsPage'),
});

const host = createRoute({
  getParentRoute: () => inside,
  path: '/hosts/$hostName',
  loader: ({ context: { queryClient } }) => void queryClient.prefetchQuery(hostsQuery),
  component: lazyRouteComponent(() => import('./pages/hosts/host-page.tsx'), 'HostPage'),
});

const explore = createRoute({
  getParentRoute: () => inside,
  path: '/explore/metrics',
  validateSearch: validateExploreSearch,
  component: lazyRouteComponent(() => import('./pages/explore/explore-page.tsx'), 'ExplorePage'),
});

const logs = createRoute({
  getParentRoute: () => inside,
  path: '/explore/logs',
  validateSearch: validateLogsSearch,
  component: lazyRouteComponent(() => import('./pages/logs/logs-page.tsx'), 'LogsPage'),
});

const traces = createRoute({
  getParentRoute: () => inside,
  path: '/explore/traces',
  validateSearch: validateTracesSearch,
  loader: ({ context: { queryClient }, location }) => {
    const spans = { ...scopeOf(location.search), query: validateTracesSearch(location.search).q ?? '' };
    void queryClient.prefetchQuery(heatmapQuery(spans, HEATMAP_SIZE.columns, HEATMAP_SIZE.rows));
  },
  component: lazyRouteComponent(() => import('./pages/traces/traces-page.tsx'), 'TracesPage'),
});

const trace = createRoute({
  getParentRoute: () => inside,
  path: '/explore/traces/$traceId',
  validateSearch: validateTraceSearch,
  loader: ({ context: { queryClient }, params }) => void queryClient.prefetchQuery(traceQuery(params.traceId)),
  component: lazyRouteComponent(() => import('./pages/traces/trace-page.tsx'), 'TracePage'),
});

const services = createRoute({
  getParentRoute: () => inside,
  path: '/services',
  validateSearch: validateServicesSearch,
  loader: ({ context: { queryClient }, location }) => {
    void queryClient.prefetchQuery(servicesQuery(scopeOf(location.search)));
    void queryClient.prefetchQuery(topologyQuery(scopeOf(location.search)));
  },
  component: lazyRouteComponent(() => import('./pages/services/services-page.tsx'), 'ServicesPage'),
});

const service = createRoute({
  getParentRoute: () => inside,
  path: '/services/$service',
  loader: ({ context: { queryClient }, location, params }) => prefetchService(queryClient, scopeOf(location.search), params.service),
  component: lazyRouteComponent(() => import('./pages/services/service-page.tsx'), 'ServicePage'),
});

const connect = createRoute({
  getParentRoute: () => inside,
  path: '/connect',
  loader: ({ context: { queryClient } }) => {
    void queryClient.prefetchQuery(statusQuery);
    void queryClient.prefetchQuery(sourcesQuery);
  },
  component: lazyRouteComponent(() => import('./pages/connect/connect-page.tsx'), 'ConnectPage'),
});

const settingsKeys = createRoute({
  getParentRoute: () => inside,
  path: '/settings/keys',
  loader: ({ context: { queryClient } }) => void queryClient.prefetchQuery(keysQuery),
  component: lazyRouteComponent(() => import('./pages/settings/keys-page.tsx'), 'KeysPage'),
});

const settingsStatus = createRoute({
  getParentRoute: () => inside,
  path: '/settings/status',
  loader: ({ context: { queryClient } }) => void queryClient.prefetchQuery(statusQuery),
  component: lazyRouteComponent(() => import('./pages/settings/status-page.tsx'), 'StatusPage'),
});

/** An address without a page, inside the shell, so that the way on stays in sight. */
const nowhere = createRoute({ getParentRoute: () => inside, path: '$', component: NotFound });

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (raw: Record<string, unknown>): { next?: string } =>
    // Only a path on this server, so that a link cannot send someone elsewhere after the login.
    typeof raw['next'] === 'string' && /^\/(?![/\\])/.test(raw['next']) ? { next: raw['next'] } : {},
  component: lazyRouteComponent(() => import('./pages/access/login-page.tsx'), 'LoginPage'),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  validateSearch: (raw: Record<string, unknown>): { token?: string } => (typeof raw['token'] === 'string' ? { token: raw['token'] } : {}),
  component: lazyRouteComponent(() => import('./pages/access/setup-page.tsx'), 'SetupPage'),
});

const routeTree = root.addChildren([
  inside.addChildren([overview, services, service, hosts, host, explore, logs, traces, trace, connect, settingsKeys, settingsStatus, nowhere]),
  login,
  setup,
]);

export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultErrorComponent: PageFailure,
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
