import type { FastifyInstance } from 'fastify';

/** For every answer of a listener. The pages' Content-Security-Policy is set where they are served. */
export function installSecurityHeaders(server: FastifyInstance): void {
  server.addHook('onRequest', (_request, reply, done) => {
    const { raw } = reply;
    raw.setHeader('x-content-type-options', 'nosniff');
    raw.setHeader('x-frame-options', 'DENY');
    raw.setHeader('referrer-policy', 'same-origin');
    raw.setHeader('cross-origin-resource-policy', 'same-origin');
    raw.setHeader('cross-origin-opener-policy', 'same-origin');
    done();
  });
}

/** Scripts only from our own files; styles also inline, because Mantine and uPlot set them on elements. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');
