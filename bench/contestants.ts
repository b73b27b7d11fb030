/** Starts Pitot and its rivals on free loopback ports in scratch directories, and reads what they use from /proc. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../packages/core/src/fixtures/free-port.ts';

export interface Contestant {
  readonly name: string;
  readonly url: string;
  /** Where it says whether it is ready, and its own metrics. */
  readonly readyUrl: string;
  readonly writePath: string;
  readonly directory: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** How a contestant is started: its ports are free ones, as many as it asks for. */
export type Command = (directory: string, port: number, ...more: number[]) => { command: string; args: string[]; env?: Record<string, string>; writePath: string; readyPath: string; readyPort?: number };

/** Pitot on an empty directory, without gRPC; `writePath` is the door that the load goes to. */
export const pitotCommand = (writePath: string): Command => (directory, port, otlpPort = 0) => ({
  command: process.execPath,
  args: ['packages/server/src/app/main.ts'],
  env: { PITOT_DATA: directory, PITOT_LISTEN: `127.0.0.1:${port}`, PITOT_OTLP_HTTP_LISTEN: `127.0.0.1:${otlpPort}`, PITOT_OTLP_GRPC_LISTEN: 'off' },
  writePath,
  readyPath: '/health',
});

const COMMANDS = {
  pitot: pitotCommand('/api/v1/write'),
  prometheus: (directory, port) => ({
    command: 'prometheus',
    args: [`--config.file=/dev/null`, `--storage.tsdb.path=${directory}`, `--web.listen-address=127.0.0.1:${port}`, '--web.enable-remote-write-receiver', '--log.level=error'],
    writePath: '/api/v1/write',
    readyPath: '/-/ready',
  }),
  'victoria-metrics': (directory, port) => ({
    command: 'victoria-metrics',
    args: [`-storageDataPath=${directory}`, `-httpListenAddr=127.0.0.1:${port}`, '-loggerLevel=ERROR', '-search.disableCache', '-search.latencyOffset=0s'],
    writePath: '/api/v1/write',
    readyPath: '/health',
  }),
} satisfies Record<string, Command>;

export type ContestantName = keyof typeof COMMANDS;

export function startContestant(name: ContestantName): Promise<Contestant> {
  return startCommand(name, COMMANDS[name]);
}

const PORTS = 8;

export async function startCommand(name: string, prepare: Command): Promise<Contestant> {
  const directory = mkdtempSync(join(tmpdir(), `bench-${name}-`));
  const port = await freePort();
  const more: number[] = [];
  while (more.length < PORTS) more.push(await freePort());
  const { command, args, env, writePath, readyPath, readyPort = port } = prepare(directory, port, ...more);
  const log = openSync(join(tmpdir(), `bench-${name}.log`), 'w');
  const child = spawn(command, args, { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
  process.once('exit', () => child.kill('SIGKILL'));
  const failed = new Promise<never>((_, fail) => child.once('error', fail));
  const url = `http://127.0.0.1:${port}`;
  await Promise.race([failed, waitUntilReady(`http://127.0.0.1:${readyPort}${readyPath}`, child)]);
  return {
    name,
    url,
    readyUrl: `http://127.0.0.1:${readyPort}`,
    writePath,
    directory,
    pid: child.pid!,
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await new Promise((done) => child.once('exit', done));
    },
  };
}

export function removeDirectory(contestant: Contestant): void {
  rmSync(contestant.directory, { recursive: true, force: true });
}

async function waitUntilReady(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 3600; tries++) {
    if (child.exitCode !== null) throw new Error(`${url}: the process ended with ${child.exitCode} before it was ready; see its log`);
    const ok = await fetch(url).then((answer) => answer.ok, () => false);
    if (ok) return;
    await delay(25);
  }
  throw new Error(`${url} not ready in 90 s`);
}

const TICKS_PER_SECOND = 100;

/** User and system CPU seconds of the process with all its threads. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
