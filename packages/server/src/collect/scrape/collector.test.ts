import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../../core/src/fixtures/free-port.ts';
import { describeCollectorConformance } from '../conformance.ts';
import { startExporter, type Exporter } from '../fixtures/exporter.ts';
import { MemorySink, testContext } from '../fixtures/memory-sink.ts';
import { scrapeCollector, type RunningScrape } from './collector.ts';
import { scrapeConfigsWithin, type ScrapeConfigs } from './config.ts';
import { encodeFamilies, HISTOGRAM, PROTOBUF } from './fixtures/families.ts';

const schema = scrapeConfigsWithin({ least: 1, most: 300_000 });

function configOf(address: string | readonly string[], job: object = {}, global: object = {}): ScrapeConfigs {
  const targets = [address].flat();
  return schema.parse({ global: { scrape_interval: '40ms', ...global }, scrape_configs: [{ job_name: 'j', static_configs: [{ targets }], ...job }] });
}

describeCollectorConformance({
  collector: scrapeCollector,
  async prepare() {
    const exporter = await startExporter('# TYPE a counter\na{x="1"} 1\nb 2\n');
    return { config: configOf(exporter.address), close: () => exporter.close() };
  },
  async prepareHanging() {
    const exporter = await startExporter();
    const reached = new Promise<void>((resolve) => {
      exporter.answer = () => resolve();
    });
    return { config: configOf(exporter.address, { scrape_interval: '60s' }), reached, close: () => exporter.close() };
  },
});

