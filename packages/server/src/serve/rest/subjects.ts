import type { RestRoutes } from './routes.ts';
import { traceRoutes, type TraceApi } from './trace-routes.ts';

/** The questions that the REST routes of single subjects ask. */
export interface Questions {
  readonly traces?: TraceApi;
}

/** Every subject: one file beside this one, one line here. */
export function createSubjects({ traces }: Questions): readonly RestRoutes[] {
  return [...(traces === undefined ? [] : [traceRoutes(traces)])];
}
