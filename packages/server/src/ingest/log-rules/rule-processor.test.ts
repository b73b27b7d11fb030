import type { Meter } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { PlainRecord } from './plain-record.ts';
import { createLogProcessor, SAMPLE_RATE_ATTRIBUTE } from './rule-processor.ts';
import { logRulesSchema } from './schema.ts';
import { tryRules } from './try-rules.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');

function countingMeter(): Meter & { readonly counts: Record<string, number> } {
  const counts: Record<string, number> = {};
  return {
    counts,
    counter: (name) => ({ inc: (by = 1, labels = {}) => void (counts[`${name}${JSON.stringify(Object.values(labels))}`] = (counts[`${name}${JSON.stringify(Object.values(labels))}`] ?? 0) + by) }),
    gauge: () => ({ set() {} }),
    histogram: () => ({ observe() {} }),
    observe() {},
  };
}

type Fields = ConstructorParameters<typeof PlainRecord>[0];

function processed(logs: object, fields: Fields) {
  const meter = countingMeter();
  const record = new PlainRecord(fields);
  const decision = createLogProcessor(logRulesSchema.parse(logs), meter).process(record);
  return { record, decision, counts: meter.counts };
}

const traceOf = (i: number) => i.toString(16).padStart(16, '0') + Math.imul(i + 1, 0x9e3779b1).toString(16).replace('-', '').padStart(8, '0').repeat(2);

describe('without rules', () => {
  it('takes JSON objects apart', () => {
    const body = JSON.stringify({
      level: 50, time: 1763725073000, msg: 'payment declined', trace_id: '4BF92F3577B34DA6A3CE929D0E0E4736', span_id: '00f067aa0ba902b7',
      req: { id: 'r1', headers: { host: 'shop' } }, tags: ['a', 1], paid: false, none: null,
    });
    const { record, decision } = processed({}, { body });
    expect(decision).toBe('keep');
    expect(record).toMatchObject({ body: 'payment declined', severityNumber: 17, severityText: '50', traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' });
    expect(record.values).toEqual({ time: 1763725073000, 'req.id': 'r1', 'req.headers.host': 'shop', tags: '["a",1]', paid: 'false' });
  });

  it('lets what came with the record stand', () => {
    const { record } = processed({}, { body: '{"message":"m","level":"error","user":"new"}', severityNumber: 9, severityText: 'INFO', attributes: { user: 'old' } });
    expect(record).toMatchObject({ body: 'm', severityNumber: 9, severityText: 'INFO', values: { user: 'old', level: 'error' } });
  });

  it.each(['{"a":', '{}x', '[1]', '"x"', '{"__proto__":{"x":1}}', `{"a":${'['.repeat(30_000)}`, 'plain', ''])('survives %s', (body) => {
    expect(processed({}, { body }).record.body).toBe(body);
  });

  it('bounds what one body makes', () => {
    const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]));
    expect(Object.keys(processed({}, { body: JSON.stringify(wide) }).record.values)).toHaveLength(128);
    const deep = `${'{"a":'.repeat(20)}1${'}'.repeat(20)}`;
    expect(Object.keys(processed({}, { body: deep }).record.values)).toEqual(['a.a.a.a.a.a.a.a']);
    expect(processed({}, { body: `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}` }).decision).toBe('keep');
  });

  it('can be told not to', () => {
    const { record } = processed({ parse_json: false }, { body: '{"msg":"m"}' });
    expect([record.body, record.values]).toEqual(['{"msg":"m"}', {}]);
  });

  it('redacts bodies and attributes, and counts it', () => {
    const { record, counts } = processed({}, { body: '{"msg":"to a@b.de","user":{"password":"x1"}}', attributes: { note: 'card 4111111111111111' } });
    expect(record.body).toBe('to [redacted:email]');
    expect(record.values).toEqual({ note: 'card [redacted:card]', 'user.password': '[redacted:secret]' });
    expect(counts).toEqual({ 'pitot_log_redactions_total["email"]': 1, 'pitot_log_redactions_total["secret"]': 1, 'pitot_log_redactions_total["card"]': 1 });
  });

  it('redacts attributes by name only, without any sign in their values', () => {
    expect(processed({ redact: { attributes: ['user.name'] } }, { body: 'x', attributes: { 'user.name': 'Jane', 'client.secret': 'abc' } }).record.values).toEqual({
      'user.name': '[redacted:attribute]',
      'client.secret': '[redacted:secret]',
    });
    expect(processed({ redact: { custom: [{ name: 'c', pattern: 'C\\d' }] } }, { body: 'x', attributes: { id: 'C1' } }).record.values).toEqual({ id: '[redacted:c]' });
  });

  it('touches nothing once everything is off', () => {
    const processor = (logs: object) => createLogProcessor(logRulesSchema.parse(logs), countingMeter());
    expect(processor({}).touches('cart', 'otlp')).toBe(true);
    expect(processor({ parse_json: false, redact: { enabled: false } }).touches('cart', 'otlp')).toBe(false);
  });
});

