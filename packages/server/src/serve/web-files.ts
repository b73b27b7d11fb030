import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { notFound } from './error-answers.ts';
import { PAGE_POLICY } from './security-headers.ts';

/** Vite puts a hash of the content into these names, so they never change. */
const HASHED = /[\\/]assets[\\/]/;
const PAGE = /index\.html(?:\.br|\.gz)?$/;
const YEAR_SECONDS = 31_536_000;
/** Paths of interfaces: what is unknown below them is an error in JSON, never the page. */
const INTERFACE_PATH = /^\/(?:api|v1|-|metrics|health)(?:\/|\?|$)/;

/**
 * Serves the built single-page application: its files, and index.html for every other path, so that deep links work.
 * Files that the build compressed are sent so.
 */
export async function mountWebFiles(server: FastifyInstance, webRoot: string): Promise<void> {
  if (!existsSync(join(webRoot, 'index.html'))) throw new Error(`${webRoot} holds no index.html; run "npm run build:web"`);
  await server.register(fastifyStatic, {
    root: webRoot,
    serve: false,
    preCompressed: true,
    cacheControl: false,
    setHeaders(reply, path) {
      const page = PAGE.test(path);
      void reply.header('cache-control', HASHED.test(path) ? `public, max-age=${YEAR_SECONDS}, immutable` : page ? 'no-cache' : 'public, max-age=3600');
      if (page) void reply.header('content-security-policy', PAGE_POLICY);
    },
  });
  server.route({
    method: 'GET',
    url: '/*',
    config: { access: 'public', navigable: true },
    schema: { hide: true },
    handler: (request, reply) => {
      const path = (request.params as { '*': string })['*'];
      // No file name has a zero byte; the file server would take it for a defect.
      if (INTERFACE_PATH.test(request.url) || path.includes('\0')) throw notFound(request);
      // Returned, the reply would be awaited again by each of the file's lookups.
      void reply.sendFile(path || 'index.html');
    },
  });
}

/** Whether an unknown path is a deep link into the application rather than a mistake. */
export function isPagePath(method: string, url: string): boolean {
  return (method === 'GET' || method === 'HEAD') && !INTERFACE_PATH.test(url) && !HASHED.test(url);
}
