import { describe, expect, it } from 'vitest';
import type { CallRow, Counted, ServiceRow } from '../../query/topology/evidence.ts';
import { causesOf, type CauseEvidence, type NodeStep } from './causes.ts';
import { call, counts, END_MS, NO_EVIDENCE, service, START_MS } from './fixtures/evidence.ts';
import { buildMap } from './map-builder.ts';

type Edge = readonly [from: string, to: string, now: Counted, before?: Counted, more?: Partial<CallRow>];
type Node = readonly [name: string, now: Counted, before?: Counted, more?: Partial<ServiceRow>];

const ok = counts(1000, 1);
const steps = (onsetMinute: number | undefined, share = 0.3, late = 10): NodeStep[] =>
  Array.from({ length: 30 }, (_, i) => ({ timeMs: START_MS - 900_000 + i * 60_000, ...counts(100, onsetMinute !== undefined && i >= onsetMinute + 15 ? share * 100 : 0, onsetMinute !== undefined && i >= onsetMinute + 15 ? late : 10) }));

function causes(symptom: string, nodes: readonly Node[], edges: readonly Edge[], more: Partial<CauseEvidence> = {}) {
  const map = (when: 'now' | 'before') =>
    buildMap({
      ...NO_EVIDENCE,
      services: nodes.map(([name, now, before = ok, row]) => service(name, when === 'now' ? now : before, row)),
      calls: edges.map(([from, to, now, before = ok, row]) => call(from, to, when === 'now' ? now : before, row)),
    });
  return causesOf({ now: map('now'), before: map('before'), series: new Map(), traces: [], versions: [], nowMs: END_MS, ...more }, symptom.includes(':') ? symptom : `service:${symptom}`);
}
const first = (answer: ReturnType<typeof causes>) => answer.causes[0]?.node;

