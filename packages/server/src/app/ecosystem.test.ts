import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../core/src/fixtures/free-port.ts';
import { eventually, PitotProcess } from './fixtures/pitot-process.ts';

const run = promisify(execFile);
const hasPrometheus = ['prometheus', 'promtool'].every((program) => spawnSync(program, ['--version']).status === 0);
if (!hasPrometheus) {
  const message = 'prometheus and promtool are not installed: the tests with the real Prometheus do not run';
  if (process.env['CI']) throw new Error(message);
  console.warn(`SKIPPED: ${message}`);
}

let scratch: string;
let pitot: PitotProcess;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'pitot-ecosystem-'));
  pitot = await PitotProcess.start(join(scratch, 'data'));
});
afterAll(async () => {
  await pitot.end('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});

interface Matrix {
  metric: Record<string, string>;
  values: [number, string][];
}

async function range(url: string, query: string, start: number, end: number, step: number): Promise<Matrix[]> {
  const parameters = new URLSearchParams({ query, start: String(start), end: String(end), step: String(step) });
  const answer = (await (await fetch(`${url}/api/v1/query_range?${parameters}`)).json()) as { data?: { result: Matrix[] }; error?: string };
  if (!answer.data) throw new Error(`${url} ${query}: ${answer.error}`);
  return answer.data.result.toSorted((a, b) => JSON.stringify(a.metric).localeCompare(JSON.stringify(b.metric)));
}

describe.runIf(hasPrometheus)('the real Prometheus', () => {
  let prometheus: ChildProcess;
  let prometheusUrl: string;
  let firstSeconds: number;

  beforeAll(async () => {
    const port = await freePort();
    prometheusUrl = `http://127.0.0.1:${port}`;
    const config = join(scratch, 'prometheus.yml');
    writeFileSync(
      config,
      `global: {scrape_interval: 1s}
scrape_configs: [{job_name: prometheus, static_configs: [{targets: ['127.0.0.1:${port}']}]}]
remote_write: [{url: '${pitot.url}/api/v1/write', queue_config: {batch_send_deadline: 1s}}]
`,
    );
    firstSeconds = Math.floor(Date.now() / 1000);
    const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(scratch, 'tsdb')}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'];
    prometheus = spawn('prometheus', args, { stdio: 'ignore' });
    await eventually(async () => {
      const samples = await pitot.instant('count_over_time(up{job="prometheus"}[1m])');
      expect(Number(samples[0]?.value[1])).toBeGreaterThan(20);
    }, 500);
  });
  afterAll(() => {
    prometheus.kill('SIGKILL');
  });

  it.each([
    'up',
    // Counters far from zero: near it, Prometheus 3 extrapolates otherwise than the 2.42 that Debian has.
    'rate(go_memstats_alloc_bytes_total{job="prometheus"}[10s])',
    'sum by (job) (increase(go_memstats_mallocs_total{job="prometheus"}[10s]))',
    'histogram_quantile(0.9, sum by (le) (prometheus_http_request_duration_seconds_bucket))',
    'go_goroutines',
    'max_over_time(go_goroutines[7s])',
    'process_resident_memory_bytes{job="prometheus"} / 1024 / 1024',
    'topk(3, scrape_samples_scraped)',
    'count by (__name__) ({job="prometheus", __name__=~"go_gc.*"})',
  ])('remote-writes what %s then answers alike in both', async (query) => {
    // A window that both have wholly: remote write lags by a second or two, and both windows are off the scrape grid.
    const end = Math.floor(Date.now() / 1000) - 5.5;
    const start = Math.max(firstSeconds + 12.5, end - 15);
    const [theirs, ours] = await Promise.all([range(prometheusUrl, query, start, end, 1), range(pitot.url, query, start, end, 1)]);
    expect(ours.map(({ metric }) => metric)).toEqual(theirs.map(({ metric }) => metric));
    expect(theirs.length).toBeGreaterThan(0);
    for (const [i, { values }] of theirs.entries()) {
      expect(ours[i]!.values.map(([seconds]) => seconds)).toEqual(values.map(([seconds]) => seconds));
      for (const [j, [, value]] of values.entries()) {
        const difference = Math.abs(Number(ours[i]!.values[j]![1]) - Number(value));
        expect(difference).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(Number(value))));
      }
    }
  });

  it('is answered by promtool', async () => {
    const seconds = Math.floor(Date.now() / 1000);
    const { stdout } = await run('promtool', ['query', 'range', `--start=${seconds - 20}`, `--end=${seconds - 10}`, '--step=5s', pitot.url, 'up{job="prometheus"}']);
    expect(stdout).toMatch(/up\{.*job="prometheus".*\} =>\n1 @\[\d+\]\n/);
    const labels = await run('promtool', ['query', 'labels', pitot.url, 'job']);
    expect(labels.stdout.split('\n')).toContain('prometheus');
    const series = await run('promtool', ['query', 'series', '--match=up', pitot.url]);
    expect(series.stdout).toContain('__name__="up"');
  });

  it('gets metadata across', async () => {
    // Metadata is sent once a minute; the first time soon after the start.
    await eventually(async () => {
      const answer = await fetch(`${pitot.url}/api/v1/metadata?metric=go_goroutines`);
      expect(await answer.json()).toMatchObject({ data: { go_goroutines: [{ type: 'gauge' }] } });
    }, 700);
  }, 90_000);
});

