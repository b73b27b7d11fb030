import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS, labelsFromObject, type CausesAnswer, type ImpactAnswer, type ServiceAnswer, type ServicesAnswer, type SystemCriticalPathAnswer, type TopologyAnswer, type TopologyChangesAnswer } from '@pitot/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MapSource } from '../../analyze/service-map/map-source.ts';
import { createServiceQueries } from '../../analyze/service-map/service-queries.ts';
import { createTopologyQueries } from '../../analyze/service-map/topology-queries.ts';
import { createServiceReader } from '../../query/services/service-reader.ts';
import { createTopologyReader } from '../../query/topology/topology-reader.ts';
import { createTraceQueries } from '../../query/traces/trace-queries.ts';
import type { ClickHouse } from '../../store/clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../../store/clickhouse/embedded.ts';
import { samplesBlock, seriesBlock, testSeries } from '../../store/clickhouse/fixtures/metric-blocks.ts';
import { migrateClickHouse } from '../../store/clickhouse/migrate.ts';
import { createTelemetryWriter } from '../../store/clickhouse/telemetry-writer.ts';
import { createEdgeJob } from '../../store/edges/edge-job.ts';
import { createMetricReader } from '../../store/metrics/metric-reader.ts';
import { openEmbeddedPostgres, type Postgres } from '../../store/postgres/postgres.ts';
import { DeclarationTable } from '../../store/postgres/topology-declarations.ts';
import { insertSpans, type TestSpan } from '../../store/span-metrics/fixtures/spans.ts';
import { send, silentLog, startServer } from '../fixtures/running-server.ts';
import type { HttpServers } from '../http-servers.ts';

const MINUTE_MS = 60_000;
/** Calls are known some time after they were made, so the incident of this test ended a while ago. */
const END_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 5 * MINUTE_MS;
const START_MS = END_MS - 15 * MINUTE_MS;
const ONSET_MS = END_MS - 8 * MINUTE_MS;
const range = `start=${START_MS}&end=${END_MS}`;

