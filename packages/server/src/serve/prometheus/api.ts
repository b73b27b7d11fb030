import { AppError, type Clock, type TargetStatus } from '@pitot/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { MetricQueries, QueryOutcome } from '../../query/metric-queries.ts';

/** What the routes of the Prometheus API are made from. */
export interface PrometheusApi {
  readonly metrics: MetricQueries;
  readonly clock: Clock;
  readonly targets: () => readonly TargetStatus[];
  readonly maxPoints: number;
  readonly version: string;
  readonly startedMs: number;
  readonly retentionMs: number;
  readonly configurationText: () => string;
  readonly flags: Readonly<Record<string, string>>;
}

/** One request, with its parameters already read. */
interface ApiCall<Parameters> {
  readonly parameters: Parameters;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly signal: AbortSignal;
}

export interface ApiAnswer {
  readonly data: unknown;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** An answer whose `data` is written in pieces instead of through JSON.stringify. */
export interface ResultAnswer {
  readonly outcome: QueryOutcome;
  readonly statistics?: object;
}

/** One route of the Prometheus API: GET, and POST with a form where Prometheus takes one. */
export interface ApiRoute<Schema extends z.ZodType = z.ZodType> {
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST')[];
  readonly summary: string;
  readonly parameters: Schema;
  /** What `data` holds, for OpenAPI. */
  readonly data: z.ZodType;
  handle(api: PrometheusApi, call: ApiCall<z.output<Schema>>): Promise<ApiAnswer | ResultAnswer> | ApiAnswer | ResultAnswer;
}

export function defineApiRoute<Schema extends z.ZodType>(route: ApiRoute<Schema>): ApiRoute {
  return route as unknown as ApiRoute;
}

export function badRequest(message: string): AppError {
  return new AppError('bad_request', message);
}