describe('conditions', () => {
  const drops = (match: object, fields: Fields) => processed({ rules: [{ name: 'r', match, drop: true }] }, fields).decision !== 'keep';
  const fields: Fields = { body: 'GET /health 200', service: 'cart-api', severityNumber: 9, attributes: { route: '/health' }, resource: { 'k8s.namespace.name': 'shop' } };

  it.each([
    [{}, true],
    [{ service: 'cart-api' }, true],
    [{ service: ['x', 'cart-*'] }, true],
    [{ service: '*-api' }, true],
    [{ service: 'c*t*i' }, true],
    [{ service: 'cart' }, false],
    [{ service: 'cart-api*api' }, false],
    [{ severity_at_least: 'info' }, true],
    [{ severity_at_least: 'warn' }, false],
    [{ severity_at_most: 'info' }, true],
    [{ severity_at_most: 'debug' }, false],
    [{ body_contains: '/health' }, true],
    [{ body_contains: ['/x', '/y'] }, false],
    [{ body_matches: 'GET /\\w+ 2\\d\\d$' }, true],
    [{ body_matches: '^POST' }, false],
    [{ attributes: { route: '/health' } }, true],
    [{ attributes: { route: '*' } }, true],
    [{ attributes: { method: '*' } }, false],
    [{ attributes: { route: '/health', 'resource.k8s.namespace.name': ['shop', 'x'] } }, true],
    [{ service: 'cart-api', body_contains: 'POST' }, false],
  ])('%j: %s', (match, wanted) => {
    expect(drops(match, fields)).toBe(wanted);
  });

  it('sees a record without severity as mild', () => {
    expect(drops({ severity_at_least: 'trace' }, { body: 'x' })).toBe(false);
    expect(drops({ severity_at_most: 'trace' }, { body: 'x' })).toBe(true);
  });
});

