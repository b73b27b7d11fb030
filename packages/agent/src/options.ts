import { homedir, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AppError, parseDurationMs } from '@pitot/core';

export interface AgentOptions {
  /** Where OTLP/HTTP is taken, without `/v1/…`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  /** Log files to follow. */
  readonly logGlobs: readonly string[];
  /** Read positions and what could not be sent yet. */
  readonly stateDirectory: string;
  /** Most bytes that wait on disk for the server. */
  readonly outboxBytes: number;
  readonly hostName: string;
  readonly environment: string;
}

export const USAGE = `Looks at this machine and sends what it sees as OTLP/HTTP: host, processes, containers, sockets, log files.
It needs no privileges and no configuration; what it may not look at it goes without, and says so once.

  node packages/agent/src/main.ts [options]

  --url URL          where to send (default http://127.0.0.1:4318; or OTEL_EXPORTER_OTLP_ENDPOINT)
  --key KEY          API key with the scope "ingest" (or PITOT_API_KEY)
  --interval 10s     how often to look
  --logs GLOB        log files to follow; repeat for more, "off" for none
                     (default ${['/var/log/pods/*/*/*.log', '/var/log/*.log', '/var/log/syslog', '/var/log/messages'].join(' ')})
  --state DIR        read positions, and what waits for the server (default ~/.local/state/pitot-agent)
  --buffer 256MiB    most that may wait on disk; then the oldest goes
  --environment ENV  deployment.environment.name of everything sent
  --help             this text
`;

const DEFAULT_GLOBS: readonly string[] = ['/var/log/pods/*/*/*.log', '/var/log/*.log', '/var/log/syslog', '/var/log/messages'];
const SIZE = /^(\d+)\s*(B|KiB|MiB|GiB)?$/;
const SIZE_UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** Reads the command line and the environment. Answers undefined where help was asked for; throws `bad_config` that names the option. */
export function readOptions(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): AgentOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  const key = values.key ?? environment['PITOT_API_KEY'];
  const logs = values.logs ?? DEFAULT_GLOBS;
  return {
    url: baseUrl(values.url ?? environment['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? 'http://127.0.0.1:4318'),
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    intervalMs: interval(values.interval ?? '10s'),
    logGlobs: logs.includes('off') ? [] : logs,
    stateDirectory: values.state ?? defaultState(environment),
    outboxBytes: size(values.buffer ?? '256MiB'),
    hostName: hostname(),
    environment: values.environment ?? '',
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: { type: 'string' },
        key: { type: 'string' },
        interval: { type: 'string' },
        logs: { type: 'string', multiple: true },
        state: { type: 'string' },
        buffer: { type: 'string' },
        environment: { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new AppError('bad_config', `${error instanceof Error ? error.message : String(error)}; --help lists the options`, { cause: error });
  }
}

function baseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new AppError('bad_config', `--url: expected a URL such as http://127.0.0.1:4318, got "${text}"`);
  }
  return text.replace(/\/+$/, '');
}

function interval(text: string): number {
  try {
    const intervalMs = parseDurationMs(text);
    if (intervalMs >= 1000) return intervalMs;
  } catch {
    // Said below.
  }
  throw new AppError('bad_config', `--interval: expected a duration of at least 1s such as 10s, got "${text}"`);
}

function size(text: string): number {
  const match = SIZE.exec(text);
  if (!match) throw new AppError('bad_config', `--buffer: expected a size such as 256MiB, got "${text}"`);
  return Number(match[1]) * SIZE_UNITS[match[2] ?? 'B']!;
}

function defaultState(environment: Readonly<Record<string, string | undefined>>): string {
  const base = environment['XDG_STATE_HOME'] ?? (environment['HOME'] === undefined ? tmpdir() : join(homedir(), '.local', 'state'));
  return join(base, 'pitot-agent');
}
