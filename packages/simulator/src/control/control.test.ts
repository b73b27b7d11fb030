import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createSimulation } from '../run/simulation.ts';
import { OtlpSender } from '../send/otlp-sender.ts';
import { planHistory, sendHistory } from '../send/pace.ts';
import { runCommand } from './commands.ts';
import { startControlServer } from './control-server.ts';
import { parseFault } from './fault-text.ts';
import { parseOptions } from './options.ts';

const START_MS = Date.UTC(2026, 8, 22, 12);
const { signal } = new AbortController();
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe('the command line', () => {
  it('reads faults', () => {
    expect(parseFault('slow:payment@+2m/10m*4', START_MS)).toEqual({ kind: 'slow', target: 'payment', startMs: START_MS + 120_000, durationMs: 600_000, intensity: 4 });
    expect(parseFault('cut:checkout>payment@-3h/15m', START_MS)).toEqual({ kind: 'cut', target: 'checkout>payment', startMs: START_MS - 10_800_000, durationMs: 900_000 });
    expect(parseFault('dead:topic:orders', START_MS)).toMatchObject({ target: 'topic:orders', startMs: START_MS });
  });

  it.each([
    [['--rate', 'fast'], /--rate must be a number/],
    [['--services', '2000'], /from 24 to 1000/],
    [['--url', '127.0.0.1:4318'], /--url must be an http:\/\/ address/],
    [['--colour'], /--help says/],
    [['fault', 'slow'], /write: fault <kind> <target>/],
    [['break'], /no command "break"/],
    [['truth', '--control', 'off'], /cannot be off/],
  ])('%j is refused in plain words', (args, problem) => {
    expect(() => parseOptions(args)).toThrow(problem);
  });

  it.each(['slow', 'quick:payment', 'slow:payment@soon/1m', 'slow:payment@+1m/abc'])('the fault %s is refused', (text) => {
    expect(() => parseFault(text, START_MS)).toThrow(/write it like|not a kind of fault/);
  });
});

describe('the control server', () => {
  it('gives faults to a simulation and takes them back', async () => {
    const simulation = createSimulation({ startMs: START_MS });
    const server = await startControlServer(simulation, '127.0.0.1', 0);
    closing.push(() => server.close());
    const port = Number(new URL(server.url).port);
    const args = (...words: string[]) => parseOptions([...words, '--control', `127.0.0.1:${port}`]);
    const run = (...words: string[]) => runCommand(args(...words) as Parameters<typeof runCommand>[0], signal);
    expect(await run('fault', 'slow', 'payment', '--for', '5m', '--intensity', '3')).toContain('payment answers about 3 times slower for 5m');
    expect(simulation.truth().faults).toMatchObject([{ id: 'f1', startMs: START_MS, endMs: START_MS + 300_000 }]);
    expect(await run('faults')).toContain('f1  slow payment');
    await expect(run('fault', 'slow', 'nobody')).rejects.toThrow(/there is no "nobody"/);
    expect(await run('heal', 'f1')).toContain('f1 has ended');
    await expect(run('heal', 'f1')).rejects.toThrow(/no fault "f1"/);
    expect(JSON.parse(await run('truth'))).toMatchObject({ faults: [] });
    const foreign = await fetch(`${server.url}/faults`, { method: 'POST', body: '{"kind":"dead","target":"auth"}', headers: { 'content-type': 'text/plain' } });
    expect(foreign.status).toBe(415);
  });
});

describe('sending', () => {
  it('sends a history in order, each record once, whatever the server turns away for now', async () => {
    const bodies: { path: string; bytes: Buffer }[] = [];
    let asked = 0;
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (++asked % 3 === 1) response.writeHead(asked % 2 === 0 ? 503 : 429, { 'retry-after': '0.01' }).end();
        else {
          bodies.push({ path: request.url!, bytes: gunzipSync(Buffer.concat(chunks)) });
          response.end();
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => void server.close());
    const sender = new OtlpSender({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, signal, notice: () => {} });
    const historyMs = 180_000;
    const simulation = createSimulation({ startMs: START_MS - historyMs, rate: 2 });
    await sendHistory(simulation, sender, planHistory(START_MS, historyMs / 2, historyMs, 2), signal);
    sender.close();
    expect(simulation.nowMs).toBe(START_MS);
    expect(sender.counts.retries).toBeGreaterThan(0);
    expect(sender.counts.requests).toBe(bodies.length);
    expect(new Set(bodies.map(({ path }) => path))).toEqual(new Set(['/v1/traces', '/v1/logs', '/v1/metrics']));
    expect(new Set(bodies.map(({ bytes }) => bytes.toString('base64'))).size).toBe(bodies.length);
  });

  it('stops at an answer that no retry changes', async () => {
    const server = createServer((_request, response) => response.writeHead(401).end('no key'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => void server.close());
    const sender = new OtlpSender({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, signal, notice: () => {} });
    await expect(sender.send(createSimulation({ startMs: START_MS, rate: 5 }).advance(START_MS + 2000))).rejects.toThrow(/answered 401: no key/);
    sender.close();
  });
});
