import { EMPTY_LABELS, labelsToObject, type Labels, type LabelMatcher } from '@pitot/core';
import { z } from 'zod';
import { expressionSelectors, matchesLabels, parseExpression, parseSelector } from '../../query/expressions.ts';
import type { SeriesQuestion } from '../../query/metric-queries.ts';
import { badRequest, defineApiRoute, type ApiAnswer } from './api.ts';
import { formatTimestamp, formatValue } from './numbers.ts';
import { exemplarParameters, invalidParameter, MAX_TIME_MS, metadataParameters, MIN_TIME_MS, seriesParameters } from './parameters.ts';

const strings = z.array(z.string());
const labelSet = z.record(z.string(), z.string());

export const seriesRoutes = [
  defineApiRoute({
    path: '/series',
    methods: ['GET', 'POST'],
    summary: 'Label sets of the series that match any of the selectors.',
    parameters: seriesParameters,
    data: z.array(labelSet),
    async handle({ metrics }, { parameters, signal }) {
      if (parameters['match[]'].length === 0) throw badRequest('no match[] parameter provided');
      const question = seriesQuestion(parameters);
      const series = await metrics.series(question, { signal });
      return truncated(series.map(labelsToObject), parameters.limit);
    },
  }),
  defineApiRoute({
    path: '/labels',
    methods: ['GET', 'POST'],
    summary: 'Label names, of every series or of those that match.',
    parameters: seriesParameters,
    data: strings,
    async handle({ metrics }, { parameters, signal }) {
      const names = await metrics.labelNames(seriesQuestion(parameters), { signal });
      return truncated(names.toSorted(), parameters.limit);
    },
  }),
  defineApiRoute({
    path: '/label/:name/values',
    methods: ['GET'],
    summary: 'Values of a label, of every series or of those that match.',
    parameters: seriesParameters,
    data: strings,
    async handle({ metrics }, { parameters, request, signal }) {
      const { name } = request.params as { name: string };
      const label = unescapeLabelName(name);
      if (label === '') throw badRequest(`invalid label name: ${JSON.stringify(name)}`);
      const values = await metrics.labelValues(label, seriesQuestion(parameters), { signal });
      return truncated(values.toSorted(), parameters.limit);
    },
  }),
  defineApiRoute({
    path: '/metadata',
    methods: ['GET'],
    summary: 'Type, help and unit of metrics.',
    parameters: metadataParameters,
    data: z.record(z.string(), z.array(z.object({ type: z.string(), help: z.string(), unit: z.string() }))),
    async handle({ metrics }, { parameters, signal }) {
      const { metric, limit = -1, limit_per_metric: perMetric = -1 } = parameters;
      const entries = await metrics.metadata(metric === undefined ? {} : { metric }, { signal });
      const data: Record<string, { type: string; help: string; unit: string }[]> = Object.create(null);
      let count = 0;
      for (const { metric: name, type, help, unit } of entries) {
        if (data[name] === undefined) {
          if (limit >= 0 && count >= limit) continue;
          data[name] = [];
          count++;
        }
        if (perMetric <= 0 || data[name].length < perMetric) data[name].push({ type, help, unit });
      }
      return { data };
    },
  }),
  defineApiRoute({
    path: '/query_exemplars',
    methods: ['GET', 'POST'],
    summary: 'Exemplars of the series that an expression selects.',
    parameters: exemplarParameters,
    data: z.array(z.object({ seriesLabels: labelSet, exemplars: z.array(z.object({ labels: labelSet, value: z.string(), timestamp: z.number() })) })),
    async handle({ metrics }, { parameters, signal }) {
      const startMs = parameters.start ?? MIN_TIME_MS;
      const endMs = parameters.end ?? MAX_TIME_MS;
      if (endMs < startMs) throw badRequest('end timestamp must not be before start timestamp');
      const selectors = expressionSelectors(parseExpression(parameters.query));
      if (selectors.length === 0) return { data: [] };
      const series = await metrics.exemplars({ selectors, startMs, endMs }, { signal });
      return {
        data: series.map(({ labels, exemplars }) => ({
          seriesLabels: labelsToObject(labels),
          exemplars: exemplars.map((exemplar) => ({
            labels: labelsToObject(exemplar.labels as Labels),
            value: formatValue(exemplar.value),
            timestamp: Number(formatTimestamp(exemplar.timestampMs)),
          })),
        })),
      };
    },
  }),
];

function seriesQuestion(parameters: z.output<typeof seriesParameters>): SeriesQuestion {
  const { start = MIN_TIME_MS, end = MAX_TIME_MS, limit } = parameters;
  if (end < start) throw badRequest('end timestamp must not be before start timestamp');
  const selectors = parameters['match[]'].map(parseMatch);
  // One more than asked for tells whether something was left out.
  return { selectors, startMs: start, endMs: end, ...(limit ? { limit: limit + 1 } : {}) };
}

function parseMatch(text: string): readonly LabelMatcher[] {
  let matchers: readonly LabelMatcher[];
  try {
    matchers = parseSelector(text);
  } catch (error) {
    throw invalidParameter('match[]', error instanceof Error ? error.message : String(error), error);
  }
  if (matchesLabels(EMPTY_LABELS, matchers)) throw invalidParameter('match[]', 'match[] must contain at least one non-empty matcher');
  return matchers;
}

function truncated<Item>(items: readonly Item[], limit: number | undefined): ApiAnswer {
  if (!limit || items.length <= limit) return { data: items };
  return { data: items.slice(0, limit), warnings: ['results truncated due to limit'] };
}

/** Names that are not classic ones come as `U__…`, with `_xx_` for a code point in hex and `__` for an underscore. */
function unescapeLabelName(name: string): string {
  if (!name.startsWith('U__')) return name;
  return name.slice(3).replaceAll(/__|_([0-9a-fA-F]{1,6})_/g, (match, hex: string | undefined) => {
    if (hex === undefined) return '_';
    const point = Number.parseInt(hex, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : match;
  });
}
