import type {
  CausesAnswer,
  ImpactAnswer,
  LogPatternsAnswer,
  ServiceAnswer,
  ServicesAnswer,
  SystemCriticalPathAnswer,
  TopologyAnswer,
  TopologyChangesAnswer,
  TracesAnswer,
} from '@pitot/core';
import { useQuery, type QueryClient, type QueryKey, type UseQueryOptions, type UseQueryResult } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { resolveRange, type ResolvedRange, type TimeRange } from '../time/range.ts';
import { useTimeWindow } from '../time/time-window.tsx';
import { rangeOf, type ShellSearch } from '../url/search.ts';
import { requestJson } from './request.ts';

/**
 * What questions about services are about. The range is kept as it stands in the address and resolved when the question is asked, so that
 * a route and its page ask the same one, and a refresh asks it again instead of asking another.
 */
export interface Scope extends TimeRange {
  readonly environment: string | undefined;
}

export const scopeOf = (search: ShellSearch): Scope => ({ ...rangeOf(search), environment: search.env });

type Parameters = Readonly<Record<string, string | number | undefined>>;

/** `path` with the scope's range, in milliseconds, and environment as parameters. */
function addressOf(path: string, { environment, ...range }: Scope, parameters: Parameters = {}, named: (range: ResolvedRange) => Parameters = ({ startMs, endMs }) => ({ start: startMs, end: endMs })): string {
  const all = { ...named(resolveRange(range, Date.now())), environment, ...parameters };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(all)) if (value !== undefined && value !== '') query.set(name, String(value));
  return `${path}?${query}`;
}

/** A question about services; `T` is its answer's shape. */
interface Question<T> {
  readonly queryKey: QueryKey;
  readonly queryFn: (context: { readonly signal: AbortSignal }) => Promise<T>;
  readonly placeholderData: KeepsAnswers<T>;
}
type KeepsAnswers<T> = Extract<NonNullable<UseQueryOptions<T>['placeholderData']>, (...parts: never[]) => unknown>;

/**
 * While the answer about another range is awaited, the one from before stays in sight; where it was about another subject, which
 * stands second in the key, it does not.
 */
function question<T>(name: string, subject: string, scope: Scope, address: () => string): Question<T> {
  const keep = (previous: T | undefined, query: { readonly queryKey: QueryKey } | undefined): T | undefined => (query?.queryKey[1] === subject ? previous : undefined);
  return {
    queryKey: [name, subject, scope.from, scope.to, scope.environment ?? ''],
    queryFn: ({ signal }) => requestJson<T>(address(), { signal }),
    placeholderData: keep as KeepsAnswers<T>,
  };
}

export const servicesQuery = (scope: Scope) => question<ServicesAnswer>('services', '', scope, () => addressOf('/api/v1/services', scope));

export const serviceQuery = (scope: Scope, service: string) => question<ServiceAnswer>('service', service, scope, () => addressOf(`/api/v1/services/${encodeURIComponent(service)}`, scope));

export const topologyQuery = (scope: Scope) => question<TopologyAnswer>('topology', '', scope, () => addressOf('/api/v1/topology', scope));

/** The node and what it calls and is called by. */
export const nearbyQuery = (scope: Scope, node: string) => question<TopologyAnswer>('topology-near', node, scope, () => addressOf('/api/v1/topology', scope, { focus: node, depth: 1 }));

/** Where the map can be fetched as a file. */
export const mapFileAddress = (scope: Scope, format: 'json' | 'mermaid' | 'dot' | 'graphml', focus: string | undefined, depth: number): string =>
  addressOf('/api/v1/topology', scope, { format, focus, depth: focus === undefined ? undefined : depth });

const LEAST_WINDOW_MS = 60_000;
const MOST_WINDOW_MS = 900_000;

/** The end of the range against its start, each by as much of the time before it as fits the range. */
export const changesQuery = (scope: Scope) =>
  question<TopologyChangesAnswer>('topology-changes', '', scope, () =>
    addressOf('/api/v1/topology/changes', scope, {}, ({ startMs, endMs }) => ({
      from: startMs,
      to: endMs,
      window: Math.round(Math.min(MOST_WINDOW_MS, Math.max(LEAST_WINDOW_MS, endMs - startMs))),
    })),
  );

const nodeQuestion =
  <T>(name: string) =>
  (scope: Scope, node: string) =>
    question<T>(`topology-${name}`, node, scope, () => addressOf(`/api/v1/topology/${name}`, scope, { node }));

export const impactQuery = nodeQuestion<ImpactAnswer>('impact');
export const causesQuery = nodeQuestion<CausesAnswer>('causes');
export const criticalPathQuery = nodeQuestion<SystemCriticalPathAnswer>('critical-path');

const PATTERNS = 60;

export const patternsQuery = (scope: Scope, query: string) => question<LogPatternsAnswer>('log-patterns', query, scope, () => addressOf('/api/v1/logs/patterns', scope, { query, limit: PATTERNS }));

const TRACES = 8;

export const exampleTracesQuery = (scope: Scope, query: string, sort: 'recent' | 'duration') =>
  question<TracesAnswer>(`example-traces-${sort}`, query, scope, () => addressOf('/api/v1/traces', scope, { query, sort, limit: TRACES }));

/** The header's range and environment. */
export const useScope = (): Scope => scopeOf(useSearch({ strict: false }));

/** A question about services, asked again with the header's refresh while the page can be seen. */
export function useScoped<T>(asked: Question<T>, enabled = true): UseQueryResult<T> {
  const { refreshMs } = useTimeWindow();
  return useQuery({ ...asked, enabled, refetchInterval: refreshMs === 0 ? false : refreshMs });
}

/** What a service's page asks first. */
export function prefetchService(queryClient: QueryClient, scope: Scope, service: string): void {
  void queryClient.prefetchQuery(serviceQuery(scope, service));
  void queryClient.prefetchQuery(nearbyQuery(scope, `service:${service}`));
}
