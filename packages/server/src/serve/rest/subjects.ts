import { logRuleRoutes, type LogRuleApi } from './log-rule-routes.ts';
import { logRoutes, type LogApi } from './log-routes.ts';
import type { RestRoutes } from './routes.ts';
import { serviceRoutes, type ServiceApi } from './service-routes.ts';
import { topologyRoutes, type TopologyApi } from './topology-routes.ts';
import { traceRoutes, type TraceApi } from './trace-routes.ts';

/** The questions that the REST routes of single subjects ask. */
export interface Questions {
  readonly logs?: LogApi;
  readonly logRules?: LogRuleApi;
  readonly traces?: TraceApi;
  readonly services?: ServiceApi;
  readonly topology?: TopologyApi;
}

/** Every subject: one file beside this one, one line here. */
export function createSubjects({ logs, logRules, services, topology, traces }: Questions): readonly RestRoutes[] {
  return [
    ...(logRules === undefined ? [] : [logRuleRoutes(logRules)]),
    ...(logs === undefined ? [] : [logRoutes(logs)]),
    ...(traces === undefined ? [] : [traceRoutes(traces)]),
    ...(services === undefined ? [] : [serviceRoutes(services)]),
    ...(topology === undefined ? [] : [topologyRoutes(topology)]),
  ];
}
