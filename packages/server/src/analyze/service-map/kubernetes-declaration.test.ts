import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addressesOf, hostOf, isOwnAddress, urlsIn } from './address.ts';
import { kubernetesDeclaration } from './kubernetes-declaration.ts';
import { listedDeclaration } from './listed-declaration.ts';

/** Somebody else's manifests are no part of this repository; they are looked for beside it. */
const BOUTIQUE = process.env['PITOT_BOUTIQUE_MANIFESTS'] ?? resolve(import.meta.dirname, '../../../../../../shared/data/kubernetes/online-boutique.yaml');
const declare = (text: string) => kubernetesDeclaration('repo', text);
const calls = async (text: string) => (await declare(text)).edges.map(({ from, to, address, protocol }) => `${from} → ${to} ${address} ${protocol}`.trim());

const SHOP = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  template:
    metadata: { labels: { app: web } }
    spec:
      initContainers:
        - name: wait
          command: [sh, -c, 'until wget http://\${CART_ADDR}; do sleep 1; done; wget http://cart.shop.svc.cluster.local/ready']
      containers:
        - name: server
          image: registry.example.com:5000/web:1.2
          args: ['--listen-addr=0.0.0.0:8080', '--search-url=http://search:9200/index', '--db-addr', 'pg.data:5432', '--log=debug:3', 'time=12:30']
          envFrom: [{ configMapRef: { name: web-config } }]
          env:
            - { name: PORT, value: 8080 }
            - { name: CART_ADDR, value: 'cart:7070' }
            - { name: CART_URL, value: 'http://$(CART_ADDR)/v1' }
            - { name: DATABASE_URL, value: 'postgres://shop:s3cr%40t@pg.data.svc.cluster.local/orders?sslmode=off' }
            - { name: SELF_ADDR, value: 'web:8080' }
            - { name: UNKNOWN, value: 'http://$(NOBODY)/x' }
            - { name: IMAGE, value: 'busybox:1' }
            - { name: STARTED, value: '12:30' }
            - { name: LOCAL_ADDR, value: 'localhost:1234' }
            - { name: TOKEN, valueFrom: { secretKeyRef: { name: secret, key: token } } }
            - { name: MQ, valueFrom: { configMapKeyRef: { name: web-config, key: mq } } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: web-config, namespace: shop }
data: { REDIS_HOST: redis.shop, mq: 'amqps://u:p@mq-0.mq:5671/%2f', BROKERS: 'kafka-0.kafka:9092,kafka-1.kafka:9092' }
---
apiVersion: v1
kind: Secret
metadata: { name: secret, namespace: shop }
stringData: { token: 'http://secret.example.com' }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: cart-v2, namespace: shop }
spec:
  template:
    metadata: { labels: { app: cart, tier: api } }
    spec: { containers: [{ name: c, env: [{ name: OTEL_SERVICE_NAME, value: cart }] }] }