describe('scraping', () => {
  let exporter: Exporter;
  let sink: MemorySink;
  let running: RunningScrape | undefined;
  beforeEach(async () => {
    exporter = await startExporter();
    sink = new MemorySink();
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
    await exporter.close();
  });
  const start = async (config: ScrapeConfigs) => (running = await scrapeCollector.start(testContext(sink), config));
  const scrapes = async (count: number) => {
    const until = sink.commits + count;
    await sink.until(() => sink.commits >= until);
  };

  it('writes samples with job and instance, and the report of the scrape', async () => {
    exporter.expose('a{x="1"} 1\nb 2.5\n');
    await start(configOf(exporter.address));
    await scrapes(2);
    expect(sink.last('a')).toMatchObject({ value: 1, labels: { job: 'j', instance: exporter.address, x: '1' } });
    expect(sink.of('up')[0]?.value).toBe(1);
    expect(sink.of('scrape_samples_scraped')[0]?.value).toBe(2);
    expect(sink.of('scrape_samples_post_metric_relabeling')[0]?.value).toBe(2);
    expect(sink.of('scrape_series_added').slice(0, 2).map(({ value }) => value)).toEqual([2, 0]);
    expect(sink.of('scrape_duration_seconds')[0]?.value).toBeGreaterThan(0);
    expect(sink.of('a')[0]?.timestampMs).toBe(sink.of('up')[0]?.timestampMs);
  });

  it('asks for protobuf where native histograms are wanted, and takes them', async () => {
    const histogram = { sample_count: 3, sample_sum: 4, schema: 0, zero_threshold: 0.01, positive_span: [{ offset: 0, length: 2 }], positive_delta: [1, 1], bucket: [{ cumulative_count: 1, upper_bound: 1 }] };
    const families = [{ name: 'c_total', help: 'Counts.', metric: [{ counter: { value: 2 } }] }, { name: 'h', type: HISTOGRAM, metric: [{ label: [{ name: 'x', value: '1' }], histogram }] }];
    exporter.expose(encodeFamilies(families), PROTOBUF);
    await start(configOf(exporter.address, {}, { scrape_native_histograms: true }));
    await scrapes(2);
    expect(exporter.requests[0]!.headers.accept).toMatch(/^application\/vnd\.google\.protobuf;proto=io\.prometheus\.client\.MetricFamily;encoding=delimited;q=0\.6,/);
    expect(sink.last('h')).toMatchObject({ labels: { job: 'j', x: '1' }, histogram: { count: 3, positiveBuckets: [1, 2] } });
    expect([sink.last('c_total')?.value, sink.of('h_count'), sink.last('scrape_samples_scraped')?.value]).toEqual([2, [], 2]);
    expect(sink.metadata).toContainEqual({ metric: 'c_total', type: 'counter', help: 'Counts.', unit: '' });
    exporter.expose('c_total 3\n');
    await sink.until(() => sink.of('h').some(({ stale }) => stale));
    expect(sink.last('c_total')?.value).toBe(3);
  });

  it('takes classic buckets beside native ones where it is told to, and asks for text otherwise', async () => {
    const histogram = { sample_count: 3, sample_sum: 4, zero_threshold: 0.01, zero_count: 3, bucket: [{ cumulative_count: 1, upper_bound: 1 }] };
    exporter.expose(encodeFamilies([{ name: 'h', type: HISTOGRAM, metric: [{ histogram }] }]), PROTOBUF);
    await start(configOf(exporter.address, { always_scrape_classic_histograms: true }));
    await scrapes(1);
    expect(exporter.requests[0]!.headers.accept).not.toContain('protobuf');
    expect(sink.last('h')?.histogram?.zeroCount).toBe(3);
    expect(sink.of('h_bucket').slice(0, 2).map(({ labels, value }) => [labels['le'], value])).toEqual([['1', 1], ['+Inf', 3]]);
  });

  it('keeps one connection and interns each series once', async () => {
    exporter.expose('a{x="1"} 1\nb 2.5\n');
    await start(configOf(exporter.address));
    await scrapes(5);
    expect(exporter.connections()).toBe(1);
    expect(sink.interned).toBe(7);
  });

  it('ends series that disappear, and takes them up again', async () => {
    exporter.expose('a 1\nb 2\nc 3\n');
    await start(configOf(exporter.address));
    await scrapes(2);
    exporter.expose('a 1\nc 3\n');
    await scrapes(2);
    expect(sink.last('b')?.stale).toBe(true);
    expect(sink.of('b').filter(({ stale }) => stale)).toHaveLength(1);
    expect(sink.last('c')?.stale).toBe(false);
    exporter.expose('c 3\nb 7\na 1\n');
    await scrapes(2);
    expect(sink.last('b')).toMatchObject({ stale: false, value: 7 });
  });

  it('owes stale markers to the sink until it takes them', async () => {
    exporter.expose('a 1\nb 2\n');
    await start(configOf(exporter.address));
    await scrapes(1);
    const { AppError } = await import('@pitot/core');
    sink.failure = new AppError('spool_full', 'full');
    exporter.expose('a 1\n');
    const { attempts } = sink;
    await sink.until(() => sink.attempts > attempts + 2);
    sink.failure = undefined;
    await scrapes(1);
    expect(sink.last('b')?.stale).toBe(true);
  });

  it.each([
    ['a status that is not 200', 'HTTP status 500', (e: Exporter) => (e.answer = (_, response) => response.writeHead(500).end())],
    ['a body that does not parse', 'line 2', (e: Exporter) => e.expose('a 1\nb{\n')],
    ['a body that is not UTF-8', 'not UTF-8', (e: Exporter) => (e.answer = (_, response) => response.end(Buffer.from([0x61, 0xff, 0x20, 0x31, 10])))],
    ['a closed door', 'ECONNREFUSED|socket hang up|ECONNRESET', (e: Exporter) => void e.close()],
  ])('takes the target down on %s', async (_, message, break_) => {
    await start(configOf(exporter.address));
    await scrapes(2);
    expect(running!.targets()[0]).toMatchObject({ health: 'up', lastError: '' });
    break_(exporter);
    await sink.until(() => sink.last('up')?.value === 0);
    expect(sink.last('one')?.stale).toBe(true);
    await scrapes(1);
    expect(running!.targets()[0]?.health).toBe('down');
    expect(running!.targets()[0]?.lastError).toMatch(new RegExp(message));
  });

  it('gives up after the timeout', async () => {
    exporter.answer = () => {};
    await start(configOf(exporter.address, { scrape_timeout: '20ms' }));
    await sink.until(() => sink.last('up')?.value === 0);
    await scrapes(1);
    expect(running!.targets()[0]?.lastError).toContain('20 ms');
  });

  it('keeps the labels of the target, or those scraped with honor_labels', async () => {
    exporter.expose('a{job="theirs",exported_job="x",instance=""} 1\n');
    await start(configOf(exporter.address));
    await scrapes(1);
    expect(sink.last('a')?.labels).toMatchObject({ job: 'j', exported_exported_job: 'theirs', exported_job: 'x' });
    await running!.stop();
    await start(configOf(exporter.address, { honor_labels: true }));
    await scrapes(1);
    expect(sink.samples.findLast(({ name, stale }) => name === 'a' && !stale)?.labels).toMatchObject({ job: 'theirs', instance: exporter.address });
  });

  it('takes timestamps as they are, or not with honor_timestamps: false', async () => {
    exporter.expose('a 1 1234\n');
    await start(configOf(exporter.address));
    await scrapes(1);
    expect(sink.last('a')?.timestampMs).toBe(1234);
    await running!.stop();
    expect(sink.of('a').some(({ stale }) => stale)).toBe(false);
    await start(configOf(exporter.address, { honor_timestamps: false }));
    await scrapes(1);
    expect(sink.last('a')?.timestampMs).toBeGreaterThan(1_000_000);
  });

  it('reads gzip and OpenMetrics with exemplars, and says what it accepts', async () => {
    const body = '# TYPE r counter\n# HELP r Requests.\nr_total{c="x"} 5 # {trace_id="t1"} 0.5 1600000000.5\n# EOF\n';
    exporter.answer = (_, response) =>
      response.writeHead(200, { 'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8', 'content-encoding': 'gzip' }).end(gzipSync(body));
    await start(configOf(exporter.address));
    await scrapes(3);
    expect(sink.exemplars).toEqual([{ series: 'r_total', labels: ['trace_id', 't1'], value: 0.5, timestampMs: 1_600_000_000_500 }]);
    expect(sink.metadata).toEqual([{ metric: 'r_total', type: 'counter', help: 'Requests.', unit: '' }]);
    expect(exporter.requests[0]!.headers.accept).toContain('application/openmetrics-text;version=1.0.0');
    expect(exporter.requests[0]!.headers['accept-encoding']).toBe('gzip');
  });

  it('drops and renames by metric_relabel_configs, adds external labels, sends credentials and parameters', async () => {
    exporter.expose('keep_me{pod="p-1"} 1\ndrop_me 2\n');
    const job = {
      params: { match: ['a', 'b'] },
      basic_auth: { username: 'u', password: 'p' },
      metric_relabel_configs: [
        { source_labels: ['__name__'], regex: 'drop_.*', action: 'drop' },
        { source_labels: ['pod'], regex: '(.*)-\\d', target_label: 'app' },
      ],
    };
    await start(configOf(exporter.address, job, { external_labels: { cluster: 'c1' } }));
    await scrapes(1);
    expect(sink.last('keep_me')?.labels).toMatchObject({ app: 'p', cluster: 'c1' });
    expect(sink.of('drop_me')).toEqual([]);
    expect(sink.last('scrape_samples_post_metric_relabeling')?.value).toBe(1);
    expect(exporter.requests[0]!.url).toBe('/metrics?match=a&match=b');
    expect(exporter.requests[0]!.headers.authorization).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
  });

  it.each([
    ['sample_limit', { sample_limit: 1 }],
    ['label_limit', { label_limit: 3 }],
    ['label_name_length_limit', { label_name_length_limit: 8 }],
    ['label_value_length_limit', { label_value_length_limit: 19 }],
    ['body_size_limit', { body_size_limit: '20B' }],
    ['target_limit', { target_limit: 1, static_configs: [{ targets: ['127.0.0.1:1', '127.0.0.1:2'] }] }],
  ])('fails the scrape at %s', async (name, job) => {
    exporter.expose('a{long_name="a value that is long"} 1\nb 2\n');
    await start(configOf(exporter.address, job));
    await sink.until(() => sink.last('up')?.value === 0);
    await scrapes(2);
    expect(running!.targets()[0]?.lastError).toContain(name);
    expect(sink.of('a')).toEqual([]);
  });

  it('follows redirects without handing credentials to another host', async () => {
    const other = await startExporter('moved 1\n');
    exporter.answer = (_, response) => response.writeHead(302, { location: `http://${other.address}/x` }).end();
    await start(configOf(exporter.address, { authorization: { credentials: 'secret' } }));
    await scrapes(1);
    expect(sink.last('moved')?.value).toBe(1);
    expect(exporter.requests[0]!.headers.authorization).toBe('Bearer secret');
    expect(other.requests[0]!.headers.authorization).toBeUndefined();
    await other.close();
  });

  it('lists dropped targets and those that cannot be', async () => {
    await start(configOf([exporter.address, 'drop.me:1', 'bad/host'], { relabel_configs: [{ source_labels: ['__address__'], regex: 'drop.*', action: 'drop' }] }));
    expect(running!.targets().map(({ health, discoveredLabels }) => [health, discoveredLabels['__address__']])).toEqual([
      ['unknown', exporter.address],
      ['down', 'bad/host'],
      ['dropped', 'drop.me:1'],
    ]);
  });

  it('reloads without a gap for targets that stay, and ends those that go', async () => {
    const second = await startExporter('two 2\n');
    await start(configOf([exporter.address, second.address]));
    await sink.until(() => sink.last('one') !== undefined && sink.last('two') !== undefined);
    await running!.reload(configOf(exporter.address, { metric_relabel_configs: [{ target_label: 'new', replacement: 'label', source_labels: ['absent'], action: 'replace' }] }));
    await scrapes(3);
    expect(sink.last('two')?.stale).toBe(true);
    expect(sink.of('up').find(({ stale, labels }) => stale && labels['instance'] === second.address)).toBeDefined();
    expect(sink.of('one').filter(({ stale }) => stale).map(({ labels }) => labels['new'])).toEqual([undefined]);
    expect(sink.last('one')?.labels['new']).toBe('label');
    expect(running!.targets()).toHaveLength(1);
    await second.close();
  });

  it('follows target files as they change', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pitot-sd-'));
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, `.${name}`), text);
      renameSync(join(folder, `.${name}`), join(folder, name));
    };
    write('a.json', JSON.stringify([{ targets: [exporter.address], labels: { env: 'test' } }]));
    await start(configOf([], { static_configs: [], file_sd_configs: [{ files: [`${folder}/*.json`, `${folder}/b.yml`] }] }));
    await sink.until(() => sink.last('one') !== undefined);
    expect(sink.last('one')?.labels).toMatchObject({ env: 'test' });
    expect(running!.targets()[0]?.discoveredLabels['__meta_filepath']).toBe(join(folder, 'a.json'));
    write('a.json', 'not JSON');
    const second = await startExporter('two 2\n');
    write('b.yml', `- targets: ['${second.address}']\n`);
    await sink.until(() => sink.last('two') !== undefined);
    expect(running!.targets()).toHaveLength(2);
    write('a.json', '[]');
    await sink.until(() => sink.last('one')?.stale === true);
    await second.close();
    rmSync(folder, { recursive: true });
  });

  it('finds targets over HTTP', async () => {
    const discovery = await startExporter();
    discovery.expose(JSON.stringify([{ targets: [exporter.address], labels: { zone: 'z' } }]), 'application/json');
    await start(configOf([], { static_configs: [], http_sd_configs: [{ url: `http://${discovery.address}/targets` }] }));
    await sink.until(() => sink.last('one') !== undefined);
    expect(sink.last('one')?.labels).toMatchObject({ zone: 'z' });
    await discovery.close();
  });
});

const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;
if (!hasPrometheus) console.warn('prometheus is not installed: the test against the real one is left out');

describe('a real Prometheus', () => {
  it.runIf(hasPrometheus || process.env['CI'])('is scraped whole', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pitot-prometheus-'));
    writeFileSync(join(folder, 'prometheus.yml'), 'global: {scrape_interval: 1s}\n');
    const port = await freePort();
    const child = spawn('prometheus', [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
    const sink = new MemorySink();
    const running = await scrapeCollector.start(testContext(sink), configOf(`127.0.0.1:${port}`, { scrape_interval: '200ms' }));
    try {
      await sink.until(() => sink.of('up').filter(({ value }) => value === 1).length > 2);
      expect(sink.last('prometheus_build_info')).toMatchObject({ value: 1, stale: false });
      expect(sink.last('scrape_samples_scraped')!.value).toBeGreaterThan(200);
      expect(sink.metadata.find(({ metric }) => metric === 'prometheus_http_requests_total')?.type).toBe('counter');
    } finally {
      await running.stop();
      child.kill();
      await new Promise((resolve) => child.once('exit', resolve));
      rmSync(folder, { recursive: true });
    }
  });
});
