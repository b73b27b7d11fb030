import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryReader } from '../../../../promql/src/memory-reader.ts';
import { NOW_MS, startServer } from '../fixtures/running-server.ts';
import type { HttpServers } from '../http-servers.ts';

const run = promisify(execFile);

function hasPromtool(): boolean {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env['CI']) throw new Error('promtool is missing; install the Debian package prometheus');
    console.warn('SKIPPED: promtool is not installed (Debian package prometheus), so its queries are not tried');
    return false;
  }
}

/** Prometheus' own client, with its own decoder of every answer. */
describe.runIf(hasPromtool())('promtool', () => {
  let servers: HttpServers;
  const seconds = NOW_MS / 1000;
  beforeAll(async () => {
    const reader = new MemoryReader();
    for (let i = 0; i <= 60; i++) {
      const timeMs = NOW_MS - (60 - i) * 15_000;
      reader.appendFloat(['__name__', 'requests_total', 'job', 'api', 'path', '/a"b'], timeMs, i * 30);
      reader.appendFloat(['__name__', 'requests_total', 'job', 'db'], timeMs, i * 15);
    }
    reader.appendFloat(['__name__', 'odd'], NOW_MS, Infinity);
    servers = await startServer({ reader });
  });
  afterAll(() => servers.close());

  const query = async (kind: string, ...rest: string[]) => (await run('promtool', ['query', kind, ...rest])).stdout.trim();
  const time = () => ['--time', String(seconds)];

  it('asks for instants', async () => {
    expect(await query('instant', ...time(), servers.urls.main, 'sum by (job) (rate(requests_total[5m]))')).toBe(
      `{job="api"} => 1.9999999999999998 @[${seconds}]\n{job="db"} => 0.9999999999999999 @[${seconds}]`,
    );
    expect(await query('instant', ...time(), servers.urls.main, 'requests_total{job="api"}')).toBe(`requests_total{job="api", path="/a\\"b"} => 1800 @[${seconds}]`);
    expect(await query('instant', ...time(), servers.urls.main, 'odd')).toBe(`odd => +Inf @[${seconds}]`);
    expect(await query('instant', ...time(), servers.urls.main, '1e30')).toBe(`scalar: 1000000000000000000000000000000 @[${seconds}]`);
  });

  it('asks for ranges', async () => {
    const range = ['--start', String(seconds - 60), '--end', String(seconds), '--step', '30s'];
    expect(await query('range', ...range, servers.urls.main, 'requests_total{job="db"}')).toBe(
      `requests_total{job="db"} =>\n840 @[${seconds - 60}]\n870 @[${seconds - 30}]\n900 @[${seconds}]`,
    );
  });

  it('asks for series and labels', async () => {
    const window = ['--start', String(seconds - 600), '--end', String(seconds)];
    expect((await query('series', '--match', 'requests_total', ...window, servers.urls.main)).split('\n').toSorted()).toEqual([
      '{__name__="requests_total", job="api", path="/a\\"b"}',
      '{__name__="requests_total", job="db"}',
    ]);
    expect(await query('labels', ...window, servers.urls.main, 'job')).toBe('api\ndb');
  });

  it('is told what is wrong in the way it expects', async () => {
    await expect(query('instant', servers.urls.main, 'sum(')).rejects.toMatchObject({ stderr: expect.stringMatching(/bad_data: invalid parameter "query": 1:\d+: parse error/) });
  });
});
