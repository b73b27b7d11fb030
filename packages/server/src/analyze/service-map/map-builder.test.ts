import { describe, expect, it } from 'vitest';
import type { DeclaredSource, Evidence } from '../../query/topology/evidence.ts';
import { call, counts, flow, listen, NO_EVIDENCE, service, START_MS } from './fixtures/evidence.ts';
import { buildMap } from './map-builder.ts';
import { adjacencyOf, focused } from './service-map.ts';

const build = (evidence: Partial<Evidence>) => buildMap({ ...NO_EVIDENCE, ...evidence });
const ids = (map: ReturnType<typeof build>) => [...map.nodes.keys()].sort();
const edges = (map: ReturnType<typeof build>) => [...map.edges.values()].map(({ id, confidence }) => `${id} ${confidence}`).sort();
const declared = (edges: DeclaredSource['edges'], services: DeclaredSource['services'] = []): DeclaredSource => ({ source: 'repo', updatedMs: START_MS, services, edges });
const declaredCall = (from: string, to: string, address = '', protocol = '') => ({ from, to, address, protocol, detail: `Deployment/${from} env X` });

describe('spans', () => {
  it('make nodes by semantic conventions and edges as sure as their evidence', () => {
    const map = build({
      services: [service('web'), service('cart')],
      calls: [call('web', 'cart'), call('cart', 'cache:redis/redis'), call('web', 'queue:orders/kafka'), call('queue:orders/kafka', 'mailer'), call('web', 'pay.example.com', counts(5), { target: { type: 'external', name: 'pay.example.com', system: '' }, evidence: 'named' })],
    });
    expect(ids(map)).toEqual(['cache:redis', 'external:pay.example.com', 'queue:orders', 'service:cart', 'service:mailer', 'service:web']);
    expect(edges(map)).toEqual([
      'queue:orders→service:mailer 1',
      'service:cart→cache:redis 0.9',
      'service:web→external:pay.example.com 0.9',
      'service:web→queue:orders 0.9',
      'service:web→service:cart 1',
    ]);
    expect(map.edges.get('queue:orders→service:mailer')!.kind).toBe('consume');
    expect(map.nodes.get('cache:redis')).toMatchObject({ system: 'redis', received: { calls: 1000 } });
  });

  it('merge versions, evidence and durations of one edge', () => {
    const map = build({
      services: [service('web', counts(10), { version: '1' }), service('web', counts(20), { version: '2' })],
      calls: [
        call('web', 'cart', counts(100, 1, 10), { sourceVersion: '1', targetVersion: 'a' }),
        call('web', 'cart', counts(300, 5, 100), { sourceVersion: '2', targetVersion: 'a', retries: 7, evidence: 'named', protocol: 'grpc' }),
      ],
    });
    const edge = map.edges.get('service:web→service:cart')!;
    expect(edge).toMatchObject({ protocol: 'grpc', confidence: 1, retried: 7, counted: { calls: 400, errors: 6 } });
    expect(edge.counted!.durations.size).toBe(2);
    expect(Object.fromEntries(edge.versions)).toEqual({ '1\u{0}a': 100, '2\u{0}a': 300 });
    expect([...map.nodes.get('service:web')!.versions]).toEqual(['1', '2']);
    expect(map.nodes.get('service:web')!.received!.calls).toBe(30);
  });

  it('keep calls of oneself, which lead nowhere', () => {
    const map = build({ services: [service('web')], calls: [call('web', 'web')] });
    expect(edges(map)).toEqual(['service:web→service:web 1']);
    expect(adjacencyOf(map).outgoing.size).toBe(0);
    expect(focused(map, 'service:web', 3).edges.size).toBe(1);
  });

  it('take a service that says it is a function for one, wherever it is named', () => {
    const map = build({ services: [service('thumb', counts(5), { isFunction: true })], calls: [call('web', 'thumb')] });
    expect(ids(map)).toEqual(['function:thumb', 'service:web']);
  });
});

