import { labelsFromObject, labelsToObject, type LabelMatcher, type TargetStatus } from '@pitot/core';
import { z } from 'zod';
import { matchesLabels, parseSelector } from '../../query/expressions.ts';
import { defineApiRoute } from './api.ts';
import { invalidParameter, ruleParameters, targetMetadataParameters, targetParameters } from './parameters.ts';

const labelSet = z.record(z.string(), z.string());
const NEVER = '0001-01-01T00:00:00Z';

const activeTarget = z
  .object({
    discoveredLabels: labelSet,
    labels: labelSet,
    scrapePool: z.string(),
    scrapeUrl: z.string(),
    globalUrl: z.string(),
    lastError: z.string(),
    lastScrape: z.string(),
    lastScrapeDuration: z.number(),
    health: z.enum(['up', 'down', 'unknown']),
    scrapeInterval: z.string(),
    scrapeTimeout: z.string(),
  })
  .meta({ id: 'PrometheusTarget' });

export const targetRoutes = [
  defineApiRoute({
    path: '/targets',
    methods: ['GET'],
    summary: 'Scrape targets, active and dropped.',
    parameters: targetParameters,
    data: z.object({
      activeTargets: z.array(activeTarget),
      droppedTargets: z.array(z.object({ discoveredLabels: labelSet, scrapePool: z.string() })),
      droppedTargetCounts: z.record(z.string(), z.number()),
    }),
    handle({ targets }, { parameters }) {
      const state = parameters.state.toLowerCase();
      const shows = (which: string) => state === '' || state === 'any' || state === which;
      const pool = parameters.scrapePool;
      const all = targets().filter((target) => pool === undefined || target.scrapePool === pool);
      const dropped = all.filter(({ health }) => health === 'dropped');
      const active = all.filter(({ health }) => health !== 'dropped');
      const counts: Record<string, number> = {};
      for (const { scrapePool } of all) counts[scrapePool] ??= 0;
      for (const { scrapePool } of dropped) counts[scrapePool]!++;
      return {
        data: {
          activeTargets: shows('active') ? active.toSorted(byPool).map(shownTarget) : [],
          droppedTargets: shows('dropped') ? dropped.map(({ discoveredLabels, scrapePool }) => ({ discoveredLabels, scrapePool })) : [],
          droppedTargetCounts: counts,
        },
      };
    },
  }),
  defineApiRoute({
    path: '/targets/metadata',
    methods: ['GET'],
    summary: 'Metadata of metrics, for each target that exposes them.',
    parameters: targetMetadataParameters,
    data: z.array(z.object({ target: labelSet, metric: z.string().optional(), type: z.string(), help: z.string(), unit: z.string() })),
    async handle({ metrics, targets, clock }, { parameters, signal }) {
      const { match_target: match, metric, limit = -1 } = parameters;
      const matchers = match === undefined ? [] : parseTargetSelector(match);
      const up = targets().filter(({ health, labels }) => health === 'up' && matchesLabels(labelsFromObject(labels), matchers));
      const entries = new Map((await metrics.metadata(metric === undefined ? {} : { metric }, { signal })).map((entry) => [entry.metric, entry]));
      const data: object[] = [];
      for (const { labels } of up) {
        const selector = Object.entries(labels).map(([name, value]): LabelMatcher => ({ name, type: '=', value }));
        const nowMs = clock.nowMs();
        const names = metric === undefined ? await metrics.labelValues('__name__', { selectors: [selector], startMs: nowMs - 3_600_000, endMs: nowMs }, { signal }) : [metric];
        for (const name of names) {
          const entry = entries.get(name) ?? entries.get(name.replace(/_(?:bucket|sum|count|total)$/, ''));
          if (limit >= 0 && data.length >= limit) return { data };
          if (entry) data.push({ target: labels, ...(metric === undefined ? { metric: name } : {}), type: entry.type, help: entry.help, unit: entry.unit });
        }
      }
      return { data };
    },
  }),
  defineApiRoute({
    path: '/scrape_pools',
    methods: ['GET'],
    summary: 'Names of the scrape jobs.',
    parameters: z.object({}),
    data: z.object({ scrapePools: z.array(z.string()) }),
    handle: ({ targets }) => ({ data: { scrapePools: [...new Set(targets().map(({ scrapePool }) => scrapePool))].toSorted() } }),
  }),
  defineApiRoute({
    path: '/rules',
    methods: ['GET'],
    summary: 'Recording and alerting rules; none yet.',
    parameters: ruleParameters,
    data: z.object({ groups: z.array(z.unknown()) }),
    handle(_api, { parameters }) {
      const type = parameters.type?.toLowerCase();
      if (type !== undefined && type !== 'alert' && type !== 'record') throw invalidParameter('type', `not supported value ${JSON.stringify(type)}`);
      return { data: { groups: [] } };
    },
  }),
  defineApiRoute({
    path: '/alerts',
    methods: ['GET'],
    summary: 'Active alerts; none yet.',
    parameters: z.object({}),
    data: z.object({ alerts: z.array(z.unknown()) }),
    handle: () => ({ data: { alerts: [] } }),
  }),
  defineApiRoute({
    path: '/alertmanagers',
    methods: ['GET'],
    summary: 'Alertmanagers in use; none.',
    parameters: z.object({}),
    data: z.object({ activeAlertmanagers: z.array(z.unknown()), droppedAlertmanagers: z.array(z.unknown()) }),
    handle: () => ({ data: { activeAlertmanagers: [], droppedAlertmanagers: [] } }),
  }),
];

function byPool(a: TargetStatus, b: TargetStatus): number {
  return a.scrapePool < b.scrapePool ? -1 : a.scrapePool > b.scrapePool ? 1 : 0;
}

function shownTarget(target: TargetStatus): object {
  return {
    discoveredLabels: target.discoveredLabels,
    labels: labelsToObject(labelsFromObject(target.labels)),
    scrapePool: target.scrapePool,
    scrapeUrl: target.scrapeUrl,
    globalUrl: target.scrapeUrl,
    lastError: target.lastError,
    lastScrape: target.lastScrapeMs === 0 ? NEVER : new Date(target.lastScrapeMs).toISOString(),
    lastScrapeDuration: target.lastScrapeDurationSeconds,
    health: target.health,
    scrapeInterval: `${target.scrapeIntervalSeconds}s`,
    scrapeTimeout: `${target.scrapeTimeoutSeconds}s`,
  };
}

function parseTargetSelector(text: string): readonly LabelMatcher[] {
  try {
    return parseSelector(text);
  } catch (error) {
    throw invalidParameter('match_target', error instanceof Error ? error.message : String(error), error);
  }
}
