import { formatDurationMs } from '@pitot/core';
import { z } from 'zod';
import { defineApiRoute } from './api.ts';
import { tsdbParameters } from './parameters.ts';

/**
 * The Prometheus release whose API this is. Grafana and others switch on what they know by this number: native
 * histograms, `limit`, POST forms, label values with matchers.
 */
const PROMETHEUS_VERSION = '3.5.0';
const DEFAULT_LIST_LENGTH = 10;
const NOTHING = z.object({});
const texts = z.record(z.string(), z.string());
const counts = z.array(z.object({ name: z.string(), value: z.number() }));

export const statusRoutes = [
  defineApiRoute({
    path: '/status/buildinfo',
    methods: ['GET'],
    summary: 'The version of the Prometheus API, and of Pitot.',
    parameters: NOTHING,
    data: texts,
    handle: ({ version }) => ({
      data: {
        application: 'pitot',
        pitotVersion: version,
        version: PROMETHEUS_VERSION,
        revision: '',
        branch: '',
        buildUser: '',
        buildDate: '',
        goVersion: '',
      },
    }),
  }),
  defineApiRoute({
    path: '/status/runtimeinfo',
    methods: ['GET'],
    summary: 'How the process runs.',
    parameters: NOTHING,
    data: z.record(z.string(), z.unknown()),
    handle: ({ startedMs, clock, retentionMs }) => ({
      data: {
        startTime: new Date(startedMs).toISOString(),
        CWD: '',
        serverTime: new Date(clock.nowMs()).toISOString(),
        reloadConfigSuccess: true,
        lastConfigTime: new Date(startedMs).toISOString(),
        corruptionCount: 0,
        goroutineCount: 0,
        GOMAXPROCS: 0,
        GOMEMLIMIT: 0,
        GOGC: '',
        GODEBUG: '',
        storageRetention: formatDurationMs(retentionMs),
      },
    }),
  }),
  defineApiRoute({
    path: '/status/flags',
    methods: ['GET'],
    summary: 'The settings in force, under the names Prometheus gives them.',
    parameters: NOTHING,
    data: texts,
    handle: ({ flags }) => ({ data: flags }),
  }),
  defineApiRoute({
    path: '/status/config',
    methods: ['GET'],
    summary: 'The scrape configuration as YAML.',
    parameters: NOTHING,
    data: z.object({ yaml: z.string() }),
    handle: ({ configurationText }) => ({ data: { yaml: configurationText() } }),
  }),
  defineApiRoute({
    path: '/status/tsdb',
    methods: ['GET'],
    summary: 'Cardinality: the metrics, labels and label values with the most series in the last hour.',
    parameters: tsdbParameters,
    data: z.object({
      headStats: z.object({ numSeries: z.number(), numLabelPairs: z.number(), chunkCount: z.number(), minTime: z.number(), maxTime: z.number() }),
      seriesCountByMetricName: counts,
      labelValueCountByLabelName: counts,
      memoryInBytesByLabelName: counts,
      seriesCountByLabelValuePair: counts,
    }),
    async handle({ metrics }, { parameters, signal }) {
      const found = await metrics.cardinality(parameters.limit || DEFAULT_LIST_LENGTH, { signal });
      return {
        data: {
          headStats: {
            numSeries: found.seriesCount,
            numLabelPairs: found.labelPairCount,
            chunkCount: 0,
            minTime: found.minTimeMs,
            maxTime: found.maxTimeMs,
          },
          seriesCountByMetricName: found.seriesCountByMetricName,
          labelValueCountByLabelName: found.labelValueCountByLabelName,
          memoryInBytesByLabelName: found.memoryInBytesByLabelName,
          seriesCountByLabelValuePair: found.seriesCountByLabelValuePair,
        },
      };
    },
  }),
];
