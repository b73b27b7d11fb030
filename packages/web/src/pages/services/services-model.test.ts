import type { LogPattern, ServicesAnswer, ServiceSummary } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { errorTone, formatMs, formatShare, settledTrend, worstHealth } from './health.ts';
import { namedParts } from './named-parts.ts';
import { hasPage, partsOf } from '../../api/node-id.ts';
import { orderPatterns } from './pattern-order.ts';
import { failedTerm, patternTerm, serviceTerm } from './search-terms.ts';
import { serviceCharts } from './service-charts.ts';
import { namedNodes, serviceVerdict, servicesVerdict } from './service-verdict.ts';
import { validateServicesSearch } from './services-search.ts';

const RED = { calls: 600, calls_per_second: 10, errors: 60, error_ratio: 0.1, p50_ms: 5, p95_ms: 20, p99_ms: 40 };
const summary = (service: string, health: ServiceSummary['health'], reason = 'Failing 10 % of 600 requests.'): ServiceSummary => ({
  service,
  environment: 'production',
  versions: ['1.0'],
  language: 'go',
  instances: 2,
  health,
  reason,
  red: RED,
  previous: null,
  calls_trend: [],
  error_trend: [],
  last_seen: '2026-11-21T12:00:00.000Z',
});

describe('sentences', () => {
  const answer: ServicesAnswer = {
    services: [summary('checkout', 'critical'), summary('cart', 'warning'), summary('web', 'healthy')],
    verdict: { severity: 'critical', sentence: 'checkout is failing 10 % of its requests; orders-db is the cause.', symptom: 'checkout', cause: 'database:orders-db' },
  };
  it('say the verdict, and who else is not well', () => {
    expect(servicesVerdict(answer)).toEqual({ tone: 'bad', text: answer.verdict.sentence, details: ['cart: failing 10 % of 600 requests.'] });
    expect(namedNodes(answer)).toEqual(['service:checkout', 'database:orders-db']);
  });
  it('begin with what is wrong with a service', () => {
    const verdict = serviceVerdict({ summary: summary('cart', 'warning'), sentence: 'cart runs as 2 instances. Failing 10 % of 600 requests. Half of its requests take less than 5 ms.', operations: [], instances: [], versions: [] });
    expect(verdict).toEqual({ tone: 'warn', text: 'cart: failing 10 % of 600 requests.', details: ['cart runs as 2 instances. Half of its requests take less than 5 ms.'] });
  });
  it('link the nodes they name, and no part of a longer word', () => {
    const nodes = [
      { id: 'service:cart', name: 'cart' },
      { id: 'database:orders-db', name: 'orders-db' },
      { id: 'service:orders', name: 'orders' },
    ];
    expect(namedParts('cart-service and cart wait for orders-db.', nodes)).toEqual([
      { text: 'cart-service and ' },
      { text: 'cart', node: 'service:cart' },
      { text: ' wait for ' },
      { text: 'orders-db', node: 'database:orders-db' },
      { text: '.' },
    ]);
    expect(namedParts('Nothing is wrong.', nodes)).toEqual([{ text: 'Nothing is wrong.' }]);
  });
});

describe('searches', () => {
  it('quote what the language would read otherwise', () => {
    expect(serviceTerm('cart')).toBe('service:cart');
    expect(serviceTerm('my "cart" OR x')).toBe('service:"my \\"cart\\" OR x"');
    expect(failedTerm('a/b')).toBe('service:"a/b" status:error');
    expect(patternTerm('cart', '12ab')).toBe('service:cart pattern:12ab');
  });
  it('cannot be left by a name in PromQL', () => {
    expect(serviceCharts('a"} or up', '')[0]!.queries[0]!.expression).toContain('service_name="a\\"} or up"');
  });
});

it('puts errors before what is frequent, and new ones first among them', () => {
  const pattern = (id: string, severity: LogPattern['severity'], count: number, isNew = false): LogPattern => ({ id, template: id, sample: id, service: 's', severity, count, share: 0, trend: [], change: null, first_seen: '', last_seen: '', is_new: isNew });
  const ordered = orderPatterns([pattern('often', 'info', 9000), pattern('old', 'error', 50), pattern('new', 'error', 3, true), pattern('worst', 'fatal', 1)]);
  expect(ordered.map(({ id }) => id)).toEqual(['worst', 'new', 'old', 'often']);
});

it('reads what the Services page shows from its address', () => {
  expect(validateServicesSearch({ node: 'service:a', depth: '2', fold: 'shop', view: 'list', panel: 'changes', group: 'none' })).toEqual({ node: 'service:a', depth: '2', fold: ['shop'], view: 'list', panel: 'changes', group: 'none' });
  expect(validateServicesSearch({ depth: '2', view: 'pie', group: 'x', fold: '' })).toEqual({});
});

it('says figures as people do', () => {
  expect([formatMs(null), formatMs(340), formatShare(0.042), formatShare(0.00001), formatShare(null)]).toEqual(['–', '340 ms', '4.2 %', '< 0.01 %', '–']);
  expect([errorTone(RED), errorTone({ errors: 2, error_ratio: 1 }), errorTone({ errors: 9, error_ratio: 0.3 }), errorTone(null)]).toEqual(['warn', undefined, 'bad', undefined]);
  expect(worstHealth(['healthy', 'warning', 'unknown'])).toBe('warning');
  expect(settledTrend([1, 2, 3, 0])).toEqual([1, 2, 3]);
  expect([partsOf('external:https://a:443').name, hasPage('function'), hasPage('cache')]).toEqual(['https://a:443', true, false]);
});
