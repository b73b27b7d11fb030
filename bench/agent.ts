import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/**
 * What the agent costs: `node bench/agent.ts [seconds]`. It runs at its default interval of 10 s against a server that takes everything, with a log
 * file that grows by 100 lines a second; CPU and memory are the kernel's own figures of its process, from the end of the first ten seconds on.
 */
const SETTLE_MS = 10_000;
const TICKS_PER_SECOND = 100;
const durationMs = Number(process.argv[2] ?? 120) * 1000;

const server = createServer((request, response) => request.resume().on('end', () => response.end())).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const directory = mkdtempSync(join(tmpdir(), 'pitot-bench-agent-'));
const main = fileURLToPath(new URL('../packages/agent/src/main.ts', import.meta.url));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const writer = spawn('sh', ['-c', 'i=0; while :; do for n in 1 2 3 4 5 6 7 8 9 10; do i=$((i+1)); echo "INFO request $i served in 12 ms"; done; sleep 0.1; done >> app.log'], { cwd: directory, detached: true });
const agent = spawn(process.execPath, [main, '--url', url, '--state', join(directory, 'state'), '--logs', join(directory, '*.log')], { stdio: 'ignore' });

function cpuSeconds(): number {
  const fields = readFileSync(`/proc/${agent.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
function residentMiB(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.pid}/status`, 'utf8'))?.[1]) / 1024;
}

await delay(SETTLE_MS);
const before = cpuSeconds();
const start = performance.now();
await delay(durationMs);
const share = ((cpuSeconds() - before) * 1000) / (performance.now() - start);
process.stdout.write(`agent at 10 s: ${(share * 100).toFixed(2)} % of a core (must: 1 %, aim: 0.3 %), ${residentMiB().toFixed(0)} MiB resident (aim: 80)\n`);
agent.kill('SIGTERM');
process.kill(-writer.pid!, 'SIGKILL');
server.close();
rmSync(directory, { recursive: true, force: true });
