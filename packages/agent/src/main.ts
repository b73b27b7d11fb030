import { AppError, type Logger } from '@pitot/core';
import { startAgent } from './agent.ts';
import { readOptions, USAGE, type AgentOptions } from './options.ts';

/** Lines of JSON on standard error; standard output stays empty. */
function line(level: string): Logger['info'] {
  return (fields: object, message?: string) => {
    const { err, ...rest } = fields as { err?: unknown };
    const error = err instanceof Error ? { error: err.message } : err === undefined ? {} : { error: String(err) };
    process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...rest, ...error })}\n`);
  };
}

const log: Logger = { debug() {}, info: line('info'), warn: line('warn'), error: line('error') };

function options(): AgentOptions | undefined {
  try {
    return readOptions(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

const chosen = options();
if (chosen === undefined) process.stdout.write(USAGE);
else {
  const agent = startAgent(chosen, { nowMs: Date.now }, log);
  log.info({ url: chosen.url, intervalMs: chosen.intervalMs, logs: chosen.logGlobs }, 'looking at this machine');
  const stop = (): void => void agent.stop().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
