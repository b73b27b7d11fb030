import { availableParallelism } from 'node:os';
import { toAppError } from '@pitot/core';
import { pino } from 'pino';
import { banner } from './banner.ts';
import { loadConfiguration, type LoadedConfiguration } from './configuration.ts';
import { startPitot, type RunningPitot } from './pitot.ts';

/** Six of these the engine's sessions can hold at once; the spool's fsync must never wait for them. */
const LEAST_POOL_THREADS = 12;

/**
 * The embedded engine runs each query on a thread of libuv's pool, whose size is read once, before any module could
 * change it. So the process replaces itself once, keeping its pid.
 */
function ensureThreadPool(): void {
  if (process.env['UV_THREADPOOL_SIZE'] || !process.execve) return;
  const size = String(Math.max(LEAST_POOL_THREADS, availableParallelism() * 2));
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    ...process.env,
    UV_THREADPOOL_SIZE: size,
  });
}

async function main(): Promise<void> {
  ensureThreadPool();
  const loaded = attempt(() => loadConfiguration(process.env));
  const log = pino({ name: 'pitot', level: 'info' }, pino.destination({ dest: 2, sync: false }));
  for (const notice of loaded.notices) log.warn({}, notice);

  const starting = start(loaded, log);
  stopOnSignal(starting, log);
  const running = await starting;
  for (const warning of running.warnings) log.warn({}, warning);
  process.stdout.write(banner(running));
}

async function start(loaded: LoadedConfiguration, log: pino.Logger): Promise<RunningPitot> {
  try {
    return await startPitot({ configuration: loaded.configuration, scrapeText: loaded.scrapeText, clock: { nowMs: Date.now }, log });
  } catch (error) {
    return refuse(error);
  }
}

function attempt<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    return refuse(error);
  }
}

/** A start that cannot be says why in plain words, without a stack, and ends with 1. */
function refuse(error: unknown): never {
  const { code, message, stack, cause } = toAppError(error);
  const detail = code === 'internal' ? `\n${stack ?? ''}${cause ? `\ncaused by ${String(cause)}` : ''}` : '';
  process.stderr.write(`pitot cannot start:\n${message}${detail}\n`);
  process.exit(1);
}

/** A signal during the start waits for its end; nothing has been taken in by then that would be lost otherwise. */
function stopOnSignal(starting: Promise<RunningPitot>, log: pino.Logger): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, 'draining; a second signal stops at once');
    const stopped = starting.then((running) => running.stop());
    stopped.then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error: String(error) }, 'the drain failed; what is in the spool is kept for the next start');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

await main();
