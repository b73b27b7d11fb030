import { parseArgs } from 'node:util';
import { AppError, parseDurationMs } from '@pitot/core';

export const HELP = `Simulates a shop and sends its telemetry to Pitot.

  node packages/simulator/src/main.ts [options]
      --url <url>               where OTLP/HTTP is taken            (http://127.0.0.1:4318)
      --seed <n>                same seed, same system and fate     (1)
      --services <n>            24 to 1000 services                 (24)
      --rate <n>                root requests per second            (50)
      --history <duration>      spans and logs before now, e.g. 6h  (none)
      --metrics-history <dur.>  metrics before now                  (as --history)
      --fault <fault>           kind:target@start/duration*intensity, e.g. slow:payment@+2m/10m
                                or cut:checkout>payment@-3h/15m; may be repeated
      --control <host:port>     for the commands below; off         (127.0.0.1:7780)
      --once                    send the history and ten seconds more, then end

  node packages/simulator/src/main.ts fault <kind> <target> [--for 10m] [--in 0s] [--intensity n] [--customer name]
  node packages/simulator/src/main.ts heal <fault id>
  node packages/simulator/src/main.ts faults | truth

Kinds: slow, failing, leaking, dead, cut (from>to), bad-version, noisy (a database).
`;

const LEAST_SERVICES = 24;
const MOST_SERVICES = 1000;
const MOST_RATE = 20_000;

export interface RunOptions {
  readonly command: 'run';
  readonly url: string;
  readonly seed: number;
  readonly services: number;
  readonly rate: number;
  readonly historyMs: number;
  readonly metricsHistoryMs: number;
  readonly faults: readonly string[];
  readonly control: HostPort | undefined;
  readonly once: boolean;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export type Options =
  | RunOptions
  | { readonly command: 'help' }
  | { readonly command: 'fault'; readonly control: HostPort; readonly order: Readonly<Record<string, string | number>> }
  | { readonly command: 'heal'; readonly control: HostPort; readonly id: string }
  | { readonly command: 'faults' | 'truth'; readonly control: HostPort };

/** Reads the command line; throws `bad_request` in plain words. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  if (values.help) return { command: 'help' };
  const control = parseHostPort(values.control);
  const [command, ...rest] = positionals;
  if (command === undefined) return runOptions(values, control);
  if (control === undefined) throw new AppError('bad_request', `${command} talks to the control server, so --control cannot be off`);
  switch (command) {
    case 'fault': {
      const [kind, target, ...more] = rest;
      if (kind === undefined || target === undefined || more.length > 0) throw new AppError('bad_request', 'write: fault <kind> <target>, e.g. fault slow payment --for 10m');
      const { intensity } = values;
      return {
        command,
        control,
        order: { kind, target, for: values.for, in: values.in, ...(intensity !== undefined && { intensity: number(intensity, '--intensity', 0, 1e6) }), ...(values.customer !== undefined && { customer: values.customer }) },
      };
    }
    case 'heal':
      if (rest.length !== 1) throw new AppError('bad_request', 'write: heal <fault id>; faults lists them');
      return { command, control, id: rest[0]! };
    case 'faults':
    case 'truth':
      return { command, control };
    default:
      throw new AppError('bad_request', `there is no command "${command}"; there are fault, heal, faults and truth, or none to run`);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        url: { type: 'string', default: 'http://127.0.0.1:4318' },
        seed: { type: 'string', default: '1' },
        services: { type: 'string', default: String(LEAST_SERVICES) },
        rate: { type: 'string', default: '50' },
        history: { type: 'string' },
        'metrics-history': { type: 'string' },
        fault: { type: 'string', multiple: true, default: [] },
        control: { type: 'string', default: '127.0.0.1:7780' },
        once: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        for: { type: 'string', default: '10m' },
        in: { type: 'string', default: '0s' },
        intensity: { type: 'string' },
        customer: { type: 'string' },
      },
    });
  } catch (cause) {
    throw new AppError('bad_request', `${(cause as Error).message}; --help says what there is`, { cause });
  }
}

function runOptions(values: ReturnType<typeof parse>['values'], control: HostPort | undefined): RunOptions {
  const historyMs = values.history === undefined ? 0 : parseDurationMs(values.history);
  if (!/^http:\/\/[^/]+(?:\/[^?#]*)?$/.test(values.url)) throw new AppError('bad_request', `--url must be an http:// address without /v1/traces, not "${values.url}"`);
  return {
    command: 'run',
    url: values.url.replace(/\/$/, ''),
    seed: number(values.seed, '--seed', 0, 2 ** 32 - 1),
    services: number(values.services, '--services', LEAST_SERVICES, MOST_SERVICES),
    rate: number(values.rate, '--rate', 0.01, MOST_RATE),
    historyMs,
    metricsHistoryMs: Math.max(historyMs, values['metrics-history'] === undefined ? 0 : parseDurationMs(values['metrics-history'])),
    faults: values.fault,
    control,
    once: values.once,
  };
}

function number(text: string, name: string, least: number, most: number): number {
  const value = Number(text);
  if (text === '' || !(value >= least && value <= most)) throw new AppError('bad_request', `${name} must be a number from ${least} to ${most}, not "${text}"`);
  return value;
}

function parseHostPort(text: string): HostPort | undefined {
  if (text === 'off') return undefined;
  const match = /^(.+):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[2]) > 65_535) throw new AppError('bad_request', `--control must be host:port or off, not "${text}"`);
  return { host: match[1]!, port: Number(match[2]) };
}
