import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { labelsToObject } from '@pitot/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../../core/src/fixtures/free-port.ts';
import { testContext } from '../fixtures/delivery.ts';
import { DoorServer } from '../fixtures/door-server.ts';
import { MemorySink, type TakenSample } from '../fixtures/memory-sink.ts';
import { remoteWrite } from './receiver.ts';

const isInstalled = spawnSync('prometheus', ['--version']).status === 0;
if (!isInstalled) {
  if (process.env['CI'] !== undefined) throw new Error('prometheus is not installed, and CI must test with it');
  console.warn('SKIPPED: remote write from a real Prometheus, because `prometheus` is not installed');
}

const WAIT_MS = 40_000;
const EXPOSITION = `# HELP shop_orders Orders, "all" of them.
# TYPE shop_orders counter
shop_orders_total{path="C:\\\\dir",who="Größe \\"x\\""} 12.5 # {trace_id="abc123"} 0.75 1700000000.125
# TYPE shop_size gauge
shop_size{kind="nan"} NaN
shop_size{kind="inf"} -Inf
shop_size{kind="small"} 5e-324
`;
const GOING = '# TYPE shop_going gauge\nshop_going 1\n';

describe.skipIf(!isInstalled)('a real Prometheus', () => {
  const sink = new MemorySink();
  let isGone = false;
  let server: DoorServer;
  let folder: string;
  let prometheus: ChildProcess;

  beforeAll(async () => {
    server = await DoorServer.open(remoteWrite.open(testContext(sink, {}, Date.now)), {
      '/exposition': () => ['application/openmetrics-text; version=1.0.0; charset=utf-8', `${EXPOSITION}${isGone ? '' : GOING}# EOF\n`],
    });
    folder = await mkdtemp(join(tmpdir(), 'pitot-remote-write-'));
    const config = {
      global: { scrape_interval: '1s', external_labels: { cluster: 'test' } },
      scrape_configs: [{ job_name: 'shop', metrics_path: '/exposition', static_configs: [{ targets: [server.address] }] }],
      remote_write: [
        {
          url: `http://${server.address}/api/v1/write`,
          send_exemplars: true,
          metadata_config: { send_interval: '1s' },
          queue_config: { batch_send_deadline: '200ms' },
        },
      ],
    };
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const flags = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${await freePort()}`,
      '--enable-feature=exemplar-storage',
    ];
    prometheus = spawn('prometheus', flags, { stdio: 'ignore' });
  });

  afterAll(async () => {
    const exited = new Promise((resolve) => prometheus.once('exit', resolve));
    prometheus.kill();
    await exited;
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function until<T>(look: () => T | undefined): Promise<T> {
    const deadlineMs = Date.now() + WAIT_MS;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (Date.now() > deadlineMs) throw new Error(`not seen within ${WAIT_MS} ms; ${server.received.length} requests came`);
      await sleep(100);
    }
  }

  it('writes labels, values, exemplars, metadata and stale markers', { timeout: 2 * WAIT_MS }, async () => {
    const order = await until(() => sink.ofMetric('shop_orders_total')[0]);
    const target = { cluster: 'test', instance: server.address, job: 'shop' };
    expect(labelsToObject(order.labels)).toEqual({ __name__: 'shop_orders_total', path: 'C:\\dir', who: 'Größe "x"', ...target });
    expect(order.value).toBe(12.5);
    expect(Math.abs(order.timestampMs - Date.now())).toBeLessThan(WAIT_MS);

    await until(() => (sink.ofMetric('shop_size').length >= 3 ? true : undefined));
    const sizes = sink.ofMetric('shop_size').slice(0, 3);
    const byKind = Object.fromEntries(sizes.map((sample: TakenSample) => [labelsToObject(sample.labels)['kind'], sample.value]));
    expect(byKind).toEqual({ nan: Number.NaN, inf: -Infinity, small: 5e-324 });

    const exemplar = await until(() => sink.exemplars[0]);
    expect(exemplar).toEqual({ series: order.labels, labels: ['trace_id', 'abc123'], value: 0.75, timestampMs: 1_700_000_000_125 });

    const metadata = await until(() => sink.metadata.find(({ metric }) => metric === 'shop_orders'));
    expect(metadata).toEqual({ metric: 'shop_orders', type: 'counter', help: 'Orders, "all" of them.', unit: '' });

    await until(() => sink.ofMetric('shop_going')[0]);
    isGone = true;
    const last = await until(() => sink.ofMetric('shop_going').find(({ stale }) => stale));
    expect(last.value).toBeUndefined();
    expect(server.received.every(({ status }) => status === 204)).toBe(true);
    expect(sink.interned).toBeLessThan(30);
  });
});