describe('the causes of an incident', () => {
  it('a failing leaf service two calls away', () => {
    const answer = causes('web', [['web', counts(1000, 300)], ['checkout', counts(500, 300)], ['payment', counts(500, 300)], ['cart', ok]], [['web', 'checkout', counts(500, 300)], ['checkout', 'payment', counts(500, 300)], ['web', 'cart', ok]]);
    expect(first(answer)).toBe('service:payment');
    expect(answer.causes).toHaveLength(1);
    expect(answer.causes[0]).toMatchObject({ path: ['service:web', 'service:checkout', 'service:payment'], began: null });
    expect(answer.sentence).toBe('web is failing 30 % of its requests; payment is the cause.');
    expect(answer.causes[0]!.reasons).toContain('payment fails 60 % of its requests, 0.1 % in the period before.');
  });

  it('a failure of the symptom itself, with all dependencies well', () => {
    const answer = causes('checkout', [['checkout', counts(1000, 200)], ['payment', ok]], [['checkout', 'payment', ok], ['checkout', 'database:orders/postgresql', ok]]);
    expect(first(answer)).toBe('service:checkout');
    expect(answer.causes[0]!.reasons).toContain('None of its own dependencies is worse than before.');
    expect(answer.sentence).toContain('the cause is in itself');
  });

  it('a database that fails, known only by its callers', () => {
    const answer = causes('web', [['web', counts(1000, 150)], ['orders', counts(800, 150)]], [['web', 'orders', counts(800, 150)], ['orders', 'database:orders/postgresql', counts(1600, 160)]]);
    expect(first(answer)).toBe('database:orders');
  });

  it('a dead service: its callers fail, its own spans have stopped', () => {
    const answer = causes('web', [['web', counts(1000, 400)], ['cart', counts(3)]], [['web', 'cart', counts(400, 400), ok, { evidence: 'named' }]]);
    expect(first(answer)).toBe('service:cart');
    expect(answer.causes[0]!.reasons.join(' ')).toContain('it is not reached');
  });

  it('a slow database that slows everything above', () => {
    const answer = causes(
      'web',
      [['web', counts(1000, 1, 250)], ['orders', counts(1000, 1, 240)]],
      [['web', 'orders', counts(1000, 1, 242)], ['orders', 'database:orders/postgresql', counts(1000, 0, 230)], ['orders', 'cache:redis/redis', counts(1000, 0, 10)]],
    );
    expect(first(answer)).toBe('database:orders');
    expect(answer.sentence).toContain('web is slower than before');
  });

  it('more queries a request, none of them slower: the one who asks', () => {
    const answer = causes('orders', [['orders', counts(1000, 1, 120)]], [['orders', 'database:orders/postgresql', counts(12_000, 0, 10), ok]]);
    expect(first(answer)).toBe('service:orders');
    expect(answer.causes[0]!.reasons.join(' ')).toContain('calls orders 12 times a request, 1 before');
  });

  it('a third party whose failed calls are repeated, which makes its caller slow', () => {
    const answer = causes('web', [['web', counts(1000, 1, 240), counts(1000, 1, 170)], ['pay', counts(1000, 1, 230), counts(1000, 1, 160)]], [['web', 'pay', counts(1000, 1, 230), counts(1000, 1, 160)], ['pay', 'external:cards', counts(1400, 400, 160), counts(1000, 1, 160)], ['pay', 'database:orders/postgresql', ok]]);
    expect(first(answer)).toBe('external:cards');
  });

  it('a time-out: the caller fails because a service two calls away is slow', () => {
    const answer = causes(
      'web',
      [['web', counts(1000, 500, 1000)], ['search', counts(1000, 1, 1500)]],
      [['web', 'search', counts(1000, 500, 1000)], ['search', 'database:index/elasticsearch', counts(1000, 0, 1450)]],
    );
    expect(first(answer)).toBe('database:index');
  });

  it('two causes at once, by their share', () => {
    const answer = causes('web', [['web', counts(1000, 400)], ['a', counts(500, 300)], ['b', counts(500, 100)]], [['web', 'a', counts(500, 300)], ['web', 'b', counts(500, 100)]]);
    expect(answer.causes.map(({ node }) => node)).toEqual(['service:a', 'service:b']);
    expect(answer.causes[0]!.score).toBeGreaterThan(answer.causes[1]!.score * 2);
  });

  it('a dependency that always failed as much is not the cause', () => {
    const answer = causes('web', [['web', counts(1000, 300)], ['ads', counts(500, 100), counts(500, 100)]], [['web', 'ads', counts(500, 100), counts(500, 100)]]);
    expect(answer.causes.map(({ node }) => node)).toEqual(['service:web']);
  });

  it('a third party, and a failure that a fallback hides does not count', () => {
    const answer = causes('web', [['web', counts(1000, 200)], ['pay', counts(400, 200)], ['recommend', ok]], [
      ['web', 'pay', counts(400, 200)],
      ['pay', 'external:api.stripe.com', counts(400, 200)],
      ['web', 'recommend', ok],
      ['recommend', 'cache:redis/redis', counts(1000, 700)],
    ]);
    expect(answer.causes.map(({ node }) => node)).toEqual(['external:api.stripe.com']);
  });

  it('two services that call each other end the walk', () => {
    const answer = causes('a', [['a', counts(1000, 300)], ['b', counts(1000, 300)]], [['a', 'b', counts(1000, 300)], ['b', 'a', counts(300, 200)], ['b', 'b', counts(100, 100)]]);
    expect(answer.causes.map(({ node }) => node)).toContain('service:b');
  });

  it('a queue that cannot be published to; its consumers have no part in it', () => {
    const answer = causes('shop', [['shop', counts(1000, 200)], ['mailer', counts(800, 500)]], [['shop', 'queue:orders/kafka', counts(1000, 200)], ['queue:orders/kafka', 'mailer', counts(800, 500)]]);
    expect(answer.causes.map(({ node }) => node)).toEqual(['queue:orders']);
  });

  it('time and a new version tell two failing dependencies apart', () => {
    const nodes: Node[] = [['web', counts(1000, 400)], ['a', counts(500, 200)], ['b', counts(500, 200)]];
    const edges: Edge[] = [['web', 'a', counts(500, 200)], ['web', 'b', counts(500, 200)]];
    const series = new Map([['service:web', steps(5)], ['service:a', steps(9)], ['service:b', steps(5)]]);
    const answer = causes('web', nodes, edges, { series, versions: [{ node: 'service:b', version: '1.4.2', firstSeenMs: START_MS + 4 * 60_000 }] });
    expect(first(answer)).toBe('service:b');
    expect(answer.causes[0]!.reasons).toEqual(expect.arrayContaining(['It became worse at 12:05 UTC, when the symptom began.', 'Version 1.4.2 of it was first seen at 12:04 UTC.']));
    expect(answer.causes[0]!.began).toBe('2026-03-01T12:05:00.000Z');
    expect(answer.causes[1]!.reasons).toContain('It became worse at 12:09 UTC, 4 minutes after the symptom.');
    expect(answer.sentence).toContain('since 12:05 UTC');
  });

  it('traces say where it starts, and one of them is named', () => {
    const traces = Array.from({ length: 10 }, (_, i) => ({ traceId: `t${i}`, origin: i < 9 ? 'service:b' : 'service:a' }));
    const answer = causes('web', [['web', counts(1000, 400)], ['a', counts(500, 200)], ['b', counts(500, 200)]], [['web', 'a', counts(500, 200)], ['web', 'b', counts(500, 200)]], { traces });
    expect(first(answer)).toBe('service:b');
    expect(answer.causes[0]).toMatchObject({ trace_id: 't0', reasons: expect.arrayContaining(['In 9 of 10 failing requests looked at, it is where the trouble starts.']) as string[] });
  });

  it('none, where the node is as before', () => {
    const answer = causes('web', [['web', counts(1000, 3)]], []);
    expect(answer).toMatchObject({ causes: [], sentence: expect.stringContaining('neither fails nor is slow') as string });
  });
});
