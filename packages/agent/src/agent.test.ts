import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Logger } from '@pitot/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { metricName } from '../../server/src/receive/otlp/naming.ts';
import { startAgent, type RunningAgent } from './agent.ts';
import { HOST_METADATA } from './host/host.ts';
import { AGENT_METADATA } from './look/agent-metadata.ts';
import { readOptions } from './options.ts';
import { MetricRound } from './ship/metric-round.ts';

const log: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A server that can be away: it then answers 503. */
async function startServer() {
  const received: { path: string; text: string }[] = [];
  let isAway = false;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (isAway) response.writeHead(503, { 'retry-after': '0' });
      else received.push({ path: request.url ?? '', text: gunzipSync(Buffer.concat(chunks)).toString('latin1') });
      response.end();
    });
  };
  const server = createServer(handle).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    setAway(away: boolean): void {
      isAway = away;
    },
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

describe('the agent', () => {
  let directory: string;
  let agent: RunningAgent | undefined;
  let server: Awaited<ReturnType<typeof startServer>>;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pitot-agent-'));
    mkdirSync(join(directory, 'logs'));
    server = await startServer();
  });
  afterEach(async () => {
    await agent?.stop();
    agent = undefined;
    await server.close();
    rmSync(directory, { recursive: true });
  });
  const start = () =>
    startAgent(readOptions(['--url', server.url, '--interval', '1s', '--state', join(directory, 'state'), '--logs', join(directory, 'logs', '*.log')], {})!, { nowMs: Date.now }, log);
  const sent = (path: string, text: string) => server.received.some((request) => request.path === path && request.text.includes(text));

  it('sends the host, its own open port, and lines as they are written', async () => {
    agent = start();
    await vi.waitFor(() => expect(sent('/v1/metrics', 'system.memory.usage')).toBe(true), 8000);
    expect(sent('/v1/metrics', 'network.listen.sockets') || sent('/v1/metrics', 'network_listen_sockets')).toBe(process.platform === 'linux');
    writeFileSync(join(directory, 'logs', 'app.log'), 'first line\n');
    await vi.waitFor(() => expect(sent('/v1/logs', 'first line')).toBe(true), 15_000);
  });

  it('keeps on disk what the server does not take, and sends it later, in order and once', async () => {
    const file = join(directory, 'logs', 'app.log');
    writeFileSync(file, '');
    agent = start();
    await vi.waitFor(() => expect(sent('/v1/metrics', 'system.memory.usage')).toBe(true), 8000);
    server.setAway(true);
    appendFileSync(file, 'while away 1\n');
    const outbox = join(directory, 'state', 'outbox');
    await vi.waitFor(() => expect(readdirSync(outbox).some((name) => name.endsWith('.logs'))).toBe(true), 15_000);
    await agent.stop();
    appendFileSync(file, 'while stopped 2\n');
    server.setAway(false);
    agent = start();
    await vi.waitFor(() => expect(sent('/v1/logs', 'while stopped 2')).toBe(true), 20_000);
    await vi.waitFor(() => expect(readdirSync(outbox)).toEqual([]), 15_000);
    const lines = server.received.filter(({ path }) => path === '/v1/logs').map(({ text }) => text);
    expect(lines.filter((text) => text.includes('while away 1'))).toHaveLength(1);
  }, 60_000);
});

describe('names on the way', () => {
  it('come back from OpenTelemetry as they were', () => {
    for (const one of [...HOST_METADATA, ...AGENT_METADATA]) {
      const round = new MetricRound([one]);
      round.begin(1);
      round.add(one.metric, 1);
      const [metric] = round.finish({}, {}).records;
      expect(metricName(metric!.name, metric!.unit ?? '', metric!.type === 'sum' ? 'counter' : 'gauge')).toBe(one.metric);
    }
  });
});

describe('options', () => {
  it('need nothing, and say what is wrong', () => {
    expect(readOptions([], {})).toMatchObject({ url: 'http://127.0.0.1:4318', intervalMs: 10_000, headers: {} });
    expect(readOptions(['--help'], {})).toBeUndefined();
    expect(readOptions(['--logs', 'off'], { PITOT_API_KEY: 'k' })).toMatchObject({ logGlobs: [], headers: { authorization: 'Bearer k' } });
    for (const bad of [['--url', 'nowhere'], ['--interval', '1ms'], ['--buffer', 'much'], ['--intervall', '1s']]) {
      expect(() => readOptions(bad, {})).toThrow(expect.objectContaining({ code: 'bad_config', message: expect.stringContaining('--') as string }));
    }
  });
});