describe('rules', () => {
  it('parse logfmt', () => {
    const body = 'level=warn msg="cart \\"7\\" is empty" items=0 id=007 took=1.5 trace_id=4bf92f3577b34da6a3ce929d0e0e4736 novalue x=';
    const { record, counts } = processed({ rules: [{ name: 'r', parse: 'logfmt' }] }, { body });
    expect(record).toMatchObject({ body: 'cart "7" is empty', severityNumber: 13, traceId: '4bf92f3577b34da6a3ce929d0e0e4736' });
    expect(record.values).toEqual({ items: 0, id: '007', took: 1.5, x: '' });
    expect(counts).toEqual({ 'pitot_log_rule_records_total["r","parsed"]': 1 });
    expect(processed({ rules: [{ name: 'r', parse: 'logfmt' }] }, { body: 'no pairs' }).counts).toEqual({ 'pitot_log_rule_records_total["r","unparsed"]': 1 });
  });

  it('parse by a pattern, enrich, and read severity and service', () => {
    const rules = [
      {
        name: 'access',
        match: { service: 'nginx' },
        parse: { regex: '"(?<method>[A-Z]+) (?<route>\\S+) [^"]*" (?<status>\\d+) (?<grade>\\w+)' },
        enrich: { team: 'edge', call: '{method} {route}', zone: '{resource.zone}', never: '{missing}' },
        severity_from: 'grade',
        service_from: 'resource.app',
      },
    ];
    const { record } = processed({ rules }, { body: '"GET /cart HTTP/1.1" 200 warn', service: 'nginx', resource: { zone: 'a', app: 'edge-proxy' } });
    expect(record.values).toEqual({ method: 'GET', route: '/cart', status: 200, grade: 'warn', team: 'edge', call: 'GET /cart', zone: 'a' });
    expect(record).toMatchObject({ severityNumber: 13, severityText: 'warn', service: 'edge-proxy' });
  });

  it('see what rules before them made; the first that drops or samples decides', () => {
    const rules = [
      { name: 'parse', parse: { regex: 'status=(?<status>\\d+)' } },
      { name: 'keep-errors', match: { attributes: { status: '5*' } }, sample: 1 },
      { name: 'noise', match: { attributes: { status: '*' } }, drop: true },
    ];
    expect(processed({ rules }, { body: 'status=200' }).decision).toEqual({ rule: 'noise' });
    const kept = processed({ rules }, { body: 'status=503' });
    expect([kept.decision, kept.record.values]).toEqual(['keep', { status: 503 }]);
  });

  it('drop whatever the severity, and count it', () => {
    const { decision, counts } = processed({ rules: [{ name: 'r', drop: true }] }, { body: 'x', severityNumber: 21 });
    expect(decision).toEqual({ rule: 'r' });
    expect(counts).toEqual({ 'pitot_log_rule_records_total["r","dropped"]': 1 });
  });

  it('sample to about their share, say so, and never leave an error out', () => {
    const rules = [{ name: 'r', sample: 0.1 }];
    let kept = 0;
    for (let i = 0; i < 5_000; i++) {
      const { decision, record } = processed({ rules }, { body: `line ${i}`, severityNumber: 9, timestampMs: NOW_MS + i });
      if (decision === 'keep') kept++;
      expect(record.values[SAMPLE_RATE_ATTRIBUTE]).toBe(decision === 'keep' ? 0.1 : undefined);
      const error = processed({ rules }, { body: `line ${i}`, severityNumber: 17, timestampMs: NOW_MS + i });
      expect([error.decision, error.record.values]).toEqual(['keep', {}]);
    }
    expect(kept).toBeGreaterThan(400);
    expect(kept).toBeLessThan(600);
  });

  it('treat an error as such whose severity the body tells', () => {
    expect(processed({ rules: [{ name: 'r', sample: 0.000001 }] }, { body: '{"level":"error","msg":"x"}' }).decision).toBe('keep');
  });

  it('sample whole traces, and the same way each time', () => {
    const rules = [{ name: 'r', sample: 0.5 }];
    const decide = (i: number, body: string) => {
      const record = new PlainRecord({ body });
      record.traceId = traceOf(i);
      return createLogProcessor(logRulesSchema.parse({ rules }), countingMeter()).process(record);
    };
    const decisions = Array.from({ length: 400 }, (_, i) => decide(i, 'first'));
    expect(Array.from({ length: 400 }, (_, i) => decide(i, 'another'))).toEqual(decisions);
    const kept = decisions.filter((decision) => decision === 'keep').length;
    expect(kept).toBeGreaterThan(120);
    expect(kept).toBeLessThan(280);
    // OpenTelemetry's threshold: the highest randomness is kept by every share, the lowest by none but all.
    const edge = (low: string) => {
      const record = new PlainRecord({ body: 'x' });
      record.traceId = `aaaaaaaaaaaaaaaaaa${low.repeat(14)}`;
      return createLogProcessor(logRulesSchema.parse({ rules: [{ name: 'r', sample: 0.001 }] }), countingMeter()).process(record);
    };
    expect([edge('f'), edge('0')]).toEqual(['keep', { rule: 'r' }]);
  });

  it('cannot be made to backtrack', () => {
    const rules = [{ name: 'r', match: { body_matches: '^(a+)+$' }, parse: { regex: '(?<x>(a|a)*)b' }, sample: 1 }];
    expect(processed({ rules }, { body: `${'a'.repeat(20_000)}!` }).decision).toBe('keep');
  });
});