---
kind: Service
metadata: { name: cart, namespace: shop }
spec: { selector: { app: cart } }
---
kind: Service
metadata: { name: redis, namespace: shop }
spec: { type: ExternalName, externalName: cache.example.com }
---
kind: CronJob
metadata: { name: report, namespace: shop }
spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: r, env: [{ name: CART, value: 'http://cart' }] }] } } } } }
`;

describe('Kubernetes manifests', () => {
  it('say who calls whom, and keep no credentials', async () => {
    const declaration = await declare(SHOP);
    expect(await calls(SHOP)).toEqual([
      'web → cart cart.shop.svc.cluster.local:80 http',
      'web → cache.example.com redis.shop',
      'web → mq-0.mq mq-0.mq:5671 amqp',
      'web → kafka-0.kafka kafka-0.kafka:9092',
      'web → kafka-1.kafka kafka-1.kafka:9092',
      'web → cart cart:7070',
      'web → pg.data.svc.cluster.local pg.data.svc.cluster.local:5432 postgresql',
      'web → search search:9200 http',
      'web → pg.data pg.data:5432',
      'report → cart cart:80 http',
    ]);
    expect(JSON.stringify(declaration)).not.toMatch(/s3cr|u:p|secret\.example/);
    expect(declaration.services).toContainEqual({ name: 'cart', namespace: 'shop', hosts: ['cart', 'cart.shop', 'cart.shop.svc', 'cart.shop.svc.cluster.local'] });
    expect(declaration.edges.find(({ address }) => address === 'cart:7070')!.detail).toBe('Deployment/web env CART_ADDR');
    expect(declaration.skipped).toEqual([]);
  });

  it.skipIf(!existsSync(BOUTIQUE))('give the 17 calls of Online Boutique, and no other', async () => {
    const found = await declare(readFileSync(BOUTIQUE, 'utf8'));
    expect(found.edges.map(({ from, to }) => `${from} ${to}`).sort()).toEqual(
      [
        ...['productcatalogservice', 'currencyservice', 'cartservice', 'recommendationservice', 'shippingservice', 'checkoutservice', 'adservice', 'shoppingassistantservice'].map((to) => `frontend ${to}`),
        ...['productcatalogservice', 'shippingservice', 'paymentservice', 'emailservice', 'currencyservice', 'cartservice'].map((to) => `checkoutservice ${to}`),
        'cartservice redis-cart',
        'loadgenerator frontend',
        'recommendationservice productcatalogservice',
      ].sort(),
    );
  });
  if (!existsSync(BOUTIQUE)) console.warn(`SKIPPED: ${BOUTIQUE} is not here (PITOT_BOUTIQUE_MANIFESTS)`);
});

describe('hostile manifests', () => {
  it('that do not parse are left out, and said; the others count', async () => {
    const found = await declare(`a: [\n---\n${SHOP}\n---\n- a list\n---\nkind: {}\nmetadata: 7\n---\nkind: Deployment\nmetadata: { name: x }\nspec: [1, 2]\n---\nkind: Pod\nmetadata: { name: [] }\nspec: null`);
    expect(found.skipped).toEqual([expect.stringMatching(/^document 1: /), 'document 9: is not a mapping']);
    expect(found.edges.length).toBeGreaterThan(5);
  });

  it('that expand or nest without end are refused before they cost anything', async () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...Array.from({ length: 12 }, (_, i) => `${String.fromCharCode(98 + i)}: &${String.fromCharCode(98 + i)} [${Array(9).fill(`*${String.fromCharCode(97 + i)}`).join(',')}]`)].join('\n');
    expect((await declare(bomb)).skipped).toEqual([expect.stringMatching(/alias/i)]);
    for (const deep of ['['.repeat(100_000), '{a: '.repeat(100_000), `${'- '.repeat(100_000)}x`, `${'? '.repeat(100_000)}x`]) expect((await declare(deep)).skipped).toEqual([expect.stringContaining('deeper')]);
    const wide = `kind: Pod\nmetadata: {name: a}\nspec: {${Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join(', ')}}`;
    expect((await declare(wide)).services).toEqual([{ name: 'a', namespace: '', hosts: [] }]);
  });

  it('that are too long are refused', async () => {
    await expect(declare('x'.repeat(10 * 1024 * 1024))).rejects.toMatchObject({ code: 'body_too_large' });
    await expect(declare('---\n'.repeat(6000))).rejects.toMatchObject({ code: 'body_too_large' });
  });

  it('with names of objects’ own things and control characters do no harm', async () => {
    const found = await declare('kind: Pod\nmetadata: { name: "we\\0b", labels: { __proto__: { x: y } } }\nspec: { containers: [{ name: c, env: [{ name: __proto__, value: "http://constructor/" }, { name: A_ADDR, value: "toString:80" }] }] }');
    expect(found.edges.map(({ from, to }) => [from, to])).toEqual([['we b', 'constructor'], ['we b', 'tostring']]);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});

describe('addresses', () => {
  it.each<[string, string[]]>([
    ['cart:7070', ['cart 7070 ']],
    ['http://Cart.shop/a?b=c', ['cart.shop 0 http']],
    ['postgres://user:p@ss@db:6432/x', ['db 6432 postgresql']],
    ['jdbc:mysql://db/x', ['db 0 mysql']],
    ['mongodb://a,b:27018/x', ['a 0 mongodb', 'b 27018 mongodb']],
    ['dns:///cart:80', ['cart 80 grpc']],
    ['a:1,b:2', ['a 1 ', 'b 2 ']],
    ['[fd00::1]:80', ['fd00::1 80 ']],
    ['10.0.0.1:80', ['10.0.0.1 80 ']],
    ...['', 'cart', '12:30', 'a:99999', 'a:b', '1.2.3:4', '999.1.1.1:1', 'file:///etc/x', 'a b:80', '${HOST}:80', 'http://${HOST}/', 'http://', '-a:1', 'a..b:1'].map((text): [string, string[]] => [text, []]),
  ])('%s', (text, expected) => {
    expect(addressesOf(text).map(({ host, port, protocol }) => `${host} ${port} ${protocol}`)).toEqual(expected);
  });

  it('are none where the text is too long', () => {
    expect([addressesOf(`http://${'x'.repeat(5000)}`), addressesOf(`${'x'.repeat(300)}:80`)]).toEqual([[], []]);
  });

  it('are found within text, and told from one’s own', () => {
    expect(urlsIn('see (http://a/x), "redis://b:1"; not c:80').map(({ host }) => host)).toEqual(['a', 'b']);
    expect([hostOf('db.example.com'), hostOf('db:1'), hostOf('a b')]).toEqual(['db.example.com', undefined, undefined]);
    expect(['localhost', '127.0.0.5', '::1', '0.0.0.0', 'cart'].map(isOwnAddress)).toEqual([true, true, true, true, false]);
  });
});

it('takes a list of calls, without its credentials', () => {
  const found = listedDeclaration({ source: 'me', edges: [{ from: 'web', to: 'db', address: 'postgres://u:geheim@pg:5432/x' }, { from: 'web', to: 'cart', address: 'what is this: geheim' }, { from: ' ', to: 'x', address: '' }] });
  expect(found.edges).toEqual([{ from: 'web', to: 'db', address: 'pg:5432', protocol: 'postgresql', detail: '' }, { from: 'web', to: 'cart', address: '', protocol: '', detail: '' }]);
  expect(found.skipped).toHaveLength(2);
  expect(JSON.stringify(found)).not.toContain('geheim');
});
