/**
 * One service floods with random, unlike lines while others write little: whether all of theirs are stored, and how long `/health` takes meanwhile.
 *
 *   node bench/log-flood.ts [--seconds 20] [--lines 50000] [--quiet 20]
 */
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { writeLogsRequest, type OtlpGroup, type OtlpLogRecord } from '../packages/core/src/otlp-writer.ts';
import { cpuSeconds, removeDirectory, pitotCommand, startCommand } from './contestants.ts';

const { values: flags } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, lines: { type: 'string', default: '50000' }, quiet: { type: 'string', default: '20' } },
});
const seconds = Number(flags.seconds);
const floodPerSecond = Number(flags.lines);
const quietServices = Number(flags.quiet);
const FLOOD_REQUEST_LINES = 2_500;
const QUIET_LINES_PER_SECOND = 100;
const MS = 1_000_000n;

const word = (): string => Math.random().toString(36).slice(2, 8).replaceAll(/\d/g, 'x');
const unlike = (): string => Array.from({ length: 10 }, word).join(' ');

function bodyOf(service: string, lines: readonly string[]): Buffer {
  const now = BigInt(Date.now()) * MS;
  const records = lines.map((body, i): OtlpLogRecord => ({ timeUnixNano: now + BigInt(i), severityNumber: 9, severityText: 'INFO', body, attributes: {} }));
  const group: OtlpGroup<OtlpLogRecord> = { resource: { attributes: { 'service.name': service } }, scope: { name: 'flood' }, records };
  return Buffer.from(writeLogsRequest([group]));
}

const pitot = await startCommand('pitot', pitotCommand('/v1/logs'));

/** Records that were answered as accepted; what must wait is sent again. */
async function send(body: Buffer): Promise<boolean> {
  const answer = await fetch(pitot.url + pitot.writePath, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body });
  await answer.arrayBuffer();
  return answer.ok;
}

const end = performance.now() + seconds * 1000;
const flooding = Array.from({ length: 20 }, () => bodyOf('flood', Array.from({ length: FLOOD_REQUEST_LINES }, unlike)));
let flooded = 0;
let turnedAway = 0;
async function flood(): Promise<void> {
  const started = performance.now();
  while (performance.now() < end) {
    const due = ((performance.now() - started) / 1000) * floodPerSecond;
    if (flooded >= due) await delay(5);
    else if (await send(flooding[(flooded / FLOOD_REQUEST_LINES) % flooding.length]!)) flooded += FLOOD_REQUEST_LINES;
    else turnedAway++;
  }
}

let sent = 0;
async function writeQuietly(service: string): Promise<void> {
  while (performance.now() < end) {
    const next = performance.now() + 1000;
    const body = bodyOf(service, Array.from({ length: QUIET_LINES_PER_SECOND }, (_, i) => `request ${sent + i} served in ${i} ms`));
    while (!(await send(body))) await delay(50);
    sent += QUIET_LINES_PER_SECOND;
    await delay(Math.max(0, next - performance.now()));
  }
}

const healthMs: number[] = [];
async function askForHealth(): Promise<void> {
  while (performance.now() < end) {
    const started = performance.now();
    await (await fetch(`${pitot.url}/health`)).arrayBuffer();
    healthMs.push(performance.now() - started);
    await delay(20);
  }
}

const before = cpuSeconds(pitot.pid);
await Promise.all([flood(), flood(), askForHealth(), ...Array.from({ length: quietServices }, (_, i) => writeQuietly(`quiet-${i}`))]);
const used = (cpuSeconds(pitot.pid) - before) / seconds;
await delay(5000);
const query = new URLSearchParams({ query: 'service:quiet-*', start: String(Date.now() - 3_600_000), end: String(Date.now() + 60_000) });
const stored = (await (await fetch(`${pitot.url}/api/v1/logs/histogram?${query}`)).json()) as { total?: number };
const patterns = /^pitot_log_patterns (.+)$/m.exec(await (await fetch(`${pitot.url}/metrics`)).text())?.[1];
healthMs.sort((a, b) => a - b);
const at = (share: number): string => healthMs[Math.floor(share * (healthMs.length - 1))]!.toFixed(1);
console.log(`flood: ${Math.round(flooded / seconds).toLocaleString('en')} lines/s answered, ${turnedAway} requests told to wait, ${(used * 100).toFixed(0)} % of a core, ${patterns} templates`);
console.log(`others: ${sent} lines sent, ${stored.total} stored`);
console.log(`/health: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms of ${healthMs.length}`);
await pitot.stop();
removeDirectory(pitot);
