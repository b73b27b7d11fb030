import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@pitot/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../clickhouse/embedded.ts';
import { migrateClickHouse } from '../clickhouse/migrate.ts';
import { RECENT_COLUMNS, recentSpans } from '../clickhouse/span-metric-views.ts';
import { insertSpans, type TestSpan } from '../span-metrics/fixtures/spans.ts';
import { createEdgeJob, edgeAdder } from './edge-job.ts';
import { MOST_EXTERNALS, OTHER_EXTERNALS } from './edge-sql.ts';
import { readEdges, readEdgesFromSpans, type EdgesAnswer } from './edge-reading.ts';
import { readInstances, readOperations } from './service-reading.ts';

const MINUTE_MS = 60_000;
const NOW_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 30 * MINUTE_MS;
const nothing = (): void => {};
const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const signal = AbortSignal.timeout(300_000);
const range = { startMs: NOW_MS - 5 * MINUTE_MS, endMs: NOW_MS + 5 * MINUTE_MS };

/** `client -kind protocol evidence-> server calls/errors/retries`, sorted. */
function told({ edges, entries, orphans }: EdgesAnswer): string[] {
  const merged = new Map<string, number[]>();
  for (const edge of edges) {
    const key = `${edge.clientType}:${edge.client} -${edge.kind} ${edge.protocol} ${edge.evidence}-> ${edge.serverType}:${edge.server}`;
    const known = merged.get(key) ?? [0, 0, 0];
    merged.set(key, [known[0]! + edge.calls, known[1]! + edge.errors, known[2]! + edge.retries]);
  }
  return [
    ...[...merged].map(([key, counts]) => `${key} ${counts.join('/')}`),
    ...entries.map(({ service, calls }) => `entry ${service} ${calls}`),
    ...orphans.map(({ service, calls }) => `orphan ${service} ${calls}`),
  ].sort();
}

