import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiText, receiverRoutes } from './fixtures/openapi-document.ts';
import { send, startServer } from './fixtures/running-server.ts';
import type { HttpServers } from './http-servers.ts';

interface Operation {
  readonly summary?: string;
  readonly responses?: object;
  readonly security?: readonly object[];
  readonly 'x-pitot-scope'?: string;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

describe('the OpenAPI document', () => {
  let servers: HttpServers;
  let document: Document;
  beforeAll(async () => {
    servers = await startServer({ receiverRoutes: receiverRoutes() });
    document = (await send(servers.urls.main, '/api/openapi.json')).json as Document;
  });
  afterAll(() => servers.close());

  it('is OpenAPI 3.1', () => {
    expect(document.openapi).toMatch(/^3\.1/);
  });

  it('has every mounted route, with its summary and the scope it demands', () => {
    const mounted = servers.routes.main.filter(({ method }) => method !== 'HEAD');
    expect(mounted.length).toBeGreaterThan(30);
    for (const { method, url, access } of mounted) {
      const path = url.replaceAll(/:(\w+)/g, '{$1}');
      const operation = document.paths[path]?.[method.toLowerCase()];
      expect(operation, `${method} ${url}`).toMatchObject({ summary: expect.stringMatching(/\.$/), responses: expect.any(Object), 'x-pitot-scope': access });
      expect(operation!.security, `${method} ${url}`).toEqual(access === 'public' ? [] : undefined);
    }
  });

  it('is what docs/openapi.json says; node packages/server/src/serve/openapi-file.ts writes it anew', async () => {
    const committed = readFileSync(new URL('../../../../docs/openapi.json', import.meta.url), 'utf8');
    expect(committed).toBe(await openApiText());
  });
});