describe('the OpenTelemetry SDK for Node', () => {
  it.each([
    ['http/protobuf', () => new ProtoExporter({ url: `${pitot.otlpUrl}/v1/metrics` })],
    ['http/json', () => new JsonExporter({ url: `${pitot.url}/v1/metrics` })],
  ] as const)('exports over %s and is answered', async (protocol, exporter) => {
    const service = `shop-${protocol.replace('/', '-')}`;
    const provider = new MeterProvider({
      resource: resourceFromAttributes({ 'service.name': service, 'service.instance.id': 'i-1', 'deployment.environment.name': 'test', 'host.arch': 'riscv' }),
      readers: [new PeriodicExportingMetricReader({ exporter: exporter(), exportIntervalMillis: 3_600_000 })],
    });
    const meter = provider.getMeter('shop');
    meter.createCounter('orders.placed', { unit: '{order}', description: 'Orders placed' }).add(3, { tier: 'gold' });
    const duration = meter.createHistogram('checkout.duration', { unit: 'ms' });
    for (const ms of [3, 30, 300]) duration.record(ms);
    await provider.forceFlush();
    await provider.shutdown();

    await eventually(async () => {
      const labels = { job: service, instance: 'i-1' };
      expect(await pitot.instant(`orders_placed_total{job="${service}"}`)).toMatchObject([{ metric: { ...labels, tier: 'gold' }, value: [expect.any(Number), '3'] }]);
      expect(await pitot.instant(`checkout_duration_milliseconds_count{job="${service}"}`)).toMatchObject([{ metric: labels, value: [expect.any(Number), '3'] }]);
      expect(await pitot.instant(`checkout_duration_milliseconds_bucket{job="${service}", le="50"}`)).toMatchObject([{ value: [expect.any(Number), '2'] }]);
      expect(await pitot.instant(`target_info{job="${service}"}`)).toMatchObject([{ metric: { ...labels, host_arch: 'riscv' } }]);
      const environments = (await (await fetch(`${pitot.url}/api/v1/environments`)).json()) as { environments: string[] };
      expect(environments.environments).toContain('test');
    });
    const sources = (await (await fetch(`${pitot.url}/api/v1/sources`)).json()) as { sources: { receiver: string; service: string }[] };
    expect(sources.sources).toContainEqual(expect.objectContaining({ receiver: 'otlp', service }));
  });
});
