import { AppError, type TryRulesRequest } from '@pitot/core';
import Fastify, { type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installErrorAnswers } from '../error-answers.ts';
import { silentLog } from '../fixtures/running-server.ts';
import { logRuleRoutes } from './log-rule-routes.ts';
import type { RestServer } from './routes.ts';

const asked: TryRulesRequest[] = [];
const plain: FastifyInstance = Fastify();
const server = plain.withTypeProvider<ZodTypeProvider>() as RestServer;

beforeAll(async () => {
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  installErrorAnswers(plain, silentLog, () => false);
  logRuleRoutes({
    tryRules: (request) => {
      asked.push(request);
      if (request.rules === 'bad') throw new AppError('bad_request', 'the rules cannot be used');
      return { kept: true, decided_by: null, body: request.body, severity: 'info', attributes: { n: 1, s: 'x' }, redactions: { email: 1 }, pattern: null };
    },
  })(server);
  await server.ready();
});
afterAll(() => server.close());

const post = (payload: object) => server.inject({ method: 'POST', url: '/api/v1/logs/rules/try', payload });

describe('POST /api/v1/logs/rules/try', () => {
  it('asks with what is absent filled in, and answers in full', async () => {
    const answer = await post({ body: 'a line' });
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(answer.json()).toEqual({ kept: true, decided_by: null, body: 'a line', severity: 'info', attributes: { n: 1, s: 'x' }, redactions: { email: 1 }, pattern: null });
    expect(asked.at(-1)).toEqual({ body: 'a line', service: '', severity_text: '', attributes: {} });
  });

  it('refuses what is no question', async () => {
    const before = asked.length;
    for (const payload of [{}, { body: 7 }, { body: 'x', more: 1 }, { body: 'x'.repeat(65_537) }]) expect((await post(payload)).statusCode).toBe(400);
    expect(asked).toHaveLength(before);
  });

  it('passes the reason on where rules cannot be used', async () => {
    const answer = await post({ body: 'x', rules: 'bad' });
    expect(answer).toMatchObject({ statusCode: 400 });
    expect(answer.json()).toMatchObject({ error: { code: 'bad_request', message: 'the rules cannot be used' } });
  });
});