describe('edges found in spans', { timeout: 240_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'pitot-edges-'));
  let clickhouse: ClickHouse;
  let arrivals = 0;
  let add: ReturnType<typeof edgeAdder>;

  beforeAll(async () => {
    clickhouse = await openEmbeddedClickHouse({ path: directory, memoryBytes: 1e9, threads: 2, sessions: 2, log });
    await migrateClickHouse(clickhouse, { retentionMs: 30 * 86_400_000 });
    add = edgeAdder(clickhouse, { waitMs: MINUTE_MS, lookbackMs: 10 * MINUTE_MS });
  });
  afterAll(async () => {
    await clickhouse.close();
    rmSync(directory, { recursive: true });
  });
  beforeEach(async () => {
    for (const table of ['otel_traces', 'spans_recent', 'span_shapes', 'service_calls', 'service_edges', 'service_edges_1m', 'service_edges_1h', 'service_addresses', 'job_windows', 'span_metrics', 'span_metrics_1m', 'span_metrics_1h', 'service_instances']) await clickhouse.command(`TRUNCATE TABLE ${table}`);
  });

  /** Spans that arrive `afterMs` after now, by the engine's clock. */
  async function arrive(afterMs: number, spans: readonly Omit<TestSpan, 'startMs'>[]): Promise<void> {
    const receivedMs = NOW_MS + afterMs;
    await insertSpans(clickhouse, spans.map((span, i) => ({ startMs: NOW_MS + i, ...span, receivedMs })), `arrival-${arrivals++}`);
    await clickhouse.command('TRUNCATE TABLE spans_recent');
    await clickhouse.command(`INSERT INTO spans_recent (${RECENT_COLUMNS}) ${recentSpans('otel_traces', '1', 'Received')}`);
  }
  /** Windows of ten seconds, up to `untilMs` after now. */
  async function windows(fromMs: number, untilMs: number, stepMs = 10_000): Promise<void> {
    for (let at = fromMs; at < untilMs; at += stepMs) await add({ startMs: NOW_MS + at, endMs: NOW_MS + at + stepMs }, signal);
  }
  const found = async () => told(await readEdges(clickhouse, range));
  const client = (id: string, service: string, parent: string, more: Partial<TestSpan> = {}) => ({ trace: 't', id, service, parent, kind: 'Client' as const, durationMs: 40, ...more });
  const server = (id: string, service: string, parent = '', more: Partial<TestSpan> = {}) => ({ trace: 't', id, service, parent, kind: 'Server' as const, durationMs: 20, ...more });
  const http = { 'http.request.method': 'GET' };

  it('joins both ends, whichever comes first, and direct parents in other services', async () => {
    await arrive(1000, [server('a', 'web'), client('b', 'web', 'a', { attributes: { ...http, 'server.address': 'cart' } }), server('d', 'late', 'c2'), { trace: 't', id: 'i', service: 'web', parent: 'a', kind: 'Internal' }]);
    await arrive(15_000, [server('c', 'cart', 'b'), client('c2', 'cart', 'c', { attributes: { 'rpc.system': 'grpc' } }), server('e', 'old', 'i')]);
    await windows(0, 20_000);
    const expected = ['entry web 1', 'service:cart -request grpc both-> service:late 1/0/0', 'service:web -request  parent-> service:old 1/0/0', 'service:web -request http both-> service:cart 1/0/0'];
    expect(await found()).toEqual(expected);
    await windows(0, 20_000);
    expect(await found()).toEqual(expected);
    expect(told(await readEdgesFromSpans(clickhouse, range))).toEqual(expected);
    const [edge] = (await readEdges(clickhouse, range)).edges.filter(({ server: name }) => name === 'cart');
    expect([edge!.clientSide!.sumSeconds, edge!.serverSide!.sumSeconds, edge!.example.traceId]).toEqual([0.04, 0.02, 't']);
  });

  it('names databases, caches and queues by old and new conventions', async () => {
    await arrive(1000, [
      client('1', 'cart', '', { attributes: { 'db.system': 'postgresql', 'db.name': 'carts', 'net.peer.name': 'db-1' } }),
      client('2', 'cart', '', { attributes: { 'db.system.name': 'postgresql', 'db.namespace': 'carts' }, isError: true }),
      client('3', 'cart', '', { attributes: { 'db.system': 'redis', 'server.address': 'Sessions:6379' } }),
      { trace: 't', id: '4', service: 'cart', kind: 'Producer', durationMs: 2, attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders' } },
      { trace: 't', id: '5', service: 'mail', parent: '4', kind: 'Consumer', durationMs: 9, attributes: { 'messaging.system': 'kafka', 'messaging.destination': 'orders' } },
      { trace: 'u', id: '6', service: 'audit', kind: 'Consumer', links: [['t', '4']], durationMs: 9, attributes: { 'messaging.system': 'kafka' } },
    ]);
    await windows(0, 10_000);
    const expected = [
      'queue:orders -consume kafka client-> service:mail 1/0/0',
      'queue:orders -consume kafka both-> service:audit 1/0/0',
      'service:cart -publish kafka client-> queue:orders 1/0/0',
      'service:cart -request postgresql client-> database:carts 2/1/0',
      'service:cart -request redis client-> cache:sessions 1/0/0',
    ].sort();
    expect(await found()).toEqual(expected);
    expect(told(await readEdgesFromSpans(clickhouse, range))).toEqual(expected);
  });

  it('waits before it calls somebody a third party, and knows our own by their addresses', async () => {
    await arrive(1000, [
      server('s', 'cart', '', { resource: { 'host.name': 'node-7', 'k8s.pod.ip': '10.0.0.9', 'k8s.namespace.name': 'shop' } }),
      client('1', 'web', '', { attributes: { ...http, 'server.address': 'api.stripe.com' } }),
      client('2', 'web', '', { attributes: { ...http, 'server.address': 'cart' } }),
      client('3', 'web', '', { attributes: { ...http, 'net.peer.name': '10.0.0.9' } }),
      client('4', 'web', '', { attributes: { ...http, 'http.url': 'http://cart.shop.svc.cluster.local:8080/x' } }),
      client('5', 'web', '', { attributes: { ...http, 'peer.service': 'cart', 'server.address': '1.2.3.4' } }),
      client('6', 'web', '', { attributes: { ...http, 'server.address': 'cart.example.com' } }),
      client('7', 'web', '', { attributes: { 'faas.invoked_name': 'resize', 'server.address': 'lambda.eu-west-1.amazonaws.com' } }),
    ]);
    await windows(0, 60_000, 30_000);
    expect(await found()).toEqual(['entry cart 1']);
    await windows(60_000, 80_000, 20_000);
    const expected = [
      'entry cart 1',
      'service:web -request faas client-> function:resize 1/0/0',
      'service:web -request http address-> service:cart 4/0/0',
      'service:web -request http client-> external:api.stripe.com 1/0/0',
      'service:web -request http client-> external:cart.example.com 1/0/0',
    ];
    expect(await found()).toEqual(expected);
    expect(told(await readEdgesFromSpans(clickhouse, range))).toEqual(expected);
  });

  it('bounds the third parties of a caller, and keeps those that are called most', async () => {
    const call = (id: string, host: string) => client(id, 'crawler', '', { attributes: { ...http, 'server.address': host } });
    const hosts = Array.from({ length: MOST_EXTERNALS + 20 }, (_, i) => `10.1.2.${i}`);
    await arrive(1000, [...hosts.map((host, i) => call(`h${i}`, host)), call('z1', 'zz.example.com'), call('z2', 'zz.example.com')]);
    await windows(60_000, 80_000, 20_000);
    for (const { edges } of [await readEdges(clickhouse, range), await readEdgesFromSpans(clickhouse, range)]) {
      expect(edges.length).toBe(MOST_EXTERNALS + 1);
      const calls = new Map(edges.map((edge) => [edge.server, edge.calls]));
      expect([calls.get('zz.example.com'), calls.get(OTHER_EXTERNALS)]).toEqual([2, 21]);
    }
  });

  it('takes back what it decided when the other span comes after all', async () => {
    await arrive(1000, [client('1', 'web', '', { attributes: { ...http, 'server.address': 'api' } }), server('4', 'cart', '3')]);
    await windows(0, 80_000, 40_000);
    expect(await found()).toEqual(['orphan cart 1', 'service:web -request http client-> external:api 1/0/0']);
    await arrive(85_000, [server('2', 'api', '1'), client('3', 'web', '2', { service: 'api' })]);
    await windows(80_000, 160_000, 40_000);
    expect(await found()).toEqual(['service:api -request  both-> service:cart 1/0/0', 'service:web -request http both-> service:api 1/0/0']);
  });

  it('keeps loops, counts retries and fan-out, and weighs sampled spans', async () => {
    const attributes = { ...http, 'server.address': 'pay' };
    await arrive(1000, [
      server('a', 'web', '', { weight: 10 }),
      client('1', 'web', 'a', { attributes, isError: true, weight: 10, durationMs: 5 }),
      client('2', 'web', 'a', { attributes, isError: true, weight: 10, durationMs: 5, startMs: NOW_MS + 100 }),
      client('3', 'web', 'a', { attributes, weight: 10, durationMs: 5, startMs: NOW_MS + 200 }),
      ...['1', '2', '3'].map((parent) => server(`s${parent}`, 'pay', parent, { weight: 10, isError: parent !== '3', startMs: NOW_MS + 100 })),
      client('self', 'web', 'a', { attributes: http, weight: 10 }),
      server('self2', 'web', 'self', { weight: 10 }),
      ...[1, 2, 3, 4].flatMap((i) => [client(`f${i}`, 'pay', 's3', { weight: 10, attributes: { 'rpc.system': 'grpc', 'server.address': `shard${i}` } }), server(`g${i}`, 'shard', `f${i}`, { weight: 10 })]),
    ]);
    await windows(0, 10_000);
    const expected = ['entry web 10', 'service:pay -request grpc both-> service:shard 40/0/0', 'service:web -request http both-> service:pay 30/20/20', 'service:web -request http both-> service:web 10/0/0'];
    expect(await found()).toEqual(expected);
    expect(told(await readEdgesFromSpans(clickhouse, range))).toEqual(expected);
  });

  it('tells versions apart and puts calls of a skewed clock where the better clock says', async () => {
    await arrive(1000, [
      client('1', 'web', '', { attributes: http, resource: { 'service.version': '2' } }),
      server('2', 'cart', '1', { resource: { 'service.version': '7' }, startMs: NOW_MS + 3 * 3_600_000 }),
    ]);
    await windows(0, 10_000);
    const { edges } = await readEdges(clickhouse, range);
    expect(edges.map(({ client: a, clientVersion, server: b, serverVersion }) => [a, clientVersion, b, serverVersion])).toEqual([['web', '2', 'cart', '7']]);
  });

  it('reads spans of odd shapes without a failure', async () => {
    await arrive(1000, [
      { trace: '', id: '', service: '', kind: 'Server', durationMs: 0 },
      { trace: 'c', id: '1', parent: '2', service: 'x', kind: 'Server', durationMs: 0 },
      { trace: 'c', id: '2', parent: '1', service: 'y', kind: 'Client', durationMs: 1e5 },
      { trace: 'c', id: '3', parent: '3', service: 'z', kind: 'Server' },
    ]);
    await windows(0, 80_000, 40_000);
    expect((await found()).filter((line) => line.startsWith('service'))).toEqual(['service:x -request  parent-> service:y 1/0/0', 'service:y -request  both-> service:x 1/0/0']);
  });

  it('works off what arrived, once, also when it dies before it has ticked a window off', async () => {
    const spans = [server('a', 'web'), client('b', 'web', 'a', { attributes: http }), server('c', 'cart', 'b')].map((span, i) => ({ ...span, startMs: NOW_MS + i }));
    await insertSpans(clickhouse, spans, 'job-1');
    await new Promise((resolve) => setTimeout(resolve, 5));
    const run = () => createEdgeJob(clickhouse, { log, settleMs: 0 }).run(signal);
    await run();
    expect(await found()).toEqual(['entry web 1', 'service:web -request http both-> service:cart 1/0/0']);
    await clickhouse.command('ALTER TABLE job_windows DELETE WHERE IsDone = 1', { settings: { mutations_sync: 1 } });
    await run();
    expect(await found()).toEqual(['entry web 1', 'service:web -request http both-> service:cart 1/0/0']);
    await insertSpans(clickhouse, [server('d', 'mail', 'b')].map((span) => ({ ...span, startMs: NOW_MS })), 'job-2');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await run();
    await run();
    expect(await found()).toEqual(['entry web 1', 'service:web -request http both-> service:cart 1/0/0', 'service:web -request http both-> service:mail 1/0/0']);
  });

  it('reads long ranges from the rolled-up tables, and steps, nodes, operations and instances', async () => {
    const hours = [0, 1, 5, 30].map((ago) => NOW_MS - ago * 3_600_000);
    await insertSpans(clickhouse, hours.flatMap((startMs, i) => [
      { trace: `h${i}`, id: 'b', service: 'web', kind: 'Client' as const, durationMs: 8, attributes: http, startMs },
      { trace: `h${i}`, id: 'c', parent: 'b', service: 'api', name: `GET /o/${i}`, isError: i === 1, durationMs: 8, startMs, resource: { 'host.name': 'h1', 'service.instance.id': 'i1', 'telemetry.sdk.language': 'nodejs', 'service.namespace': 'shop' } },
    ]), 'hours');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await createEdgeJob(clickhouse, { log, settleMs: 0 }).run(signal);
    const calls = async (startMs: number, more = {}) => (await readEdges(clickhouse, { startMs, endMs: NOW_MS + 60_000, ...more })).edges.map((edge) => edge.calls);
    expect(await calls(NOW_MS - 5000)).toEqual([1]);
    expect(await calls(NOW_MS - 2 * 3_600_000)).toEqual([2]);
    expect(await calls(NOW_MS - 20 * 3_600_000)).toEqual([3]);
    expect(await calls(NOW_MS - 40 * 3_600_000)).toEqual([4]);
    expect(await calls(NOW_MS - 40 * 3_600_000, { stepMs: 3_600_000, nodes: ['api'] })).toEqual([1, 1, 1, 1]);
    expect(await calls(NOW_MS - 40 * 3_600_000, { nodes: ['other'] })).toEqual([]);
    const request = { startMs: NOW_MS - 40 * 3_600_000, endMs: NOW_MS + 60_000, service: 'api' };
    expect((await readOperations(clickhouse, { ...request, by: ['operation', 'kind'] })).map(({ operation, kind, calls: n, errors }) => [operation, kind, n, errors])).toEqual([['GET /o/{id}', 'Server', 4, 1]]);
    expect((await readInstances(clickhouse, request)).map(({ instance, host, namespace, language, calls: n, errors }) => [instance, host, namespace, language, n, errors])).toEqual([['i1', 'h1', 'shop', 'nodejs', 4, 1]]);
  });
});