describe('one thing under several names', () => {
  const services = [service('cart', counts(10), { namespace: 'shop' }), service('web')];

  it('is one node by spans, declared host, cluster name and socket', () => {
    const map = build({
      services,
      calls: [call('web', 'external:cart.shop.svc.cluster.local')],
      declared: [declared([declaredCall('web', 'cart', 'cart:8080')])],
      flows: [flow('h1', 'node', '10.0.0.2:8080', { service: 'web' })],
      listens: [listen('h2', 'java', 8080, { service: 'cart' })],
      hostAddresses: [{ host: 'h2', address: '10.0.0.2' }],
    });
    expect(ids(map)).toEqual(['service:cart', 'service:web']);
    // 1 - (1 - 0.6)(1 - 0.7)(1 - 0.4)
    expect(edges(map)).toEqual(['service:web→service:cart 0.93']);
    expect([...map.edges.get('service:web→service:cart')!.evidence.values()].map(({ source }) => source).sort()).toEqual(['declared', 'sockets', 'spans']);
  });

  it('is not one with a host of another domain', () => {
    const map = build({ services, calls: [call('web', 'external:cart.example.com'), call('web', 'external:cart.other.svc.cluster.local')] });
    expect(ids(map)).toEqual(['external:cart.example.com', 'external:cart.other.svc.cluster.local', 'service:cart', 'service:web']);
  });

  it('is found by the hosts a declaration gives it, also where it sends no spans', () => {
    const map = build({
      services: [service('web')],
      calls: [call('web', 'external:legacy-svc')],
      declared: [declared([], [{ name: 'legacy', namespace: '', hosts: ['legacy-svc'] }])],
    });
    expect(edges(map)).toEqual(['service:web→service:legacy 0.6']);
  });

  it('is the database that the caller calls on that system, whatever its host', () => {
    const map = build({
      services: [service('orders')],
      calls: [call('orders', 'database:orderdb/postgresql')],
      declared: [declared([declaredCall('orders', 'pg', 'pg:5432'), declaredCall('other', 'pg', 'pg:5432', 'postgresql')], [{ name: 'pg', namespace: '', hosts: ['pg'] }])],
      flows: [flow('h1', 'node', '10.0.0.9:5432', { service: 'orders' })],
    });
    expect(edges(map)).toEqual(['service:orders→database:orderdb 0.98', 'service:other→database:pg 0.4']);
  });

  it('is left alone where an address means several', () => {
    const map = build({
      services: [service('a'), service('b'), service('web')],
      serviceAddresses: [{ service: 'a', address: 'host-1' }, { service: 'b', address: 'host-1' }, { service: 'b', address: '10.1.1.1' }],
      calls: [call('web', 'external:host-1'), call('web', 'external:10.1.1.1')],
    });
    expect(edges(map)).toEqual(['service:web→external:host-1 0.9', 'service:web→service:b 0.6']);
  });
});

