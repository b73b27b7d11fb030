import type { ServiceAnswer, ServicesAnswer } from '@pitot/core';
import type { MapRange } from './topology-queries.ts';

/** Questions about services. They throw what the stores throw; `service` also `not_found`. */
export interface ServiceQueries {
  /** Every service that answered or asked anything in the range, worst first, and the sentence of the Overview. */
  list(range: MapRange, signal?: AbortSignal): Promise<ServicesAnswer>;
  service(question: MapRange & { readonly service: string }, signal?: AbortSignal): Promise<ServiceAnswer>;
}
