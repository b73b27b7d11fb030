import { describe, expect, it } from 'vitest';
import { call, counts, NO_EVIDENCE, service } from './fixtures/evidence.ts';
import { impactOf } from './impact.ts';
import { buildMap } from './map-builder.ts';

type Edge = readonly [from: string, to: string, calls: number];

function impact(node: string, received: Readonly<Record<string, number>>, edges: readonly Edge[], entries: readonly string[] = []) {
  const map = buildMap({
    ...NO_EVIDENCE,
    services: Object.entries(received).map(([name, calls]) => service(name, counts(calls))),
    calls: edges.map(([from, to, calls]) => call(from, to, counts(calls))),
    entries: entries.map((name) => ({ service: name, calls: received[name]! })),
  });
  return impactOf(map, node.includes(':') ? node : `service:${node}`, 1000);
}
const shares = ({ affected }: ReturnType<typeof impact>) => Object.fromEntries(affected.map(({ node, traffic_share: share }) => [node, share]));

describe('the blast radius', () => {
  it('multiplies shares along a path and names where users notice', () => {
    const answer = impact('database:pay', { web: 1000, checkout: 200, payment: 100 }, [['web', 'checkout', 200], ['checkout', 'payment', 100], ['payment', 'database:pay', 300]], ['web']);
    expect(answer.affected).toMatchObject([
      { node: 'service:payment', traffic_share: 1, hops: 1, is_entry: false, paths: [['service:payment', 'database:pay']] },
      { node: 'service:checkout', traffic_share: 0.5, hops: 2 },
      { node: 'service:web', traffic_share: 0.1, hops: 3, is_entry: true, calls_per_second: 100 },
    ]);
    expect(answer.sentence).toBe('If pay fails, 3 nodes are hurt. Users notice it in 10 % of the requests to web (100 per second).');
  });

  it('adds up paths, at most to everything', () => {
    const answer = impact('db', { web: 100, a: 60, b: 60, db: 120 }, [['web', 'a', 60], ['web', 'b', 60], ['a', 'db', 60], ['b', 'db', 30]], ['web']);
    expect(shares(answer)).toEqual({ 'service:a': 1, 'service:b': 0.5, 'service:web': 0.9 });
    expect(answer.affected.find(({ node }) => node === 'service:web')!.paths).toEqual([['service:web', 'service:a', 'service:db'], ['service:web', 'service:b', 'service:db']]);
    expect(shares(impact('db', { web: 100, db: 500 }, [['web', 'db', 500]]))).toEqual({ 'service:web': 1 });
  });

  it('does not count twice what goes round in a loop', () => {
    const answer = impact('x', { web: 100, a: 100, b: 100, x: 10 }, [['web', 'a', 100], ['a', 'b', 100], ['b', 'a', 100], ['b', 'x', 10], ['x', 'x', 5]], ['web']);
    expect(shares(answer)).toEqual({ 'service:b': 0.1, 'service:a': 0.1, 'service:web': 0.1 });
  });

  it('calls what stands behind a queue delayed', () => {
    const edges: Edge[] = [['shop', 'queue:orders', 50], ['queue:orders', 'mailer', 50], ['mailer', 'smtp', 50]];
    const consumer = impact('smtp', { shop: 100, mailer: 50, smtp: 50 }, edges, ['shop']);
    expect(consumer.affected.map(({ node, is_delayed: late }) => [node, late])).toEqual([['service:mailer', false], ['queue:orders', true], ['service:shop', true]]);
    expect(consumer.sentence).toContain('delayed, because a queue stands between');
    const broker = impact('queue:orders', { shop: 100, mailer: 50, smtp: 50 }, edges, ['shop']);
    expect(broker.affected).toMatchObject([{ node: 'service:shop', traffic_share: 0.5, is_delayed: false }, { node: 'service:mailer', traffic_share: 1, is_delayed: true }]);
  });

  it('hurts nobody from an end', () => {
    expect(impact('web', { web: 10, cart: 10 }, [['web', 'cart', 10]])).toMatchObject({ affected: [], sentence: 'If web fails, nobody else on the map is hurt.' });
  });

  it('reckons who only calls by its calls', () => {
    expect(shares(impact('api', { api: 100 }, [['cron', 'api', 100]]))).toEqual({ 'service:cron': 1 });
  });

  it('stays within bounds on any graph, and finds exactly who can reach the node', () => {
    let state = 7;
    const random = (below: number) => ((state = (state * 48_271) % 2_147_483_647) % below);
    for (let round = 0; round < 150; round++) {
      const size = 2 + random(11);
      const name = (i: number) => `s${i}`;
      const edges = Array.from({ length: random(size * 3) }, (): Edge => [name(random(size)), name(random(size)), 100 + random(1000)]);
      const answer = impact(name(0), Object.fromEntries(Array.from({ length: size }, (_, i) => [name(i), 100])), edges);
      const reach = new Set([name(0)]);
      for (let i = 0; i < size; i++) for (const [from, to] of edges) if (reach.has(to)) reach.add(from);
      expect(new Set(answer.affected.map(({ node }) => node.slice(8)))).toEqual(new Set([...reach].filter((one) => one !== name(0))));
      for (const { node, traffic_share: share, paths, hops } of answer.affected) {
        expect(share).toBeGreaterThan(0);
        expect(share).toBeLessThanOrEqual(1);
        expect(paths.length).toBeGreaterThan(0);
        expect(Math.min(...paths.map((path) => path.length - 1))).toBeGreaterThanOrEqual(hops);
        for (const path of paths) {
          expect([path[0], path.at(-1), new Set(path).size]).toEqual([node, 'service:s0', path.length]);
          for (let i = 1; i < path.length; i++) expect(edges.some(([from, to]) => `service:${from}` === path[i - 1] && `service:${to}` === path[i])).toBe(true);
        }
      }
    }
  });
});