describe('sockets', () => {
  const hostAddresses = [{ host: 'h1', address: '10.0.0.1' }, { host: 'h2', address: '10.0.0.2' }, { host: 'h1', address: '172.17.0.1' }, { host: 'h2', address: '172.17.0.1' }];

  it('show who is connected with whom across hosts, by name, by executable, or as a process', () => {
    const map = build({
      hostAddresses,
      flows: [
        flow('h1', 'nginx', '::ffff:10.0.0.2:8080'),
        flow('h2', 'java', '10.0.0.1:5432', { service: 'cart' }),
        flow('h2', 'java', '127.0.0.1:6379', { service: 'cart' }),
        flow('h2', 'java', '172.17.0.1:9999', { service: 'cart' }),
        flow('h1', 'curl', '203.0.113.7:443'),
        flow('h2', 'java', '10.0.0.1:45000', { direction: 'in', localPort: 8080, peerPort: 0 }),
        flow('h1', 'nginx', '10.0.0.2:40000'),
      ],
      listens: [listen('h2', 'java', 8080, { service: 'cart' }), listen('h1', 'postgres', 5432), listen('h2', 'redis-server', 6379, { localAddress: '127.0.0.1' }), listen('h2', 'worker', 9999), listen('h1', 'other', 9999)],
    });
    expect(edges(map)).toEqual([
      'process:curl@h1→external:203.0.113.7:443 0.7',
      'process:nginx@h1→service:cart 0.7',
      'service:cart→cache:redis-server@h2 0.7',
      'service:cart→database:postgres@h1 0.7',
      'service:cart→process:worker@h2 0.7',
    ]);
    expect([...map.edges.get('process:nginx@h1→service:cart')!.evidence.keys()][0]).toContain('seen on both hosts');
    expect(map.nodes.get('database:postgres@h1')).toMatchObject({ system: 'postgresql', received: null });
  });

  it('find a container’s listener by its port, if only one has it', () => {
    const listens = [listen('h1', 'java', 8080, { container: 'c1', service: 'cart' }), listen('h1', 'java', 9090, { container: 'c1' }), listen('h1', 'java', 9090, { container: 'c2' })];
    const map = build({ hostAddresses, listens, flows: [flow('h1', 'node', '172.17.0.3:8080', { service: 'web' }), flow('h1', 'node', '172.17.0.3:9090', { service: 'web' })] });
    expect(edges(map)).toEqual(['service:web→external:172.17.0.3:9090 0.7', 'service:web→service:cart 0.7']);
  });

  it('do not make a node of each of a crawler’s peers', () => {
    const flows = Array.from({ length: 300 }, (_, i) => flow('h1', 'crawler', `198.51.${i >> 8}.${i & 255}:443`));
    expect(ids(build({ flows }))).toEqual(['external:*:443', 'process:crawler@h1']);
  });

  it('do not take another process of the host for its service', () => {
    const map = build({
      services: [service('cart'), service('web')],
      serviceAddresses: [{ service: 'cart', address: '10.0.0.2' }],
      hostAddresses,
      listens: [listen('h2', 'nginx', 80)],
      flows: [flow('h1', 'node', '10.0.0.2:80', { service: 'web' }), flow('h1', 'node', '10.0.0.2:5432', { service: 'web' })],
    });
    expect(edges(map)).toEqual(['service:web→database:10.0.0.2:5432 0.7', 'service:web→process:nginx@h2 0.7']);
  });
});

describe('declarations', () => {
  it('make edges that are little sure, and take types from ports and schemes', () => {
    const map = build({ declared: [declared([declaredCall('web', 'redis-cart', 'redis-cart:6379'), declaredCall('web', 'cart', 'cart:7070'), declaredCall('web', 'api.stripe.com', 'api.stripe.com:443', 'http'), declaredCall('web', 'mq', 'mq:1234', 'amqp')])] });
    expect(edges(map)).toEqual(['service:web→cache:redis-cart 0.4', 'service:web→external:api.stripe.com 0.4', 'service:web→queue:mq 0.4', 'service:web→service:cart 0.4']);
    expect(map.edges.get('service:web→cache:redis-cart')).toMatchObject({ protocol: 'redis', counted: null, kind: 'request' });
    expect(map.edges.get('service:web→queue:mq')!.kind).toBe('publish');
  });

  it('give a cluster’s address to the one that is declared on its port', () => {
    const map = build({ declared: [declared([declaredCall('web', 'cart', 'cart:7070')])], flows: [flow('n1', 'node', '10.96.0.12:7070', { service: 'web' })] });
    expect(edges(map)).toEqual(['service:web→service:cart 0.82']);
  });
});

it('merges a thousand nodes and five thousand edges without looking at each pair', () => {
  const services = Array.from({ length: 1000 }, (_, i) => service(`s${i}`));
  const calls = Array.from({ length: 5000 }, (_, i) => call(`s${i % 1000}`, `s${(i * 7 + 1) % 1000}`));
  const map = build({ services, calls, declared: [declared(calls.map(({ source, target }) => declaredCall(source.name, target.name, `${target.name}:80`)))] });
  expect(map.nodes.size).toBe(1000);
  expect(focused(map, 'service:s0', 1).nodes.size).toBeLessThan(1000);
});
