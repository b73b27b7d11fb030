/**
 * `npm run demo`: Pitot and a simulated shop that sends it a day of history and then goes on live. Both end with Ctrl-C; the data goes
 * with them unless `--data` names a directory.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const ROOT = join(import.meta.dirname, '..');
const START_TIMEOUT_MS = 180_000;
/** Something that went wrong already, and what it is like to find it. */
const PAST_FAULTS = ['slow:cardpay@-4h/12m', 'leaking:catalog@-2h/30m', 'bad-version:checkout@-50m/15m', 'cut:shipping>geo@-14m/6m'];

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    listen: { type: 'string', default: '127.0.0.1:7777' },
    'otlp-http': { type: 'string', default: '127.0.0.1:4318' },
    'otlp-grpc': { type: 'string', default: '127.0.0.1:4317' },
    control: { type: 'string', default: '127.0.0.1:7780' },
    services: { type: 'string', default: '24' },
    rate: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    history: { type: 'string', default: '6h' },
    'metrics-history': { type: 'string', default: '24h' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log('npm run demo -- [--data dir] [--listen 127.0.0.1:7777] [--otlp-http 127.0.0.1:4318] [--otlp-grpc 127.0.0.1:4317] [--control 127.0.0.1:7780] [--services 24] [--rate 50] [--seed 1] [--history 6h] [--metrics-history 24h]');
  process.exit(0);
}

const temporary = values.data === undefined ? mkdtempSync(join(tmpdir(), 'pitot-demo-')) : undefined;
const data = values.data ?? temporary!;
const children: ChildProcess[] = [];
let stopping = false;

/** A group of its own, so that Ctrl-C reaches this process alone and each child gets one signal. */
function start(script: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, [join(ROOT, script), ...args], { cwd: ROOT, env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'inherit'], detached: true });
  child.once('exit', (code) => {
    if (!stopping) console.error(`${script} ended${code === null ? '' : ` with ${code}`}; the demo ends too`);
    void stop(code ?? 1);
  });
  children.push(child);
  return child;
}

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  for (const child of children.toReversed()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  process.exit(code);
}
process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));

const url = `http://${values.listen}`;
start('packages/server/src/app/main.ts', [], { PITOT_DATA: data, PITOT_LISTEN: values.listen, PITOT_OTLP_HTTP_LISTEN: values['otlp-http'], PITOT_OTLP_GRPC_LISTEN: values['otlp-grpc'] });
await answers(`${url}/api/v1/status`);
const faults = PAST_FAULTS.flatMap((fault) => ['--fault', fault]);
start('packages/simulator/src/main.ts', [
  `--url=http://${values['otlp-http']}`,
  `--control=${values.control}`,
  `--seed=${values.seed}`,
  `--services=${values.services}`,
  `--rate=${values.rate}`,
  `--history=${values.history}`,
  `--metrics-history=${values['metrics-history']}`,
  ...faults,
]);
const simulator = `node packages/simulator/src/main.ts${values.control === '127.0.0.1:7780' ? '' : ` --control ${values.control}`}`;
console.log(`
Pitot is at ${url}; the shop's history is on its way and whole within a minute.

  ${url}/services         the map of the shop: ${values.services} services, their databases, queues and third parties
  ${url}/explore/traces   what became of each request; look for feature = checkout
  ${url}/explore/logs     what the services say, and the patterns in it
  ${url}/explore/metrics  their metrics, e.g. http_server_request_duration_seconds_count

Break something, and find it from the Overview:
  ${simulator} fault slow payment --for 10m
  ${simulator} fault cut 'checkout>inventory' --for 5m
  ${simulator} fault noisy orders-db --for 10m
  ${simulator} faults

${temporary === undefined ? `Data is kept in ${data}.` : 'The data goes when this ends.'} Ctrl-C ends both.
`);

async function answers(address: string): Promise<void> {
  for (const until = Date.now() + START_TIMEOUT_MS; !stopping; await sleep(100)) {
    const response = await fetch(address).catch(() => undefined);
    if (response?.ok) return;
    if (Date.now() > until) {
      console.error(`Pitot does not answer at ${address} after ${START_TIMEOUT_MS / 1000} s`);
      await stop(1);
    }
  }
}
