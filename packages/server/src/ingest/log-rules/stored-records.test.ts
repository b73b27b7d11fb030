import { writeLogsRequest } from '@pitot/core/otlp-writer';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createStage, NOW_MS, until, type Stage } from '../fixtures/stage.ts';
import { TemplateMiner } from '../log-patterns/pattern-miner.ts';
import { createLogProcessor } from './rule-processor.ts';
import { logRulesSchema } from './schema.ts';

let stage: Stage;
beforeEach(() => {
  stage = createStage();
});
afterEach(() => stage.remove());

it('what is stored went through parsing, rules, redaction and templates', async () => {
  const settings = logRulesSchema.parse({ rules: [{ name: 'health', match: { body_contains: '/health' }, drop: true }] });
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const patternMiner = new TemplateMiner({ settings: settings.patterns, clock: stage.clock, meter: stage.meter, log });
  const ingest = await stage.open({ logProcessor: createLogProcessor(settings, stage.meter), patternMiner });
  ingest.start();
  const timeUnixNano = BigInt(NOW_MS) * 1_000_000n;
  const records = [
    { timeUnixNano, body: 'GET /health' },
    { timeUnixNano, body: 'order 1 of joe@example.com', severityNumber: 9, attributes: { note: 'to a@b.de', pan: 4_111_111_111_111_111, n: 5, 'db.password': 'x', text: 'ünï plain' } },
    { timeUnixNano, body: '{"level":"error","msg":"order 22 of ann@example.com","user":{"token":"abcdef123456"}}' },
    { timeUnixNano, body: 'nothing here', attributes: { n: 7 } },
  ];
  const request = writeLogsRequest([{ resource: { attributes: { 'service.name': 'cart' } }, scope: { name: 'lib' }, records }]);
  expect(await ingest.logs.take(request, { receiver: 'otlp' })).toMatchObject({ accepted: 4, rejected: 0 });
  await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');

  const rows = stage.writer.rows('otel_logs');
  const body = 'order 1 of [redacted:email]';
  expect(rows).toMatchObject([
    { Body: body, LogAttributes: { note: 'to [redacted:email]', pan: '[redacted:card]', n: '5', 'db.password': '[redacted:secret]', text: 'ünï plain' }, LogNumbers: { n: 5 } },
    { Body: 'order 22 of [redacted:email]', SeverityNumber: 17, SeverityText: 'error', LogAttributes: { 'user.token': '[redacted:secret]' } },
    { Body: 'nothing here', LogAttributes: { n: '7' }, LogNumbers: { n: 7 } },
  ]);
  expect(rows[0]!['Pattern']).toBe(rows[1]!['Pattern']);
  expect(stage.writer.rows('log_patterns')).toMatchObject([
    { Pattern: rows[0]!['Pattern'], ServiceName: 'cart', Template: 'order <num> of [redacted:email]', Sample: body },
    { Pattern: rows[2]!['Pattern'], Template: 'nothing here' },
  ]);
  expect(stage.meter.value('pitot_log_rule_records_total{rule=health,effect=dropped}')).toBe(1);
  expect(stage.meter.value('pitot_log_redactions_total{kind=email}')).toBe(3);
  await ingest.close();
});
