import type { FastifyInstance } from 'fastify';
import { closeSignal } from '../receiver-routes.ts';
import type { PrometheusApi } from './api.ts';
import { answerRemoteRead } from './remote-read.ts';

const MOST_REQUEST_BYTES = 10 * 1024 * 1024;

/** `POST /api/v1/read`: snappy-compressed protobuf in and out. */
export function mountRemoteRead(server: FastifyInstance, api: PrometheusApi): void {
  void server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MOST_REQUEST_BYTES }, (_request, body, next) => next(null, body));
    scope.route({
      method: 'POST',
      url: '/api/v1/read',
      bodyLimit: MOST_REQUEST_BYTES,
      config: { access: 'read', prometheusErrors: true },
      compress: false,
      schema: {
        summary: 'Remote read: raw samples of the selected series, as snappy-compressed protobuf.',
        tags: ['prometheus'],
        consumes: ['application/x-protobuf'],
        produces: ['application/x-protobuf'],
      },
      handler: async (request, reply) => {
        const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
        const answer = await answerRemoteRead(api.metrics, body, closeSignal(reply));
        return reply.header('content-type', 'application/x-protobuf').header('content-encoding', 'snappy').send(Buffer.from(answer));
      },
    });
    done();
  });
}