describe('the schema', () => {
  const issues = (logs: object) => logRulesSchema.safeParse(logs).error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? [];

  it('names rule and position of a bad pattern', () => {
    expect(issues({ rules: [{ name: 'a', match: { body_matches: 'x(?=y)' }, drop: true }] })).toEqual([
      expect.stringMatching(/^rules\.0 rule "a": match\.body_matches: .* at character 2 \("\(\?="\).*RE2/),
    ]);
    expect(issues({ rules: [{ name: 'a', parse: { regex: '(\\d+)' } }] })).toEqual([expect.stringContaining('rule "a": parse.regex: the pattern has no named group')]);
    expect(issues({ redact: { custom: [{ name: 'mine', pattern: '(a)\\1' }] } })).toEqual([expect.stringContaining('redact.custom.0.pattern redaction "mine"')]);
  });

  it('refuses what makes no sense', () => {
    expect(issues({ rules: [{ name: 'a' }] })).toEqual([expect.stringContaining('does nothing')]);
    expect(issues({ rules: [{ name: 'a', drop: true, sample: 0.5 }] })).toEqual([expect.stringContaining('not both')]);
    expect(issues({ rules: [{ name: 'a', drop: true }, { name: 'a', drop: true }] })).toEqual([expect.stringContaining('"a" already')]);
    for (const sample of [0, -1, 1.1]) expect(issues({ rules: [{ name: 'a', sample }] })).toHaveLength(1);
    expect(issues({ rules: [{ name: 'a', dropp: true }] })).not.toEqual([]);
    expect(issues({ redact: { resource: true } })).not.toEqual([]);
  });
});

describe('trying rules', () => {
  const inForce = logRulesSchema.parse({ rules: [{ name: 'health', match: { body_contains: '/health' }, drop: true }] });
  const ask = (request: { body: string; severity_text?: string; rules?: unknown }) =>
    tryRules({ service: 'cart', severity_text: '', attributes: { a: '1' }, ...request }, inForce, NOW_MS, (service, body) => `${service}: ${body}`);

  it('tells what would come out', () => {
    expect(ask({ body: '{"msg":"for a@b.de","level":"warn"}' })).toEqual({
      kept: true, decided_by: null, body: 'for [redacted:email]', severity: 'warn', attributes: { a: '1' }, redactions: { email: 1 }, pattern: 'cart: for [redacted:email]',
    });
    expect(ask({ body: 'GET /health by a@b.de' })).toMatchObject({ kept: false, decided_by: 'health', body: 'GET /health by [redacted:email]', pattern: null });
  });

  it('takes other rules than those in force, and says what is wrong with them', () => {
    expect(ask({ body: 'GET /health', rules: {} })).toMatchObject({ kept: true });
    expect(ask({ body: 'x', severity_text: 'ERROR', rules: { rules: [{ name: 's', sample: 0.00001 }] } })).toMatchObject({ kept: true, decided_by: 's', severity: 'error', attributes: { a: '1' } });
    expect(() => ask({ body: 'x', rules: { rules: [{ name: 'a', match: { body_matches: '(' }, drop: true }] } })).toThrow(/logs\.rules\[0\]: rule "a": match\.body_matches/);
    expect(() => ask({ body: 'x', rules: 7 })).toThrow(/logs: /);
  });
});