/** A shop whose payment fails 60 % of its requests from ONSET_MS on, with a new version. One request every three seconds, over half an hour. */
function shopSpans(): TestSpan[] {
  const spans: TestSpan[] = [];
  for (let startMs = START_MS - 15 * MINUTE_MS, i = 0; startMs < END_MS; startMs += 3000, i++) {
    const trace = i.toString(16).padStart(32, '0');
    const id = (name: number) => `${i.toString(16).padStart(12, '0')}${name.toString(16).padStart(4, '0')}`;
    const isError = startMs >= ONSET_MS && i % 5 < 3;
    const version = startMs >= ONSET_MS ? '2.0' : '1.9';
    const http = { 'http.request.method': 'POST' };
    const payment = { 'service.version': version, 'service.namespace': 'money', 'service.instance.id': `pay-${i % 2}`, 'telemetry.sdk.language': 'go' };
    spans.push(
      { trace, id: id(1), service: 'web', name: 'POST /buy', startMs, durationMs: 100, isError, resource: { 'service.namespace': 'shop' } },
      { trace, id: id(2), parent: id(1), service: 'web', kind: 'Client', name: 'POST', startMs: startMs + 5, durationMs: 90, isError, attributes: { ...http, 'server.address': 'checkout' } },
      { trace, id: id(3), parent: id(2), service: 'checkout', name: 'POST /pay', startMs: startMs + 10, durationMs: 80, isError },
      { trace, id: id(4), parent: id(3), service: 'checkout', kind: 'Client', name: 'POST', startMs: startMs + 15, durationMs: 60, isError, attributes: { ...http, 'server.address': 'payment' } },
      { trace, id: id(5), parent: id(4), service: 'payment', name: 'charge', startMs: startMs + 20, durationMs: 50, isError, resource: payment },
      { trace, id: id(6), parent: id(5), service: 'payment', kind: 'Client', name: 'INSERT', startMs: startMs + 25, durationMs: 30, attributes: { 'db.system.name': 'postgresql', 'db.namespace': 'payments', 'server.address': 'pg' }, resource: payment },
      { trace, id: id(7), parent: id(3), service: 'checkout', kind: 'Producer', name: 'send', startMs: startMs + 76, durationMs: 2, attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders' } },
    );
  }
  return spans;
}

const SOCKETS = [
  { __name__: 'network_flow_connections', host_name: 'h1', process_executable_name: 'node', service_name: 'payment', direction: 'out', network_transport: 'tcp', peer_address: '10.0.0.9', peer_port: '5432' },
  { __name__: 'network_flow_connections', host_name: 'h1', process_executable_name: 'envoy', direction: 'out', network_transport: 'tcp', peer_address: '10.0.0.2', peer_port: '8080' },
  { __name__: 'network_listen_sockets', host_name: 'h2', process_executable_name: 'node', service_name: 'web', local_address: '::', local_port: '8080', network_transport: 'tcp' },
  { __name__: 'host_network_address_info', host_name: 'h2', address: '10.0.0.2' },
];

const MANIFEST = `
kind: Deployment
metadata: { name: web, namespace: shop }
spec: { template: { spec: { containers: [{ name: c, env: [{ name: CHECKOUT_ADDR, value: 'checkout:5050' }, { name: CACHE_URL, value: 'redis://:geheim@redis:6379' }] }] } } }
`;

describe('services and the map on real stores', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pitot-topology-'));
  let clickhouse: ClickHouse;
  let postgres: Postgres;
  let servers: HttpServers;
  // Answers are kept for some seconds; each request of this test comes later than that.
  let nowMs = END_MS + 4 * MINUTE_MS;
  const clock = { nowMs: () => nowMs };

  beforeAll(async () => {
    postgres = await openEmbeddedPostgres({ path: join(directory, 'postgres') });
    await postgres.migrate();
    clickhouse = await openEmbeddedClickHouse({ path: join(directory, 'clickhouse'), memoryBytes: 1e9, threads: 2, sessions: 2, log: silentLog });
    await migrateClickHouse(clickhouse, { retentionMs: 30 * 86_400_000 });
    const spans = shopSpans();
    for (let i = 0; i < spans.length; i += 700) await insertSpans(clickhouse, spans.slice(i, i + 700), `shop-${i}`);
    await createEdgeJob(clickhouse, { log: silentLog, settleMs: 0, waitMs: 0 }).run(AbortSignal.timeout(60_000));
    const writer = createTelemetryWriter(clickhouse);
    const series = SOCKETS.map((labels, i) => testSeries(i, labelsFromObject(labels)));
    await writer.insert('metric_series', [seriesBlock(series.map((one) => [one, START_MS]))], 'series');
    await writer.insert('metric_samples', [samplesBlock(series.flatMap((one) => [1, 5].map((minute) => [one, START_MS + minute * MINUTE_MS, 1] as const)))], 'samples');
    const metrics = createMetricReader(clickhouse, { clock, log: silentLog });
    const declarations = new DeclarationTable(postgres);
    const source = new MapSource(createTopologyReader({ clickhouse, metrics, declarations }), clock);
    const logs = { logsOfTrace: async () => [], logCountsOfTrace: async () => new Map<string, number>() };
    const traces = createTraceQueries({ clickhouse, limits: DEFAULT_LIMITS, logs, retentionMs: 86_400_000 });
    servers = await startServer({
      clock,
      questions: {
        services: { services: createServiceQueries({ reader: createServiceReader({ clickhouse }), source, clock }), clock },
        topology: { topology: createTopologyQueries({ source, traces, declarations, clock }), clock },
      },
    });
  }, 120_000);
  afterAll(async () => {
    await servers.close();
    await clickhouse.close();
    await postgres.close();
    rmSync(directory, { recursive: true });
  });

  async function get<Answer>(path: string): Promise<Answer> {
    nowMs += 6000;
    const answer = await send(servers.urls.main, path);
    expect(answer.status, `${path}: ${answer.text.slice(0, 300)}`).toBe(200);
    return answer.json as Answer;
  }
  const post = (type: string, body: string, query = '') => {
    nowMs += 6000;
    return send(servers.urls.main, `/api/v1/topology/declarations${query}`, { method: 'POST', headers: { 'content-type': type }, body });
  };

  it('lists services worst first, and says what is broken and why', async () => {
    const { services, verdict } = await get<ServicesAnswer>(`/api/v1/services?${range}`);
    expect(services.map(({ service }) => service).sort()).toEqual(['checkout', 'payment', 'web']);
    const payment = services.find(({ service }) => service === 'payment')!;
    expect(payment).toMatchObject({ health: 'critical', versions: ['1.9', '2.0'], instances: 2, language: 'go', red: { calls: 300, errors: 96 }, previous: { calls: 300, errors: 0 } });
    expect(payment.calls_trend.length).toBeLessThanOrEqual(60);
    expect(payment.error_trend[0]).toBe(0);
    expect(Math.max(...payment.error_trend)).toBeGreaterThan(0.5);
    const began = new Date(ONSET_MS).toISOString().slice(11, 16);
    expect(verdict).toEqual({ severity: 'critical', sentence: `web is failing 60 % of its requests since ${began} UTC; payment is the cause.`, symptom: 'web', cause: 'service:payment' });
  });

  it('says that all is well where it is, and that nothing was seen where nothing was', async () => {
    const quiet = await get<ServicesAnswer>(`/api/v1/services?start=${START_MS - 15 * MINUTE_MS}&end=${START_MS}`);
    expect(quiet.verdict).toMatchObject({ severity: 'ok', sentence: 'All 3 services are healthy: 1 requests/s, 0 % errors in the last 15 minutes.' });
    expect((await get<ServicesAnswer>(`/api/v1/services?${range}&environment=nowhere`)).verdict).toMatchObject({ severity: 'unknown', symptom: null });
  });

  it('tells of one service', async () => {
    const answer = await get<ServiceAnswer>(`/api/v1/services/payment?${range}`);
    expect(answer.operations).toMatchObject([{ operation: 'charge', kind: 'server', share: 1, red: { calls: 300 } }]);
    expect(answer.versions.map(({ version, red }) => [version, red.errors > 0])).toEqual([['2.0', true], ['1.9', false]]);
    expect(answer.instances.map(({ instance }) => instance).sort()).toEqual(['pay-0', 'pay-0', 'pay-1', 'pay-1']);
    expect(answer.sentence).toMatch(/^payment runs as 2 instances of versions .*Failing 60 % of \d+ requests in the last 2 minutes/);
    expect((await send(servers.urls.main, `/api/v1/services/nobody?${range}`)).json).toMatchObject({ error: { code: 'not_found' } });
  });

  it('draws the map from spans and sockets', async () => {
    const map = await get<TopologyAnswer>(`/api/v1/topology?${range}`);
    expect(map.edges.map(({ id, kind, protocol, confidence }) => `${id} ${kind} ${protocol} ${confidence}`)).toEqual([
      'process:envoy@h1→service:web request tcp 0.7',
      'service:checkout→queue:orders publish kafka 0.9',
      'service:checkout→service:payment request http 1',
      'service:payment→database:payments request postgresql 0.97',
      'service:web→service:checkout request http 1',
    ]);
    expect(map.nodes.find(({ id }) => id === 'service:payment')).toMatchObject({ group: 'money', health: 'critical', versions: ['1.9', '2.0'] });
    expect(map.nodes.find(({ id }) => id === 'process:envoy@h1')).toMatchObject({ red: null, health: 'unknown' });
    const near = await get<TopologyAnswer>(`/api/v1/topology?${range}&focus=service:web&depth=1`);
    expect(near.nodes.map(({ id }) => id)).toEqual(['process:envoy@h1', 'service:checkout', 'service:web']);
    expect(await send(servers.urls.main, `/api/v1/topology?${range}&focus=service:nobody`)).toMatchObject({ status: 404 });
  });

  it.each([
    ['mermaid', 'text/vnd.mermaid', 'flowchart LR'],
    ['dot', 'text/vnd.graphviz', 'digraph services {'],
    ['graphml', 'application/graphml+xml', '<?xml version="1.0"'],
  ])('gives the map as %s', async (format, type, start) => {
    const { headers, text, status } = await send(servers.urls.main, `/api/v1/topology?${range}&format=${format}`);
    expect([status, headers['content-type'], text.startsWith(start)]).toEqual([200, `${type}; charset=utf-8`, true]);
  });

  it('finds the cause with reasons, its time and a trace', async () => {
    const { causes, sentence } = await get<CausesAnswer>(`/api/v1/topology/causes?${range}&node=service:web`);
    expect(causes[0]).toMatchObject({ node: 'service:payment', path: ['service:web', 'service:checkout', 'service:payment'], began: new Date(ONSET_MS).toISOString(), trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(causes[0]!.reasons).toEqual(expect.arrayContaining([expect.stringMatching(/^Version 2\.0 of it was first seen/), expect.stringMatching(/^In 20 of 20 failing requests/)]));
    expect(sentence).toContain('payment is the cause');
    expect(await get<CausesAnswer>(`/api/v1/topology/causes?start=${START_MS - 15 * MINUTE_MS}&end=${START_MS}&node=service:web`)).toMatchObject({ causes: [] });
  });

  it('tells who is hurt, where the time goes and what changed', async () => {
    const impact = await get<ImpactAnswer>(`/api/v1/topology/impact?${range}&node=database:payments`);
    expect(impact.affected.filter(({ node }) => node.startsWith('service')).map(({ node, traffic_share: share, is_entry: entry }) => [node, share, entry])).toEqual(expect.arrayContaining([['service:payment', 1, false], ['service:checkout', 1, false], ['service:web', 1, true]]));
    const path = await get<SystemCriticalPathAnswer>(`/api/v1/topology/critical-path?${range}&node=service:web`);
    expect(path.traces).toBeGreaterThan(150);
    expect(path.steps.map(({ node }) => node)).toContain('database:payments');
    expect(path.steps.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 2);
    const { changes } = await get<TopologyChangesAnswer>(`/api/v1/topology/changes?from=${START_MS}&to=${END_MS}&window=${8 * MINUTE_MS}`);
    expect(changes.map(({ kind, id }) => `${kind} ${id}`)).toEqual(expect.arrayContaining(['errors_changed service:payment', 'version_changed service:payment']));
    expect(changes.some(({ kind }) => kind === 'traffic_changed' || kind === 'latency_changed')).toBe(false);
    expect(await send(servers.urls.main, `/api/v1/topology/critical-path?${range}&node=database:payments`)).toMatchObject({ status: 400 });
  });

  it('takes declarations as manifests and as a list, shows them on the map, and forgets them', async () => {
    expect((await post('application/yaml', MANIFEST, '?source=shop')).json).toEqual({ source: 'shop', services: 1, edges: 2, skipped: [] });
    expect((await post('application/json', JSON.stringify({ source: 'me', edges: [{ from: 'web', to: 'fax' }] }))).json).toMatchObject({ edges: 1 });
    const map = await get<TopologyAnswer>(`/api/v1/topology?${range}`);
    expect(map.edges.find(({ id }) => id === 'service:web→service:checkout')!.evidence.map(({ source }) => source)).toEqual(['spans', 'declared']);
    expect(map.edges.filter(({ confidence }) => confidence === 0.4).map(({ id }) => id)).toEqual(['service:web→cache:redis', 'service:web→service:fax']);
    expect(JSON.stringify(map)).not.toContain('geheim');
    expect(await get(`/api/v1/topology/declarations`)).toMatchObject({ sources: [{ source: 'me', edges: 1 }, { source: 'shop', services: 1, edges: 2 }] });
    const remove = (source: string) => send(servers.urls.main, `/api/v1/topology/declarations?source=${source}`, { method: 'DELETE' });
    expect([(await remove('shop')).status, (await remove('me')).status, (await remove('me')).status]).toEqual([204, 204, 404]);
  });

  it('says what is wrong with a declaration', async () => {
    expect(await post('application/yaml', MANIFEST)).toMatchObject({ status: 400, json: { error: { message: expect.stringContaining('?source=') as string } } });
    expect(await post('application/json', '{"source":"x","edges":[{"from":1}]}')).toMatchObject({ status: 400, json: { error: { code: 'bad_request', message: expect.stringContaining('Kubernetes manifests') as string } } });
    expect(await post('application/yaml', `a: ${'x'.repeat(3 * 1024 * 1024)}`, '?source=x')).toMatchObject({ status: 413 });
    expect(await post('application/yaml', `a: ${'x'.repeat(10 * 1024 * 1024)}`, '?source=x')).toMatchObject({ status: 413 });
    expect(await post('text/csv', 'a,b', '?source=x')).toMatchObject({ status: 415 });
  });
});
