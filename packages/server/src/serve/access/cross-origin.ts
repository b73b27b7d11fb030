import type { FastifyInstance } from 'fastify';
import type { OriginRule } from './origin-rule.ts';

/**
 * CORS for pages of the configured public names, and for no others: the gate refuses those. Without such names this
 * never answers anything.
 */
export function installCrossOrigin(server: FastifyInstance, origins: OriginRule): void {
  server.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    if (origin === undefined || !origins.allowsCrossOrigin(origin)) {
      done();
      return;
    }
    void reply.header('access-control-allow-origin', origin).header('vary', 'Origin').header('access-control-expose-headers', 'Date');
    if (request.method !== 'OPTIONS') {
      done();
      return;
    }
    void reply
      .header('access-control-allow-methods', 'GET, POST, DELETE, OPTIONS')
      .header('access-control-allow-headers', 'Accept, Authorization, Content-Type, Origin, X-API-Key')
      .header('access-control-max-age', '600')
      .code(204)
      .send();
  });
}
