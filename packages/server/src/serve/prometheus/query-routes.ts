import { z } from 'zod';
import { AppError } from '@pitot/core';
import type { QueryOutcome, QuestionOptions, QueryValue } from '../../query/metric-queries.ts';
import { parseExpression, formatExpression, expressionTree } from '../../query/expressions.ts';
import { badRequest, defineApiRoute, type ResultAnswer } from './api.ts';
import { expressionParameters, instantParameters, invalidParameter, rangeParameters } from './parameters.ts';

const queryData = z
  .object({
    resultType: z.enum(['matrix', 'vector', 'scalar', 'string']),
    result: z.unknown().describe('Shaped by resultType; see the Prometheus HTTP API.'),
    stats: z.unknown().optional(),
  })
  .meta({ id: 'PrometheusQueryData' });

interface ExecutionParameters {
  readonly timeout?: number | undefined;
  readonly lookback_delta?: number | undefined;
}

export const queryRoutes = [
  defineApiRoute({
    path: '/query',
    methods: ['GET', 'POST'],
    summary: 'Evaluates a PromQL expression at one time.',
    parameters: instantParameters,
    data: queryData,
    async handle({ metrics, clock }, { parameters, signal }) {
      const { query, time, limit, stats } = parameters;
      const options = executionOptions(parameters, signal);
      const startedMs = performance.now();
      const outcome = await metrics.instant(query, time ?? clock.nowMs(), options).catch(rethrowAsPrometheus);
      return resultAnswer(outcome, limit, stats, startedMs);
    },
  }),
  defineApiRoute({
    path: '/query_range',
    methods: ['GET', 'POST'],
    summary: 'Evaluates a PromQL expression at every step of a range of time.',
    parameters: rangeParameters,
    data: queryData,
    async handle({ metrics, maxPoints }, { parameters, signal }) {
      const { query, start, end, step, limit, stats } = parameters;
      checkRange(start, end, step, maxPoints);
      const options = executionOptions(parameters, signal);
      const startedMs = performance.now();
      const outcome = await metrics.range({ query, startMs: start, endMs: end, stepMs: step }, options).catch(rethrowAsPrometheus);
      return resultAnswer(outcome, limit, stats, startedMs);
    },
  }),
  defineApiRoute({
    path: '/format_query',
    methods: ['GET', 'POST'],
    summary: 'Formats a PromQL expression.',
    parameters: expressionParameters,
    data: z.string(),
    handle: (_api, { parameters }) => ({ data: formatExpression(parseOrRefuse(parameters.query)) }),
  }),
  defineApiRoute({
    path: '/parse_query',
    methods: ['GET', 'POST'],
    summary: 'Parses a PromQL expression into its syntax tree.',
    parameters: expressionParameters,
    data: z.unknown(),
    handle: (_api, { parameters }) => ({ data: expressionTree(parseOrRefuse(parameters.query)) }),
  }),
];

function parseOrRefuse(query: string) {
  try {
    return parseExpression(query);
  } catch (error) {
    return rethrowAsPrometheus(error);
  }
}

/** Prometheus names the parameter that holds what does not parse. */
function rethrowAsPrometheus(error: unknown): never {
  if (error instanceof AppError && error.code === 'bad_query') throw invalidParameter('query', error.message, error);
  throw error;
}

function checkRange(startMs: number, endMs: number, stepMs: number, maxPoints: number): void {
  if (endMs < startMs) throw invalidParameter('end', 'end timestamp must not be before start time');
  if (stepMs < 1) throw invalidParameter('step', 'zero or negative query resolution step widths are not accepted. Try a positive integer');
  if ((endMs - startMs) / stepMs > maxPoints) {
    const shown = maxPoints.toLocaleString('en-US');
    throw badRequest(`exceeded maximum resolution of ${shown} points per timeseries. Try decreasing the query resolution (?step=XX)`);
  }
}

function executionOptions(parameters: ExecutionParameters, signal: AbortSignal): QuestionOptions {
  const { timeout, lookback_delta: lookback } = parameters;
  if (timeout !== undefined && timeout <= 0) throw invalidParameter('timeout', 'must be positive');
  if (lookback !== undefined && lookback <= 0) throw invalidParameter('lookback_delta', 'must be positive');
  return {
    signal,
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(lookback === undefined ? {} : { lookbackMs: lookback }),
  };
}

function resultAnswer(outcome: QueryOutcome, limit: number | undefined, stats: string | undefined, startedMs: number): ResultAnswer {
  const limited = limitResult(outcome, limit);
  return stats ? { outcome: limited, statistics: statistics(outcome, startedMs) } : { outcome: limited };
}

/** `limit` cuts the series of the answer and says so in a warning, as Prometheus does. */
function limitResult(outcome: QueryOutcome, limit: number | undefined): QueryOutcome {
  const { value } = outcome;
  if (!limit) return outcome;
  const cut = cutValue(value, limit);
  return cut === value ? outcome : { ...outcome, value: cut, warnings: [...outcome.warnings, 'results truncated due to limit'] };
}

function cutValue(value: QueryValue, limit: number): QueryValue {
  if (value.type === 'vector' && value.samples.length > limit) return { ...value, samples: value.samples.slice(0, limit) };
  if (value.type === 'matrix' && value.series.length > limit) return { ...value, series: value.series.slice(0, limit) };
  return value;
}

/** Prometheus' statistics, as far as they are known here: whole evaluation time and samples read. */
function statistics(outcome: QueryOutcome, startedMs: number): object {
  const totalSeconds = (performance.now() - startedMs) / 1000;
  return {
    timings: {
      evalTotalTime: totalSeconds,
      resultSortTime: 0,
      queryPreparationTime: 0,
      innerEvalTime: totalSeconds,
      execQueueTime: 0,
      execTotalTime: totalSeconds,
    },
    samples: { totalQueryableSamples: outcome.stats.samplesRead, peakSamples: outcome.stats.samplesRead },
  };
}
