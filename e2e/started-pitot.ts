import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../packages/core/src/fixtures/free-port.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAIN = join(ROOT, 'packages/server/src/app/main.ts');
const WEB_INDEX = join(ROOT, 'packages/web/dist/index.html');
const START_WITHIN_MS = 150_000;
const LOOK_EVERY_MS = 100;
const STOP_WITHIN_MS = 15_000;

export interface StartedPitot {
  readonly baseUrl: string;
  readonly otlpUrl: string;
  /** Milliseconds from spawning until `/health` answered. */
  readonly startMs: number;
  /** What the process has written so far. */
  output(): string;
  stop(): Promise<void>;
}

/** Starts Pitot as a user would, on free ports and an empty data directory; builds the pages where they are missing. */
export async function startPitot(environment: Readonly<Record<string, string>> = {}): Promise<StartedPitot> {
  buildPages();
  const data = mkdtempSync(join(tmpdir(), 'pitot-e2e-'));
  const [port, otlpPort] = [await freePort(), await freePort()];
  const baseUrl = `http://127.0.0.1:${port}`;
  const startedMs = performance.now();
  const child = spawn(process.execPath, [MAIN], {
    cwd: data,
    env: { ...process.env, PITOT_DATA: data, PITOT_LISTEN: `127.0.0.1:${port}`, PITOT_OTLP_HTTP_LISTEN: `127.0.0.1:${otlpPort}`, PITOT_OTLP_GRPC_LISTEN: '127.0.0.1:0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(data, { recursive: true, force: true });
  };
  try {
    await healthy(baseUrl, child);
  } catch (error) {
    await stop();
    throw new Error(`Pitot did not start:\n${output}`, { cause: error });
  }
  return { baseUrl, otlpUrl: `http://127.0.0.1:${otlpPort}`, startMs: performance.now() - startedMs, output: () => output, stop };
}

function buildPages(): void {
  if (existsSync(WEB_INDEX)) return;
  const { status } = spawnSync('npm', ['run', 'build', '--workspace', '@pitot/web'], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error('the pages could not be built; see above');
}

async function healthy(baseUrl: string, child: ChildProcess): Promise<void> {
  const untilMs = Date.now() + START_WITHIN_MS;
  while (Date.now() < untilMs) {
    if (child.exitCode !== null) throw new Error(`the process ended with ${child.exitCode}`);
    const answer = await fetch(`${baseUrl}/health`).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new Error(`/health did not answer within ${START_WITHIN_MS} ms`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}
