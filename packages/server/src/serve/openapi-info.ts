import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';

type DocumentInfo = NonNullable<FastifyDynamicSwaggerOptions['openapi']>;

/** What stands around the routes in the OpenAPI document; the routes describe themselves. */
export function documentInfo(): DocumentInfo {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Pitot',
      description:
        'On loopback no login is needed. On any other address every route but `/health` and those under “access” demands an API key with the right scope, or a session.',
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } as NonNullable<DocumentInfo['info']>['license'] & object,
    },
    tags: [
      { name: 'pitot', description: 'What Pitot knows, for its own pages and for scripts.' },
      { name: 'metrics', description: 'Metrics as JSON, and Pitot’s own.' },
      { name: 'prometheus', description: 'The HTTP API of Prometheus: Grafana, promtool and others work unchanged.' },
      { name: 'receivers', description: 'The doors that telemetry is pushed through.' },
      { name: 'access', description: 'Login, setup and API keys.' },
      { name: 'health', description: 'For probes.' },
    ],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key.' },
        basic: { type: 'http', scheme: 'basic', description: 'An API key as the password; the user name does not matter.' },
        header: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        session: { type: 'apiKey', in: 'cookie', name: 'pitot.session_token' },
      },
    },
    security: [{ bearer: [] }, { basic: [] }, { header: [] }, { session: [] }],
  };
}
