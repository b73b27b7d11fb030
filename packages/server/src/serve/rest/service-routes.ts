import { serviceAnswer, servicesAnswer, type Clock } from '@pitot/core';
import { z } from 'zod';
import type { ServiceQueries } from '../../analyze/service-map/service-queries.ts';
import { closeSignal } from '../receiver-routes.ts';
import { documented, type RestRoutes } from './routes.ts';
import { timeRangeOf, timeRangeParameters } from './time-range.ts';

/** What the routes of services are made from. */
export interface ServiceApi {
  readonly services: ServiceQueries;
  readonly clock: Clock;
}

/** The range and environment of questions about services and the map. */
export const servicesOfRange = {
  environment: z.string().max(200).optional().describe('Value of `deployment.environment.name`; all when absent.'),
  ...timeRangeParameters,
};

interface RangeParameters {
  readonly environment?: string | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}

/** The range that the parameters mean. Throws AppError `bad_request`. */
export function mapRangeOf({ environment, start, end }: RangeParameters, clock: Clock) {
  return { ...timeRangeOf({ start, end }, clock.nowMs()), ...(environment !== undefined && environment !== '' && { environment }) };
}

/** Services over REST. Shapes are in core, `api/services.ts`. */
export function serviceRoutes({ services, clock }: ServiceApi): RestRoutes {
  return (server) => {
    server.route({
      method: 'GET',
      url: '/api/v1/services',
      config: { access: 'read' },
      schema: { ...documented('services', 'Every service with its rate, errors and durations, worst first, and what is broken in one sentence.', servicesAnswer), querystring: z.object(servicesOfRange) },
      handler: async (request, reply) => reply.send(await services.list(mapRangeOf(request.query, clock), closeSignal(reply))),
    });
    server.route({
      method: 'GET',
      url: '/api/v1/services/:service',
      config: { access: 'read' },
      schema: {
        ...documented('services', 'One service: its operations, instances and versions.', serviceAnswer),
        params: z.object({ service: z.string().min(1).max(4096) }),
        querystring: z.object(servicesOfRange),
      },
      handler: async (request, reply) => reply.send(await services.service({ ...mapRangeOf(request.query, clock), service: request.params.service }, closeSignal(reply))),
    });
  };
}
