import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, PitotProcess } from './fixtures/pitot-process.ts';

let scratch: string;
let running: PitotProcess[];
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'pitot-test-'));
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((pitot) => pitot.end('SIGKILL')));
  rmSync(scratch, { recursive: true, force: true });
});

async function start(environment: Record<string, string> = {}): Promise<PitotProcess> {
  const pitot = await PitotProcess.start(join(scratch, 'data'), environment);
  running.push(pitot);
  return pitot;
}

describe('a started Pitot', () => {
  it('knows its own host from the first seconds, without configuration', async () => {
    const pitot = await start();
    await eventually(async () => {
      const [load] = await pitot.instant('system_cpu_load_average_1m');
      expect(load?.metric).toMatchObject({ job: 'pitot/host' });
      const hosts = (await (await fetch(`${pitot.url}/api/v1/hosts`)).json()) as { hosts: { memory_total_bytes: number }[] };
      expect(hosts.hosts[0]?.memory_total_bytes).toBeGreaterThan(0);
    });
    expect(pitot.output).toContain(pitot.url);
  });

  it('answers what was posted, on both listeners, and says so in /health', async () => {
    const pitot = await start();
    const posted = await pitot.post('/metrics', { service_name: 'cart', metric_type: 'queue_depth', value: 42, metadata: { shard: 'a' } });
    expect(posted.ok).toBe(true);
    const otlp = await fetch(`${pitot.otlpUrl}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        resourceMetrics: [
          {
            resource: { attributes: [{ key: 'service.name', value: { stringValue: 'checkout' } }] },
            scopeMetrics: [{ metrics: [{ name: 'orders', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ asInt: '7', timeUnixNano: String(BigInt(Date.now()) * 1_000_000n) }] } }] }],
          },
        ],
      }),
    });
    expect(otlp.status).toBe(200);
    await eventually(async () => {
      expect(await pitot.instant('queue_depth')).toMatchObject([{ metric: { job: 'cart', shard: 'a' }, value: [expect.any(Number), '42'] }]);
      expect(await pitot.instant('orders_total')).toMatchObject([{ metric: { job: 'checkout' }, value: [expect.any(Number), '7'] }]);
    });
    const health = (await (await fetch(`${pitot.url}/health`)).json()) as object;
    expect(health).toMatchObject({ status: 'healthy', circuit_breaker: 'CLOSED' });
    const listed = (await (await fetch(`${pitot.url}/metrics?service=cart&limit=5`)).json()) as object;
    expect(listed).toMatchObject({ count: 1, metrics: [{ service_name: 'cart', metric_type: 'queue_depth', value: 42, metadata: { shard: 'a' } }] });
  });

  it('drains on SIGTERM, exits 0, and has everything after a restart', async () => {
    const first = await start();
    await first.post('/metrics', { service_name: 's', metric_type: 'kept', value: 1 });
    expect(await first.end('SIGTERM')).toBe(0);
    const second = await start();
    await eventually(async () => expect(await second.instant('kept')).toHaveLength(1));
  });

  it('loses nothing acknowledged and doubles nothing when it is killed under load', async () => {
    const baseMs = Date.now() - 60_000;
    const acknowledged = new Set<string>();
    const attempted = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const pitot = await start();
      const life = { killed: false };
      const sender = async (name: string) => {
        for (let i = 0; !life.killed; i++) {
          const sample = { service_name: name, metric_type: 'crash_test', value: 1, metadata: { round: String(round) }, timestamp: baseMs + i };
          const id = `${name} ${round} ${i}`;
          attempted.add(id);
          const ok = await pitot.post('/metrics', sample).then((answer) => answer.ok, () => false);
          if (ok) acknowledged.add(id);
        }
      };
      const senders = ['a', 'b', 'c', 'd'].map(sender);
      const enough = acknowledged.size + 150 + round * 130;
      await eventually(async () => expect(acknowledged.size).toBeGreaterThan(enough));
      life.killed = true;
      await pitot.end('SIGKILL');
      await Promise.all(senders);
    }
    const last = await start();
    await eventually(async () => {
      const rows = await last.instant('sum_over_time(crash_test[10m])');
      const stored = rows.reduce((sum, row) => sum + Number(row.value[1]), 0);
      expect(stored).toBeGreaterThanOrEqual(acknowledged.size);
      expect(stored).toBeLessThanOrEqual(attempted.size);
      // Each sender has at most one request in flight when the process dies.
      expect(attempted.size - acknowledged.size).toBeLessThanOrEqual(12);
    });
  });

  it('refuses a second process on the same data directory, naming the first', async () => {
    const first = await start();
    const second = await PitotProcess.launch(join(scratch, 'data'));
    expect(await second.ended()).toBe(1);
    expect(second.output).toContain(`belongs to process ${first.pid}`);
  });

  it('refuses a wrong configuration with file and line', async () => {
    const file = join(scratch, 'wrong.yaml');
    writeFileSync(file, 'listen: 127.0.0.1:0\nretention:\n  metrix: 5d\n');
    const pitot = await PitotProcess.launch(join(scratch, 'data'), { PITOT_CONFIG: file });
    expect(await pitot.ended()).toBe(1);
    expect(pitot.output).toContain('wrong.yaml:3: unknown key "retention.metrix"; did you mean "metrics"?');
  });

  it('says which address is taken', async () => {
    const first = await start();
    const second = await PitotProcess.launch(join(scratch, 'other'), { PITOT_LISTEN: first.url.replace('http://', '') });
    expect(await second.ended()).toBe(1);
    expect(second.output).toMatch(/cannot listen on 127\.0\.0\.1:\d+ .*set PITOT_LISTEN to another address/);
  });
});
