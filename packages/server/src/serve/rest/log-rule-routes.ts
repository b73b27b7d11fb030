import { tryRulesAnswer, tryRulesRequest, type TryRulesAnswer, type TryRulesRequest } from '@pitot/core';
import { documented, type RestRoutes } from './routes.ts';

/** What the routes of log rules ask; ingest answers. */
export interface LogRuleApi {
  /** What rules would make of a line. Throws AppError `bad_request` for rules that cannot be used. */
  tryRules(request: TryRulesRequest): TryRulesAnswer;
}

/** `/api/v1/logs/rules/…` */
export function logRuleRoutes(rules: LogRuleApi): RestRoutes {
  return (server) => {
    server.route({
      method: 'POST',
      url: '/api/v1/logs/rules/try',
      config: { access: 'read' },
      schema: {
        ...documented('logs', 'What the ingest rules, or others that are given, would make of a log line. Nothing is written.', tryRulesAnswer),
        body: tryRulesRequest,
      },
      handler: async (request, reply) => reply.header('cache-control', 'no-store').send(rules.tryRules(request.body)),
    });
  };
}
