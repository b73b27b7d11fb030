import { formatDurationMs, toAppError } from '@pitot/core';
import { runCommand } from './control/commands.ts';
import { startControlServer, type ControlServer } from './control/control-server.ts';
import { parseFault } from './control/fault-text.ts';
import { HELP, parseOptions, type RunOptions } from './control/options.ts';
import { createSimulation } from './run/simulation.ts';
import { OtlpSender } from './send/otlp-sender.ts';
import { planHistory, sendHistory, sendLive } from './send/pace.ts';

const ONCE_MS = 10_000;
const say = (text: string) => process.stderr.write(`${text}\n`);

async function main(signal: AbortSignal): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options.command === 'help') process.stdout.write(HELP);
  else if (options.command === 'run') await run(options, signal);
  else process.stdout.write(await runCommand(options, signal));
}

async function run(options: RunOptions, signal: AbortSignal): Promise<void> {
  const { url, seed, services, rate, historyMs, metricsHistoryMs, control, once } = options;
  const clock = { nowMs: Date.now };
  const nowMs = clock.nowMs();
  const simulation = createSimulation({ seed, services, rate, startMs: nowMs - metricsHistoryMs });
  for (const text of options.faults) {
    const fault = simulation.addFault(parseFault(text, nowMs));
    say(`${fault.id} from ${new Date(fault.startMs).toISOString()}: ${fault.symptom}`);
  }
  const sender = new OtlpSender({ url, signal, notice: say });
  let server: ControlServer | undefined;
  try {
    server = control && (await startControlServer(simulation, control.host, control.port));
    if (server !== undefined) say(`faults are taken at ${server.url}`);
    if (metricsHistoryMs > 0) {
      await sendHistory(simulation, sender, planHistory(nowMs, historyMs, metricsHistoryMs, rate), signal);
      const { spans, logs } = sender.counts;
      say(`history of ${formatDurationMs(metricsHistoryMs)} sent in ${formatDurationMs(clock.nowMs() - nowMs)}: ${spans} spans, ${logs} log records`);
    }
    say(`sending live to ${url}`);
    await sendLive(simulation, sender, clock, signal, once ? nowMs + ONCE_MS : undefined);
  } finally {
    sender.close();
    await server?.close();
  }
}

const controller = new AbortController();
process.once('SIGINT', () => controller.abort());
process.once('SIGTERM', () => controller.abort());
try {
  await main(controller.signal);
} catch (error) {
  if (!controller.signal.aborted) {
    const { code, message, stack } = toAppError(error);
    say(code === 'internal' ? (stack ?? message) : message);
    process.exitCode = 1;
  }
}
